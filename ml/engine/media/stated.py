"""Sentences about a file besides the findings: one for each flag, and which part failed."""

from __future__ import annotations

from ml.engine.catalogue import SENTENCES
from ml.engine.contract import Kind, MediaInfo
from ml.engine.sentence import Sentence, joined, say

PICTURES_FAILED = "pictures_not_decoded"
SOUND_FAILED = "sound_not_decoded"
PARTS_FAILED = (PICTURES_FAILED, SOUND_FAILED)


def sentence(code: str, pages: int | None = None) -> Sentence:
    """The sentence of a flag of the sandbox (`sandbox.types.Flag`) or of the engine."""
    if code == "multi_page" and pages:
        return say("flag.pages", pages=pages)
    known = f"flag.{code}" in SENTENCES
    return say(f"flag.{code}") if known else say("flag.unknown", flag=code.replace("_", " "))


def stated(info: MediaInfo) -> list[dict[str, str]]:
    """Every flag with its sentence; what failed comes first."""
    flags = sorted(info.flags, key=lambda flag: flag not in PARTS_FAILED)
    return [{"code": flag, "text": sentence(flag, info.pages)} for flag in flags]


def part_failed(info: MediaInfo) -> str:
    """The sentence for the part that could not be decoded; empty when there is none."""
    return joined(*(sentence(flag) for flag in PARTS_FAILED if flag in info.flags))


def no_sound(info: MediaInfo, otherwise: str) -> str | None:
    """Why a check of the sound does not apply, or None when there is sound."""
    if SOUND_FAILED in info.flags:
        return say("media.no_sound_decoded")
    return None if info.has_audio else otherwise


def no_pictures(info: MediaInfo, otherwise: str) -> str | None:
    """Why a check of the pictures does not apply, or None when there are pictures."""
    if PICTURES_FAILED in info.flags:
        return say("media.no_pictures_decoded")
    return otherwise if info.kind is Kind.AUDIO else None
