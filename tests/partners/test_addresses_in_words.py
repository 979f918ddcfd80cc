"""E-mail addresses in whatever people and programs may name: stored or refused, never a 5xx."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, Scope, Team
from accounts.services.keys import create_service_account, issue_key, revoke_key
from accounts.services.teams import create_team, rename_team
from audit.payload import AddressInRecord
from media_analysis.partners.bodies import refusal_of
from media_analysis.submissions.models import Submission
from tests.people import Person, member, picture

pytestmark = pytest.mark.django_db
WORDS = "ask bob@example.org (0x1b)"


def test_rest_takes_addresses_in_every_word(team: Team) -> None:
    """File name, note, context, external id: kept with the media, committed to in the record."""
    admin = member(team, Role.ADMIN)
    service = create_service_account(admin.actor, team, WORDS)
    key = issue_key(admin.actor, service, WORDS, [Scope.SUBMISSIONS_WRITE]).secret
    from django.core.files.uploadedfile import SimpleUploadedFile

    client = Client(headers={"authorization": f"Bearer {key}"})
    sent = {
        "file": SimpleUploadedFile("bob@example.org.png", picture()),
        **dict.fromkeys(("note", "policy_context", "external_id"), WORDS),
    }
    assert client.post(reverse("api:submission-list"), sent).status_code == 202
    assert Submission.objects.get().external_id == WORDS
    answer = client.post(reverse("api:submission-list"), {**sent, "batch": "bob@example.org"})
    assert answer.status_code == 400


def test_teams_and_keys_may_be_named_so(team: Team, site_admin: Person) -> None:
    """Their names are not in the record."""
    made = create_team(site_admin.actor, WORDS)
    rename_team(site_admin.actor, made, f"{WORDS} again")
    admin = member(team, Role.ADMIN)
    service = create_service_account(admin.actor, team, WORDS)
    issued = issue_key(admin.actor, service, WORDS, [Scope.SUBMISSIONS_READ])
    with pytest.raises(AddressInRecord):
        revoke_key(admin.actor, issued.key, why=WORDS)


@pytest.mark.parametrize(
    "query", ["q", "state", "outcome", "kind", "team", "received_from", "sender", "sort"]
)
def test_an_export_for_an_address_is_answered(lead: Person, query: str) -> None:
    """What was searched for is not in the record, and filters hold known values alone."""
    answer = lead.client().post(f"{reverse('submissions:export')}?{query}=bob@example.org")
    assert answer.status_code in (200, 400)


def test_a_filter_may_be_named_so(lead: Person) -> None:
    address = reverse("submissions:save_filter")
    answer = lead.client().post(f"{address}?q=bob@example.org", {"name": WORDS, "shared": "on"})
    assert answer.status_code < 500


def test_whatever_else_reaches_the_record_answers_400() -> None:
    """The net under all verbs, for pages and REST alike."""
    refusal: Any = refusal_of(AddressInRecord("x"))
    assert refusal.status == 400 and refusal.code == "personal_data"
