"""Reads a detector's description from its folder without running its code.

`manifest.json` is written by hand. `card.json` is written when a detector is trained and evaluated.
Each fact is stored in one of the two, so that they cannot contradict each other: version, kinds,
limits, licence, the meaning of the score and the digests of the weights come from the card, unless
the manifest states them. A detector without a card states all of them in its manifest.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.engine import plugins
from ml.engine.contract import Kind

MANIFEST, CARD, GOLDEN = "manifest.json", "card.json", "golden.json"
FOLDER = Path(__file__).parent / "detectors"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
DIGEST = re.compile(r"[0-9a-f]{64}")
LOOKS_AT = ("face", "voice", "lips")
"""What scenes distinguish. A check of the whole file has none of them."""
LONGEST_TEXT = 400
MOST = {"frames_per_second": 30, "close_seconds": 30, "close_seconds_without_sound": 30,
        "seconds": 600}  # fmt: skip
"""What one detector may ask for: every view costs all of them time."""
FROM_CARD = {"version": "version", "kinds": "kinds", "limits": "limits", "licence": "licence",
             "score_meaning": "score"}  # fmt: skip
"""Facts of the manifest, and what the card calls them."""


class ManifestInvalid(ValueError):
    """The folder does not say what a detector has to say of itself."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What must be decoded for it."""

    frames_per_second: float = 0.0
    """Views a second of a video; 0 for none. A still comes once to all that want any."""
    close_seconds: float = 0.0
    """For video with sound, this many seconds are decoded at full frame rate, and the detector
    receives every view (`sandbox.types.Want`)."""
    close_seconds_without_sound: float = 0.0
    """The same of a silent video."""
    faces: bool = False
    sound_hz: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of work: some for any file, some for each second of it, up to a length."""

    any_file: float = 0.01
    a_second: float = 0.0
    most_seconds: float = 0.0

    def of(self, duration: float) -> float:
        return self.any_file + self.a_second * min(duration, self.most_seconds)


@dataclass(frozen=True, slots=True)
class Caps:
    """What one file may cost a detector from outside, in a process of its own."""

    seconds: float = 60.0
    """Seconds of the clock spent waiting for it, from its start to its answer."""
    memory_mib: int = 1024
    """Address space above the interpreter's own."""


@dataclass(frozen=True, slots=True)
class WeightsFile:
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    name: str
    version: str = ""
    """Changes whenever a number may."""
    title: str = ""
    """What people read. The name stays in the code and in JSON."""
    measures: str = ""
    kinds: tuple[Kind, ...] = tuple(Kind)
    looks_at: str | None = None
    """One of LOOKS_AT; None: the whole file."""
    scenario: str | None = None
    """How the file would have been made if it finds something; checks of one scenario are not
    independent. None: one of its own."""
    strongest_counts: bool = False
    """The checks of this scenario know different generators: what one finds, another's silence does
    not weaken. Measured: a mean of such checks finds less, a maximum after calibration does not."""
    may_clear: bool = False
    """False for a check that can ask for a look and never clear: a good fake passes it as a genuine
    file does. It stands in the way of clearing only where it raises the odds."""
    needs: Needs = Needs()
    cost: Cost = Cost()
    """To conclude, as it was measured: for progress only."""
    caps: Caps = Caps()
    score_meaning: str = ""
    limits: tuple[str, ...] = ()
    licence: str = ""
    weights: tuple[WeightsFile, ...] = ()
    golden: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Scores that a change elsewhere must not shift; tests compare them."""


def read_manifest(folder: Path) -> Manifest:
    """Raises ManifestInvalid, which says in one sentence what is wrong."""
    stated = _object(folder / MANIFEST)
    card = _object(folder / CARD) if (folder / CARD).exists() else {}
    golden = _object(folder / GOLDEN) if (folder / GOLDEN).exists() else {}
    facts: dict[str, Any] = {"weights": _weights_in(card)} if card else {}
    facts |= {fact: card[key] for fact, key in FROM_CARD.items() if card.get(key) is not None}
    if twice := sorted(facts.keys() & stated.keys()):
        raise ManifestInvalid(f"{', '.join(twice)}: stands in {MANIFEST} and in {CARD}.")
    return _checked({**facts, **stated, "golden": golden})


def _object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ManifestInvalid(f"{path.name} cannot be read ({type(error).__name__}).") from error
    if not isinstance(value, dict):
        raise ManifestInvalid(f"{path.name} is not an object.")
    return value


def _weights_in(card: Mapping[str, Any]) -> list[dict[str, str]]:
    """Every file that the card names with its digest, however deep."""
    found = []
    for entry in card.values():
        if isinstance(entry, dict):
            named = {"file", "sha256"} <= entry.keys()
            found += [{key: entry[key] for key in ("file", "sha256")}] if named else []
            found += _weights_in(entry)
    return found


def _checked(facts: dict[str, Any]) -> Manifest:
    unknown = sorted(facts.keys() - {f.name for f in dataclasses.fields(Manifest)})
    _require(not unknown, f"unknown keys: {', '.join(unknown)}.")
    for key in ("name", "version", "title", "measures", "kinds", "limits", "licence"):
        _require(key in facts, f"{key} is missing.")
    _require(isinstance(facts["name"], str) and NAME.fullmatch(facts["name"]), "name is no name.")
    for key, longest in (("version", 40), ("title", 60), ("measures", LONGEST_TEXT),
                         ("licence", 2000), ("score_meaning", 1000)):  # fmt: skip
        _require(_is_text(facts.get(key, "-"), longest), f"{key} is not a text of 1 to {longest}.")
    _require(facts.get("looks_at") in (None, *LOOKS_AT), f"looks_at is none of {LOOKS_AT}.")
    scenario = facts.get("scenario")
    _require(scenario is None or bool(NAME.fullmatch(str(scenario))), "scenario is no name.")
    for key in ("strongest_counts", "may_clear"):
        _require(type(facts.get(key, False)) is bool, f"{key} is neither true nor false.")
    kinds, limits, weights = facts["kinds"], facts["limits"], facts.get("weights", [])
    _require(isinstance(kinds, list) and set(kinds) <= set(Kind), "kinds holds an unknown kind.")
    _require(
        isinstance(limits, list) and all(_is_text(text, 1000) for text in limits),
        "limits is not a list of texts.",
    )
    _require(isinstance(weights, list), "weights is not a list.")
    return Manifest(
        **{
            **facts,
            "kinds": tuple(Kind(kind) for kind in kinds),
            "limits": tuple(limits),
            "weights": tuple(_weights_file(entry) for entry in weights),
            "needs": _numbers(Needs, facts.get("needs", {}), "needs"),
            "cost": _numbers(Cost, facts.get("cost", {}), "cost"),
            "caps": _numbers(Caps, facts.get("caps", {}), "caps"),
        }
    )


def _require(holds: object, problem: str) -> None:
    if not holds:
        raise ManifestInvalid(problem)


def _is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def _weights_file(entry: Any) -> WeightsFile:
    _require(isinstance(entry, dict) and entry.keys() == {"file", "sha256"}, "weights: an entry.")
    file, digest = str(entry["file"]), str(entry["sha256"])
    inside = not Path(file).is_absolute() and ".." not in Path(file).parts
    _require(inside and DIGEST.fullmatch(digest), "weights: a file outside, or no SHA-256.")
    return WeightsFile(file, digest)


def _numbers(cls: type[Any], stated: Any, what: str) -> Any:
    _require(isinstance(stated, dict), f"{what} is not an object.")
    fields = {f.name: f for f in dataclasses.fields(cls)}
    _require(stated.keys() <= fields.keys(), f"{what}: unknown keys.")
    for name, value in stated.items():
        wanted = type(fields[name].default)
        whole = wanted is int or name == "sound_hz"
        if wanted is bool:
            good = type(value) is bool
        else:
            good = type(value) is int or (type(value) is float and not whole)
            good = good and 0 <= value <= MOST.get(name, 1e6)
        _require(good, f"{what}: {name} is no number that it could be.")
    return cls(**stated)


@functools.cache
def manifest_of(name: str) -> Manifest:
    """By a detector's name: one that ships with Touchstone, one from outside, or one that is no
    longer here, whose old findings still have to be shown."""
    try:
        if NAME.fullmatch(name) and (FOLDER / name / MANIFEST).exists():
            return read_manifest(FOLDER / name)
        if outside := plugins.installed().get(name):
            return read_manifest(outside.folder)
    except (ManifestInvalid, plugins.PluginUnusable):
        pass  # the registry says why
    return Manifest(name, title=name.replace("_", " ").capitalize())


@functools.cache
def card_of(name: str) -> Mapping[str, Any]:
    """What was measured of a detector that is installed here; empty without a card."""
    file = FOLDER / name / CARD
    return _object(file) if NAME.fullmatch(name) and file.exists() else {}
