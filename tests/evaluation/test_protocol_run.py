"""A protocol end to end on media that the test makes: sandbox, engine, opponents, guest, report."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from django.core.management import CommandError, call_command
from PIL import Image

from ml.engine import model_files, registry
from ml.evaluation import data_folders, looks, rewriting
from ml.evaluation.protocols import (
    changes,
    evaluating,
    features,
    neural_codec,
    opponents,
    report,
)
from tests.evaluation.brightness import Brightness

PROTOCOL = """
title = "Bright and dark"
[[sets]]
name = "bright"
what = "bright noise"
address = "made by a test"
terms = "free"
label = "fake"
matched = ["dark"]
report = ["test"]
fit = ["train"]
LISTING
[sets.files]
folder = "mine"
pattern = "^(?P<split>train|test)/bright-(?P<method>\\\\w+)-\\\\d+\\\\.png$"

[[sets]]
name = "dark"
what = "dark noise"
address = "made by a test"
terms = "free"
label = "real"
professional = true
report = ["test"]
fit = ["train"]
[sets.files]
folder = "mine"
pattern = "^(?P<split>train|test)/dark-.*\\\\.png$"

[[sets]]
name = "absent"
what = "nothing"
address = "nowhere"
terms = "free"
label = "real"
[sets.files]
folder = "not-here"
pattern = "."
"""


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> Brightness:
    """One detector that can be scored, and the opponents that cost little."""
    detector = Brightness()
    monkeypatch.setattr(registry, "names", lambda: ["brightness"])
    monkeypatch.setattr(registry, "detectors", lambda: (detector,))
    cheap = [one for one in opponents.offered()[0] if one.name != opponents.CLIP]
    monkeypatch.setattr(opponents, "offered", lambda: (cheap, [opponents.NEVER]))
    return detector


@pytest.fixture
def protocol(tmp_path: Path) -> str:
    """Six fakes of two methods and six genuine pictures to report, twelve of each to learn from."""
    random = np.random.default_rng(3)
    for split, count in (("test", 6), ("train", 12)):
        folder = tmp_path / "mine" / split
        folder.mkdir(parents=True)
        for number in range(count):
            for name, level in ((f"bright-{'ab'[number == 0]}", 170), ("dark-x", 80)):
                noise = np.clip(random.normal(level, 25, (96, 128, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(noise).save(folder / f"{name}-{number}.png")
    path = tmp_path / "own.toml"
    path.write_text(PROTOCOL.replace("LISTING", ""))
    return str(path)


def test_a_protocol_end_to_end(bright: Brightness, protocol: str, tmp_path: Path) -> None:
    """The verdict's check, an opponent that learnt elsewhere, and a guest: the same files, the same
    figures, every hard row and laundering, with intervals; a second run examines nothing."""
    plan = evaluating.Plan(
        protocol, [tmp_path], hard=1, laundered=2, jobs=0, by="Alice",
        besides=["tests.evaluation.predicting:fails_on_dark"],
        cache=tmp_path / "cache", out=tmp_path / "out",
    )  # fmt: skip
    report = evaluating.evaluate(plan)
    people = report["examinees"]
    guest = "tests.evaluation.predicting:fails_on_dark"
    assert list(people) == [
        "verdict", "brightness", "file statistics", "file statistics, met",
        "spectrum", "spectrum, met", guest,
    ]  # fmt: skip
    assert report["errors"] == []
    assert report["rows"] == {"examined": 12 + len(changes.HARD) + 3 * 4, "plain": 12}
    for name in ("brightness", "file statistics, met"):
        found = people[name]["generators"]["a"]
        assert (found["n"], found["auc_matched"]["reals"]) == (5, 6)
        assert found["auc_matched"]["auc"] == 1.0
        assert found["auc_matched"]["low"] == 1.0 or found["auc_matched"]["low"] > 0.5
    assert set(people["brightness"]["hard"]) == set(changes.HARD)
    assert people["brightness"]["hard"]["night"]["false_alarms"]["share"] == 0.0
    after = people["brightness"]["laundered"]["messenger"]
    assert set(after) == {"a"}, "of b there is one file: it is not laundered"
    assert after["a"]["auc"]["auc"] == 1.0
    assert people[guest]["failed"] >= 6 and people[guest]["genuine"]["dark"]["scored"] == 0
    seen = bright.seen
    again = evaluating.evaluate(plan)
    assert bright.seen == seen and again["files"] == report["files"]
    assert again["examinees"] == people
    _the_report_says_what_was_and_was_not_measured(report)
    _every_file_has_its_row(tmp_path / "out" / "items.csv", report)
    rows = looks.counted(looks.read(tmp_path / "cache"))
    assert {(row.of, row.by, row.times, row.items) for row in rows} == {
        ("own/bright", "Alice", 2, 6), ("own/dark", "Alice", 2, 6),
    }  # fmt: skip


def _the_report_says_what_was_and_was_not_measured(result: dict[str, object]) -> None:
    text = report.markdown(result)
    assert "AUC against genuine media of the same content" in text
    assert "| a | 5 | " in text and "not here" in text
    assert "MesoNet" in text and "absent is not here" in text
    assert "Cllr by source" in text and "| dark, genuine |" in text
    assert "Hard rows" in text and "The verdict after laundering" in text
    assert "the protocol names no list of files" in text
    json.dumps(result, allow_nan=False)


def _every_file_has_its_row(path: Path, report: dict[str, object]) -> None:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == report["rows"]["examined"]  # type: ignore[index]
    assert {row["hard"] for row in rows if row["hard"]} == set(changes.HARD)
    assert all(row["sha256"] and row["brightness"] for row in rows)
    ratios = {row["label"]: float(row["brightness, log10_lr"]) for row in rows if not row["hard"]}
    assert ratios["fake"] > 0 > ratios["real"]


def test_the_command_pins_runs_and_writes(
    bright: Brightness, protocol: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What --pin prints is what the protocol holds its files against."""
    run = {"protocol": protocol, "data": [tmp_path], "cache": tmp_path / "cache", "jobs": 0}
    call_command("evaluate", **run, pin=True)
    pins = dict(line.split("\t")[::2] for line in capsys.readouterr().out.splitlines())
    assert pins["absent"] == "not here"
    path = Path(protocol)
    path.write_text(PROTOCOL.replace("LISTING", f'listing = "{pins["bright"]}"'))
    page = tmp_path / "page.md"
    page.write_text("# Mine\n<!-- protocol:start -->\n<!-- protocol:end -->\n")
    short = {"hard": 0, "laundered": 0, "sample": 4, "no_opponents": True, "by": "Bob"}
    call_command("evaluate", **run, **short, json=True, write=page)
    output = json.loads(capsys.readouterr().out)
    promised = {one["set"]: one["as_promised"] for one in output["sets"]}
    assert promised == {"bright": True, "dark": None, "absent": None}
    assert "AUC against all genuine media" in page.read_text()
    call_command("looks", cache=tmp_path / "cache")
    assert "| own/bright | test | Bob | 1 | 1 | 4 |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "either a MANIFEST.csv or a --protocol"),
        ({"manifest": "m.csv", "protocol": "pictures"}, "either a MANIFEST.csv or a --protocol"),
        ({"protocol": "pictures"}, "needs --data"),
        ({"protocol": "nothing", "data": [Path("/")]}, "There is no protocol 'nothing'"),
        ({"protocol": "pictures", "data": [Path("/nowhere")]}, "None of the files"),
        ({"protocol": "pictures", "data": [Path("/")], "split": "test"}, "belong to a manifest"),
        ({"protocol": "pictures", "data": [Path("/")], "sample": -1}, "0 or more"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("evaluate", **options)


def test_without_what_opponents_learn_with_the_report_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A served installation has no scikit-learn, and still measures the engine."""
    monkeypatch.setattr(opponents, "find_spec", lambda name: None)
    here, problems = opponents.offered()
    assert here == [] and "scikit-learn is not installed" in problems[0]


@pytest.mark.parametrize("row", changes.HARD)
def test_every_hard_row_writes_a_picture_that_the_sandbox_reads(row: str, tmp_path: Path) -> None:
    """Also of a picture with odd sides, at every strength; the same file each time."""
    path = tmp_path / "x.png"
    noise = np.random.default_rng(1).integers(0, 256, (101, 145, 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)
    for number in range(3):
        with path.open("rb") as file, changes.HardRow(row, number)(file) as once:
            first = once.read()
            assert rewriting.picture(once).ndim == 3
        if number == 0:
            with path.open("rb") as file, changes.HardRow(row, number)(file) as twice:
                assert twice.read() == first


def test_a_quarter_of_a_sheet_is_its_upper_left_picture(tmp_path: Path) -> None:
    sheet = np.zeros((100, 80, 3), np.uint8)
    sheet[:50, :40] = (200, 100, 50)
    Image.fromarray(sheet).save(tmp_path / "sheet.png")
    with (tmp_path / "sheet.png").open("rb") as file, changes.QUARTER(file) as quarter:
        pixels = rewriting.picture(quarter)
    assert pixels.shape == (50, 40, 3) and (pixels == (200, 100, 50)).all()


def test_speech_through_the_neural_codec_stays_as_long_and_becomes_another(tmp_path: Path) -> None:
    """The row is made only where a data folder has the codec's weights."""
    assert neural_codec.change([tmp_path]) is None
    speech = data_folders.research("speech")
    made = neural_codec.change([speech.parent]) if speech else None
    if made is None:
        pytest.skip("the weights of Lyra are not here")
    seconds = np.arange(16_000) / 16_000
    wave = (0.3 * np.sin(2 * np.pi * 180 * seconds)).astype(np.float32)
    soundfile.write(tmp_path / "x.wav", wave, 16_000)
    assert len({made(number).name for number in range(6)}) == 3
    with (tmp_path / "x.wav").open("rb") as file, made(0)(file) as spoken:
        again, rate = soundfile.read(spoken)
    assert (len(again), rate) == (len(wave), 16_000)
    assert np.abs(again).max() > 0.01 and not np.allclose(again, wave, atol=0.01)


def test_frozen_clip_tells_one_picture_from_another(tmp_path: Path) -> None:
    try:
        model_files.located("clip_vit_b16")
    except model_files.ModelFileUnusable:
        pytest.skip("the model file of CLIP is not here")
    seen = []
    for level in (40, 220):
        path = tmp_path / f"{level}.png"
        Image.fromarray(np.full((300, 400, 3), level, np.uint8)).save(path)
        with path.open("rb") as file:
            seen += [features.frozen_clip(file), features.frozen_clip(file)]
    assert (seen[0] == seen[1]).all() and seen[0].shape == (2 * 768,)
    assert np.abs(seen[0] - seen[2]).max() > 0.1
