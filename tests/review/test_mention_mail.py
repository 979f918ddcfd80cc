"""Who was mentioned gets one email for all of it, unless they looked first or want none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db.models import F
from django.urls import reverse
from pytest import MonkeyPatch

from accounts.models import Membership, User
from media_analysis.review.models import Case, CaseNote, Mention
from media_analysis.review.services import mention_mail, notes
from tests.audit.helpers import triggers_off
from tests.people import Person, Send
from tests.review.test_notes import called
from tests.review.test_services import opened

TEXT = "@Bo Lind, a canary"


@pytest.fixture
def bo(bob: Person) -> Person:
    return called(bob, "Bo Lind", "bo@example.org")


@pytest.fixture
def case(alice: Person, send: Send) -> Case:
    return opened(alice, send)


def later(minutes: float = 6) -> None:
    """Time goes by for notes and emails."""
    past = timedelta(minutes=minutes)
    with triggers_off():
        CaseNote.objects.update(created_at=F("created_at") - past)
    Mention.objects.exclude(mailed_at=None).update(mailed_at=F("mailed_at") - past)


def test_one_email_tells_of_all_new_mentions(alice: Person, bo: Person, case: Case) -> None:
    """After a while, once; without the note's text and the file's name."""
    for _ in range(3):
        notes.write(alice.actor, case.pk, TEXT)
    assert mention_mail.run_due() == 0  # they may come together
    later()
    assert (mention_mail.run_due(), mention_mail.run_due()) == (1, 0)
    (sent,) = mail.outbox
    assert sent.to == ["bo@example.org"] and sent.subject == "3 team notes mention you"
    body = str(sent.body)
    assert f"{alice.user} in Newsroom" in body and reverse("review:mentions") in body
    assert "canary" not in body and "photo.png" not in body and str(case.pk) not in body


def test_a_second_email_waits_an_hour(alice: Person, bo: Person, case: Case) -> None:
    notes.write(alice.actor, case.pk, TEXT)
    later()
    assert mention_mail.run_due() == 1
    notes.write(alice.actor, case.pk, TEXT)
    later()
    assert mention_mail.run_due() == 0
    later(61)
    assert mention_mail.run_due() == 1 and mail.outbox[-1].subject == "1 team note mentions you"


def test_it_speaks_the_readers_language(alice: Person, bo: Person, case: Case) -> None:
    User.objects.filter(pk=bo.user.pk).update(language="de")
    notes.write(alice.actor, case.pk, TEXT)
    later()
    assert mention_mail.run_due() == 1
    assert mail.outbox[0].subject == "1 Teamnotiz erwähnt Sie"


@pytest.mark.parametrize("why", ["seen", "off", "left", "inactive", "old"])
def test_nobody_is_told_in_vain(alice: Person, bo: Person, case: Case, why: str) -> None:
    notes.write(alice.actor, case.pk, TEXT)
    later(24 * 60 if why == "old" else 6)
    match why:
        case "seen":
            notes.seen_now(bo.actor, case)
        case "off":
            assert bo.client().post(reverse("review:mention_mail"), {"off": "1"}).status_code == 302
        case "left":
            Membership.objects.filter(user=bo.user).delete()
        case "inactive":
            User.objects.filter(pk=bo.user.pk).update(is_active=False)
    assert mention_mail.run_due() == 0 and not mail.outbox


def test_each_person_switches_their_own_emails(bo: Person, alice: Person) -> None:
    url, page = reverse("review:mention_mail"), reverse("review:mentions")
    assert "emailed to you together" in bo.client().get(page).content.decode()
    bo.client().post(url, {"off": "1"})
    assert not mention_mail.wants(bo.user) and mention_mail.wants(alice.user)
    assert "Mentions are not emailed" in bo.client().get(page).content.decode()
    bo.client().post(url, {"on": "1"})
    assert mention_mail.wants(bo.user)


def test_an_email_that_fails_is_tried_again(
    alice: Person, bo: Person, case: Case, monkeypatch: MonkeyPatch
) -> None:
    notes.write(alice.actor, case.pk, TEXT)
    later()

    def refuse(*_: object) -> int:
        raise OSError("no server")

    with monkeypatch.context() as broken:
        broken.setattr(EmailBackend, "send_messages", refuse)
        assert mention_mail.run_due() == 0
    assert mention_mail.run_due() == 1
