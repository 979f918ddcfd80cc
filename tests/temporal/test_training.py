"""From clips to windows: training sees what service sees, and draws by its seed alone."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
pytest.importorskip("keras")

from lab.common.archives import Archives
from lab.lip_sync.data import Clip, read_manifest
from lab.temporal import baselines, data, fakes, loop, measure
from lab.temporal.passing import Film
from ml.engine.analysis import analyse
from ml.engine.detectors.temporal.inputs import SHAPE, windows
from ml.engine.media import motion
from ml.engine.media.motion import FaceReader
from ml.evaluation import data_folders
from tests.temporal import made

FOLDER = data_folders.research("talking")


def example(number: int, fake: bool, split: str = "train") -> data.Example:
    """A drawn face that trembles if it is a fake."""
    reader = FaceReader()
    made.read_frames(reader, made.frames(30, tremble=1.2 if fake else 0.0, seed=number))
    (stretch,) = reader.stretches()
    clip = Clip("made.zip", f"{number}.mp4", split, f"s{number % 4}", f"{number:064x}")
    variant = data.Variant(fake, "place" if fake else "encoded again", "mouth" if fake else "")
    return data.Example(clip, variant, motion.signals(stretch))


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    """The same step gives the same bits, half of them of fakes; the next one others."""
    examples = [example(n, n % 2 == 1) for n in range(8)]
    draw = loop.Draw(examples, loop.Recipe(windows=16))
    (values, labels), (again, _), (other, _) = draw.batch(3), draw.batch(3), draw.batch(4)
    assert values.tobytes() == again.tobytes() != other.tobytes()
    assert values.shape == (16, *SHAPE) and np.isfinite(values).all()
    assert labels.mean() == 0.5


def test_both_kinds_are_told_apart_where_they_are_drawn() -> None:
    """The baseline and a short training must see a face that trembles against its wall."""
    learnt = [example(n, n % 2 == 1) for n in range(16)]
    tested = [example(n, n % 2 == 1, "test") for n in range(40, 52)]
    regression = baselines.Regression(learnt).scores
    assert measure.auc_of(tested, regression, lambda e: e.variant.fake)["auc"] > 0.9


@pytest.mark.slow
def test_training_learns_and_is_opened_again(tmp_path: Path) -> None:
    """A few steps on drawings: it separates them, and the kept weights give the same scores."""
    learnt = [example(n, n % 2 == 1) for n in range(12)]
    recipe = loop.Recipe(steps=60, windows=24, width=8, rate=5e-3)
    net = loop.train(learnt, tmp_path, recipe)
    first = loop.scores(loop.served_by(net), learnt)
    again = loop.scores(loop.served_by(loop.train(learnt, tmp_path, recipe)), learnt)
    assert first == pytest.approx(again, abs=1e-5)
    scores = [s for s in first if s is not None]
    high = [s for s, e in zip(scores, learnt, strict=True) if e.variant.fake]
    low = [s for s, e in zip(scores, learnt, strict=True) if not e.variant.fake]
    assert np.mean(high) > np.mean(low)


def test_variants_are_the_same_every_time_and_take_turns() -> None:
    """The list of what is done to a clip depends on the clip alone; all kinds come up equally."""
    digests = [hashlib.sha256(bytes([n])).hexdigest() for n in range(160)]
    clips = [Clip("a.zip", "1.mp4", "train", "s", digest) for digest in digests]
    every = [v for clip in clips for v in data.variants(clip)]
    assert every == [v for clip in clips for v in data.variants(clip)]
    kinds = [v.kind for v in every if v.fake]
    assert all(40 <= kinds.count(kind) <= 80 for kind in fakes.KINDS)
    assert sum(v.fake for v in every) == len(every) / 2


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.skipif(FOLDER is None, reason="the research data is not beside the project")
def test_training_and_serving_see_the_same_bits() -> None:
    """A real clip through the whole engine, and its frames through training's way: one and the same
    pictures of the face, and so the same windows."""
    assert FOLDER is not None
    clip = read_manifest(FOLDER / data_folders.MANIFEST)[0]
    collector = data.Collector()
    with Archives(FOLDER) as archives, tempfile.TemporaryFile() as file:
        file.write(archives.read(clip))
        analyse(file, detectors=[collector])
    (served,) = collector.stretches
    with data.Finders() as finders:
        (trained,) = data.watched(Film(collector.frames, np.asarray(collector.times)), finders)
    assert trained.pictures.tobytes() == served.pictures.tobytes()
    assert (trained.times == served.times).all()
    one, other = (windows(motion.signals(stretch)) for stretch in (served, trained))
    assert [w.values.tobytes() for w in one] == [w.values.tobytes() for w in other] != []
