"""What a case of the contract has: a caller, a server, and a team of its own on it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from accounts.models import ApiKey, Role, Scope
from accounts.services.keys import Issued, issue_key
from tests.clients.contract.driven import Client, Driver
from tests.factories import ServiceAccountFactory, TeamFactory
from tests.people import Person, member

WITHOUT_REPEATS = frozenset({"generated"})
"""Callers that tell at once what is refused for the moment."""


@dataclass
class Scene:
    url: str
    caller: str
    driver: Driver

    def __post_init__(self) -> None:
        self.team = TeamFactory()
        self.alice = member(self.team, Role.MODERATOR)
        self.service = ServiceAccountFactory(team=self.team)

    @cached_property
    def admin(self) -> Person:
        return member(self.team, Role.ADMIN)

    @cached_property
    def issued(self) -> Issued:
        return self.issue()

    @property
    def key(self) -> ApiKey:
        return self.issued.key

    @cached_property
    def client(self) -> Client:
        return self.at(self.url, self.issued.secret)

    @cached_property
    def test_client(self) -> Client:
        """Its key gets canned results: the file's name selects them."""
        return self.at(self.url, self.issue(test=True).secret)

    def issue(self, scopes: Collection[Scope] = tuple(Scope), **more: Any) -> Issued:
        return issue_key(self.admin.actor, self.service, "client", scopes, **more)

    def at(self, url: str, key: str, **options: Any) -> Client:
        return Client(self.caller, self.driver, url, key, options)

    @property
    def repeats(self) -> bool:
        return self.caller not in WITHOUT_REPEATS


@dataclass(frozen=True)
class Case:
    promise: str
    play: Callable[[Scene], Any]
    """Asserts what must be observed. What it returns must be the same for every caller."""
    without: frozenset[str]
    slow: bool

    @property
    def name(self) -> str:
        return self.play.__name__


CASES: list[Case] = []


def case(
    promise: str, *, without: Collection[str] = (), slow: bool = False
) -> Callable[[Callable[[Scene], Any]], Callable[[Scene], Any]]:
    """Adds a case to the contract. `without`: callers that do not offer it."""

    def added(play: Callable[[Scene], Any]) -> Callable[[Scene], Any]:
        CASES.append(Case(promise, play, frozenset(without), slow))
        return play

    return added
