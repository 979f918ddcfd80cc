"""People that a team's identity provider adds, changes and takes away, by SCIM.

What it can reach is its own team. An account that belongs to another team too, or runs the site,
is never closed from here, and nobody's address or name elsewhere is touched. Roles come from
groups alone (`group_roles`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.models import Membership, ProvisionedPerson, Team, User
from accounts.models.user import normalised
from accounts.refusals import Refusal
from accounts.roles import Permission, Role
from accounts.services import group_roles, people, proofs
from accounts.services.chains import require, team_chain
from accounts.services.teams import left, locked, others_remain
from audit.services import record, record_many
from audit.verbs import Verb

HOW = "scim"
LONGEST_NAME = 150


@dataclass(frozen=True)
class PersonData:
    """What the identity provider says of a person."""

    user_name: str
    external_id: str = ""
    email: str = ""
    """Read once, when the person is added; empty: the user name is the address."""
    name: str = ""
    words: dict[str, str] = field(default_factory=dict)
    is_active: bool = True


@transaction.atomic
def add(actor: Actor, team: Team, data: PersonData) -> ProvisionedPerson:
    """The person with a new account, or with the one that has proved the address."""
    require(actor, Permission.PROVISION_MEMBERS, team.pk)
    email = _address(data.email or data.user_name)
    team = locked(team.pk)
    user, is_new = _account(actor, email, data)
    if not is_new:
        _may_be_added(team, user)
    made = ProvisionedPerson(
        team=team, user=user, user_name=data.user_name, external_id=data.external_id,
        words=data.words, is_active=data.is_active, made_account=is_new,
    )  # fmt: skip
    _saved(made)
    _recorded(actor, made, "added", {"account": "new" if is_new else "known"})
    if not data.is_active:
        _ended(actor, made)
    elif not user.is_active:
        people.reopened(user, actor.who_in(team.pk), how=HOW)
    return made


@transaction.atomic
def change(
    actor: Actor, person: ProvisionedPerson, alter: Callable[[ProvisionedPerson], PersonData]
) -> ProvisionedPerson:
    """`alter` gets the person as they are now and says how they shall be; nobody comes between."""
    fresh = _held(actor, person)
    was_active, data = fresh.is_active, alter(fresh)
    before = (fresh.user_name, fresh.external_id, fresh.words)
    fresh.user_name, fresh.external_id = data.user_name, data.external_id
    fresh.words, fresh.is_active = data.words, data.is_active
    if before != (fresh.user_name, fresh.external_id, fresh.words):
        _saved(fresh)
        _named(fresh, data.name)
        _recorded(actor, fresh, "changed")
    if was_active and not data.is_active:
        _deactivated(actor, fresh)
    elif data.is_active and not was_active:
        _activated(actor, fresh)
    return fresh


@transaction.atomic
def remove(actor: Actor, person: ProvisionedPerson) -> None:
    """Like deactivation; the identity provider then knows nothing of the person any more."""
    fresh = _held(actor, person)
    if fresh.is_active:
        _deactivated(actor, fresh)
    fresh.groups.clear()
    ProvisionedPerson.objects.filter(pk=fresh.pk).update(removed_at=Now())
    _recorded(actor, fresh, "removed")


def _held(actor: Actor, person: ProvisionedPerson) -> ProvisionedPerson:
    """As they are now, with the team's row held."""
    require(actor, Permission.PROVISION_MEMBERS, person.team_id)
    team = locked(person.team_id)
    known = ProvisionedPerson.objects.filter(pk=person.pk, removed_at=None)
    fresh = known.select_related("user").first()
    if fresh is None:
        raise Refusal("not_found")
    fresh.team = team
    return fresh


def _address(text: str) -> str:
    email = normalised(text)
    try:
        validate_email(email)
    except ValidationError as error:
        raise Refusal("provisioned_address_missing") from error
    return email


def _account(actor: Actor, email: str, data: PersonData) -> tuple[User, bool]:
    """The identity provider vouches for the address. Nobody can enter the new account but through
    that mailbox or single sign-on: it has no password."""
    known = User.objects.select_for_update().filter(email=email).first()
    if known is not None:
        return known, False
    try:
        with transaction.atomic():
            made = people.new_person(email, name=data.name[:LONGEST_NAME])
    except IntegrityError:  # somebody was faster
        return User.objects.select_for_update().get(email=email), False
    record_many([people.created_event(made, actor.who)])
    return made, True


def _may_be_added(team: Team, user: User) -> None:
    if ProvisionedPerson.objects.filter(team=team, user=user, removed_at=None).exists():
        raise Refusal("provisioned_already")
    closed_by_scim = ProvisionedPerson.objects.filter(user=user, closed_account=True).exists()
    if not proofs.is_proved(user) or not (user.is_active or closed_by_scim):
        raise Refusal("provisioned_not_possible")


def _saved(person: ProvisionedPerson) -> None:
    person.updated_at = Now()
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError as error:
        raise Refusal("provisioned_already") from error
    person.refresh_from_db(fields=["created_at", "updated_at"])


def _named(person: ProvisionedPerson, name: str) -> None:
    """The name on the account follows where the account came from here and is nowhere else."""
    if person.made_account and name and _is_only_here(person):
        User.objects.filter(pk=person.user_id).update(name=name[:LONGEST_NAME])


def _deactivated(actor: Actor, person: ProvisionedPerson) -> None:
    ProvisionedPerson.objects.filter(pk=person.pk).update(is_active=False, updated_at=Now())
    person.is_active = False
    _recorded(actor, person, "deactivated")
    _ended(actor, person)


def _ended(actor: Actor, person: ProvisionedPerson) -> None:
    """Their place in the team ends; and the account, if it has no other."""
    who, user, team = actor.who_in(person.team_id), person.user, person.team
    membership = Membership.objects.select_for_update().filter(team=team, user=user).first()
    if membership is not None:
        others_remain(team, user, Role(membership.role), None)
        left(membership, who, {"left": False, "how": HOW})
    # Whoever is joining another team at this moment holds a lock on the account's row.
    fresh = User.objects.select_for_update().get(pk=user.pk)
    if fresh.is_active and not fresh.is_superuser and _is_only_here(person):
        people.closed(fresh, who, how=HOW)
        ProvisionedPerson.objects.filter(pk=person.pk).update(closed_account=True)


def _activated(actor: Actor, person: ProvisionedPerson) -> None:
    user = User.objects.select_for_update().get(pk=person.user_id)
    if not user.is_active:
        if not ProvisionedPerson.objects.filter(user=user, closed_account=True).exists():
            raise Refusal("provisioned_not_possible")
        people.reopened(user, actor.who_in(person.team_id), how=HOW)
    ProvisionedPerson.objects.filter(pk=person.pk).update(is_active=True, updated_at=Now())
    _recorded(actor, person, "activated")
    group_roles.apply_provisioned(person, actor.who_in(person.team_id))


def _is_only_here(person: ProvisionedPerson) -> bool:
    """No other team counts on this account."""
    elsewhere = Membership.objects.filter(user=person.user_id).exclude(team=person.team_id)
    known = ProvisionedPerson.objects.filter(user=person.user_id, is_active=True)
    return not elsewhere.exists() and not known.exclude(team=person.team_id).exists()


def _recorded(
    actor: Actor, person: ProvisionedPerson, what: str, more: dict[str, str] | None = None
) -> None:
    record(
        chain=team_chain(person.team_id), verb=Verb.MEMBER_PROVISIONED,
        who=actor.who_in(person.team_id), object_type="user", object_id=str(person.user_id),
        data={"what": what, **(more or {})},
    )  # fmt: skip
