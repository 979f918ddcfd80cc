"""What is stated about a file besides findings: a sentence for each flag, and which part failed."""

from __future__ import annotations

from ml.engine.contract import Kind, MediaInfo

PICTURES_FAILED = "pictures_not_decoded"
SOUND_FAILED = "sound_not_decoded"
PARTS_FAILED = {
    PICTURES_FAILED: "The pictures of this file could not be decoded; only its sound is examined.",
    SOUND_FAILED: "The sound of this file could not be decoded; only its pictures are examined.",
}
SENTENCES = {
    **PARTS_FAILED,
    "animated_image": "The file is an animated picture and is examined as a video.",
    "audio_format_change": "The sound changes its sample rate or its channels on the way.",
    "audio_incomplete": "The sound ends before the length that the file promises.",
    "audio_repaired": "Some sound samples were no numbers; they were replaced by silence.",
    "cmyk": "The colours are stored for printing (CMYK) and were converted to RGB.",
    "cover_art_ignored": "The file holds cover art, which is not examined.",
    "decode_errors": "The decoder met errors and went on after them.",
    "extra_streams": (
        "The file holds more than one video or sound track; the main one of each is examined."
    ),
    "face_analysis_failed": "Faces could not be looked for.",
    "frame_count_implausible": "The file states an impossible number of frames.",
    "frame_count_unknown": "The file does not state how many frames it holds.",
    "high_bit_depth": (
        "The pixels hold more than 8 bits a channel; they are examined at 8 bits a channel."
    ),
    "metadata_malformed": "Metadata in the file is malformed.",
    "more_faces_than_examined": "The file shows more faces than are examined.",
    "multi_page": "The file holds several pages; the first is examined.",
    "multi_picture": "The file holds further pictures; the main one is examined.",
    "picture_errors": "Some of the pictures are damaged.",
    "reader_broke": "The reader broke while decoding a part of the file, and left that part out.",
    "resolution_change": "The pictures change their size on the way.",
    "rotated": "The file asks for the picture to be turned; it is examined upright.",
    "scenes_not_told": "Scenes could not be told apart.",
    "sound_errors": "Some of the sound is damaged.",
    "timestamps_invalid": "The times of the frames make no sense; frames are counted instead.",
    "trailing_data": "More data follows after the end of the media.",
    "transparency": "Parts of the picture are transparent; it is examined over white.",
    "unknown_codec": "A track is encoded in a way that is not read.",
    "values_scaled": "The pixel values have no fixed range; they were scaled to 8 bits a channel.",
}
"""For the flags of the sandbox (`sandbox.types.Flag`) and of the engine."""


def sentence(code: str, pages: int | None = None) -> str:
    if code == "multi_page" and pages:
        return f"The file holds {pages} pages; the first is examined."
    return SENTENCES.get(code, code.replace("_", " ").capitalize() + ".")


def stated(info: MediaInfo) -> list[dict[str, str]]:
    """Every flag with its sentence; what failed comes first."""
    flags = sorted(info.flags, key=lambda flag: flag not in PARTS_FAILED)
    return [{"code": flag, "text": sentence(flag, info.pages)} for flag in flags]


def part_failed(info: MediaInfo) -> str:
    """The sentence for the part that could not be decoded; empty when there is none."""
    return " ".join(text for flag, text in PARTS_FAILED.items() if flag in info.flags)


def no_sound(info: MediaInfo, otherwise: str) -> str | None:
    """Why a check of the sound does not apply, or None when there is sound."""
    if SOUND_FAILED in info.flags:
        return "The sound of this file could not be decoded."
    return None if info.has_audio else otherwise


def no_pictures(info: MediaInfo, otherwise: str) -> str | None:
    """Why a check of the pictures does not apply, or None when there are pictures."""
    if PICTURES_FAILED in info.flags:
        return "The pictures of this file could not be decoded."
    return otherwise if info.kind is Kind.AUDIO else None
