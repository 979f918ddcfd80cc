"""`manage.py prepare`: from videos to a set of faces that training and evaluation read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bench import clips
from lab.face import data, gather, people, store
from lab.face.data import ManifestRefused
from lab.face.gather import Labels
from ml.evaluation import manifest
from sandbox.services import warden

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("clip")
    yield clips.write(folder / "000.mp4", 1.2, size=(960, 540), people=1)
    warden().close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "000_003.jpg"
    clips.portrait().save(path, "JPEG", quality=92)
    return path


def test_a_video_becomes_crops_that_training_reads(clip: Path, tmp_path: Path) -> None:
    """Crops over its time, a manifest that the trainer's reader accepts and whose pictures it
    opens; identity and pair are the video's name; evaluation reads the same file."""
    out = tmp_path / "faces"
    report = gather.gather([clip], out, Labels("real", "own", crops=3, smallest=48))
    assert (report.kept, report.crops, report.refused) == (1, 3, 0)
    items = data.read_manifest(out / "manifest.csv")
    assert {(i.identity, i.pair, i.label, i.source) for i in items} == {
        ("000", "000", "real", "own")
    }
    assert len({i.split for i in items}) == 1
    pictures = list(store.read_pictures(items, out))
    assert all(min(p.shape[:2]) >= 64 for p in pictures)
    assert [case.path.is_file() for case in manifest.read(out / "manifest.csv")] == [True] * 3
    rows = gather.read_rows(out / "manifest.csv")
    seconds = [float(row["seconds"]) for row in rows]
    assert seconds == sorted(seconds) and seconds[-1] - seconds[0] > 0.5
    assert all(int(row["native_px"]) >= 48 for row in rows)


def test_what_is_kept_are_the_files_own_pixels(photo: Path, tmp_path: Path) -> None:
    """Nothing is enlarged, compressed or recoloured on the way: the crop lies in the picture."""
    gather.gather([photo], tmp_path / "faces", Labels("fake", "own"))
    (row,) = gather.read_rows(tmp_path / "faces" / "manifest.csv")
    with Image.open(tmp_path / "faces" / row["member"]) as picture:
        crop = np.asarray(picture)
    with Image.open(photo) as picture:
        whole = np.asarray(picture.convert("RGB"))
    corner = crop[:8, :8]
    views = np.lib.stride_tricks.sliding_window_view(whole, (8, 8, 3))[:, :, 0]
    apart = np.abs(views.astype(int) - corner).max(axis=(2, 3, 4))
    top, left = np.unravel_index(int(apart.argmin()), apart.shape)
    there = whole[top : top + crop.shape[0], left : left + crop.shape[1]]
    assert np.abs(there.astype(int) - crop).max() <= 2  # two JPEG decoders may round otherwise


def test_a_second_run_passes_over_what_is_there(clip: Path, photo: Path, tmp_path: Path) -> None:
    """Also under another name; a broken file and one without a face are counted and said."""
    broken, empty = tmp_path / "broken.jpg", tmp_path / "noise.png"
    broken.write_bytes(b"\xff\xd8\xff nothing")
    Image.fromarray(np.full((80, 80, 3), 90, np.uint8)).save(empty)
    lines: list[str] = []
    out = tmp_path / "faces"
    first = gather.gather([photo, broken, empty], out, Labels("real", "own"), say=lines.append)
    assert (first.kept, first.refused, first.without_face) == (1, 1, 1)
    assert any("broken.jpg" in line for line in lines)
    assert any("noise.png: no face" in line for line in lines)
    before = (out / "manifest.csv").read_text()
    again = gather.gather(
        [Path(shutil.copy(photo, tmp_path / "x.jpg"))], out, Labels("real", "own")
    )
    assert (again.known, again.kept) == (1, 0)
    assert (out / "manifest.csv").read_text() == before


def test_a_split_that_would_be_cut_is_refused(clip: Path, photo: Path, tmp_path: Path) -> None:
    """The same person asked into train and into test."""
    out = tmp_path / "faces"
    gather.gather([clip], out, Labels("real", "own", identity="anna", split="train", smallest=48))
    with pytest.raises(ManifestRefused, match="identity 'anna'"):
        gather.gather([photo], out, Labels("fake", "own", identity="anna", split="test"))


def test_another_manifest_is_not_overwritten(clip: Path, tmp_path: Path) -> None:
    """A folder with a set of other make is left alone."""
    (tmp_path / "manifest.csv").write_text("archive,member,label\na.zip,b,real\n")
    with pytest.raises(ManifestRefused, match="was not made by this command"):
        gather.gather([clip], tmp_path, Labels("real", "own"))


# === Who is in what ===


def row(stem: str, split: str, pair: str = "") -> dict[str, str]:
    empty = dict.fromkeys(gather.COLUMNS, "")
    return empty | {"video": stem, "video_sha256": stem, "people": split, "pair": pair,
                    "source": "own"}  # fmt: skip


def test_swaps_join_the_people_that_they_show() -> None:
    """000 with the face of 003: both originals and the swap are one identity in one split; a third
    person is not in it."""
    rows = gather.settled(
        [row("000", "000"), row("003", "003"), row("000_003", "000/003"), row("7", "7")], "own"
    )
    assert [r["identity"] for r in rows] == ["000", "000", "000", "7"]
    assert len({r["split"] for r in rows[:3]}) == 1


def test_an_original_and_its_fake_are_together() -> None:
    """By the pair alone, where the people are not known."""
    rows = gather.settled([row("a", "a", "a"), row("a-fake", "a-fake", "a")], "own")
    assert {r["identity"] for r in rows} == {"a"}


@pytest.mark.parametrize(
    ("pattern", "stem", "found"),
    [
        (None, "000_003", ()),
        (r"(\d{3})(?:_(\d{3}))?", "000_003", ("000", "003")),
        (r"(\d{3})(?:_(\d{3}))?", "000", ("000",)),
        (r"^(id\d+)_(?:id\d+_)?(\d+)$", "id0_id16_0004", ("id0", "0004")),
        (r"\d+", "clip 12", ("12",)),
        (r"x(\d)", "none", ()),
    ],
)
def test_names_tell_who_is_in_a_file(
    pattern: str | None, stem: str, found: tuple[str, ...]
) -> None:
    """FaceForensics++ and Celeb-DF name their files so."""
    assert people.named(pattern, stem) == found


@given(st.dictionaries(st.text(max_size=3), st.sets(st.integers(0, 12), max_size=3), max_size=20))
def test_nothing_shared_stands_in_two_clusters(members: dict[str, set[int]]) -> None:
    """And nothing is joined that shares nothing: clusters are as many as a search finds."""
    found = people.clusters(members)
    assert found.keys() == members.keys()
    for video, shared in members.items():
        for other, also in members.items():
            if shared & also:
                assert found[video] == found[other]
    left, count = dict(members), 0
    while left:
        count += 1
        _, reach = left.popitem()
        reach = set(reach)
        while near := [v for v, shared in left.items() if shared & reach]:
            for video in near:
                reach |= left.pop(video)
    assert len(set(found.values())) == count


def test_splits_come_out_at_their_shares() -> None:
    """7 : 1 : 2 over many clusters, and the same on every run."""
    drawn = [people.split_of("own", str(n)) for n in range(4000)]
    assert drawn.count("train") / 4000 == pytest.approx(0.7, abs=0.03)
    assert drawn.count("val") / 4000 == pytest.approx(0.1, abs=0.03)
    assert people.split_of("own", "1") == drawn[1]


def test_the_command_needs_no_database(photo: Path, tmp_path: Path) -> None:
    """One line says what was done; a wrong use is a sentence."""

    def prepare(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", "prepare", *map(str, arguments)],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "TOUCHSTONE_HOME": str(tmp_path / "nobody-home"),
                "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
            },
            capture_output=True,
            text=True,
            timeout=280,
        )

    out = tmp_path / "set"
    done = prepare(photo, "--label", "fake", "--source", "ff", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "1 pictures of 1 files added" in done.stdout
    bad = prepare(photo, "--label", "fake", "--source", "../x", "--out", out)
    assert bad.returncode == 1 and "--source is a short name" in bad.stderr
