# ruff: noqa: E402 - Django is set up before its models can be imported
"""A team with a partner that may send; prints the partner's key. Run once in a new installation;
with a number, so many teams."""

from __future__ import annotations

import sys

import django

django.setup()

from accounts.actors import actor_for_user
from accounts.models import Role, Scope
from accounts.services.keys import issue_key
from audit.checking import adopt
from tests.factories import MembershipFactory, ServiceAccountFactory, TeamFactory

scopes = (Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE)
made = []
for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
    team = TeamFactory()
    admin = MembershipFactory(team=team, role=Role.ADMIN).user
    made.append((admin, ServiceAccountFactory(team=team)))
adopt()  # what the factories made has no events
for admin, service in made:
    print(issue_key(actor_for_user(admin, via="password"), service, "storm", scopes).secret)
