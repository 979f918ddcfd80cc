"""Videos altered frame by frame: where, how steadily, and with which sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from lab.clearing import films, forging
from lab.clearing.__main__ import first_of_each
from lab.clearing.bounds import conditions_of, seen_in
from lab.clearing.films import LIPS, SPOKEN, SWAPPED, UNSTEADY
from lab.clearing.forging import SOUND_HZ, Clip
from lab.face import blend
from ml.engine.contract import Kind
from tests.lab.face.faces import portrait
from tests.lab.test_clearing import TOGETHER, _file, _files

FRAMES = 8


@pytest.fixture(scope="module")
def clip() -> Clip:
    """A portrait that moves slowly over the picture, and a tone."""
    picture, points = portrait()
    frames = [np.roll(picture, n, axis=1) for n in range(FRAMES)]
    moved = [(points + np.array([n, 0])).astype(np.float32) for n in range(FRAMES)]
    sound = np.sin(np.arange(SOUND_HZ * FRAMES // 25) * 0.05).astype(np.float32)
    return Clip("one", "a", 25.0, frames, moved, sound)


def _apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(one.astype(int) - other.astype(int)).mean(axis=2))


def test_a_swap_alters_the_face_and_nothing_else(clip: Clip) -> None:
    """In every frame, within the landmarks' box and its soft edge."""
    donor = replace(clip, frames=[255 - frame for frame in clip.frames])
    made = forging.swapped(clip, donor, np.random.default_rng(1))
    assert len(made) == FRAMES
    for frame, altered, points in zip(clip.frames, made, clip.points, strict=True):
        apart = _apart(frame, altered)
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        room = 0.25 * float(bottom - top)
        outside = apart.copy()
        rows = slice(max(int(top - room), 0), int(bottom + room))
        outside[rows, max(int(left - room), 0) : int(right + room)] = 0
        assert apart.max() > 20 and outside.max() == 0


def test_other_words_alter_the_lower_face_steadily(clip: Clip) -> None:
    """Hardly anything above the eyes; the same mask and the same drawing in each frame."""
    other = replace(clip, frames=[255 - frame for frame in clip.frames])
    made = forging.other_words(clip, other, np.random.default_rng(3))
    sums = []
    for frame, altered, points in zip(clip.frames, made, clip.points, strict=True):
        apart = _apart(frame, altered)
        brow = int(points[list(blend.BROW_LINE), 1].min())
        assert apart[:brow].sum() < 0.02 * apart.sum()
        sums.append(apart.sum())
    assert max(sums[:4]) < 1.2 * min(sums[:4])


def test_each_kind_brings_its_own_sound(clip: Clip) -> None:
    """Lips of other words come with those words; a swap keeps the sound."""
    other = replace(clip, sound=np.zeros_like(clip.sound))
    shots, others = [clip] * 2, [other] * 2
    random = np.random.default_rng(5)
    assert not films.forged(LIPS, shots, others, random)[0].sound.any()
    assert np.array_equal(films.forged(SWAPPED, shots, others, random)[0].sound, clip.sound)
    for kind, same in ((UNSTEADY, False), (SPOKEN, True)):
        made = films.forged(kind, shots, others, random)[0]
        assert np.array_equal(made.frames[1], clip.frames[1]) is same


def test_a_film_is_read_back_as_it_was_written(clip: Clip, tmp_path: Path) -> None:
    """Both shots, frame for frame, and a sound of the same length."""
    sound = np.concatenate([clip.sound, clip.sound])
    films.written([clip, clip], sound, 23, tmp_path / "film.mp4")
    with av.open(str(tmp_path / "film.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == 2 * FRAMES
    with (tmp_path / "film.mp4").open("rb") as file:
        decoded = films.decoded_sound(file)  # type: ignore[arg-type]
    assert abs(len(decoded) - len(sound)) < SOUND_HZ // 10


def test_a_part_of_the_films_holds_every_kind() -> None:
    """Every genuine film and the first of each kind; all of them without a bound."""
    cases = [_file(method, "test", {}).case for method in ("", LIPS, SWAPPED) for _ in range(5)]
    assert [case.method for case in first_of_each(cases, 1)] == [*[""] * 5, LIPS, SWAPPED]
    assert first_of_each(cases, None) == cases


def test_what_was_measured_in_films_is_not_said_to_be_unmeasured() -> None:
    """A kind in the manifest is judged by its figures; the others stay named as not seen."""
    every = [*_files("val", seen=3.5), *_files("test", seen=3.5)]
    every += [_file(LIPS, split, {"one": 9.0, "other": 9.0}) for split in ("val", "test")]
    line = conditions_of(Kind.VIDEO, every, TOGETHER)
    assert line is not None and line["not_seen"] == ["videos generated as a whole"]
    assert set(line["looked_for"]) == {"swapped", LIPS}


def test_a_kind_that_one_half_clears_is_not_said_to_be_seen() -> None:
    """Few files of the other half prove little."""
    halves = [{"fakes": {LIPS: {"cleared_without_bounds": share}}} for share in (0.3, 0.0)]
    assert seen_in(*halves, bounded=False) == []
    assert seen_in(halves[1], halves[1], bounded=False) == [LIPS]
