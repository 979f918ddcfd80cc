"""The talking clips, processed by the engine.

Every clip goes the way of a file under examination: decoded in the sandbox, faces found five times
a second, mouths cut by `ml.engine.media.lips`. Only the mouth's opening in every frame is measured
on top, for training alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.common.archives import Archives
from lab.lip_sync.data import STORE, Clip, Talk, opened, write
from ml.engine.analysis import analyse
from ml.engine.contract import Examination, Finding, Media, Samples, Status, View
from ml.engine.manifest import Manifest, Needs
from ml.engine.media import lips
from ml.engine.media.landmarks import PointNetwork, round_points

FEWEST_MOUTHS = 24


class Collector(Examination):
    """Stands among the detectors and keeps what the lip sync detector would be given."""

    manifest = Manifest("collector", "1", needs=Needs(close_seconds=10.0))
    name, version = manifest.name, manifest.version

    def __init__(self) -> None:
        self.points = PointNetwork()
        self.stretches: list[lips.Stretch] = []
        self.openings: dict[int, list[tuple[float, float, float]]] = {}
        self.sound: Samples | None = None

    def not_applicable(self, media: Media) -> str | None:
        return None

    def examine(self, media: Media) -> Collector:
        self.media, self.reader = media, lips.LipReader()
        self.stretches, self.openings, self.sound = [], {}, None
        self._last: dict[int, NDArray[np.float32]] = {}
        return self

    def observe(self, view: View) -> None:
        self.reader.observe(view)
        self._last |= {face.track: face.landmarks for face in view.faces}
        for track, before in list(self._last.items()):
            points = self.points(view.frame.pixels, round_points(before))
            if points is not None:
                self._last[track] = points
                row = (view.frame.seconds, *lips.mouth_opening(points))
                self.openings.setdefault(track, []).append(row)

    def conclude(self) -> Finding:
        self.stretches, self.sound = self.reader.stretches(), self.media.audio()
        return Finding(self.name, self.version, Status.RAN, "Collected.")


def talk(clip: Clip, content: bytes, collector: Collector) -> Talk | None:
    """The clip's longest stretch; None when no face is seen long enough or there is no sound."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        analyse(file, detectors=[collector])
    usable = [s for s in collector.stretches if len(s.mouths) >= FEWEST_MOUTHS]
    if not usable or collector.sound is None:
        return None
    best = max(usable, key=lambda s: len(s.mouths))
    seen = np.array(collector.openings.get(best.track, []))
    if len(seen) < len(best.mouths) / 2:
        return None
    times = best.start + np.arange(len(best.mouths)) / lips.RATE
    shapes = np.stack([np.interp(times, seen[:, 0], seen[:, n]) for n in (1, 2)], axis=1)
    return Talk(clip, best.start, best.mouths, shapes.astype(np.float32), collector.sound)


def prepare(
    clips: Sequence[Clip],
    folder: Path,
    target: Path,
    *,
    watch: Callable[[Sequence[Clip]], Iterable[Clip]] = lambda clips: clips,
) -> list[Talk]:
    """All talks; made once, then read from `target`."""
    if (target / STORE).exists():
        return opened(clips, target)
    collector = Collector()
    talks: list[Talk] = []
    with Archives(folder) as archives:
        for clip in watch(clips):
            found = talk(clip, archives.read(clip), collector)
            if found is not None:
                talks.append(found)
    target.mkdir(parents=True, exist_ok=True)
    write(talks, target / STORE)
    return talks
