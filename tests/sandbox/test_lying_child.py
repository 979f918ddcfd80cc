"""A child that was taken over may say anything: the parent answers, and nobody is left behind."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.decoding import Decoding, read_facts
from sandbox.services import Warden
from sandbox.types import Limits, Rejected, SandboxFailed, Want

LIMITS = Limits(
    wall_seconds=3.0, wall_per_media_second=0.0, max_frames=500, cpu_seconds=1,
    cpu_per_media_second=0.0, memory_bytes=200 * 1024 * 1024, max_duration=20.0,
)  # fmt: skip
PROTOCOL = (
    "garbage", "huge_length", "not_json", "deep_json", "unknown_kind", "negative_width",
    "width_is_text", "width_is_true", "too_many_pixels", "no_size", "endless_duration",
    "flag_with_a_tag", "too_many_flags", "huge_frame", "too_large_frame", "backwards",
    "time_backwards", "time_is_no_number", "endless_frames", "endless_sound", "loud_sound",
    "odd_sound", "half_a_frame", "two_pictures", "picture_of_another_size", "more_after_the_end",
    "counts_less_than_it_sent", "unknown_refusal", "refusal_with_a_speech", "dies",
)  # fmt: skip


@pytest.fixture(scope="module")
def stage() -> Iterator[Warden]:
    with Warden(understudy=Path(__file__).with_name("liars.py")) as running:
        yield running


def children(warden: Warden) -> list[str]:
    """Those at work, that is behind seccomp: the one in reserve has met no file yet."""
    everyone = Path(f"/proc/{warden.pid}/task/{warden.pid}/children").read_text().split()
    return [pid for pid in everyone if _is_locked(pid)]


def _is_locked(pid: str) -> bool:
    try:
        return "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False  # it has just gone


def nobody_is_at_work(stage: Warden) -> bool:
    """A child that has said its last word may take a moment to leave."""
    deadline = time.monotonic() + 3
    while children(stage) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not children(stage)


def act(stage: Warden, name: str, limits: Limits = LIMITS, want: Want | None = None) -> Decoding:
    want = want or Want()
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
        file.flush()
        request: dict[str, Any] = {"do": "act", "name": name, "want": dataclasses.asdict(want)}
        return Decoding(stage.send(file, request, limits), want, limits)


def play(stage: Warden, name: str, limits: Limits = LIMITS) -> Decoding:
    with act(stage, name, limits) as decoding:
        for _ in decoding.frames():
            pass
        return decoding


@pytest.fixture(autouse=True)
def nobody_stays(stage: Warden) -> Iterator[None]:
    """After each lie the warden lives and has no child."""
    pid = stage.pid
    yield
    assert nobody_is_at_work(stage)
    assert stage.pid == pid
    assert play(stage, "honest").footer.frames_decoded == 50
    assert nobody_is_at_work(stage)


@pytest.mark.parametrize("name", PROTOCOL)
def test_a_breach_of_the_protocol_is_named(name: str, stage: Warden) -> None:
    """Whatever is not exactly as promised ends the child and is our failure, not the file's."""
    started = time.monotonic()
    with pytest.raises(SandboxFailed) as caught:
        play(stage, name)
    assert caught.value.code == "protocol"
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("name", ["silent", "half_a_frame_then_hangs", "never_leaves"])
def test_a_child_that_hangs_is_killed_in_time(name: str, stage: Warden) -> None:
    """Waiting has an end, before the header, inside a frame and after the footer."""
    started = time.monotonic()
    with pytest.raises(SandboxFailed) as caught:
        play(stage, name)
    assert caught.value.code == "timeout"
    assert 2.5 < time.monotonic() - started < 6


def test_a_crash_of_the_decoder_is_told(stage: Warden) -> None:
    """A segmentation fault in the child is an exception here, with the signal's number."""
    with pytest.raises(SandboxFailed, match=r"crashed.*11"):
        play(stage, "crashes")


def test_a_child_that_burns_time_is_stopped(stage: Warden) -> None:
    """The kernel's CPU limit ends it; the file is refused as too expensive."""
    with pytest.raises(Rejected) as caught:
        play(stage, "spins", dataclasses.replace(LIMITS, wall_seconds=20.0))
    assert caught.value.code == "too_expensive"


def test_a_child_that_eats_memory_is_stopped(stage: Warden) -> None:
    """Its address space ends before ours suffers."""
    with pytest.raises(Rejected) as caught:
        play(stage, "eats_memory", dataclasses.replace(LIMITS, cpu_seconds=10))
    assert caught.value.code == "too_expensive"


@pytest.mark.parametrize("name", ["facts_too_large", "facts_no_object", "garbage", "dies"])
def test_facts_are_checked_too(name: str, stage: Warden) -> None:
    """Facts that are too long or of another shape are a breach."""
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
        file.flush()
        line = stage.send(file, {"do": "act", "name": name}, LIMITS)
        with pytest.raises(SandboxFailed) as caught:
            read_facts(line, LIMITS)
    assert caught.value.code == "protocol"


def test_leaving_early_ends_the_child(stage: Warden) -> None:
    """A consumer that walks away after one frame leaves no child behind."""
    with act(stage, "endless_frames") as decoding:
        next(decoding.frames())
        assert len(children(stage)) == 1
    assert nobody_is_at_work(stage)


def test_cancel_ends_the_child(stage: Warden) -> None:
    """cancel() from elsewhere: the reader gets an exception, not silence."""
    with act(stage, "half_a_frame_then_hangs") as decoding:
        decoding.cancel()
        with pytest.raises(SandboxFailed):
            for _ in decoding.frames():
                pass
    assert nobody_is_at_work(stage)
