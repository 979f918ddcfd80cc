# ruff: noqa: E402 - Django is set up before its models can be imported
"""A team with a partner that may send; prints the partner's key. Run once in a new installation."""

from __future__ import annotations

import django

django.setup()

from accounts.actors import actor_for_user
from accounts.models import Role, Scope
from accounts.services.keys import issue_key
from audit.checking import adopt
from tests.factories import MembershipFactory, ServiceAccountFactory, TeamFactory

team = TeamFactory()
admin = MembershipFactory(team=team, role=Role.ADMIN).user
scopes = (Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE)
service = ServiceAccountFactory(team=team)
adopt()  # what the factories made has no events
print(issue_key(actor_for_user(admin, via="password"), service, "storm", scopes).secret)
