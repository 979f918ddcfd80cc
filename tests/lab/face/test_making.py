"""Blends, degradations and batches: what they change, and above all what they leave alone."""

from __future__ import annotations

import numpy as np
import pytest

from lab.face import batches, blend, crops
from lab.face.config import ConfigRefused, FaceConfig
from ml.evaluation import degrade
from tests.lab.face.faces import drawn_store, portrait

SMALL = FaceConfig(side=64, steps=8, head_steps=2, warm_up=2, pairs=2, blends=2,
                   sources=("drawn",), fake_sources=("drawn",))  # fmt: skip


@pytest.mark.parametrize("family", blend.FAMILIES)
def test_a_blend_changes_the_face_and_says_where(family: str) -> None:
    """Every mask family alters something; where the mask is nothing, only one common change of the
    whole picture is left."""
    picture, points = portrait()
    for seed in range(6):
        fake, mask = blend.self_blend(picture, points, np.random.default_rng(seed), family=family)
        assert fake.shape == picture.shape and mask.shape == picture.shape[:2]
        assert mask.min() >= 0.0 and mask.max() <= 1.0
        assert (mask > 0.1).mean() < 0.5, "a mask is a part of the picture"
        assert mask.max() > 0.2, "a fake in which nothing is altered would be a wrong label"
        outside = mask < 1e-6
        again = blend.self_blend(picture, points, np.random.default_rng(seed), family=family)[0]
        assert np.array_equal(fake, again), "the same seed makes the same fake"
        assert outside.any()


def test_the_mask_lies_on_the_face() -> None:
    """Nearly all of every mask lies within the landmarks' box and a small seam round it."""
    picture, points = portrait()
    room = crops.Jitter(0.2, 0.2, 0.2, 0.2)
    left, top, right, bottom = crops.window(points, picture.shape, room)
    for seed in range(30):
        _, mask = blend.self_blend(picture, points, np.random.default_rng(seed))
        assert mask[top:bottom, left:right].sum() >= 0.99 * mask.sum()


def test_a_blend_of_strength_nothing_is_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ratio 0 and no change outside, no trace of the making itself is left: a network cannot
    learn our rounding or our path."""
    picture, points = portrait()
    monkeypatch.setattr(blend, "RATIOS", (0.0,))
    monkeypatch.setattr(blend, "draw_difference", lambda random: lambda pixels: pixels)
    fake, mask = blend.self_blend(picture, points, np.random.default_rng(1))
    assert mask.max() == 0.0
    assert np.array_equal(fake, picture)


@pytest.mark.parametrize(
    ("step", "mild", "strong"),
    [("scale", 0.9, 0.3), ("blur", 0.4, 2.0), ("jpeg", 95, 20), ("webp", 95, 10), ("h264", 18, 40)],
)
def test_degradations_degrade_more_when_stronger(step: str, mild: float, strong: float) -> None:
    """Each goes through its real codec or filter, keeps the size, and hurts as asked."""
    picture = portrait()[0][100:241, 150:301]
    little, much = (degrade.Chain(((step, s),))(picture) for s in (mild, strong))
    assert little.shape == much.shape == picture.shape

    def harm(pixels: np.ndarray) -> float:
        return float(np.abs(pixels.astype(float) - picture).mean())

    assert harm(little) < 6.0
    assert harm(much) > 1.3 * harm(little)


def test_a_chain_does_the_same_to_both_of_a_pair() -> None:
    """Noise too: two equal pictures are equal afterwards."""
    picture = portrait()[0][:80, :90]
    for seed in range(40):
        chain = degrade.draw(np.random.default_rng(seed), untouched=0.0)
        assert np.array_equal(chain(picture), chain(picture.copy()))


def test_batches_are_half_real_and_depend_on_seed_and_step_alone() -> None:
    """The same step gives the same batch, another step another one."""
    pool = batches.Pool(drawn_store(), SMALL)
    first, again, other = pool.batch(3), pool.batch(3), pool.batch(4)
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(first.maps, again.maps)
    assert not np.array_equal(first.pixels, other.pixels)
    assert first.pixels.shape == (8, 64, 64, 3)
    assert first.labels.mean() == 0.5


def test_maps_show_where_a_checked_fake_differs_from_its_original() -> None:
    """The drawn fakes have a block at one third to one half of both sides: the map finds it, and
    follows it when the picture is mirrored."""
    pool = batches.Pool(drawn_store(), SMALL)
    cells = SMALL.side // batches.CELL
    for step in range(12):
        batch = pool.batch(step)
        for row in range(0, 2 * SMALL.pairs, 2):
            bright = batch.pixels[row].mean(axis=2) > 225
            where = batch.maps[row].reshape(cells, cells)
            assert batch.map_weights[row] == 1.0
            assert where.max() > 0.99
            if bright.sum() > 30:
                ys, xs = (axis.mean() / SMALL.side for axis in np.nonzero(bright))
                rows, columns = np.nonzero(where > 0.5)
                assert (columns.mean() + 0.5) / cells == pytest.approx(xs, abs=0.12)
                assert (rows.mean() + 0.5) / cells == pytest.approx(ys, abs=0.12)
        assert batch.maps[batch.labels[:, 0] == 0].max() == 0.0


def test_only_the_training_split_is_drawn_from() -> None:
    """A picture of the test split is in no pool, whatever it is."""
    store = drawn_store()
    for number in (10, 11):
        object.__setattr__(store.items[number], "split", "test")
    pool = batches.Pool(store, SMALL)
    drawn = {*pool.fakes, *pool.original.values(), *(n for r in pool.reals.values() for n in r)}
    assert drawn == set(range(10))


def test_pictures_are_never_stretched_beyond_the_photograph() -> None:
    """A box that reaches over the edge is cut there, as it is when serving."""
    points = np.array([[-20, -10], [90, 130]], np.float32)
    assert crops.window(points, (100, 80, 3)) == (0, 0, 80, 100)


def test_training_and_serving_cut_the_same_crop() -> None:
    """The same face, cut by the training code and by the worker's: equal bit for bit."""
    from ml.engine.contract import Box, Crop
    from ml.engine.media.crops import with_margin

    picture, points = portrait()
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    tight = Box(float(left), float(top), float(right), float(bottom))
    served = with_margin(Crop(0, 0.0, picture, tight, points, 1.0))
    ours = crops.cut(picture, crops.window(points, picture.shape))
    assert np.array_equal(served, ours)


@pytest.mark.parametrize(
    "wrong", [{"side": 100}, {"steps": 10}, {"pairs": 0, "blends": 0}, {"ema": 1.0}]
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, float]) -> None:
    """A training of an hour must not end in a typing error."""
    with pytest.raises(ConfigRefused):
        FaceConfig(**wrong)  # type: ignore[arg-type]


def test_settings_come_back_from_their_file() -> None:
    """What is saved beside the weights is all of it; an unknown setting is refused."""
    config = FaceConfig(steps=123, head_steps=5)
    assert FaceConfig.from_json(config.to_json()) == config
    with pytest.raises(ConfigRefused, match="speed"):
        FaceConfig.from_json('{"speed": 1}')
