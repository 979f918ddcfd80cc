"""Prepared queries return the same as Django's own, for every user."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db.models import UUIDField

from accounts.actors import Actor
from accounts.models import Membership, Role, ServiceAccount, Team
from accounts.prepared import MOST_TEAMS, Prepared, any_of
from accounts.roles import Permission
from audit.who import NOBODY
from tests.accounts.conftest import People
from tests.factories import MembershipFactory, ServiceAccountFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_each_actor_gets_their_own_teams(people: People) -> None:
    """The same statement with other values: nobody is given what was asked for by another."""
    prepared = Prepared(
        lambda actor, permission: (
            Membership.objects.filter(team__in=actor.team_ids(permission))
            .order_by("user__name")
            .values_list("user__name", flat=True)
        )
    )
    for _ in range(2):
        assert prepared(people.actor(people.alice), Permission.VIEW_SUBMISSIONS) == ["Alice", "Bob"]
        assert prepared(people.actor(people.charlie), Permission.VIEW_SUBMISSIONS) == ["Charlie"]
    MembershipFactory(team=people.other_team, user=people.alice, role=Role.VIEWER)
    assert len(prepared(people.actor(people.alice), Permission.VIEW_SUBMISSIONS)) == 4
    assert prepared(people.actor(UserFactory()), Permission.VIEW_SUBMISSIONS) == []


def test_it_is_put_together_once(people: People) -> None:
    calls: list[Any] = []

    def build(_: object, pk: Any) -> Any:
        calls.append(pk)
        return Team.objects.filter(pk=pk).values("name")

    prepared = Prepared(build)
    assert [prepared(None, pk=team.pk) for team in (people.team, people.other_team)] == [
        [{"name": "Newsroom"}], [{"name": "Elsewhere"}],
    ]  # fmt: skip
    assert len(calls) == 1 and calls[0] not in (people.team.pk, people.other_team.pk)
    assert prepared(None, pk=uuid4()) == []


def test_models_come_with_what_was_selected_with_them(
    people: People, django_assert_num_queries: Any
) -> None:
    """Of a model, related ones and deferred fields included, and of lists of any length."""
    prepared = Prepared(
        lambda _, ids: (
            Membership.objects.filter(any_of("team_id", ids, UUIDField))
            .select_related("user", "team")
            .order_by("user__name")
            .only("role", "user__name", "team__name")
        )
    )
    for ids in ([people.team.pk], [people.team.pk, people.other_team.pk], [uuid4()]):
        with django_assert_num_queries(1):
            rows = [(one.user.name, one.team.name, one.role) for one in prepared(None, ids=ids)]
        plain = Membership.objects.filter(team__in=ids).order_by("user__name")
        assert rows == [(one.user.name, one.team.name, one.role) for one in plain]


def test_a_value_that_is_not_asked_for_is_a_mistake(people: People) -> None:
    """It would stay what it was for the first who asked."""
    prepared = Prepared(lambda _, pk, also: Team.objects.filter(pk=pk).values("name"))
    with pytest.raises(ValueError, match="also"):
        prepared(None, pk=people.team.pk, also=uuid4())


def test_whoever_has_many_teams_asks_as_django_does(people: People) -> None:
    prepared = Prepared(
        lambda actor, permission: Team.objects.filter(pk__in=actor.team_ids(permission))
    )
    for _ in range(MOST_TEAMS):
        MembershipFactory(team=TeamFactory(), user=people.bob)
    assert len(prepared(people.actor(people.bob), Permission.VIEW_SUBMISSIONS)) == MOST_TEAMS + 1
    assert not prepared._kept


def test_what_one_may_do_is_in_no_shared_statement(people: People) -> None:
    """The first who asks would decide for the others."""
    prepared = Prepared(
        lambda actor, permission: (
            Team.objects.all() if actor.can(permission, people.team.pk) else Team.objects.none()
        )
    )
    with pytest.raises(TypeError, match="may do"):
        prepared(people.actor(people.alice), Permission.VIEW_SUBMISSIONS)


def test_each_service_account_gets_its_own(people: People) -> None:
    """Its key is exchanged like a person's."""
    prepared = Prepared(
        lambda actor, _: ServiceAccount.objects.filter(pk=actor.service.pk).values("name")
    )
    for service in [ServiceAccountFactory(team=people.team) for _ in range(2)]:
        actor = Actor(who=NOBODY, service=service, teams={people.team.pk: Role.VIEWER})
        assert prepared(actor, Permission.VIEW_SUBMISSIONS) == [{"name": service.name}]
