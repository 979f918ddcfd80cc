"""The process of one external detector on one file.

It is started by exec and does the following in order: drops all rights, loads the detector's code
where only Python, the engine and the detector's own folder can be read, blocks opening any further
file, receives the decoded media from its parent, answers with one JSON object and exits.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import io
import json
import os
import pickle
import resource
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ml.engine.checking import checked
from ml.engine.contract import (
    Detector,
    FaceTrack,
    Finding,
    Frame,
    MediaInfo,
    Samples,
    Scenes,
    View,
)
from ml.engine.manifest import Manifest, read_manifest
from ml.engine.outside import wire
from ml.engine.results import finding_json
from sandbox import walls
from sandbox.types import MIB, Limits

ENGINE = Path(__file__).resolve().parents[1]
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/nix/store")
FREE = 16
"""Numbers from here on are free while descriptors are put in their places."""


class Silence(io.TextIOBase):
    """What a detector prints is nobody's."""

    def write(self, text: str) -> int:
        return len(text)


@dataclass
class PlainMedia:
    """The media as described by the parent."""

    info: MediaInfo
    facts: Mapping[str, Any]
    sound_hz: int | None
    tracks: Sequence[FaceTrack] = ()
    given_scenes: Scenes | None = None
    samples: Samples | None = None

    @property
    def scenes(self) -> Scenes:
        if self.given_scenes is None:
            raise RuntimeError(
                "scenes are known in conclude(), and only where they could be determined"
            )
        return self.given_scenes

    def audio(self, rate: int = 16_000) -> Samples | None:
        if rate != self.sound_hz:
            raise ValueError("the manifest asks for sound at another rate, or for none")
        return self.samples


def main() -> int:
    package, given = sys.argv[1], json.loads(sys.argv[2])
    folder, parent, required = Path(given["folder"]), given["parent"], given["require_walls"]
    _put_descriptors(given["read"], given["write"])
    sys.stdout = sys.stderr = Silence()
    try:
        manifest = read_manifest(folder)
        stream = open(walls.FILE, "rb", closefd=False)  # noqa: SIM115 - until the process ends
        _rehearse()
        importlib.util.find_spec(package.partition(".")[0])  # while its folder can be listed
        standing = _shut_in(manifest, _top(folder, package), parent, required)
        detector = _load(package, folder, manifest)
        walls.seal(standing, required)
        _examine(detector, manifest, stream)
    except BaseException as error:
        _send(wire.TROUBLE, {"what": type(error).__name__[:60], "where": _place(error)})
        return 1
    return 0


def _put_descriptors(read: int, write: int) -> None:
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, FREE) for fd in (read, write)]
    null = os.open(os.devnull, os.O_RDWR)
    for number, fd in enumerate((null, null, null, *high)):
        os.dup2(fd, number)
    os.closerange(walls.PIPE + 1, max(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 1024))


def _rehearse() -> None:
    """Everything that hearing and answering need is imported now, while it can be."""
    frame = Frame(0, 0.0, np.zeros((1, 1, 3), np.uint8))
    pickle.loads(pickle.dumps(View(frame), 5))  # noqa: S301 - our own
    json.dumps(finding_json(Finding("x", "1", "ran", "x")))  # type: ignore[arg-type]
    traceback.extract_tb(None)


def _top(folder: Path, package: str) -> Path:
    """The folder of the package that `package` lies in."""
    return (folder, *folder.parents)[package.count(".")]


def _shut_in(manifest: Manifest, folder: Path, parent: int, required: bool) -> walls.Walls:
    """The first walls: they stand before a line of the detector's code has run."""
    standing = walls.prepare()
    loading = walls.compile_for_loading() if standing.program else b""
    if required and not (loading and standing.landlock):
        raise walls.WallBroken("seccomp and Landlock")
    walls.limit(
        Limits(
            memory_bytes=manifest.caps.memory_mib * MIB,
            cpu_seconds=int(4 * manifest.caps.seconds) + 1,
        )
    )
    walls.give_up_rights(parent)
    os.environ.clear()
    if standing.landlock:
        sandbox = Path(walls.__file__).parent
        python = (Path(sys.prefix), Path(sys.base_prefix), ENGINE, sandbox)
        walls.read_only(standing.landlock, [*map(Path, SYSTEM), *python, folder])
    if loading:
        walls.filter_calls(loading)
    return standing


def _load(package: str, folder: Path, manifest: Manifest) -> Detector:
    for weights in manifest.weights:
        digest = hashlib.sha256((folder / weights.file).read_bytes()).hexdigest()
        if digest != weights.sha256:
            raise ValueError("the weights are not those that the manifest names")
    detector: Detector = importlib.import_module(f"{package}.detector").make()
    return detector


def _examine(detector: Detector, manifest: Manifest, stream: BinaryIO) -> None:
    _, info, facts = _next(stream)
    media = PlainMedia(info, facts, manifest.needs.sound_hz)
    why_not = detector.not_applicable(media)
    if why_not is not None:
        _send(wire.WHY_NOT, {"reason": why_not})
        return
    examination = detector.examine(media)
    examination.advance = lambda part: _send(wire.ADVANCE, {"part": float(part)})
    while (message := _next(stream))[0] == wire.VIEW:
        examination.observe(message[1])
    _, media.info, media.tracks, media.given_scenes, media.samples = message
    _send(wire.FINDING, finding_json(checked(detector, examination.conclude())))


def _next(stream: BinaryIO) -> Any:
    """From the parent, which is trusted; the detector is not."""
    return pickle.load(stream)  # noqa: S301


def _send(kind: bytes, body: Mapping[str, Any]) -> None:
    data = json.dumps(body, allow_nan=False).encode()
    message = memoryview(wire.PREFIX.pack(kind, len(data)) + data)
    while message:
        message = message[os.write(walls.PIPE, message) :]


def _place(error: BaseException) -> str:
    """Where it happened, for the log: never the error's text, which the media can shape."""
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    return f"{Path(frames[0].filename).name}:{frames[0].lineno}"[:60] if frames else ""


if __name__ == "__main__":
    with contextlib.suppress(OSError):  # nobody hears it any more
        sys.exit(main())
