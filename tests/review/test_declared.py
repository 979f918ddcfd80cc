"""A file that declares itself generated: reported as such everywhere, and reviewed by a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import soundfile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Scope
from accounts.services import keys
from jobs.models import State
from jobs.services import claim_one, finish
from lab.sound_marks import writing
from media_analysis.review.models import Case, RoutingRule
from media_analysis.review.services import routing
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services.intake import submit
from ml import services
from ml.engine.analysis import analyse
from ml.engine.contract import Declaration, Outcome, Result, Verdict
from ml.engine.detectors.sound_marks.detector import make
from ml.engine.media.spectra import RATE
from ml.engine.results import plain
from ml.models import Analysis
from tests.factories import ServiceAccountFactory
from tests.lab.voice.voices import speech_like
from tests.people import Person, Send
from tests.review.test_order import ended
from tests.submissions.test_lists import exported

BY_SOMEBODY = Declaration(by="=Example Press", signed=True, trusted=False)
BY_NOBODY = Declaration(by=None, signed=False, trusted=False)


def declares(
    submission: Submission,
    declaration: Declaration | None,
    outcome: Outcome = Outcome.DECLARED_GENERATED,
    probability: float | None = None,
) -> None:
    """The analysis ends as a worker would end it, and is routed."""
    claim = claim_one(Analysis, submission.analysis_id, worker="test")
    assert claim is not None
    verdict = Verdict(outcome, "The file says so.", probability, declared=declaration)
    with transaction.atomic():
        finish(
            claim, State.DONE, outcome=outcome.value, reason=verdict.reason,
            probability_manipulated=probability, result={"verdict": plain(verdict)},
        )  # fmt: skip
        analysis = Analysis.objects.get(pk=claim.pk)
        routing.after_analysis(analysis, Result(None, verdict, (), "test", 0.0))


def test_the_database_wants_to_know_who_declared(alice: Person, send: Send) -> None:
    """The outcome without its statement is refused; the statement is read out of the result, which
    is final, and nobody can write it by itself."""
    sent = send(alice)
    with pytest.raises(IntegrityError, match="analysis_declared_says_by_whom"):
        declares(send(alice, 2), None)
    declares(sent, BY_SOMEBODY)
    assert Analysis.objects.get(pk=sent.analysis_id).declared == plain(BY_SOMEBODY)


@pytest.mark.parametrize("wanted", [None, True, False])
def test_a_person_looks_unless_the_team_chose_otherwise(
    wanted: bool | None, alice: Person, send: Send
) -> None:
    """By default it opens a case that says why it is there."""
    if wanted is not None:
        RoutingRule.objects.create(team=alice.team, declared_generated=wanted)
    sent = send(alice)
    declares(sent, BY_NOBODY)
    cases = Case.objects.filter(submission=sent)
    assert cases.exists() == (wanted is not False)
    if wanted is None:
        page = alice.client().get(reverse("review:case", args=[cases.get().pk])).content.decode()
        assert "The file declares that it was generated" in page
        assert (
            "Declared generated: the file says so" in page
            and "The statement is not signed." in page
        )


def test_what_was_found_comes_before_what_was_declared(alice: Person, send: Send) -> None:
    """Anyone can write a declaration, so it outranks no finding; a person still looks soon."""
    found, sent, open_one = (send(alice, shade) for shade in (1, 2, 3))
    ended(open_one, Outcome.INCONCLUSIVE, 0.9)
    declares(sent, BY_NOBODY, probability=0.1)
    ended(found, Outcome.MANIPULATION_FOUND, 0.8)
    order = Case.objects.order_by("-suspicion").values_list("submission", flat=True)
    assert list(order) == [found.pk, sent.pk, open_one.pk]


def test_it_is_told_by_rest_and_in_the_export(
    alice: Person, lead: Person, admin: Person, send: Send
) -> None:
    """At the top, typed, also beside a manipulation that was found; a filter finds it."""
    service = ServiceAccountFactory(team=alice.team)
    secret = keys.issue_key(admin.actor, service, "k", [Scope.SUBMISSIONS_READ]).secret
    headers: dict[str, Any] = {"authorization": f"Bearer {secret}"}
    sent, found, silent = (send(alice, shade, f"{shade}.png") for shade in (1, 2, 3))
    declares(sent, BY_NOBODY)
    declares(found, BY_SOMEBODY, Outcome.MANIPULATION_FOUND, 0.9)
    ended(silent, Outcome.INCONCLUSIVE, None)

    rows = Client().get("/api/v1/submissions/", headers=headers).json()["results"]
    rows_by_name = {row["filename"]: (row["outcome"], row["declared"]) for row in rows}
    assert rows_by_name == {
        "1.png": ("declared_generated", {"by": None, "signed": False, "trusted": False}),
        "2.png": ("manipulation_found", {"by": "=Example Press", "signed": True, "trusted": False}),
        "3.png": ("inconclusive", None),
    }
    one = Client().get(f"/api/v1/submissions/{sent.pk}/", headers=headers).json()
    assert one["declared"] == rows_by_name["1.png"][1]
    only = Client().get("/api/v1/submissions/?outcome=declared_generated", headers=headers)
    assert [row["filename"] for row in only.json()["results"]] == ["1.png"]

    head, *lines = exported(lead, "sort=name")
    cells = [dict(zip(head, line, strict=True)) for line in lines]
    parts = ("outcome", "declared_by", "declared_signed", "declared_trusted")
    assert [tuple(cell[p] for p in parts) for cell in cells] == [
        ("declared_generated", "", "no", "no"),
        ("manipulation_found", "'=Example Press", "yes", "no"),
        ("inconclusive", "", "", ""),
    ]
    history = alice.client().get("/?outcome=declared_generated").content.decode()
    assert "icons.svg#declared" in history and "tone-declared" in history


def test_beside_a_manipulation_the_page_tells_both(alice: Person, send: Send) -> None:
    """The finding stays the verdict; the statement stands beside it."""
    sent = send(alice)
    declares(sent, BY_SOMEBODY, Outcome.MANIPULATION_FOUND, 0.9)
    page = alice.client().get(reverse("submissions:detail", args=[sent.pk])).content.decode()
    assert "Manipulation found" in page and "Declared, not detected." in page
    assert "who is not on this site&#x27;s trust list" in page


def test_a_mark_in_the_sound_is_told_by_page_and_rest(
    alice: Person, admin: Person, tmp_path: Path
) -> None:
    """A real sound through the real engine: its sentence and its lane, also in German."""
    wav = tmp_path / "marked.wav"
    soundfile.write(wav, writing.marked(speech_like(6.0)), RATE)
    with wav.open("rb") as file:
        sent = submit(alice.actor, alice.team, file, "marked.wav").submission
    claim = claim_one(Analysis, sent.analysis_id, worker="w1")
    assert claim is not None
    services.run(claim, lambda file, **said: analyse(file, **{**said, "detectors": [make()]}))
    address = reverse("submissions:detail", args=[sent.pk])
    page = alice.client().get(address).content.decode()
    assert "The sound contains the watermark Perth" in page and "Marks in the sound" in page
    german = alice.client().get(address, headers={"accept-language": "de"}).content.decode()
    assert "Der Ton enthält das Wasserzeichen Perth" in german
    service = ServiceAccountFactory(team=alice.team)
    secret = keys.issue_key(admin.actor, service, "k", [Scope.SUBMISSIONS_READ]).secret
    headers: dict[str, Any] = {"authorization": f"Bearer {secret}"}
    body = Client().get(f"/api/v1/submissions/{sent.pk}/", headers=headers).json()
    assert body["outcome"] == "declared_generated"
    assert body["declared"] == plain(BY_NOBODY)
