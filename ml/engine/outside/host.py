"""An external detector as the engine sees it: a process that receives the media and answers.

Time counts only while the engine waits for it. A detector that crashes, hangs, uses too much memory
or answers wrongly ends only its own process, and its finding is `failed`.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from ml.engine.contract import Examination, Finding, Kind, Media, Status, View
from ml.engine.manifest import Manifest
from ml.engine.outside import answers, wire
from ml.engine.plugins import Plugin
from ml.engine.sentence import say
from sandbox import services as sandbox
from sandbox.launching import bare_environment

PROTOCOL = 5
OFTEN = 0.25
"""Seconds after which a waiting engine asks again whether it should stop."""
MOST_ANSWERS = 10_000


class OutsideFailed(Exception):
    """What became of the detector's process, for the log."""


class OutsideDetector:
    """Nothing of it runs in this process."""

    def __init__(self, plugin: Plugin, manifest: Manifest) -> None:
        self.plugin, self.manifest = plugin, manifest
        self.name, self.version = manifest.name, manifest.version

    def not_applicable(self, media: Media) -> str | None:
        return None if media.info.kind in self.manifest.kinds else say("check.other_kind")

    def examine(self, media: Media) -> OutsideExamination:
        return OutsideExamination(self, media)


class OutsideExamination(Examination):
    """One process for one file. It loads while the first frames are decoded."""

    def __init__(self, detector: OutsideDetector, media: Media) -> None:
        self._manifest, self._media = detector.manifest, media
        self._seconds_left = detector.manifest.caps.seconds
        self._guest, self._to, self._from = _start(detector.plugin)
        try:
            os.set_blocking(self._to, False)
            self._send(wire.MEDIA, media.info, dict(media.facts))
        except BaseException:
            self.close()
            raise

    def observe(self, view: View) -> None:
        if self._is_listening():
            faces = view.faces if self._manifest.needs.faces else ()
            self._send(wire.VIEW, View(view.frame, faces))

    def conclude(self) -> Finding:
        if self._is_listening():
            self._send(wire.CONCLUDE, *self._closing_message())
        for _ in range(MOST_ANSWERS):
            kind, data = self._answer()
            if kind == wire.ADVANCE:
                self.advance(min(max(float(data.get("part", 0.0)), 0.0), 1.0))
            elif kind == wire.WHY_NOT:
                return Finding(
                    self._manifest.name,
                    self._manifest.version,
                    Status.NOT_APPLICABLE,
                    answers.why_not(data),
                )
            elif kind == wire.FINDING:
                return answers.finding(data, self._manifest)
            else:
                raise OutsideFailed(f"{data.get('what')!s:.60} at {data.get('where')!s:.60}")
        raise OutsideFailed("it reports progress without end")

    def close(self) -> None:
        self._guest.kill()
        self._guest.wait()
        for fd in (self._to, self._from):
            if fd >= 0:
                os.close(fd)
        self._to = self._from = -1

    def _closing_message(self) -> tuple[Any, ...]:
        needs, media = self._manifest.needs, self._media
        scenes = None
        if media.info.kind is not Kind.IMAGE:
            with contextlib.suppress(RuntimeError):  # they could not be determined
                scenes = media.scenes
        samples = None if needs.sound_hz is None else media.audio(needs.sound_hz)
        plain = None if samples is None else np.asarray(samples)
        return media.info, tuple(media.tracks) if needs.faces else (), scenes, plain

    def _is_listening(self) -> bool:
        """False when it has answered already: it had nothing to say, or it broke."""
        return not select.select([self._from], [], [], 0)[0]

    def _send(self, what: str, *values: Any) -> None:
        message = memoryview(pickle.dumps((what, *values), PROTOCOL))
        try:
            while message:
                self._wait_for(writing=True)
                message = message[os.write(self._to, message) :]
        except BrokenPipeError:
            pass  # it has ended; conclude() reads its answer, if any

    def _answer(self) -> tuple[bytes, dict[str, Any]]:
        kind, length = wire.PREFIX.unpack(self._read(wire.PREFIX.size))
        if length > wire.MAX_ANSWER:
            raise OutsideFailed("an answer that is too long")
        try:
            data = json.loads(self._read(length))
        except (ValueError, RecursionError) as error:
            raise OutsideFailed("an answer that is no JSON") from error
        if not isinstance(data, dict):
            raise OutsideFailed("an answer that is no object")
        return kind, data

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            self._wait_for(writing=False)
            piece = os.read(self._from, count - len(data))
            if not piece:
                raise OutsideFailed(f"it ended with status {self._guest.wait()}")
            data += piece
        return data

    def _wait_for(self, *, writing: bool) -> None:
        fd = self._to if writing else self._from
        poll = select.poll()
        poll.register(fd, select.POLLOUT if writing else select.POLLIN)
        while self._seconds_left > 0:
            started = time.monotonic()
            ready = poll.poll(1000 * min(OFTEN, self._seconds_left))
            self._seconds_left -= time.monotonic() - started
            if ready:
                return
            self.advance(0.0)  # raises where a stop was requested
        self._guest.kill()
        raise OutsideFailed(f"no answer within {self._manifest.caps.seconds:g} s")


def _start(plugin: Plugin) -> tuple[subprocess.Popen[bytes], int, int]:
    guest_input, to = os.pipe()
    answer, guest_output = os.pipe()
    given = {
        "folder": str(plugin.folder),
        "parent": os.getpid(),
        "require_walls": sandbox.REQUIRE_WALLS,
        "read": guest_input,
        "write": guest_output,
    }
    try:
        guest = subprocess.Popen(
            [sys.executable, "-m", "ml.engine.outside.guest", plugin.package, json.dumps(given)],
            pass_fds=[guest_input, guest_output],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            cwd="/",
            process_group=0,  # Ctrl-C is for the worker, which lets it finish what it has begun
        )
    except BaseException:
        os.close(to)
        os.close(answer)
        raise
    finally:
        os.close(guest_input)
        os.close(guest_output)
    return guest, to, answer


def _environment() -> dict[str, str]:
    path = os.pathsep.join(str(Path(place).resolve()) for place in sys.path if place)
    return {**bare_environment(path), "PYTHONSAFEPATH": "1"}
