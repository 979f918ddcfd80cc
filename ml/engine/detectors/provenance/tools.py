"""Programs and devices that a file names: editors, face apps, encoders, cameras."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ml.engine.contract import Evidence, Strength
from ml.engine.detectors.provenance.claims import PLACES, Claims
from ml.engine.sentence import say


@dataclass(frozen=True, slots=True)
class Family:
    """Programs of one kind, and what their name in a file is worth."""

    code: str
    names: re.Pattern[str]
    strength: Strength


def _any(*names: str) -> re.Pattern[str]:
    return re.compile(r"(?<![\w-])(" + "|".join(names) + r")(?![a-z])", re.I)


FAMILIES = (
    Family(
        "face_app",
        _any("faceapp", "reface", "facetune", "deepfacelab", "faceswap", "facefusion", "roop",
             "avatarify", "zao", "deepfacelive", "remini", "meitu", "beautyplus"),
        Strength.WEAK,
    ),
    Family(
        "editor",
        _any("photoshop", "gimp", "affinity photo", "snapseed", "picsart", "pixelmator", "canva",
             "luminar", "paint\\.net", "photopea", "pixlr", "inshot", "capcut", "premiere",
             "after effects", "davinci", "final cut", "imovie", "filmora", "kdenlive", "vegas",
             "vn video", "kinemaster", "audacity", "audition", "inkscape", "krita", "paintshop"),
        Strength.WEAK,
    ),
    Family(
        "developer",
        _any("lightroom", "camera raw", "capture one", "darktable", "rawtherapee", "dxo"),
        Strength.CONTEXT,
    ),
    Family(
        "encoder",
        _any("lavf[\\d.]*", "lavc[\\d.]*", "ffmpeg", "x264", "x265", "libx26[45]", "handbrake",
             "mkvmerge", "imagemagick", "graphicsmagick", "pillow", "libvips", "gstreamer",
             "google", "youtube", "bento4", "gpac", "isomedia", "libwebm", "libebml", "mp4box",
             "whatsapp", "telegram", "tiktok", "instagram", "facebook", "vimeo", "lame", "sox"),
        Strength.CONTEXT,
    ),
)  # fmt: skip
CAPTURE_FIELDS = ("make", "model", "lensmodel", "exposuretime", "fnumber", "isospeedratings",
                  "photographicsensitivity", "focallength", "datetimeoriginal")  # fmt: skip
FEWEST_CAPTURE_FIELDS = 3


def signs(claims: Claims) -> Iterator[Evidence]:
    yield from _programs(claims)
    yield from _capture(claims)
    yield from _history(claims)


def _programs(claims: Claims) -> Iterator[Evidence]:
    reported: set[tuple[str, str]] = set()
    for claim in claims.texts:
        if not claim.names_a_tool:
            continue
        for family in FAMILIES:
            found = family.names.search(claim.value)
            if found and (family.code, found.group(1).lower()) not in reported:
                reported.add((family.code, found.group(1).lower()))
                yield Evidence(
                    family.code,
                    say(
                        f"provenance.{family.code}",
                        text=claim.display_text,
                        field=claim.field,
                        place=PLACES.get(claim.place, claim.place),
                    ),
                    family.strength,
                    {"place": claim.place, "field": claim.field, "value": claim.value[:500]},
                )
                break


def _capture(claims: Claims) -> Iterator[Evidence]:
    found = {name: claim for name in CAPTURE_FIELDS if (claim := claims.first(name))}
    if len(found) >= FEWEST_CAPTURE_FIELDS:
        device = " ".join(found[n].display_text for n in ("make", "model") if n in found)
        yield Evidence(
            "capture_metadata",
            say("provenance.camera_named", device=device) if device else say("provenance.camera"),
            Strength.CONTEXT,
            {name: claim.value[:200] for name, claim in found.items()},
        )
    elif not claims.texts:
        yield Evidence(
            "no_metadata",
            say("provenance.no_metadata"),
            Strength.CONTEXT,
        )


def _history(claims: Claims) -> Iterator[Evidence]:
    steps = [c for c in claims.texts if c.place == "xmp" and c.field in {"action", "derivedfrom"}]
    if steps:
        kinds = list(dict.fromkeys(c.value for c in steps))[:12]
        yield Evidence(
            "edit_history",
            say("provenance.history", count=len(steps), steps=", ".join(k[:40] for k in kinds)),
            Strength.WEAK,
            {"steps": kinds},
        )
    taken, changed = claims.first("datetimeoriginal"), claims.first("modifydate", "datetime")
    if taken and changed and changed.value[:19].replace("-", ":") > taken.value[:19]:
        yield Evidence(
            "saved_later",
            say("provenance.saved_later", taken=taken.display_text, changed=changed.display_text),
            Strength.CONTEXT,
            {"taken": taken.value[:40], "changed": changed.value[:40]},
        )
