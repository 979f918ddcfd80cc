"""The response time does not reveal whether an account exists."""

from __future__ import annotations

import statistics
import time

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache
from django.test import Client

from accounts.models import Guesses
from tests.accounts.conftest import People, log_in
from tests.factories import PASSWORD

ROUNDS = 9
SERVED = {
    name: getattr(Argon2PasswordHasher, name)
    for name in ("time_cost", "memory_cost", "parallelism")
}
"""What Django ships, read before any fixture changes it."""


def seconds(email: str) -> float:
    Guesses.objects.all().delete()
    cache.clear()
    client = Client()
    began = time.process_time()
    log_in(client, email, "wrong password wrong")
    return time.process_time() - began


@pytest.fixture
def slow_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As slow as a server's. The other tests hash quickly (tests/conftest.py)."""
    for name, value in SERVED.items():
        monkeypatch.setattr(Argon2PasswordHasher, name, value)


def test_known_and_unknown_take_the_same_time(slow_hashes: None, people: People) -> None:
    """Processor time, taken in turns: the medians differ by less than half a password hash."""
    people.alice.set_password(PASSWORD)
    people.alice.save()
    seconds("alice@example.org")
    pairs = [(seconds("alice@example.org"), seconds(f"nobody{n}@example.org"))
             for n in range(ROUNDS)]  # fmt: skip
    known, unknown = (statistics.median(side) for side in zip(*pairs, strict=True))
    began = time.process_time()
    people.alice.check_password("wrong password wrong")
    one_hash = time.process_time() - began
    print(f"known {known:.4f} s, unknown {unknown:.4f} s, one hash {one_hash:.4f} s")
    assert abs(known - unknown) < one_hash / 2
