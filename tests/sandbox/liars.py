"""Children that lie, hang, die and flood. Run inside the wall in place of the decoders."""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any

import numpy as np

from sandbox.wire import FACTS, FOOTER, FRAME, HEADER, PICTURE, PREFIX, REFUSED, SOUND, Out

GOOD = {
    "kind": "video", "format": "mp4", "width": 64, "height": 48, "duration": 2.0, "fps": 25.0,
    "frames_expected": 50, "has_audio": True, "sample_rate": 16000, "channels": 1,
    "codecs": ["h264"], "flags": [],
}  # fmt: skip
END = {
    "frames_decoded": 50, "frames_expected": 50, "incomplete": False, "seconds": 2.0,
    "audio_seconds": 2.0, "decoded_share": 1.0, "flags": [],
}  # fmt: skip
PIXELS = np.zeros((48, 64, 3), np.uint8)


def act(request: dict[str, Any], out: Out) -> None:
    LIARS[request["name"]](out)


def _header(out: Out, **changes: Any) -> None:
    out.json(HEADER, GOOD | changes)


def _silent(out: Out) -> None:
    time.sleep(600)


def _dies(out: Out) -> None:
    os._exit(3)


def _crashes(out: Out) -> None:
    ctypes.string_at(0)


def _garbage(out: Out) -> None:
    out._all(memoryview(bytes(range(256)) * 64))


def _huge_length(out: Out) -> None:
    out._all(memoryview(PREFIX.pack(HEADER, 2**32 - 1)))
    time.sleep(600)


def _not_json(out: Out) -> None:
    out.message(HEADER, b"{" * 5000)


def _deep_json(out: Out) -> None:
    out.message(HEADER, b"[" * 60_000)


def _frame(
    out: Out, index: int, seconds: float, height: int, width: int, data: bytes = b""
) -> None:
    out.message(PICTURE, FRAME.pack(index, seconds, height, width))
    out._all(memoryview(data))


def _huge_frame(out: Out) -> None:
    _header(out)
    _frame(out, 0, 0.0, 2**31, 2**31)
    time.sleep(600)


def _too_large_frame(out: Out) -> None:
    _header(out)
    _frame(out, 0, 0.0, 30_000, 30_000)
    time.sleep(600)


def _backwards(out: Out) -> None:
    _header(out)
    for index in (3, 2):
        out.picture(index, 0.1, PIXELS)


def _time_backwards(out: Out) -> None:
    _header(out)
    out.picture(0, 1.0, PIXELS)
    out.picture(1, 0.5, PIXELS)


def _time_is_no_number(out: Out) -> None:
    _header(out)
    _frame(out, 0, float("nan"), 48, 64, PIXELS.tobytes())


def _endless_frames(out: Out) -> None:
    _header(out)
    for index in range(10**9):
        out.picture(index, index / 1000, PIXELS)


def _endless_sound(out: Out) -> None:
    _header(out)
    while True:
        out.sound(np.zeros(1_000_000, np.float32))


def _loud_sound(out: Out) -> None:
    _header(out)
    out.sound(np.full(100, np.nan, np.float32))


def _odd_sound(out: Out) -> None:
    _header(out)
    out.message(SOUND, b"123")


def _half_a_frame(out: Out) -> None:
    _header(out)
    _frame(out, 0, 0.0, 48, 64, PIXELS.tobytes()[:1000])


def _half_a_frame_then_hangs(out: Out) -> None:
    _half_a_frame(out)
    time.sleep(600)


def _two_pictures(out: Out) -> None:
    _header(out, kind="image", has_audio=False)
    out.picture(0, 0.0, PIXELS)
    out.picture(1, 0.0, PIXELS)


def _picture_of_another_size(out: Out) -> None:
    _header(out, kind="image", has_audio=False)
    out.picture(0, 0.0, np.zeros((48, 63, 3), np.uint8))


def _more_after_the_end(out: Out) -> None:
    _header(out)
    out.json(FOOTER, END)
    out.picture(0, 0.0, PIXELS)


def _counts_less_than_it_sent(out: Out) -> None:
    _header(out)
    out.picture(0, 0.0, PIXELS)
    out.json(FOOTER, END | {"frames_decoded": 0})


def _never_leaves(out: Out) -> None:
    _header(out)
    out.json(FOOTER, END)
    time.sleep(600)


def _unknown_refusal(out: Out) -> None:
    out.json(REFUSED, {"code": "because", "detail": ""})


def _refusal_with_a_speech(out: Out) -> None:
    out.json(REFUSED, {"code": "corrupt", "detail": "<script>alert(1)</script>" * 100})


def _spins(out: Out) -> None:
    while True:
        pass


def _eats_memory(out: Out) -> None:
    kept = []
    while True:
        kept.append(np.ones(16 * 1024 * 1024, np.uint8))


def _facts_too_large(out: Out) -> None:
    out.message(FACTS, b'{"x": "' + b"y" * 3_000_000 + b'"}')


def _facts_no_object(out: Out) -> None:
    out.message(FACTS, b"[1, 2, 3]")


def _honest(out: Out) -> None:
    _header(out)
    out.picture(0, 0.0, PIXELS)
    out.sound(np.zeros(32_000, np.float32))
    out.json(FOOTER, END)


def _headers(**changes: Any) -> Any:
    return lambda out: _header(out, **changes)


LIARS = {
    "honest": _honest, "silent": _silent, "dies": _dies, "crashes": _crashes, "garbage": _garbage,
    "huge_length": _huge_length, "not_json": _not_json, "deep_json": _deep_json,
    "unknown_kind": _headers(kind="film"), "negative_width": _headers(width=-1),
    "width_is_text": _headers(width="64"), "width_is_true": _headers(width=True),
    "too_many_pixels": _headers(width=2**20, height=2**20), "no_size": _headers(width=None),
    "endless_duration": _headers(duration=1e300), "flag_with_a_tag": _headers(flags=["<b>"]),
    "too_many_flags": _headers(flags=["x"] * 1000), "huge_frame": _huge_frame,
    "too_large_frame": _too_large_frame, "backwards": _backwards,
    "time_backwards": _time_backwards, "time_is_no_number": _time_is_no_number,
    "endless_frames": _endless_frames, "endless_sound": _endless_sound,
    "loud_sound": _loud_sound, "odd_sound": _odd_sound, "half_a_frame": _half_a_frame,
    "half_a_frame_then_hangs": _half_a_frame_then_hangs, "two_pictures": _two_pictures,
    "picture_of_another_size": _picture_of_another_size,
    "more_after_the_end": _more_after_the_end,
    "counts_less_than_it_sent": _counts_less_than_it_sent, "never_leaves": _never_leaves,
    "unknown_refusal": _unknown_refusal, "refusal_with_a_speech": _refusal_with_a_speech,
    "spins": _spins, "eats_memory": _eats_memory, "facts_too_large": _facts_too_large,
    "facts_no_object": _facts_no_object,
}  # fmt: skip
