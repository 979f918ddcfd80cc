"""The pages of review, without JavaScript."""

from __future__ import annotations

import re
import uuid

import pytest
from django.urls import reverse

from media_analysis.review.models import Case, Decision, Draft
from tests.people import Person, Send
from tests.review.test_services import expire, opened


@pytest.fixture
def case(alice: Person, send: Send) -> Case:
    return opened(alice, send)


def url(name: str, case: Case | None = None) -> str:
    return reverse(f"review:{name}", args=[case.pk] if case else [])


def decision(case: Case, **more: str) -> dict[str, str]:
    case.refresh_from_db()
    return {"outcome": "unclear", "reason": "too blurred", "fence": str(case.fence), **more}


def test_queue_claim_decide_next(alice: Person, case: Case, send: Send) -> None:
    """The whole way: the queue shows it, taking shows the form, deciding leads to the next."""
    second = opened(alice, send, 2)
    client = alice.client()
    assert "2 cases are waiting" in client.get(url("queue")).content.decode()
    assert client.post(url("next"))["Location"] == url("case", case)
    assert b"Decide and claim next" in client.get(url("case", case)).content
    answer = client.post(url("decide", case), decision(case, next="1"))
    assert answer["Location"] == url("case", second)
    assert Decision.objects.get().reason == "too blurred"


def test_the_holder_is_visible_to_others(alice: Person, bob: Person, case: Case) -> None:
    """Bob sees in whose hands the case is, and no form."""
    alice.client().post(url("claim", case))
    page = bob.client().get(url("case", case)).content.decode()
    assert f"Assigned to {alice.user}" in page and url("decide", case) not in page
    answer = bob.client().post(url("claim", case), follow=True)
    assert b"assigned to somebody else" in answer.content


def test_a_late_decision_is_kept_as_a_draft(alice: Person, case: Case) -> None:
    """It says so, and the words stand in the form when the case is taken again."""
    client = alice.client()
    client.post(url("claim", case))
    words = decision(case)
    expire(case)
    answer = client.post(url("decide", case), words, follow=True)
    assert b"kept as a draft, not as a decision" in answer.content
    assert Draft.objects.exists() and not Decision.objects.exists()
    client.post(url("claim", case))
    assert b"too blurred" in client.get(url("case", case)).content


def test_half_a_decision_of_a_stale_holder_is_kept_too(alice: Person, case: Case) -> None:
    """No reason yet, and the hold ran out: the note is there when the case is taken again."""
    client = alice.client()
    client.post(url("claim", case))
    words = decision(case, reason="", note="my long\0note", outcome="nonsense")
    expire(case)
    answer = client.post(url("decide", case), words, follow=True)
    assert b"What you wrote is kept" in answer.content
    client.post(url("claim", case))
    assert b"my longnote" in client.get(url("case", case)).content
    assert not Decision.objects.exists()


def test_a_missing_reason_is_told_at_the_field(alice: Person, case: Case) -> None:
    """Nothing is lost: the form comes back as it was written."""
    client = alice.client()
    client.post(url("claim", case))
    answer = client.post(url("decide", case), decision(case, reason="", note="my note"))
    assert answer.status_code == 422 and b"my note" in answer.content


def test_the_heartbeat_tells_a_lost_hold(alice: Person, case: Case) -> None:
    """204 while held, 409 when not, whatever the fence says."""
    client = alice.client()
    client.post(url("claim", case))
    case.refresh_from_db()
    assert client.post(url("heartbeat", case), {"fence": case.fence}).status_code == 204
    for fence in ("0", "-1", "x", "9" * 400, ""):
        assert client.post(url("heartbeat", case), {"fence": fence}).status_code == 409


@pytest.mark.parametrize("name", ["case", "claim", "decide", "release", "reopen", "heartbeat"])
def test_a_foreign_case_answers_like_a_missing_one(charlie: Person, case: Case, name: str) -> None:
    """Charlie cannot tell Alice's case from one that never was."""
    client = charlie.client()
    call = client.get if name == "case" else client.post
    for pk in (case.pk, uuid.uuid4()):
        assert call(reverse(f"review:{name}", args=[pk])).status_code == 404


@pytest.mark.parametrize("name", ["claim", "decide", "reopen"])
def test_a_viewer_may_look_and_not_decide(viewer: Person, case: Case, name: str) -> None:
    """Seeing the case is not holding it."""
    client = viewer.client()
    assert client.get(url("case", case)).status_code == 200
    assert client.post(url(name, case), {"why": "x"}).status_code == 403


def test_no_id_stands_twice_on_a_case(alice: Person, case: Case) -> None:
    """A button names its form by id: with two of them it would send nothing."""
    alice.client().post(url("claim", case))
    html = alice.client().get(url("case", case)).content.decode()
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert 'form="decision"' in html and ids.count("decision") == 1
    assert sorted(ids) == sorted(set(ids))
