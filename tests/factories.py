"""People and things for tests. Each part adds its own class at the end."""

from __future__ import annotations

from functools import cache
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from factory.declarations import Sequence, SubFactory
from factory.django import DjangoModelFactory

from accounts.models import Membership, Role, ServiceAccount, Team, User

PASSWORD = "correct horse battery staple"


@cache
def hashed(password: str | None) -> str:
    """Hashing is slow on purpose; tests need it once."""
    return make_password(password)


class Users(DjangoModelFactory[User]):
    """Somebody who can log in with PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = Sequence(lambda n: f"person{n}@example.org")
    name = Sequence(lambda n: f"Person {n}")

    @classmethod
    def _create(
        cls, model_class: type[User], *args: Any, password: str | None = PASSWORD, **fields: Any
    ) -> User:
        user = model_class(**fields)
        user.password = hashed(password)
        user.save()
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user


class Teams(DjangoModelFactory[Team]):
    class Meta:
        model = Team

    name = Sequence(lambda n: f"Team {n}")


class Memberships(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    team = SubFactory(Teams)
    user = SubFactory(Users)
    role = Role.MODERATOR


class ServiceAccounts(DjangoModelFactory[ServiceAccount]):
    class Meta:
        model = ServiceAccount

    team = SubFactory(Teams)
    name = Sequence(lambda n: f"partner {n}")


# A factory's own call is `create` too, but only `create` says what it makes.
UserFactory = Users.create
TeamFactory = Teams.create
MembershipFactory = Memberships.create
ServiceAccountFactory = ServiceAccounts.create
