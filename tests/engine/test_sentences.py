"""No name from the code reaches a sentence that people read."""

from __future__ import annotations

import ast
import itertools
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ml.engine
from media_analysis.submissions.presenters import result, values
from ml.engine.contract import Evidence, Finding, Kind, MediaInfo, Outcome, Status, Strength
from ml.engine.fusion.rule import decide
from ml.engine.manifest import FOLDER, manifest_of
from ml.engine.naming import LABELS, detector_name, face
from ml.engine.registry import names
from ml.engine.sentence import say
from ml.management.commands.verify import HEADLINES, Sheet

INTERNAL = re.compile(r"\b[a-z0-9]+_[a-z0-9_]+\b|\blog10\b|\btemporal\b|\blogit\b")
"""Words with underscores, and plain ones that only the code uses."""
ROOT = Path(ml.engine.__file__).parent
SPEAKING = sorted(
    [*ROOT.glob("detectors/*/*.py"), *ROOT.glob("detectors/*.py"), *ROOT.glob("fusion/*.py"),
     ROOT / "media/scenes.py", ROOT / "media/voice_activity.py", ROOT / "session.py",
     ROOT / "catalogue.py", ROOT / "registry.py", ROOT / "analysis.py", ROOT / "progress.py",
     Path(result.__file__), Path(result.__file__).with_name("statements.py"),
     Path(result.__file__).with_name("scene_rows.py")]
)  # fmt: skip
DETECTORS = sorted(path.parent.name for path in FOLDER.glob("*/manifest.json"))
CODE = re.compile(r"\(code (check_broke|check_not_loaded|model_file_missing)\)")
"""Codes are named as such, for people who ask for help."""


def sentences_in(source: Path) -> Iterator[str]:
    """Every text of three words or more that is no docstring; what is filled in is a gap."""
    tree = ast.parse(source.read_text())
    docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    inner = {id(p) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for p in n.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if id(node) not in docs | inner and len(text.split()) >= 3 and "(?" not in text:
            yield text


@pytest.mark.parametrize("source", SPEAKING, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_no_sentence_in_the_code_holds_an_internal_name(source: Path) -> None:
    """What checks, fusion, progress and pages can say, as it is written in the code."""
    assert [t for t in sentences_in(source) if INTERNAL.search(CODE.sub("", t))] == []


def finding(name: str, status: Status, ratio: float | None, says: Outcome | None) -> Finding:
    evidence = (Evidence("c", "Something was seen.", Strength.MODERATE, {}, says),)
    return Finding(
        name, "1", status, "It said so.", log10_lr=ratio, evidence=evidence,
        parameters={"log10_lr_low": ratio, "log10_lr_high": ratio} if ratio is not None else {},
    )  # fmt: skip


def test_no_verdict_of_any_checks_names_them_by_their_code() -> None:
    """Every pair of checks, ran or broken, calm or telling, with and without a calibration."""
    media = MediaInfo("0" * 64, 1, Kind.VIDEO, "mp4", frames_expected=9, frames_decoded=3,
                      incomplete=True)  # fmt: skip
    found, clear = Outcome.MANIPULATION_FOUND, Outcome.NO_MANIPULATION_FOUND
    states: list[tuple[Status, float | None, Outcome | None]] = [
        (Status.RAN, -0.2, None), (Status.RAN, 0.4, None), (Status.RAN, 1.5, found),
        (Status.RAN, -1.0, clear), (Status.RAN, None, None), (Status.FAILED, None, None),
    ]  # fmt: skip
    for one, other in itertools.combinations(DETECTORS, 2):
        for first, second in itertools.product(states, states):
            reason = decide(media, [finding(one, *first), finding(other, *second)]).reason
            assert not INTERNAL.search(reason), reason
    calm = [finding(name, Status.RAN, -0.2, None) for name in ("lip_sync", "temporal")]
    calm.append(finding("face_forgery", Status.RAN, 0.4, None))
    assert "Nothing stands out to Lip sync and Motion" in decide(media, calm).reason


def test_every_check_has_a_name_and_its_card_reads_like_prose() -> None:
    """Meaning of the score and limits stand on the page as the card has them."""
    for name in names():
        manifest = manifest_of(name)
        assert manifest.title and manifest.measures, "a new check needs a name that people read"
        assert not INTERNAL.search(detector_name(name))
        for text in [manifest.measures, manifest.score_meaning, *manifest.limits]:
            assert not INTERNAL.search(text), (name, text)


def test_what_stands_beside_evidence_has_words_or_stays_in_the_json() -> None:
    """`log10_lr_of_face` is not shown as "log10 lr of face", and what has no words not at all."""
    visible = values.details({**dict.fromkeys(LABELS, 1.0), "some_new_number": 1.0})
    assert len(visible) == len(LABELS)
    assert not any(INTERNAL.search(one["label"]) or " lr " in one["label"] for one in visible)


def test_a_sentence_says_which_of_several_faces_it_speaks_of() -> None:
    """By the number on the picture, and by the time in a film."""
    assert face(3, 9, 12.44, "strongest") == "Face 3 at 0:12.4, the strongest of 9 faces,"
    assert face(1, 1, None, "strongest") == "Face 1"
    assert face(1, 1, 59.96, "strongest") == "Face 1 at 1:00.0"


def test_an_interval_of_one_value_is_not_printed() -> None:
    """0.97 to 0.97 tells nothing, also where further digits differ."""
    figures = {"probability_manipulated": 0.971, "interval": (0.9701, 0.9739)}
    assert result.probability(figures)["interval"] == ""  # type: ignore[index]
    wide = result.probability({**figures, "interval": (0.91, 0.98)})
    assert wide is not None and wide["interval"] == "95 % interval 0.91 to 0.98"


def test_the_shell_names_checks_as_the_pages_do(capsys: pytest.CaptureFixture[str]) -> None:
    """`verify` for people prints names, not codes."""
    findings = [
        {"detector": name, "version": "1", "status": status, "reason": "It said so.",
         "evidence": []}
        for name, status in zip(DETECTORS, itertools.cycle(["ran", "not_applicable", "failed"]))
    ]  # fmt: skip
    for verdict in HEADLINES:
        Sheet().item({"path": "x.jpg", "verdict": verdict, "reason": "It said so.",
                      "sha256": "0" * 64, "scenes": None, "findings": findings,
                      "media": {"stated": []}})  # fmt: skip
    printed = capsys.readouterr().out
    assert "Motion 1:" in printed and not INTERNAL.search(printed)


def test_a_sentence_goes_to_another_process_whole() -> None:
    """Detectors from outside hear some, and evaluations send all of theirs."""
    sentence = say("voice.some", flagged=2, judged=3)
    again = pickle.loads(pickle.dumps(sentence))
    assert again == sentence and again.parts == sentence.parts
