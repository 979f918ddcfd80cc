"""Speech of the data folder, with the speaker of each sound."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np

from lab.common.archives import Archives
from lab.lip_sync import data as talking
from lab.voice import data as speech
from ml.engine.contract import Samples
from ml.engine.media.spectra import RATE
from ml.evaluation.data_folders import MANIFEST


def clips(folder: Path, *, fake: bool) -> list[tuple[str, Samples]]:
    wanted = [c for c in speech.read_manifest(folder / MANIFEST) if c.is_fake is fake]
    return list(zip((c.group for c in wanted), speech.read_clips(wanted, folder), strict=True))


def anchors(folder: Path) -> list[tuple[str, Samples]]:
    """The sound of the talking clips, which last about a second each."""
    with Archives(folder) as archives:
        return [
            (clip.speaker, _sound(archives.read(clip)))
            for clip in talking.read_manifest(folder / MANIFEST)
        ]


def _sound(content: bytes) -> Samples:
    pieces: list[Samples] = []
    with av.open(io.BytesIO(content), "r") as file:
        as_wanted = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        for frame in [*file.decode(audio=0), None]:
            pieces += [piece.to_ndarray()[0] for piece in as_wanted.resample(frame)]
    return np.concatenate(pieces)
