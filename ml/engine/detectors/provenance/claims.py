"""The claims of a file about itself, in one form for all containers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Claim:
    """One piece of text. `field` is lower case and without its namespace."""

    place: str
    """exif, xmp, png_text, comment, container or stream."""
    field: str
    value: str

    @property
    def names_a_tool(self) -> bool:
        """Fields that programs fill with their own name, not people with prose."""
        return self.field in TOOL_FIELDS

    @property
    def display_text(self) -> str:
        """Short enough for a sentence."""
        return self.value if len(self.value) <= 80 else f"{self.value[:77]}..."


TOOL_FIELDS = frozenset(
    {
        "software", "processingsoftware", "creatortool", "softwareagent", "source", "encoder",
        "writing_app", "muxing_app", "writingapp", "muxingapp", "encoded_by", "tool",
        "handler_name", "vendor", "vendor_id", "hostcomputer", "originatingprogram",
        "claim_generator", "com.apple.quicktime.software", "encodersettings", "producer",
    }
)  # fmt: skip

PLACES = {
    "exif": "EXIF",
    "xmp": "XMP",
    "png_text": "a PNG text chunk",
    "comment": "the file's comment",
    "container": "the container",
    "stream": "a stream's header",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity assertion (CAWG): somebody signed that they made the file."""

    state: str
    """trusted, valid, unresolved or invalid."""
    names: tuple[str, ...] = ()
    issuer: str = ""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """Content Credentials (C2PA), as the sandbox validated them with remote fetches off."""

    state: str
    """absent, valid, trusted, invalid, remote or malformed."""
    generator: str = ""
    signer: str = ""
    source_types: tuple[str, ...] = ()
    """What the newest manifest says itself, as `generator`, `signer` and `agents` do."""
    actions: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    identities: tuple[Identity, ...] = ()
    soft_bindings: tuple[str, ...] = ()
    """Algorithms of watermarks and fingerprints that it names."""
    inherited: tuple[Manifest, ...] = ()
    """The manifests of what the file was made from. Their signatures hold while this one's does;
    whether their signers are trusted is not known."""


ABSENT = Manifest("absent")


@dataclass(frozen=True, slots=True)
class Claims:
    """All of it."""

    texts: Sequence[Claim] = ()
    manifest: Manifest = field(default=ABSENT)
    malformed: bool = False

    def named(self, *fields: str) -> Iterator[Claim]:
        return (claim for claim in self.texts if claim.field in fields)

    def first(self, *fields: str) -> Claim | None:
        return next(self.named(*fields), None)
