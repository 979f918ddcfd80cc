"""The verdict: what decides, what does not, and its wording."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.engine.contract import (
    Declaration,
    Evidence,
    Finding,
    Kind,
    MediaInfo,
    Outcome,
    Status,
    Strength,
)
from ml.engine.fusion import clearing
from ml.engine.fusion.rule import alone, decide
from ml.engine.manifest import Manifest

PICTURE = MediaInfo("0" * 64, 1, Kind.IMAGE, "png")
FOUND = Outcome.MANIPULATION_FOUND
UNSIGNED = Declaration(by=None, signed=False, trusted=False)
PROMPT = Evidence(
    "generator_prompt", "The file carries its prompt.", Strength.WEAK, {}, declares=UNSIGNED
)
STRONG_SIGN = Evidence("sign", "A sign.", Strength.STRONG, {}, FOUND)


def finding(*evidence: Evidence, status: Status = Status.RAN, name: str = "provenance") -> Finding:
    return Finding(name, "1", status, "Said.", evidence=evidence)


def signed(*, trusted: bool) -> Evidence:
    declaration = Declaration(by="Example Press", signed=True, trusted=trusted)
    return Evidence("c2pa_generated", "The manifest says so.", Strength.WEAK, declares=declaration)


def test_a_declaration_is_told_as_one_without_a_probability() -> None:
    """The outcome says that there is a statement, the reason who signed it; no number is given."""
    verdict = decide(PICTURE, [finding(PROMPT)])
    assert verdict.outcome is Outcome.DECLARED_GENERATED and verdict.declared == UNSIGNED
    assert "The file carries its prompt." in verdict.reason
    assert "The statement is not signed." in verdict.reason
    assert verdict.probability_manipulated is None and verdict.interval is None


@pytest.mark.parametrize(("trusted", "says"), [(True, "who is on"), (False, "who is not on")])
def test_a_signed_declaration_names_its_signer_and_whether_it_is_trusted(
    trusted: bool, says: str
) -> None:
    """A trusted signer goes before any other, and a signed statement before an unsigned one."""
    every = [PROMPT, signed(trusted=False), *([signed(trusted=True)] if trusted else [])]
    verdict = decide(PICTURE, [finding(*every)])
    assert verdict.declared == Declaration("Example Press", signed=True, trusted=trusted)
    assert f"signed by Example Press, {says}" in verdict.reason
    assert f"{2 if trusted else 1} further statement" in verdict.reason


def test_a_very_long_signer_does_not_flood_the_sentence() -> None:
    """The name comes from the certificate, which anyone can make."""
    declaration = Declaration(by="x" * 300, signed=True, trusted=False)
    verdict = decide(PICTURE, [finding(dataclasses.replace(PROMPT, declares=declaration))])
    assert len(verdict.reason) < 500
    assert verdict.declared == declaration, "the whole name stands beside the sentence"


@pytest.mark.parametrize("strength", list(Strength))
def test_no_strength_without_calibration_decides(strength: Strength) -> None:
    """Moderate evidence and stronger sends a person to look; it is no verdict."""
    verdict = decide(PICTURE, [finding(dataclasses.replace(STRONG_SIGN, strength=strength))])
    assert verdict.outcome is Outcome.INCONCLUSIVE
    looked = strength in (Strength.MODERATE, Strength.STRONG)
    assert ("needs a closer look" in verdict.reason) == looked


def test_a_broken_check_does_not_decide() -> None:
    """What a failed finding may still carry is not counted."""
    verdict = decide(PICTURE, [finding(PROMPT, STRONG_SIGN, status=Status.FAILED)])
    assert verdict.outcome is Outcome.INCONCLUSIVE and verdict.declared is None
    assert "1 check failed (Provenance)." in verdict.reason


def test_inconclusive_says_what_ran_and_what_would_help() -> None:
    """Names of the checks, no claim of authenticity, a next step."""
    verdict = decide(PICTURE, [finding(), finding(name="compression")])
    assert (
        "2 checks ran (Provenance and Compression history). None of them can show" in verdict.reason
    )
    assert "does not show that the file is genuine" in verdict.reason
    assert "is more informative than a copy" in verdict.reason


def test_nothing_ran_is_said() -> None:
    """An analysis without any finding is no praise."""
    assert "No check could say anything" in decide(PICTURE, []).reason


def test_a_part_is_called_a_part() -> None:
    """How many frames were seen stands in the reason, for either verdict."""
    video = MediaInfo(
        "0" * 64, 1, Kind.VIDEO, "mp4", frames_expected=50, frames_decoded=21, incomplete=True
    )
    for findings in ([finding()], [finding(PROMPT)]):
        assert "Only 21 of 50 frames" in decide(video, findings).reason


evidences = st.builds(
    Evidence,
    code=st.just("x"),
    text=st.text(min_size=1, max_size=40),
    strength=st.sampled_from(Strength),
    supports=st.sampled_from([None, FOUND, Outcome.INCONCLUSIVE]),
    declares=st.sampled_from([None, UNSIGNED]),
)
findings = st.lists(
    st.builds(
        Finding,
        detector=st.sampled_from(["a", "b", "c"]),
        version=st.just("1"),
        status=st.sampled_from(Status),
        reason=st.just("Said."),
        evidence=st.lists(evidences, max_size=4).map(tuple),
    ),
    max_size=5,
)


@settings(deadline=None)
@given(findings)
def test_without_a_calibrated_check_nothing_is_found_or_cleared(found: list[Finding]) -> None:
    """The answer is inconclusive, or what the file declares; each check is counted once."""
    verdict = decide(PICTURE, found)
    assert verdict.outcome in (Outcome.DECLARED_GENERATED, Outcome.INCONCLUSIVE)
    assert (verdict.declared is None) == (verdict.outcome is Outcome.INCONCLUSIVE)
    assert verdict.probability_manipulated is None
    assert sum(len(names) for names in verdict.coverage.values()) == len(found)
    assert verdict.reason.endswith(".")


# === Calibrated checks ===

CLEAR = Outcome.NO_MANIPULATION_FOUND


BOUND = -0.5


@pytest.fixture(autouse=True, scope="module")
def bounds() -> Iterator[None]:
    """What was frozen moves with each training; the rule does not."""
    line = {
        "at_most": {"face_forgery": BOUND},
        "asked": [],
        "looked_for": ["swapped faces", "generated faces"],
        "not_seen": ["retouching"],
    }
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clearing, "_read", lambda: {"image": line})
        yield


def calibrated(name: str, log10_lr: float, says: Outcome | None, spread: float = 0.2) -> Finding:
    evidence = Evidence("said", "Said.", Strength.WEAK, {}, says)
    return dataclasses.replace(
        finding(evidence, name=name),
        log10_lr=log10_lr,
        score=log10_lr,
        parameters={"log10_lr_low": log10_lr - spread, "log10_lr_high": log10_lr + spread},
    )


def test_a_genuine_voice_does_not_cancel_a_swapped_face() -> None:
    """The face's finding stands whatever another check says of something else."""
    verdict = decide(
        PICTURE, [calibrated("face_forgery", 1.5, FOUND), calibrated("voice_spoof", -1.0, CLEAR)]
    )
    assert verdict.outcome is FOUND
    assert verdict.probability_manipulated is not None and verdict.probability_manipulated > 0.9
    assert max(verdict.scenarios, key=lambda s: verdict.scenarios[s]) == "face_altered"


def test_a_declaration_changes_nothing_that_the_checks_measured() -> None:
    """Numbers and a found manipulation stay as they are; only what would not be "found" is told as
    declared, with the checks' own sentence after it."""
    for measured in (
        calibrated("face_forgery", 1.5, FOUND),
        calibrated("face_forgery", -1.0, CLEAR),
        calibrated("face_forgery", 0.1, None),
    ):
        plain, both = decide(PICTURE, [measured]), decide(PICTURE, [measured, finding(PROMPT)])
        found = plain.outcome is FOUND
        assert both.outcome is (FOUND if found else Outcome.DECLARED_GENERATED)
        assert both.declared == UNSIGNED and plain.declared is None
        assert plain.reason in both.reason
        assert "The file carries its prompt." in both.reason
        numbers = ("probability_manipulated", "interval", "scenarios")
        assert all(getattr(plain, name) == getattr(both, name) for name in numbers)


def test_nothing_is_found_only_when_every_calibrated_check_is_clear() -> None:
    """One that is undecided keeps the verdict open; and clear is not called genuine."""
    clear = calibrated("face_forgery", -1.0, CLEAR)
    verdict = decide(PICTURE, [clear, finding(name="compression")])
    assert verdict.outcome is CLEAR
    assert "does not show that the file is genuine" in verdict.reason
    open_one = calibrated("synthetic_face", 0.1, None)
    assert decide(PICTURE, [clear, open_one]).outcome is Outcome.INCONCLUSIVE


def test_only_checks_that_were_measured_to_see_it_clear() -> None:
    """One that is named and did not run, or saw more than its bound, keeps it open, whatever the
    others say; and media of a kind that nothing was measured on are never cleared."""
    clear = calibrated("face_forgery", BOUND, CLEAR)
    other = calibrated("synthetic_face", -1.0, CLEAR)
    assert decide(PICTURE, [clear, other]).outcome is CLEAR
    assert decide(PICTURE, [other]).outcome is Outcome.INCONCLUSIVE
    more = calibrated("face_forgery", BOUND + 0.01, CLEAR)
    assert decide(PICTURE, [more, other]).outcome is Outcome.INCONCLUSIVE
    film = dataclasses.replace(PICTURE, kind=Kind.VIDEO)
    assert decide(film, [clear, other]).outcome is Outcome.INCONCLUSIVE
    assert alone(PICTURE, other) is CLEAR, "a check's own figures stand apart from the verdict"


@pytest.mark.parametrize(
    ("status", "cleared"),
    [(Status.RAN, True), (Status.NOT_APPLICABLE, True), (Status.FAILED, False), (None, False)],
)
def test_a_check_without_a_bound_must_not_fail(
    status: Status | None, cleared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stands in the way by asking, so one that failed or is missing keeps the file open."""
    line = {"at_most": {"face_forgery": BOUND}, "asked": ["diffusion_face"], "looked_for": [],
            "not_seen": []}  # fmt: skip
    monkeypatch.setattr(clearing, "_read", lambda: {"image": line})
    found = [calibrated("face_forgery", BOUND, CLEAR)]
    if status is not None:
        asking = calibrated("diffusion_face", -0.1, None)
        found.append(asking if status is Status.RAN else dataclasses.replace(
            asking, status=status, log10_lr=None, score=None))  # fmt: skip
    assert (decide(PICTURE, found).outcome is CLEAR) is cleared


@pytest.mark.parametrize(
    ("quantiser", "cleared", "reason"),
    [
        (29.0, True, "Looked for: swapped faces"),
        (29.1, False, "compressed this strongly is never cleared"),
        (None, False, "only if the strength of its compression can be measured"),
    ],
)
def test_a_strongly_compressed_video_is_not_cleared(
    quantiser: float | None, cleared: bool, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the checks give; and the reason says so, also where the strength is not known."""
    line = {"at_most": {"face_forgery": BOUND}, "asked": [], "looked_for": ["swapped faces"],
            "not_seen": ["retouching"], "quantiser_at_most": 29.0}  # fmt: skip
    monkeypatch.setattr(clearing, "_read", lambda: {"video": line})
    film = dataclasses.replace(PICTURE, kind=Kind.VIDEO, quantiser=quantiser)
    verdict = decide(film, [calibrated("face_forgery", BOUND, CLEAR)])
    assert (verdict.outcome is CLEAR) is cleared
    assert reason in verdict.reason


def test_what_is_not_cleared_for_want_of_a_check_says_what_is_not_seen() -> None:
    """So that a person knows why nothing was found and nothing cleared."""
    more = calibrated("face_forgery", BOUND + 0.01, CLEAR)
    reason = decide(PICTURE, [more]).reason
    assert "That clears nothing. These checks do not see retouching." in reason
    open_one = calibrated("face_forgery", 0.1, None)
    assert "do not see" not in decide(PICTURE, [open_one]).reason
    lost = dataclasses.replace(finding(name="diffusion_face"), status=Status.FAILED)
    reason = decide(PICTURE, [more, lost]).reason
    assert "do not see" not in reason, "less is seen than that: a check is missing"
    assert "1 check failed (Face by diffusion)" in reason


def test_a_clear_answer_says_what_was_looked_for_and_what_cannot_be_seen() -> None:
    """So that nobody takes it for more than it is."""
    reason = decide(PICTURE, [calibrated("face_forgery", -1.0, CLEAR)]).reason
    assert "Looked for: swapped faces and generated faces." in reason
    assert "These checks do not see retouching." in reason


def test_lips_that_fit_clear_nothing_and_lips_that_do_not_keep_it_open() -> None:
    """Sound that fits is no sign of authenticity; sound that does not is no verdict either."""
    face = calibrated("face_forgery", -1.0, CLEAR)
    fits, unfit = calibrated("lip_sync", -0.2, None), calibrated("lip_sync", 0.7, None)
    assert decide(PICTURE, [fits]).outcome is Outcome.INCONCLUSIVE
    assert decide(PICTURE, [face, fits]).outcome is CLEAR
    verdict = decide(PICTURE, [face, unfit])
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "lips_or_sound_replaced" in verdict.scenarios


@pytest.mark.parametrize(
    "media",
    [
        dataclasses.replace(PICTURE, incomplete=True),
        dataclasses.replace(PICTURE, flags=("more_faces_than_examined",)),
        dataclasses.replace(PICTURE, flags=("face_analysis_failed",)),
    ],
)
def test_what_was_not_seen_whole_is_not_cleared(media: MediaInfo) -> None:
    """A part without traces says nothing of the rest."""
    assert decide(media, [calibrated("face_forgery", -1.0, CLEAR)]).outcome is (
        Outcome.INCONCLUSIVE
    )


@settings(deadline=None)  # the first call reads which packages are installed
@given(
    st.lists(
        st.tuples(st.floats(-2.5, 2.5), st.sampled_from([FOUND, CLEAR, None])),
        min_size=1,
        max_size=4,
    )
)
def test_the_mixture_is_a_probability_of_its_parts(
    parts: list[tuple[float, Outcome | None]],
) -> None:
    """Scenarios sum to one, all but `none_of_these` to the probability, and the interval holds it;
    without a finding that decides, nothing is decided."""
    names = ["face_forgery", *(f"c{n}" for n in range(len(parts)))]
    checks = [calibrated(name, *one) for name, one in zip(names, parts, strict=False)]
    verdict = decide(
        PICTURE, checks, {f.detector: Manifest(f.detector, may_clear=True) for f in checks}
    )
    value = verdict.probability_manipulated
    assert value is not None and verdict.interval is not None
    assert sum(verdict.scenarios.values()) == pytest.approx(1.0)
    assert 1.0 - verdict.scenarios["none_of_these"] == pytest.approx(value)
    assert verdict.interval[0] <= value <= verdict.interval[1]
    outcomes = {outcome for _, outcome in parts}
    if FOUND in outcomes:
        assert verdict.outcome is FOUND
    elif outcomes == {CLEAR} and parts[0][0] <= BOUND:
        assert verdict.outcome is CLEAR
    else:
        assert verdict.outcome is Outcome.INCONCLUSIVE


def test_two_checks_of_one_face_are_one_scenario() -> None:
    """What asks joins the firm check of the same face only where it raises it, and never adds to it
    as if both were independent."""
    face = calibrated("face_forgery", 1.0, FOUND)
    alone = decide(PICTURE, [face])
    calm = decide(PICTURE, [face, calibrated("temporal", -0.2, None)])
    loud = decide(PICTURE, [face, calibrated("temporal", 0.3, None)])
    assert alone.scenarios.keys() == calm.scenarios.keys() == loud.scenarios.keys()
    assert alone.probability_manipulated == calm.probability_manipulated
    assert loud.probability_manipulated == alone.probability_manipulated
    clear = calibrated("face_forgery", -1.0, CLEAR)
    verdict = decide(PICTURE, [clear, calibrated("temporal", 0.3, None)])
    assert verdict.outcome is Outcome.INCONCLUSIVE
    at_rest = decide(PICTURE, [clear]).probability_manipulated
    assert at_rest is not None and verdict.probability_manipulated is not None
    assert at_rest < verdict.probability_manipulated < 0.6
    assert decide(PICTURE, [clear, calibrated("temporal", -0.2, None)]).outcome is CLEAR
    assert decide(PICTURE, [calibrated("temporal", -0.2, None)]).outcome is Outcome.INCONCLUSIVE


def test_what_stands_out_is_told_first_and_what_is_calm_in_one_sentence() -> None:
    """Nobody has to read five sentences that say nothing to find the one that says something."""
    findings = [
        dataclasses.replace(calibrated(name, ratio, None), reason=f"{name} spoke.")
        for name, ratio in (
            ("synthetic_face", -0.5), ("face_forgery", 0.4), ("lip_sync", -0.2),
            ("temporal", 0.3), ("voice_spoof", -0.1),
        )
    ]  # fmt: skip
    reason = decide(PICTURE, findings).reason
    assert reason.startswith(
        "face_forgery spoke. temporal spoke. synthetic_face spoke. "
        "Nothing stands out to Lip sync and Voice. These checks cannot clear a file."
    )
    reported = Evidence("unsteady", "Said.", Strength.MODERATE)
    findings[3] = dataclasses.replace(findings[3], evidence=(reported,))
    reason = decide(PICTURE, findings).reason
    assert reason.startswith("temporal spoke. face_forgery spoke."), "what is reported goes before"
    alone = decide(PICTURE, findings[2:3]).reason
    assert alone.startswith("lip_sync spoke."), "one calm check says its own sentence"
