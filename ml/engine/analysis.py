"""Analyses one file: bytes in, a result out. Frames are streamed and faces are detected once for
all detectors.

    with open("clip.mp4", "rb") as file:
        result = analyse(file)

Needs no Django, no database and no server. A detector that raises an error gets a finding with
status `failed`; the others still run. A refused file is a result (`rejected`). A failure of the
sandbox is an exception (`sandbox.types.SandboxFailed`), because a retry may succeed.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import BinaryIO

from ml.engine import registry
from ml.engine.contract import Detector, Frame, Kind, Outcome, Result, Scenes, Verdict, View
from ml.engine.fusion import rule
from ml.engine.media import (
    aids,
    face_model,
    file_metadata,
    scenes,
    sound_pictures,
    thumbnails,
)
from ml.engine.media.face_watch import FaceWatch
from ml.engine.media.media_file import OpenMedia, fingerprint, opened
from ml.engine.media.similarity import Looks
from ml.engine.media.spectra import RATE
from ml.engine.progress import Progress, Report, Stopped
from ml.engine.registry import Missing
from ml.engine.sentence import say
from ml.engine.session import DetectorSession
from ml.engine.version import VERSION
from sandbox.services import Warden, warden
from sandbox.types import Limits, Rejected

__all__ = ["Stopped", "analyse", "engine_version"]

log = logging.getLogger(__name__)

FACE_RATE = 5.0
"""Frames a second in which faces are looked for."""
DECIDING_LIBRARIES = ("numpy", "scipy", "opencv-python-headless", "mediapipe", "pillow", "av")
"""What can change a number while our own code stays the same."""


def analyse(
    file: BinaryIO,
    *,
    sha256: str | None = None,
    size: int | None = None,
    progress: Report | None = None,
    should_stop: Callable[[], bool] | None = None,
    detectors: Sequence[Detector | Missing] | None = None,
    limits: Limits | None = None,
    sandbox: Warden | None = None,
) -> Result:
    """Examine one file. `file` is a real, seekable file; its name is never asked for."""
    started = time.perf_counter()
    reporter = Progress(progress, should_stop)
    chosen = registry.detectors() if detectors is None else tuple(detectors)
    version = engine_version(chosen)

    reporter.stop_if_requested()
    if sha256 is None or size is None:
        reporter.at(0.0, "reading the file")
        sha256, size = fingerprint(file)
    reporter.at(0.01, "opening")
    able = [d for d in chosen if not isinstance(d, Missing)]
    needs = [d.manifest.needs for d in able]
    try:
        with (
            opened(
                file,
                warden=sandbox or warden(),
                sha256=sha256,
                size=size,
                frame_rate=max([FACE_RATE, *(n.frames_per_second for n in needs)]),
                limits=limits or Limits(),
                close_seconds=max([0.0, *(n.close_seconds for n in needs)]),
                close_seconds_without_sound=max(
                    [0.0, *(n.close_seconds_without_sound for n in needs)]
                ),
            ) as media,
            contextlib.closing(DetectorSession(media, chosen)) as session,
        ):
            return _examined(media, session, chosen, version, reporter, started)
    except Rejected as refusal:
        return Result(
            media=None,
            verdict=Verdict(Outcome.REJECTED, say(f"file.{refusal.code}")),
            findings=(),
            engine_version=version,
            seconds=time.perf_counter() - started,
            rejection=refusal.code,
        )


def _examined(
    media: OpenMedia,
    session: DetectorSession,
    detectors: Sequence[Detector | Missing],
    version: str,
    reporter: Progress,
    started: float,
) -> Result:
    pictures: dict[str, bytes] = {}
    looks, strip = Looks(), thumbnails.Strip()
    tracks: Sequence[dict[str, object]] = ()
    last_frames: list[float] = []
    reporter.plan(media.info, session.checks)
    reporter.looking(0.0)
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(1, "draw") as beside:
        watch = stack.enter_context(FaceWatch(media, FACE_RATE))
        # Closed before the sandbox's descriptors are: a thread may still be reading them.
        for frame in stack.enter_context(contextlib.closing(media.frames())):
            reporter.stop_if_requested()
            last_frames = [*last_frames[-1:], frame.seconds]
            drawing = None
            if not pictures:
                drawing = beside.submit(aids.of_frame, media.info.kind, frame.pixels)
            looks.observe(frame)
            strip.observe(frame)
            session.observe(View(frame, watch.faces(frame)))
            if drawing:
                pictures = drawing.result()  # before the pixels are replaced by the next frame's
            reporter.looking(_part(media, frame))
        media.tracks = watch.tracks()
        tracks = watch.summaries()
        media.add_flags(*watch.flags)
    reporter.listening()
    divided = _divide(media, watch, last_frames)
    sound = media.audio(RATE) if media.info.has_audio else None
    sound_thumbnails = sound_pictures.drawn(sound, media.info, divided)
    reporter.stop_if_requested()
    findings = session.conclude(reporter.concluding)
    manifests = {d.name: d.manifest for d in detectors if not isinstance(d, Missing)}
    verdict = rule.decide(media.info, findings, manifests)
    reporter.at(1.0, "done")
    return Result(
        media=media.info,
        verdict=verdict,
        findings=findings,
        engine_version=version,
        seconds=time.perf_counter() - started,
        tracks=tracks,
        scenes=divided,
        thumbnails=pictures
        | strip.pictures()
        | thumbnails.of_faces(media.tracks)
        | sound_thumbnails,
        looks=looks.found,
        metadata=file_metadata.gathered(media.facts),
    )


def _divide(media: OpenMedia, watch: FaceWatch, last_frames: Sequence[float]) -> Scenes | None:
    """Which checks apply where; None for an image. If it cannot be determined, checks that need it
    fail, the others continue, and the media states it."""
    kind, duration = media.info.kind, media.info.duration
    if kind is Kind.IMAGE:
        return None
    try:
        pictures = None
        if kind is Kind.VIDEO:
            known = "face_analysis_failed" not in media.info.flags
            pictures = scenes.picture_timeline(
                last_frames, 1 / FACE_RATE, duration, watch.shots, media.tracks, known
            )
        samples = media.audio(RATE) if media.info.has_audio else None
        media.scenes = scenes.build_scenes(pictures, scenes.find_activity(samples), duration)
    except Exception:
        log.exception("scenes could not be determined")
        media.add_flags("scenes_not_told")
        return None
    return media.scenes


def _part(media: OpenMedia, frame: Frame) -> float:
    """How much was looked at, as far as the container's promises can be believed."""
    info = media.info
    if info.kind is Kind.VIDEO and info.duration:
        return frame.seconds / info.duration
    return 1.0


def engine_version(detectors: Sequence[Detector | Missing] | None = None) -> str:
    """The package's version and a short hash of all that can change a number."""
    parts = [f"{d.name}={_version(d)}" for d in detectors or registry.detectors()]
    parts += [f"faces={face_model.MODEL_SHA256}", f"scenes={scenes.VERSION}"]
    parts += [f"{name}={_installed(name)}" for name in DECIDING_LIBRARIES]
    return f"{VERSION}+{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:10]}"


def _version(detector: Detector | Missing) -> str:
    return "missing" if isinstance(detector, Missing) else detector.version


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"
