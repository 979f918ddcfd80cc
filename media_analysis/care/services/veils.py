"""How media is shown at first: a person's own choice, then the team's, then the usual."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.actors import Actor
from accounts.models import Team, User
from accounts.roles import Permission
from accounts.services.chains import require, team_chain
from audit.services import record
from audit.verbs import Verb
from media_analysis.care.models import CareRule, Kind, Veil
from media_analysis.care.services import breaks

PARTS = ("blur", "grey", "small", "mute")
OF_KIND: Mapping[str, tuple[str, ...]] = {
    Kind.IMAGE: ("blur", "grey", "small"),
    Kind.VIDEO: ("blur", "grey", "small", "mute"),
    Kind.AUDIO: ("mute",),
}
Choice = Mapping[str, Mapping[str, bool | None]]
"""By kind and part."""


@dataclass(frozen=True)
class Shown:
    blur: bool = False
    grey: bool = False
    small: bool = False
    mute: bool = False

    @property
    def on(self) -> bool:
        """There is something to lift."""
        return self.blur or self.grey or self.small

    @property
    def hides(self) -> bool:
        """Not all can be seen."""
        return self.blur or self.grey

    @property
    def css(self) -> str:
        parts = [part for part in ("blur", "grey", "small") if getattr(self, part)]
        return " ".join(["veil", *(f"veil--{part}" for part in parts)]) if parts else ""


USUAL: Mapping[str, Shown] = {
    Kind.IMAGE: Shown(blur=True, grey=True),
    Kind.VIDEO: Shown(blur=True, grey=True, mute=True),
    Kind.AUDIO: Shown(),
}


def of(actor: Actor, team_id: UUID, kind: str) -> Shown:
    """For media of this kind in this team, before this person."""
    return each(actor, [team_id])[team_id].get(kind, USUAL[Kind.IMAGE])


def each(actor: Actor, teams: Collection[UUID]) -> dict[UUID, dict[str, Shown]]:
    """By team and kind, in one query."""
    mine = Q(person=actor.user) if actor.user else Q(pk__in=[])
    rows = list(Veil.objects.filter(mine | Q(team__in=teams)))
    own = {row.kind: row for row in rows if row.person_id}
    chosen = {(row.team_id, row.kind): row for row in rows if row.team_id}
    return {
        team: {
            kind: _together(kind, own.get(kind), chosen.get((team, kind))) for kind in Kind.values
        }
        for team in teams
    }


def _together(kind: str, *chosen: Veil | None) -> Shown:
    values = {}
    for part in OF_KIND[kind]:
        answers = [getattr(row, part) for row in chosen if row is not None]
        known = [answer for answer in answers if answer is not None]
        values[part] = known[0] if known else getattr(USUAL[kind], part)
    return Shown(**values)


def chosen_by(person: User) -> dict[str, dict[str, bool | None]]:
    return _choice(Veil.objects.filter(person=person))


def of_team(team: Team) -> dict[str, dict[str, bool]]:
    """What holds in the team, chosen or usual."""
    choice = _choice(Veil.objects.filter(team=team))
    found: dict[str, dict[str, bool]] = {}
    for kind, parts in OF_KIND.items():
        found[kind] = {}
        for part in parts:
            answer = choice.get(kind, {}).get(part)
            found[kind][part] = getattr(USUAL[kind], part) if answer is None else answer
    return found


def _choice(rows: Iterable[Veil]) -> dict[str, dict[str, bool | None]]:
    return {row.kind: {part: getattr(row, part) for part in OF_KIND[row.kind]} for row in rows}


@transaction.atomic
def choose_own(person: User, choice: Choice) -> None:
    """Theirs alone, like their language: no matter of record."""
    for kind, parts in choice.items():
        known = {part: parts.get(part) for part in OF_KIND[Kind(kind)]}
        Veil.objects.update_or_create(person=person, kind=kind, defaults=known)


@transaction.atomic
def choose_for_team(actor: Actor, team: Team, choice: Choice, limits: breaks.Limits) -> bool:
    """What holds for the team's media, and after how much its people are reminded of a break.
    False when it was so before."""
    require(actor, Permission.MANAGE_QUEUES, team.pk)
    breaks.check(limits)
    Team.objects.select_for_update().get(pk=team.pk)
    wanted = {kind: {part: bool(choice[kind][part]) for part in OF_KIND[kind]} for kind in OF_KIND}
    before = {**of_team(team), **_as_columns(breaks.of_team(team))}
    after = {**wanted, **_as_columns(limits)}
    if before == after:
        return False
    rows: list[Veil | CareRule] = [
        Veil.objects.update_or_create(team=team, kind=kind, defaults=parts)[0]
        for kind, parts in wanted.items()
    ]
    rule, _ = CareRule.objects.update_or_create(team=team, defaults=_as_columns(limits))
    record(
        chain=team_chain(team.pk), verb=Verb.SETTING_CHANGED, who=actor.who_in(team.pk),
        object_type="team", object_id=str(team.pk), rows=[*rows, rule],
        data={"what": "care", "before": before, "after": after},
    )  # fmt: skip
    return True


def _as_columns(limits: breaks.Limits) -> dict[str, int | None]:
    return {"break_minutes": limits.minutes, "break_items": limits.items}
