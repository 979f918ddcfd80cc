"""A manifest is valid, or one sentence states its mistake."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.evaluation import manifest
from ml.evaluation.manifest import ManifestRefused
from tests.evaluation import listed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.jpg", "c d.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("in/e.jpg", b"packed")
    (tmp_path / "empty folder").mkdir()
    return tmp_path


def test_paths_are_relative_to_the_manifest_or_absolute(folder: Path) -> None:
    """Both are opened as real files, also what lies in an archive."""
    path = listed.write(
        folder / "m.csv",
        [
            {"path": "c d.jpg", "label": "real"},
            {"path": folder / "a.jpg", "label": "FAKE "},
            {"archive": "more.zip", "member": "in/e.jpg", "label": "fake"},
        ],
    )
    cases = manifest.read(path)
    assert [case.fake for case in cases] == [False, True, True]
    contents = []
    for case in cases:
        with manifest.opened(case) as file:
            assert file.fileno() > 2
            contents.append(file.read())
    assert contents == [b"c d.jpg", b"a.jpg", b"packed"]


def test_groups_are_group_then_person_then_pair_then_the_file_itself(folder: Path) -> None:
    """What is drawn together in the bootstrap, by the most telling column that is filled."""
    path = listed.write(
        folder / "m.csv",
        [
            {"path": "a.jpg", "label": "real", "group": "g", "identity": "i", "pair": "p"},
            {"path": "b.jpg", "label": "fake", "identity": "i", "pair": "p"},
            {"path": "c d.jpg", "label": "fake", "pair": "p"},
            {"archive": "more.zip", "member": "in/e.jpg", "label": "fake"},
        ],
    )
    groups = [case.group for case in manifest.read(path)]
    assert groups == ["group g", "identity i", "pair p", "row 5"]


def test_one_split_can_be_chosen(folder: Path) -> None:
    """Rows of other splits are not even looked for."""
    rows = [
        {"path": "a.jpg", "label": "real", "split": "test"},
        {"path": "gone.jpg", "label": "real", "split": "train"},
    ]
    path = listed.write(folder / "m.csv", rows)
    assert [case.name for case in manifest.read(path, split="test")] == ["a.jpg"]
    with pytest.raises(ManifestRefused, match="no row of the split 'val'"):
        manifest.read(path, split="val")
    bare = listed.write(folder / "n.csv", [{"path": "a.jpg", "label": "real"}])
    with pytest.raises(ManifestRefused, match="no column split"):
        manifest.read(bare, split="test")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no rows"),
        (b"path,label\n", "no rows"),
        (b"path\na.jpg\n", "no column label"),
        (b"label\nreal\n", "no column path"),
        (b"path;label\na.jpg;real\n", "no column label"),
        (b"path,label\na.jpg,genuine\n", "Row 2: the label is 'genuine'"),
        (b"path,label\na.jpg,\n", "Row 2: the label is ''"),
        (b"path,label\n,real\n", "Row 2: it names no file"),
        (b"path,label\na.jpg,real\nno.jpg,fake\n", "Row 3: 'no.jpg' is no such file"),
        (b"path,label\nempty folder,real\n", "Row 2: 'empty folder' is not a file"),
        (b"path,label\na.jpg,real\n./a.jpg,fake\n", "Rows 2 and 3 name the same file"),
        (b"path,label\na.jpg,real,extra\n", "Row 2: it has not as many fields"),
        (b"path,label\na.jpg\n", "Row 2: it has not as many fields"),
        (b"path,label\n\xff\xfe.jpg,real\n", "not UTF-8"),
        (b"path,label\na\0.jpg,real\n", "NUL"),
        (b"archive,member,label\nmore.zip,x.jpg,real\n", "'more.zip:x.jpg' is not in the archive"),
        (b"archive,member,label\na.jpg,x.jpg,real\n", "'a.jpg' is not a zip file"),
        (b"archive,member,label\nno.zip,x.jpg,real\n", "'no.zip' is no such file"),
    ],
)
def test_a_bad_manifest_is_one_sentence(folder: Path, content: bytes, sentence: str) -> None:
    """Each kind of fault by name, with the row where there is one."""
    path = folder / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(ManifestRefused, match=sentence) as refusal:
        manifest.read(path)
    message = str(refusal.value)
    assert message.endswith(".") and "\n" not in message


def test_a_manifest_that_is_not_there_is_said(tmp_path: Path) -> None:
    """Not a traceback."""
    with pytest.raises(ManifestRefused, match="could not be read: No such file"):
        manifest.read(tmp_path / "none.csv")


def test_a_byte_order_mark_is_no_part_of_a_column(folder: Path) -> None:
    """Spreadsheets write one."""
    (folder / "m.csv").write_bytes(b"\xef\xbb\xbfpath,label\r\na.jpg,real\r\n")
    assert manifest.read(folder / "m.csv")[0].name == "a.jpg"


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)))
def test_whatever_the_bytes_are_they_are_refused_or_read(folder: Path, content: bytes) -> None:
    """No other exception comes out."""
    path = folder / f"{hashlib.sha256(content).hexdigest()}.csv"
    path.write_bytes(b"path,label\n" + content)
    try:
        assert manifest.read(path)
    except ManifestRefused as refusal:
        assert str(refusal)
