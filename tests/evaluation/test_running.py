"""The run uses the engine of production, survives the failure of a file, and continues after an
interruption."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml.engine import registry
from ml.evaluation import manifest, records, running
from ml.evaluation.evaluating import evaluate
from ml.evaluation.records import Kept, Record
from ml.evaluation.running import Task, UnknownDetector
from tests.evaluation import listed
from tests.evaluation.brightness import Brightness, Deadly


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> Brightness:
    """One detector that can be scored, in the place of those that are installed."""
    detector = Brightness()
    monkeypatch.setattr(registry, "names", lambda: ["brightness"])
    monkeypatch.setattr(registry, "detectors", lambda: (detector,))
    return detector


def test_figures_of_real_files_through_the_real_engine(bright: Brightness, tmp_path: Path) -> None:
    """Sandbox, engine, records, figures: bright noise is told from dark noise by brightness, and a
    file that is no picture is counted as failed."""
    rows = listed.pictures(tmp_path, 8)
    (tmp_path / "text.jpg").write_text("this is no picture")
    path = listed.write(tmp_path / "m.csv", [*rows, {"path": "text.jpg", "label": "real"}])
    report = evaluate(path, jobs=0, cache=tmp_path / "cache", out=tmp_path / "out")
    found = report["detectors"]["brightness"]
    assert (found["n"], found["scored"], found["failed"]) == (9, 8, 1)
    assert (found["auc"], found["balanced_accuracy"]) == (1.0, 1.0)
    assert found["fpr_by_source"] == {"camera 0": 0.0, "camera 1": 0.0}
    assert found["cllr"] < 0.5 and found["decided_share"] == 0.0
    assert report["fused"]["failed"] == 1
    assert [e["path"] for e in report["errors"]] == ["text.jpg"]
    written = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert written["detectors"] == report["detectors"]
    assert len((tmp_path / "out" / "items.csv").read_text().splitlines()) == 10
    looks = (tmp_path / "cache" / "looks.jsonl").read_text().splitlines()
    assert [json.loads(look)["items"] for look in looks] == [9]


def test_a_second_run_examines_nothing(bright: Brightness, tmp_path: Path) -> None:
    """Results are kept by content and version; another label needs no new examination."""
    rows = listed.pictures(tmp_path, 4)
    path = listed.write(tmp_path / "m.csv", rows)
    first = evaluate(path, jobs=0, cache=tmp_path / "cache")
    assert bright.seen == 4
    again = evaluate(path, jobs=0, cache=tmp_path / "cache")
    assert bright.seen == 4
    assert again["detectors"] == first["detectors"]
    turned = [row | {"label": "real" if row["label"] == "fake" else "fake"} for row in rows]
    other = evaluate(listed.write(path, turned), jobs=0, cache=tmp_path / "cache")
    assert bright.seen == 4
    assert other["detectors"]["brightness"]["auc"] == 0.0


def test_a_stopped_run_goes_on(bright: Brightness, tmp_path: Path) -> None:
    """What was examined before Ctrl-C is kept, also when the last line was half written."""
    path = listed.write(tmp_path / "m.csv", listed.pictures(tmp_path, 6))
    tasks = [Task(case) for case in manifest.read(path)]
    kept = Kept(tmp_path / "cache", "v")

    def stop(count: int) -> None:
        if count == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        running.run(tasks, kept, jobs=0, done=stop)
    with kept.file.open("a") as file:
        file.write('{"key": "half of a li')
    running.run(tasks, Kept(tmp_path / "cache", "v"), jobs=0)
    assert bright.seen == 6
    running.run(tasks, Kept(tmp_path / "cache", "v"), jobs=0)
    assert bright.seen == 6


def test_a_broken_check_is_asked_again(
    bright: Brightness, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted as failed, stops nothing, and is not kept as the answer for ever."""
    bright.breaks_on = 2
    path = listed.write(tmp_path / "m.csv", listed.pictures(tmp_path, 4))
    report = evaluate(path, jobs=0, cache=tmp_path / "cache")
    found = report["detectors"]["brightness"]
    assert (found["failed"], found["scored"]) == (1, 3)
    again = evaluate(path, jobs=0, cache=tmp_path / "cache")
    assert again["detectors"]["brightness"]["scored"] == 4
    assert bright.seen == 5


def test_what_is_not_the_promised_file_is_not_scored(bright: Brightness, tmp_path: Path) -> None:
    """A manifest that gives a digest is held to it."""
    rows = listed.pictures(tmp_path, 2)
    path = listed.write(tmp_path / "m.csv", [row | {"sha256": "0" * 64} for row in rows])
    report = evaluate(path, jobs=0, cache=tmp_path / "cache")
    assert report["detectors"]["brightness"]["failed"] == 2 and bright.seen == 0
    assert "SHA-256" in report["errors"][0]["reason"]


def test_a_file_that_goes_away_is_its_own_failure(bright: Brightness, tmp_path: Path) -> None:
    """Between reading the manifest and examining it."""
    path = listed.write(tmp_path / "m.csv", listed.pictures(tmp_path, 3))
    tasks = [Task(case) for case in manifest.read(path)]
    (tmp_path / "picture 1.png").unlink()
    found = running.run(tasks, Kept(tmp_path / "cache", "v"), jobs=0)
    assert [record.error is None for record in found] == [True, False, True]


def test_other_weights_are_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed file of a detector is never answered from what an older one said; figures that an
    evaluation wrote into the card change nothing."""
    folder = tmp_path / "detectors" / "brightness"
    folder.mkdir(parents=True)
    monkeypatch.setattr(records, "ROOT", tmp_path)
    monkeypatch.setattr(records, "DECIDING", ())
    (folder / "card.json").write_text('{"name": "brightness", "cap": 1}')
    (folder / "weights.tflite").write_bytes(b"one")
    before = records.version([Brightness()])
    (folder / "card.json").write_text('{"name": "brightness", "cap": 1, "metrics": {"auc": 1}}')
    assert records.version([Brightness()]) == before
    (folder / "card.json").write_text('{"name": "brightness", "cap": 2}')
    assert records.version([Brightness()]) != before
    (folder / "card.json").write_text('{"name": "brightness", "cap": 1}')
    (folder / "weights.tflite").write_bytes(b"two")
    assert records.version([Brightness()]) != before


def test_an_unknown_detector_is_named() -> None:
    """With those that there are."""
    with pytest.raises(UnknownDetector, match=r"no detector 'magic'; there are .*provenance"):
        running.chosen(["provenance", "magic"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_process_that_dies_loses_one_file(tmp_path: Path) -> None:
    """Two processes at work, one is ended by a file: that file is failed, the others have their
    result, in the order of the manifest."""
    path = listed.write(tmp_path / "m.csv", listed.pictures(tmp_path, 4))
    cases = manifest.read(path)
    deadly = Deadly((tmp_path / "picture 2.png").stat().st_size)
    same = [c for c in cases if c.path.stat().st_size == deadly.size]
    assert len(same) == 1
    found = running.run(
        [Task(case, deadly) for case in cases],
        Kept(tmp_path / "cache", "v"),
        names=["provenance"],
        jobs=2,
    )
    assert [record.error is None for record in found] == [True, True, False, True]
    assert "ended the process" in (found[2].error or "")
    assert all(set(r.answers) == {"provenance"} for r in found if r.error is None)


def test_records_survive_being_written_down() -> None:
    """To JSON and back, answers and all."""
    one = Record(
        "ab",
        "inconclusive",
        "Nothing.",
        0.25,
        answers={"x": records.Answer("ran", "It ran.", 1.5, 0.7, 0.3, 0.0, "inconclusive")},
    )
    assert Record.from_json(json.loads(json.dumps(one.as_json()))) == one
