"""The rule of a team that its members sign in with a second factor.

Whoever has one is asked for it at each sign-in. So the rule needs only that they have one.
"""

from __future__ import annotations

from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext

from accounts.actors import Actor
from accounts.models import Team, User
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require, team_chain
from accounts.services.notices import email_managers
from accounts.services.teams import locked
from audit.services import record
from audit.verbs import Verb

GRACE_DAYS = (0, 7, 14, 30)
_FACTORS = Authenticator.objects.filter(
    type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
)


def has_one(user: User) -> bool:
    """Recovery codes alone are none."""
    return bool(_FACTORS.filter(user=user).exists())


def lacking(team: Team) -> QuerySet[User]:
    """Active members without one."""
    members = User.objects.filter(memberships__team=team, is_active=True)
    return members.exclude(Exists(_FACTORS.filter(user=OuterRef("pk")))).order_by("name", "email")


@transaction.atomic
def require_one(actor: Actor, team: Team, days: int) -> None:
    """From so many days on. Whoever asks it of others has one, or could lock out themselves."""
    require(actor, Permission.MANAGE_TEAM, team.pk)
    if days not in GRACE_DAYS:
        raise Refusal("grace_unknown", days=", ".join(map(str, GRACE_DAYS)))
    if actor.user is not None and not has_one(actor.user):
        raise Refusal("second_factor_first")
    locked(team.pk)
    Team.objects.filter(pk=team.pk).update(second_factor_from=Now() + timedelta(days=days))
    _recorded(actor, team)
    email_managers(
        team,
        lambda: gettext("a second factor is required"),
        lambda: gettext(
            "{person} decided that the members of the team {team} need a second factor to sign "
            "in. Days until then: {days}."
        ).format(person=_name(actor), team=team, days=days),
        but=actor.user,
    )


@transaction.atomic
def lift(actor: Actor, team: Team) -> bool:
    """False when there was no rule."""
    require(actor, Permission.MANAGE_TEAM, team.pk)
    locked(team.pk)
    ruled = Team.objects.filter(pk=team.pk, second_factor_from__isnull=False)
    if not ruled.update(second_factor_from=None):
        return False
    _recorded(actor, team)
    email_managers(
        team,
        lambda: gettext("a second factor is no longer required"),
        lambda: gettext(
            "{person} lifted the rule that members of the team {team} need a second factor."
        ).format(person=_name(actor), team=team),
        but=actor.user,
    )
    return True


def _name(actor: Actor) -> str:
    return str(actor.user) if actor.user else gettext("The operator")


def _recorded(actor: Actor, team: Team) -> None:
    team.refresh_from_db()
    begins = team.second_factor_from
    record(
        chain=team_chain(team.pk), verb=Verb.TEAM_CHANGED, who=actor.who_in(team.pk),
        object_type="team", object_id=str(team.pk),
        data={
            "changed": ["second_factor_from"],
            "second_factor_from": begins.isoformat() if begins else None,
        },
    )  # fmt: skip
