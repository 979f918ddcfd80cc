"""The speech manifest: nothing crosses its splits, and every source is held out once."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lab.common.archives import ManifestRefused
from lab.voice import data
from ml.evaluation import data_folders
from tests.lab.voice.voices import speech_like

HEAD = "archive,member,label,split,source,system,speaker,seconds,sha256\n"


def _manifest(folder: Path, *rows: str) -> Path:
    path = folder / "manifest.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n")
    return path


def test_rows_are_read(tmp_path: Path) -> None:
    """A manifest's row becomes a clip with its group."""
    (clip,) = data.read_manifest(_manifest(tmp_path, "a.zip,x.ogg,fake,train,src,sys,bob,2.5,aa"))
    assert clip.is_fake
    assert clip.group == "src:bob"
    assert clip.seconds == 2.5


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((), "no rows"),
        (("a,x,maybe,train,s,y,b,1,aa",), "not real or fake"),
        (("a,x,real,later,s,y,b,1,aa",), "not one of"),
        (("a,x,real,train,s,y,b,long,aa",), "not a number"),
        (("a,x,real,train,s,y,b,1,aa", "a,z,real,test,s,y,b,1,bb"), "speaker 's:b'"),
        (("a,x,real,train,s,y,b,1,aa", "a,z,real,test,s,y,c,1,aa"), "clip 'aa'"),
    ],
)
def test_a_bad_manifest_is_refused(tmp_path: Path, rows: tuple[str, ...], message: str) -> None:
    """Unknown labels and splits, and speakers or clips in two splits, are named and refused."""
    with pytest.raises(ManifestRefused, match=message):
        data.read_manifest(_manifest(tmp_path, *rows))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """The sentence says which column is missing."""
    path = tmp_path / "manifest.csv"
    path.write_text("archive,member\na,b\n")
    with pytest.raises(ManifestRefused, match="seconds"):
        data.read_manifest(path)


def test_no_source_is_held_out_twice_or_never() -> None:
    """An unknown source would be scored by no fold: that is refused."""
    names = [source for fold in data.FOLDS for source in fold.sources]
    assert len(names) == len(set(names))
    clip = data.Clip("a", "x", "real", "train", "elsewhere", "human", "b", 1.0, "aa")
    with pytest.raises(ManifestRefused, match="0 folds"):
        data.check_folds([clip])


def test_clips_are_checked_against_their_digest(tmp_path: Path) -> None:
    """A clip is decoded to 16 kHz mono; other bytes under its name are refused."""
    memory = io.BytesIO()
    soundfile.write(memory, speech_like(2.0), 16_000, format="OGG", subtype="VORBIS")
    content = memory.getvalue()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.ogg", content)
    digest = hashlib.sha256(content).hexdigest()
    clip = data.Clip("a.zip", "x.ogg", "real", "train", "s", "human", "b", 2.0, digest)
    (samples,) = data.read_clips([clip], tmp_path)
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(32_000, abs=200)
    wrong = data.Clip("a.zip", "x.ogg", "real", "train", "s", "human", "b", 2.0, "0" * 64)
    with pytest.raises(ManifestRefused, match="not the manifest's"):
        next(data.read_clips([wrong], tmp_path))


@pytest.mark.data
def test_the_research_manifest_is_sound() -> None:
    """The real manifest's splits are disjoint and its sources all belong to a fold."""
    folder = data_folders.research("speech")
    if folder is None:
        pytest.skip("the speech data is not there")
    clips = data.read_manifest(folder / "manifest.csv")
    data.check_folds(clips)
    assert {clip.label for clip in clips} == {"real", "fake"}
