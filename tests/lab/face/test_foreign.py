"""Fakes with foreign content: placed over the face, in its colours, where the mask says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lab.face import batches, blend, crops, drawers, foreign, redraw
from lab.face.config import FaceConfig
from tests.lab.face.faces import drawn_store, portrait

SETTINGS = FaceConfig(side=64, steps=8, head_steps=2, warm_up=2, pairs=0, blends=6,
                      sources=("drawn",), donors=0.5, redrawn=0.5)  # fmt: skip


def test_a_donor_lies_over_the_face() -> None:
    """A face that was turned, shrunk and moved comes back to within two pixels of itself."""
    picture, points = portrait()
    move = cv2.getRotationMatrix2D((200.0, 200.0), 14.0, 0.8)
    there = points @ move[:, :2].T + move[:, 2]
    turned = np.asarray(
        cv2.warpAffine(picture, move, (picture.shape[1], picture.shape[0])), np.uint8
    )
    back = foreign.fitted(turned, there.astype(np.float32), points, picture.shape)
    left, top, right, bottom = crops.window(points, picture.shape)
    apart = np.abs(back.astype(float) - picture)[top:bottom, left:right]
    elsewhere = np.abs(turned.astype(float) - picture)[top:bottom, left:right]
    assert apart.mean() < 6.0 < elsewhere.mean()


def test_the_face_that_is_held_most_alike_gives_its_own() -> None:
    """Size and place do not count; a narrowed, that is turned, face comes after a moved one."""
    _, points = portrait()
    upright = points * 0.3 + 40
    leaning = points.copy()
    leaning[:, 0] += 0.5 * (points[:, 1] - points[:, 1].mean())
    assert foreign.nearest(points, [leaning, upright]) == 1


def test_colours_follow_the_face_round_them() -> None:
    """At full strength mean and spread under the mask are the face's; at none nothing changes."""
    picture, points = portrait()
    mask = blend.FAMILIES["whole_face"][0](points, picture.shape[:2], np.random.default_rng(0))
    blue = np.clip(picture * (0.5, 0.7, 1.2), 0, 255).astype(np.uint8)
    same = foreign.with_colours_of(blue, picture, mask, 0.0)
    matched = foreign.with_colours_of(blue, picture, mask, 1.0)
    under = mask > 0.5
    assert np.abs(same.astype(int) - blue)[under].mean() < 2.0  # the way to LAB and back
    gap = abs(matched[under].mean(axis=0) - picture[under].mean(axis=0)).max()
    assert gap < 6.0 < abs(blue[under].mean(axis=0) - picture[under].mean(axis=0)).max()


@pytest.mark.parametrize("family", blend.FAMILIES)
def test_only_where_the_mask_is_something_changes(family: str) -> None:
    """Outside it the picture stays to the last bit; the same seed makes the same fake."""
    picture, points = portrait()
    other = np.ascontiguousarray(picture[:, ::-1])
    fake, mask = foreign.put_in(other, picture, points, np.random.default_rng(3), family=family)
    again, _ = foreign.put_in(other, picture, points, np.random.default_rng(3), family=family)
    assert np.array_equal(fake, again)
    assert np.array_equal(fake[mask == 0.0], picture[mask == 0.0])
    assert (fake != picture).any()


def test_a_longer_code_draws_a_face_more_like_itself(tmp_path: Path) -> None:
    """From all of its numbers a learnt face comes back; from fewer it is less itself. Landmarks
    fill the drawing as they fill the face's box; what was made once is opened the next time."""
    store = drawn_store()
    numbers = batches.Pool(store, SETTINGS).genuine
    made = redraw.prepared(store, numbers, tmp_path)
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    kept = redraw.prepared(store, numbers, tmp_path)
    assert file.stat().st_mtime_ns == written and np.array_equal(made.codes, kept.codes)

    face = store.square(numbers[0], redraw.SIDE).astype(float)
    short = replace(kept, components=kept.components[:1])
    drawing, points = kept.draw(store, numbers[0], np.random.default_rng(0))
    poor, _ = short.draw(store, numbers[0], np.random.default_rng(0))
    assert np.abs(drawing - face).mean() < 3.0 < np.abs(poor - face).mean()
    assert np.allclose(points.min(axis=0), 0, atol=1)
    assert np.allclose(points.max(axis=0), redraw.SIDE, atol=1)


@pytest.mark.slow
def test_networks_learn_to_draw_the_faces_they_are_shown(tmp_path: Path) -> None:
    """A few steps bring the drawings nearer to the faces."""
    store = drawn_store()
    numbers = batches.Pool(store, SETTINGS).genuine
    faces = np.stack([store.square(number, redraw.SIDE) for number in numbers])

    def apart(steps: int) -> float:
        drawers.drawn(drawers.learnt(faces, iter, steps), faces, tmp_path / "drawn")
        made = np.load(tmp_path / "drawn").astype(float)
        return float(np.abs(made - faces[:, None]).mean())

    assert apart(25) < 0.95 * apart(1)


@pytest.mark.slow
def test_drawings_are_made_once_and_each_decoder_draws_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second call opens the file of the first."""
    monkeypatch.setattr(drawers, "STEPS", 2)
    store = drawn_store()
    numbers = batches.Pool(store, SETTINGS).genuine
    made = drawers.prepared(store, numbers, tmp_path, iter)
    assert made.shape == (len(numbers), drawers.DRAWINGS, redraw.SIDE, redraw.SIDE, 3)
    assert (made[:, 0] != made[:, 1]).any()
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    assert np.array_equal(made, drawers.prepared(store, numbers, tmp_path, iter))
    assert file.stat().st_mtime_ns == written


def test_a_batch_takes_drawings_as_often_as_its_settings_say(tmp_path: Path) -> None:
    """Always, or never; otherwise components draw."""
    store = drawn_store()
    numbers = batches.Pool(store, SETTINGS).genuine
    black = np.zeros((len(numbers), 2, redraw.SIDE, redraw.SIDE, 3), np.uint8)
    made = replace(redraw.prepared(store, numbers, tmp_path), drawings=black)
    random = np.random.default_rng(1)
    assert replace(made, by_network=1.0).draw(store, numbers[0], random)[0].max() == 0
    assert made.draw(store, numbers[0], random)[0].max() > 0


def test_batches_with_foreign_faces_depend_on_seed_and_step_alone(tmp_path: Path) -> None:
    """And each fake in them differs from the genuine face beside it, at the place it says."""
    store = drawn_store()
    pool = batches.Pool(store, SETTINGS)
    pool.redrawn = redraw.prepared(store, pool.genuine, tmp_path)
    first, again = pool.batch(2), pool.batch(2)
    assert np.array_equal(first.pixels, again.pixels)
    assert first.labels.mean() == 0.5
    assert (first.maps[first.labels[:, 0] == 1].max(axis=1) > 0.1).all()
    assert first.maps[first.labels[:, 0] == 0].max() == 0.0


def test_settings_that_need_redrawn_faces_say_so() -> None:
    """A run that lacks them ends with a sentence before its first step."""
    pool = batches.Pool(drawn_store(), replace(SETTINGS, redrawn=1.0))
    with pytest.raises(ValueError, match="redraw"):
        pool.batch(0)


def test_older_settings_draw_the_batches_they_always_drew() -> None:
    """Shares of nothing cost no draw from the generator: old runs can be made again."""
    store = drawn_store()
    pool = batches.Pool(store, replace(SETTINGS, donors=0.0, redrawn=0.0))
    pixels, points = store.picture(0), store.points(0)
    fake, mask = pool._altered(0, pixels, points, np.random.default_rng(9))
    wanted, where = blend.self_blend(pixels, points, np.random.default_rng(9))
    assert np.array_equal(fake, wanted) and np.array_equal(mask, where)
