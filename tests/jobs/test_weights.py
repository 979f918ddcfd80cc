"""A sender of weight 2 gets two turns for one, and no job waits while a worker is free."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import ServiceAccount, Team
from accounts.refusals import Refusal
from accounts.services.weights import set_weight
from audit.models import Event
from ml.models import Analysis
from tests.factories import ServiceAccountFactory
from tests.jobs.errands import Errand
from tests.jobs.test_fairness import _served
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, Send


def test_weights_of_two_to_one_give_turns_of_two_to_one(errands: type[Errand]) -> None:
    """At every moment of a flood, whichever of both came first."""
    for _ in range(30):
        errands.objects.create(flow="light", weight=1)
    for _ in range(60):
        errands.objects.create(flow="heavy", weight=2)
    served = [_served(errands) for _ in range(90)]
    assert all(abs(served[:n].count("heavy") - n * 2 / 3) <= 1.5 for n in range(1, 91))


def test_a_weight_delays_nobody_while_workers_are_free(errands: type[Errand]) -> None:
    """Work-conserving: each flow alone is served without a pause, and so is the rest of a flood."""
    for flow, weight in (("light", 1), ("heavy", 10)):
        for _ in range(12):
            errands.objects.create(flow=flow, weight=weight)
    served = [_served(errands) for _ in range(25)]
    assert (served.count("light"), served.count("heavy"), served[-1]) == (12, 12, "")
    for _ in range(12):
        errands.objects.create(flow="light", weight=1)
    assert [_served(errands) for _ in range(12)] == ["light"] * 12


def test_a_light_sender_is_served_beside_the_heaviest_flood(errands: type[Errand]) -> None:
    for _ in range(100):
        errands.objects.create(flow="heavy", weight=10)
    errands.objects.create(flow="light")
    assert "light" in [_served(errands) for _ in range(2)]


@pytest.mark.django_db
def test_what_is_sent_bears_the_weight_of_the_partner_or_its_team(
    site_admin: Person, alice: Person, send: Send
) -> None:
    """From then on, and not what waits already; on record."""
    before = send(alice, 1)
    assert set_weight(site_admin.actor, alice.team, 3) is True
    assert set_weight(site_admin.actor, alice.team, 3) is False
    after = send(alice, 2)
    weights = dict(Analysis.objects.values_list("submission", "weight"))
    assert (weights[before.pk], weights[after.pk]) == (1, 3)
    event = Event.objects.get(verb="team.weight_changed")
    assert event.content["data"] == {"from": 1, "to": 3}


@pytest.mark.django_db
def test_the_page_of_weights_is_for_site_administrators(
    site_admin: Person, admin: Person, team: Team
) -> None:
    """A partner's field left empty stands for its team's weight; too large a one is refused."""
    service = ServiceAccountFactory(team=team, name="Acme")
    page, field = f"/teams/{team.pk}/weights/", f"partner_{service.pk.hex}_weight"
    client = site_admin.client()
    assert b"Weights" in client.get(f"/teams/{team.pk}/name/").content
    assert client.post(page, {"team_weight": 2, field: 5}).status_code == 302
    assert Team.objects.get(pk=team.pk).weight == 2
    assert ServiceAccount.objects.get(pk=service.pk).weight == 5
    assert client.post(page, {"team_weight": 2, field: ""}).status_code == 302
    assert ServiceAccount.objects.get(pk=service.pk).weight is None
    assert client.post(page, {"team_weight": 11}).status_code == 422
    assert admin.client().post(page, {"team_weight": 9}).status_code == 403
    assert b"Weights" not in admin.client().get(f"/teams/{team.pk}/name/").content
    with pytest.raises(Refusal, match="Only a site administrator"):
        set_weight(admin.actor, team, 9)
    with pytest.raises(IntegrityError), transaction.atomic():
        Team.objects.filter(pk=team.pk).update(weight=11)


@pytest.mark.django_db
def test_the_shell_lists_and_sets_weights(team: Team) -> None:
    ServiceAccountFactory(team=team, name="Acme")
    out = StringIO()
    call_command("weights", "set", "newsroom", "2", stdout=out)
    call_command("weights", "set", "Newsroom", "acme", "4", stdout=out)
    call_command("weights", "set", "Newsroom", "acme", "team", stdout=out)
    call_command("weights", "list", stdout=out)
    assert out.getvalue().endswith("Newsroom: 2\n  Acme: 2 (its team)\n")
    for wrong in (["nobody", "2"], ["Newsroom", "two"], ["Newsroom", "99"], ["Newsroom", "x", "2"],
                  ["Newsroom", "team"], ["Newsroom"]):  # fmt: skip
        with pytest.raises(CommandError):
            call_command("weights", "set", *wrong)
