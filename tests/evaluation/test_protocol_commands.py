"""`manage.py evaluate --protocol NAME` on tiny media in the layout of each set: as whoever holds
the set would run it, from its folder to the tables, the files and the list of looks."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ml.engine import registry
from ml.evaluation import looks
from ml.evaluation.protocols import reading
from tests.evaluation import trees
from tests.evaluation.brightness import Brightness
from tests.sandbox import media

GUEST = "tests.evaluation.predicting:size"
TREES: dict[str, Callable[[Path], None]] = {
    "asvspoof5": trees.asvspoof5,
    "celeb-df-v2": trees.celeb_df,
    "deepfake-eval-2024": trees.deepfake_eval,
    "df40": trees.df40,
    "faceforensics": trees.faceforensics,
    "fakeavceleb": trees.fakeavceleb,
    "in-the-wild": trees.in_the_wild,
    "mnw": trees.mnw,
    "pictures": trees.pictures,
    "speech": trees.speech,
}
EXPECTED: dict[str, tuple[int, set[str]]] = {
    "asvspoof5": (2, {"A17"}),
    "celeb-df-v2": (3, {"Celeb-DF v2 swap"}),
    "deepfake-eval-2024": (3, {"pictures in the wild", "videos in the wild"}),
    "df40": (9, {"heygen", "sadtalker", "simswap", "stargan"}),
    "faceforensics": (6, {"DeepFakeDetection", "Deepfakes", "Face2Face"}),
    "fakeavceleb": (2, {"fsgan-wav2lip"}),
    "in-the-wild": (2, {"unknown systems"}),
    "mnw": (5, {"Adobe_Firefly_v2", "Midjourney", "Sora", "x", "y"}),
    "pictures": (
        8, {"comfy flux.2", "comfy sd3", "gpt-4o", "stable-diffusion-1.5", "stable-diffusion-2.1"},
    ),
    "speech": (4, {"gen-flite", "yourtts"}),
}  # fmt: skip
"""How many files are reported, and of which generators."""


@cache
def medium(suffix: str) -> bytes | None:
    """A tiny one; None where the suffix is none of a medium."""
    if suffix == ".mp4":
        return media.video(frames=5, size=(64, 48), sound=None)
    if suffix in (".png", ".jpg", ".webp"):
        return media.picture({".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP"}[suffix], 96, 80)
    sounds = {".wav": "wav", ".mp3": "mp3", ".flac": "flac", ".ogg": "ogg_opus"}
    if suffix in sounds:
        container, codec, rate = media.SOUNDS[sounds[suffix]]
        return media.sound(container, codec, 0.5, rate, "mono")
    return None


def filled(root: Path) -> None:
    """Every file of the tree that is to be a medium becomes one; tables and lists stay."""
    for path in root.rglob("*"):
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
            with zipfile.ZipFile(path, "w") as archive:
                for name in names:
                    archive.writestr(name, medium(Path(name).suffix) or b"")
        elif path.is_file() and (content := medium(path.suffix)) is not None:
            path.write_bytes(content)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = Brightness()
    monkeypatch.setattr(registry, "names", lambda: ["brightness"])
    monkeypatch.setattr(registry, "detectors", lambda: (detector,))


def test_every_protocol_has_a_tree_here() -> None:
    assert set(TREES) == set(EXPECTED) == set(reading.offered())


@pytest.mark.parametrize("name", TREES)
def test_whoever_holds_the_set_gets_its_tables(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Real files through sandbox, engine, a guest, hard rows and laundering; each of the set's
    generators has its row, no file fails, and the look is written down."""
    data, out, cache = tmp_path / "data", tmp_path / "out", tmp_path / "cache"
    data.mkdir()
    TREES[name](data)
    filled(data)
    run = {"protocol": name, "data": [data], "cache": cache, "jobs": 0, "by": "Alice"}
    call_command(
        "evaluate", **run, hard=1, laundered=1, beside=[GUEST], no_opponents=True, out=out,
    )  # fmt: skip
    output = capsys.readouterr().out
    protocol = json.loads((out / "protocol.json").read_text())
    files, generators = EXPECTED[name]
    assert protocol["rows"]["plain"] == files and protocol["errors"] == []
    people = protocol["examinees"]
    assert set(people["verdict"]["generators"]) == generators
    assert people[GUEST]["scored"] == protocol["rows"]["examined"] and not people[GUEST]["failed"]
    assert all(f"| {generator} |" in output for generator in generators)
    with (out / "items.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == protocol["rows"]["examined"]
    looked = {row.of: row.items for row in looks.counted(looks.read(cache))}
    reported = {
        f"{name}/{one['set']}": one["reported"] for one in protocol["sets"] if one["reported"]
    }
    assert looked == reported and sum(looked.values()) == files


def test_a_folder_that_lacks_the_test_list_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """Rather than measured as a whole, training part and all."""
    trees.celeb_df(tmp_path)
    (tmp_path / "Celeb-DF-v2" / "List_of_testing_videos.txt").unlink()
    with pytest.raises(CommandError, match="its list 'List_of_testing_videos"):
        call_command("evaluate", protocol="celeb-df-v2", data=[tmp_path])
