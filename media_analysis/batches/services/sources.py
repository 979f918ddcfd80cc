"""From which hosts a team's media may be fetched: allow, withdraw, ask."""

from __future__ import annotations

import re
from uuid import UUID

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require, team_chain
from audit.rows import Row
from audit.services import record
from audit.verbs import Verb
from media_analysis.batches.models import Source

MOST = 100
HOST = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
"""A name of at least two parts. An address in numbers is nobody's name, so it cannot be allowed."""


@transaction.atomic
def allow(actor: Actor, team: Team, host: str) -> Source:
    require(actor, Permission.MANAGE_SOURCES, team.pk)
    Team.objects.select_for_update().get(pk=team.pk)
    name = host.strip().lower().rstrip(".")
    if len(name) > 253 or not HOST.fullmatch(name):
        raise Refusal("host_malformed")
    mine = Source.objects.filter(team=team)
    if mine.filter(host=name).exists():
        raise Refusal("host_known", host=name)
    if mine.count() >= MOST:
        raise Refusal("too_many_hosts", most=MOST)
    source = Source.objects.create(team=team, host=name)
    source.refresh_from_db()
    _event(actor, source.team_id, source.pk, "allowed", name, [source])
    return source


@transaction.atomic
def withdraw(actor: Actor, source: Source) -> None:
    """Items that wait for this host are refused when their turn comes."""
    require(actor, Permission.MANAGE_SOURCES, source.team_id)
    mine = Source.objects.for_actor(actor).select_for_update(of=("self",)).get(pk=source.pk)
    pk, host, team_id = mine.pk, mine.host, mine.team_id
    mine.delete()
    _event(actor, team_id, pk, "withdrawn", host, [(Source, pk)])


def is_allowed(team_id: UUID, host: str) -> bool:
    name = host.lower().rstrip(".")
    above = [f"*.{name.split('.', n)[n]}" for n in range(1, name.count(".") + 1)]
    return Source.objects.filter(team=team_id, host__in=[name, *above]).exists()


def _event(actor: Actor, team_id: UUID, pk: int, how: str, host: str, rows: list[Row]) -> None:
    record(
        chain=team_chain(team_id), verb=Verb.SOURCE_CHANGED, who=actor.who_in(team_id),
        object_type="source", object_id=str(pk), data={"how": how, "host": host}, rows=rows,
    )  # fmt: skip
