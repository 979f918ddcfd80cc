"""The verdict: what decides, what does not, and in which words."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.contract import Evidence, Finding, Kind, MediaInfo, Outcome, Status, Strength
from ml.fusion.rule import decide

PICTURE = MediaInfo("0" * 64, 1, Kind.IMAGE, "png")
FOUND = Outcome.MANIPULATION_FOUND
PROMPT = Evidence("generator_prompt", "The file carries its prompt.", Strength.STRONG, {}, FOUND)


def finding(*evidence: Evidence, status: Status = Status.RAN, name: str = "provenance") -> Finding:
    return Finding(name, "1", status, "Said.", evidence=evidence)


def test_a_strong_declaration_decides_without_a_probability() -> None:
    """A file that carries its prompt is believed; no number is made up for that."""
    verdict = decide(PICTURE, [finding(PROMPT)])
    assert verdict.outcome is FOUND
    assert "the file carries its prompt" in verdict.reason
    assert verdict.probability_manipulated is None and verdict.interval is None


@pytest.mark.parametrize("strength", [Strength.CONTEXT, Strength.WEAK, Strength.MODERATE])
def test_less_than_strong_does_not_decide(strength: Strength) -> None:
    """Moderate evidence sends a person to look; it is no verdict."""
    weaker = dataclasses.replace(PROMPT, strength=strength)
    verdict = decide(PICTURE, [finding(weaker)])
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert ("should be looked at" in verdict.reason) == (strength is Strength.MODERATE)


def test_strong_evidence_that_supports_nothing_does_not_decide() -> None:
    """Strength alone is not a direction."""
    verdict = decide(PICTURE, [finding(dataclasses.replace(PROMPT, supports=None))])
    assert verdict.outcome is Outcome.INCONCLUSIVE


def test_a_broken_check_does_not_decide() -> None:
    """What a failed finding may still carry is not counted."""
    verdict = decide(PICTURE, [finding(PROMPT, status=Status.FAILED)])
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "One check broke (provenance)." in verdict.reason


def test_inconclusive_says_what_ran_and_what_would_help() -> None:
    """Names of the checks, no claim of authenticity, a next step."""
    verdict = decide(PICTURE, [finding(), finding(name="compression")])
    assert "Two checks ran (provenance, compression); neither can show" in verdict.reason
    assert "does not show that it is genuine" in verdict.reason
    assert "would tell more than a copy" in verdict.reason


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


@given(findings)
def test_no_findings_ever_make_a_file_genuine(found: list[Finding]) -> None:
    """Without a calibrated check the answer is never "no manipulation found", and each check is
    counted once in the coverage."""
    verdict = decide(PICTURE, found)
    assert verdict.outcome in (FOUND, Outcome.INCONCLUSIVE)
    assert verdict.probability_manipulated is None
    assert sum(len(names) for names in verdict.coverage.values()) == len(found)
    assert verdict.reason.endswith(".")
