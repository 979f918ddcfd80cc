"""Test mode: each team can have a test team, and each service account an account in it.

Everything here belongs to a team, and nothing crosses teams. So a team of its own, to which nobody
belongs, keeps what test keys send from people and from live keys, without a further condition in
any query. The database holds test keys, their accounts and their team together by triggers.
"""

from __future__ import annotations

from accounts.actors import Actor
from accounts.models import ServiceAccount, Team
from accounts.services.chains import team_chain
from audit.services import record
from audit.verbs import Verb


def test_account(actor: Actor, service: ServiceAccount) -> ServiceAccount:
    """In the caller's transaction: the account behind the test keys of `service`."""
    live = Team.objects.select_for_update().get(pk=service.team_id)  # two at once: one by one
    known = ServiceAccount.objects.filter(live_account=service).first()
    if known is not None:
        return known
    team = _test_team(actor, live)
    made: ServiceAccount = ServiceAccount.objects.create(
        team=team, name=service.name, live_account=service
    )
    record(
        chain=team_chain(live.pk), verb=Verb.SERVICE_ACCOUNT_CREATED, who=actor.who_in(live.pk),
        object_type="service", object_id=str(made.pk), data={"test_of": str(service.pk)},
        rows=[made],
    )  # fmt: skip
    return made


def _test_team(actor: Actor, live: Team) -> Team:
    known = Team.objects.filter(live_team=live).first()
    if known is not None:
        return known
    # Its name is shown nowhere, and no team of people can be called like it.
    made: Team = Team.objects.create(name=f"test:{live.pk}", live_team=live)
    record(
        chain=team_chain(live.pk), verb=Verb.TEAM_CREATED, who=actor.who_in(live.pk),
        object_type="team", object_id=str(made.pk), data={"test_of": str(live.pk)}, rows=[made],
    )  # fmt: skip
    return made
