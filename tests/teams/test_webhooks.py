"""The pages on which an admin says where the team's news are sent."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Team
from jobs.services import claim
from media_analysis.webhooks.models import Attempt, Delivery, Endpoint
from media_analysis.webhooks.services import delivering
from tests.people import Person
from tests.webhooks.receiving import receiving


def text(answer: Any) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def deliver() -> None:
    while taken := claim(Delivery, worker="t"):
        delivering.run(taken)


def test_an_admin_runs_a_webhook_from_its_first_day_to_its_last(
    admin: Person, team: Team, settings: Any
) -> None:
    """Added with the secret shown once, tested, read in the log, sent again, switched off and on,
    changed, given a new secret, deleted: all with forms alone."""
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    settings.WEBHOOK_BACKOFF_SECONDS = 600.0
    client, listed = admin.client(), reverse("teams:webhooks", args=[team.pk])
    assert "Without a webhook, partners have to poll" in text(client.get(listed))
    new = reverse("teams:new_webhook", args=[team.pk])
    assert "A person decided" in text(client.get(new))
    with receiving() as receiver:
        added = client.post(new, {"url": receiver.url, "events": ["decision.made"]})
        (secret,) = set(re.findall(r"whsec_[A-Za-z0-9+/=]+", added.content.decode()))
        endpoint = Endpoint.objects.get()
        page = reverse("teams:webhook", args=[team.pk, endpoint.pk])
        assert secret not in client.get(page).content.decode()
        assert "Nothing was sent yet" in text(client.get(page))

        def press(name: str, *more: Any, **data: str) -> str:
            address = reverse(f"teams:{name}", args=[team.pk, endpoint.pk, *more])
            return text(client.post(address, data, follow=True))

        assert "A test event is being sent" in press("test_webhook")
        receiver.reply = lambda number: (500, {})
        deliver()
        Attempt.objects.update(answer="the desk is closed")
        log = text(client.get(page))
        assert "It answered 500" in log and "the desk is closed" in log
        assert receiver.got[-1].body.decode() in log, "what was sent, as it was sent"
        Delivery.objects.all().delete()
        receiver.reply = lambda number: (204, {})
        press("test_webhook")
        deliver()
        assert "Delivered" in text(client.get(page, {"state": "done"}))
        done = Delivery.objects.get(state="done")
        assert "being sent again" in press("webhook_again", done.pk)
        assert "The webhook is off" in press("switch_webhook", off="1")
        assert "Somebody switched it off" in text(client.get(listed))
        assert "switched off. Switch it on first" in press("test_webhook")
        assert "The webhook is on" in press("switch_webhook")
        assert "0 events are being sent" in press("webhook_missed")
        edited = {"url": receiver.url, "events": ["analysis.completed"], "description": "desk"}
        address = reverse("teams:edit_webhook", args=[team.pk, endpoint.pk])
        assert "The webhook was saved" in text(client.post(address, edited, follow=True))
        assert "desk" in text(client.get(listed))
        rotated = client.post(reverse("teams:rotate_webhook", args=[team.pk, endpoint.pk]))
        assert secret not in rotated.content.decode() and b"whsec_" in rotated.content
        assert "The webhook and its log were deleted" in press("delete_webhook")
    assert not Endpoint.objects.exists()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://169.254.169.254/latest", "does not lead to the public internet"),
        ("http://news.example/", "must begin with https://"),
        ("https://a:b@news.example/", "cannot contain a user name"),
    ],
)
def test_a_wrong_address_is_told_at_its_field_and_nothing_is_lost(
    admin: Person, team: Team, url: str, sentence: str
) -> None:
    """The form comes back with what was written."""
    form = {"url": url, "events": ["decision.made"], "description": "kept words"}
    answer = admin.client().post(reverse("teams:new_webhook", args=[team.pk]), form)
    assert answer.status_code == 422 and sentence in text(answer)
    assert b"kept words" in answer.content and not Endpoint.objects.exists()


def test_others_do_not_enter(lead: Person, charlie: Person, team: Team) -> None:
    """A lead is refused, a stranger finds nothing, and who is not signed in is asked to."""
    listed = reverse("teams:webhooks", args=[team.pk])
    assert lead.client().get(listed).status_code == 403
    assert charlie.client().get(listed).status_code == 404
    assert "/accounts/login/" in Client().get(listed)["Location"]
