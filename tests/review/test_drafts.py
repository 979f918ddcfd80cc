"""What a moderator wrote is kept on every way out, for them alone."""

from __future__ import annotations

import re

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Session
from media_analysis.review.models import Case, Decision, DecisionText, Draft, Policy
from media_analysis.review.services import cases, drafts
from tests.factories import PASSWORD
from tests.jobs.helpers import in_threads
from tests.people import Person, Send
from tests.review.test_pages import decision, url
from tests.review.test_services import expire, opened


@pytest.fixture
def case(alice: Person, send: Send) -> Case:
    opened_case = opened(alice, send)
    cases.claim(alice.actor, opened_case.pk)
    opened_case.refresh_from_db()
    return opened_case


def page(client: Client, case: Case) -> str:
    return client.get(url("case", case)).content.decode()


def pass_on(text: str) -> str:
    found = re.search(r'name="draft_pass" value="([^"]+)"', text)
    assert found
    return found[1]


def sign_in(client: Client, person: Person, to: str) -> str:
    answer = client.post(to, {"login": person.user.email, "password": PASSWORD}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("how", ["decide", "release"])
def test_a_session_that_ends_keeps_the_words(alice: Person, case: Case, how: str) -> None:
    """Expired session, POST, sign in: back on the case, and every word stands in the form."""
    policy = Policy.objects.create(team=alice.team, name="Elections")
    client = alice.client()
    carried = pass_on(page(client, case))
    Session.objects.all().delete()
    words = decision(case, note="compare the copy", policy=str(policy.pk), draft_pass=carried)
    answer = client.post(url(how, case), words)
    assert answer["Location"].startswith(reverse("account_login"))
    assert not Decision.objects.exists()
    assert "What you wrote is kept" in client.get(answer["Location"]).content.decode()
    back = sign_in(client, alice, answer["Location"])
    assert "too blurred" in back and "compare the copy" in back
    assert f'value="{policy.pk}" selected' in back
    assert re.search(r'value="unclear"[^>]*checked', back)


def test_without_a_pass_the_words_are_shown(alice: Person, case: Case) -> None:
    """Nobody knows whose they are: the page gives them back to be copied and stores nothing."""
    answer = Client().post(url("decide", case), decision(case, draft_pass="forged"))
    assert answer.status_code == 403 and b"too blurred" in answer.content
    assert b"forged" not in answer.content
    assert answer["Cache-Control"] == "no-store"
    assert not Draft.objects.exists()


def test_giving_back_keeps_the_words(alice: Person, case: Case) -> None:
    """The form goes along with the button; taken again, it stands there as it was."""
    client = alice.client()
    client.post(url("release", case), decision(case, note="half a thought"))
    case.refresh_from_db()
    assert case.state == "open"
    assert "half a thought" not in page(client, case)  # nothing to write into
    assert "too blurred" in page(client, case)
    client.post(url("claim", case))
    assert "half a thought" in page(client, case)


def test_the_open_page_hands_in_a_draft_without_a_session(alice: Person, case: Case) -> None:
    """The pass alone is enough, and the newest words count; empty ones remove the draft."""
    carried = pass_on(page(alice.client(), case))
    for reason in ("first", "second"):
        form = {"draft_pass": carried, "reason": reason}
        answer = Client(enforce_csrf_checks=True).post(url("draft", case), form)
        assert answer.status_code == 200 and answer.json()["saved_at"]
    draft = Draft.objects.get()
    assert (draft.author, draft.words["reason"]) == (alice.user, "second")
    Client().post(url("draft", case), {"draft_pass": carried})
    assert not Draft.objects.exists()


def test_a_pass_opens_one_case_for_one_person(
    alice: Person, bob: Person, case: Case, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another case, a forged or old pass, and a person who left the team: 403, nothing is kept."""
    carried = drafts.pass_for(alice.actor, case)
    other = opened(alice, send, 7)
    form = {"reason": "x"}

    def answered(which: Case, given: str) -> int:
        return Client().post(url("draft", which), {**form, "draft_pass": given}).status_code

    assert answered(other, carried) == 403
    assert answered(case, carried[:-2] + "xx") == 403
    assert answered(case, signing.dumps({"user": str(bob.user.pk)}, salt="other")) == 403
    assert answered(case, "") == 403
    monkeypatch.setattr(drafts, "_SECONDS", -1)
    assert answered(case, carried) == 403
    monkeypatch.undo()
    Membership.objects.filter(user=alice.user).delete()
    assert answered(case, carried) == 403
    assert not Draft.objects.exists()


def test_a_late_draft_of_a_decided_hold_is_not_kept(alice: Person, case: Case) -> None:
    """A page that is being left sends its last words after the decision: no draft is left over."""
    carried = drafts.pass_for(alice.actor, case)
    cases.decide(alice.actor, case.pk, case.fence, DecisionText("unclear", "too blurred"))
    answer = Client().post(url("draft", case), {"draft_pass": carried, "reason": "too blurred"})
    assert (answer.status_code, answer.json()["code"]) == (200, "already_decided")
    assert not Draft.objects.exists()


def test_nobody_else_reads_a_draft(alice: Person, bob: Person, viewer: Person, case: Case) -> None:
    """Bob takes the case over and meets an empty form; a viewer gets no pass."""
    drafts.keep(alice.actor, case.pk, DecisionText("unclear", "canary"))
    expire(case)
    client = bob.client()
    client.post(url("claim", case))
    assert "canary" not in page(client, case)
    assert "draft_pass" not in page(viewer.client(), case)


def test_a_draft_can_be_forgotten(alice: Person, case: Case) -> None:
    """A button on the case page removes it, also without script."""
    client = alice.client()
    client.post(url("release", case), decision(case))
    answer = client.post(
        url("draft", case), {"draft_pass": pass_on(page(client, case)), "forget": "1"}, follow=True
    )
    assert b"too blurred" not in answer.content and not Draft.objects.exists()


def test_a_form_that_is_not_trusted_keeps_a_decisions_words(alice: Person, case: Case) -> None:
    """Signed in anew in another tab, the token does not match: a draft is kept, and it says so."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice.user, "allauth.account.auth_backends.AuthenticationBackend")
    words = decision(case, draft_pass=drafts.pass_for(alice.actor, case))
    answer = client.post(url("decide", case), words)
    assert answer.status_code == 403
    assert b"kept as a draft" in answer.content and url("case", case).encode() in answer.content
    assert Draft.objects.get().words["reason"] == "too blurred"


def test_the_heartbeat_tells_that_somebody_is_signed_out(alice: Person, case: Case) -> None:
    """401 for the page's script, never a sign-in page that reads like success."""
    form = {"fence": case.fence}
    answer = Client().post(url("heartbeat", case), form, headers={"Accept": "application/json"})
    assert answer.status_code == 401 and answer.json()["code"] == "signed_out"


@pytest.mark.django_db(transaction=True)
def test_words_handed_in_twice_at_once_do_not_block_each_other(alice: Person, case: Case) -> None:
    """The page that is left hands in a draft while its form does."""
    carried = drafts.pass_for(alice.actor, case)
    form = {"draft_pass": carried, "reason": "half a thought", "outcome": ""}

    def hand_in(number: int) -> bool:
        for _ in range(15):
            if number % 2:
                drafts.keep_with_pass(form, case.pk)
            else:
                drafts.keep(alice.actor, case.pk, DecisionText("", "half a thought"))
            Draft.objects.filter(case=case).delete()
        return True

    assert in_threads(4, hand_in) == [True] * 4
