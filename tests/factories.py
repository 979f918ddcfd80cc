"""People and things for tests. Each part adds its own class at the end."""

from __future__ import annotations

from functools import cache

import factory
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password

from accounts.models import Membership, Role, ServiceAccount, Team, User

PASSWORD = "correct horse battery staple"


@cache
def hashed(password: str | None) -> str:
    """Hashing is slow on purpose; tests need it once."""
    return make_password(password)


class UserFactory(factory.django.DjangoModelFactory):
    """Somebody who can log in with PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Sequence(lambda n: f"Person {n}")

    @classmethod
    def _create(cls, model_class, *args, password=PASSWORD, **fields):
        user = model_class(**fields)
        user.password = hashed(password)
        user.save()
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user


class TeamFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    team = factory.SubFactory(TeamFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.MODERATOR


class ServiceAccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ServiceAccount

    team = factory.SubFactory(TeamFactory)
    name = factory.Sequence(lambda n: f"partner {n}")
