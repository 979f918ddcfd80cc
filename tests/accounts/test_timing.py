"""How long the answer takes says nothing about who has an account."""

from __future__ import annotations

import statistics
import time

from django.core.cache import cache
from django.test import Client

from accounts.models import Guesses
from tests.accounts.conftest import People, log_in

ROUNDS = 15


def seconds(email: str) -> float:
    Guesses.objects.all().delete()
    cache.clear()
    client = Client()
    began = time.process_time()
    log_in(client, email, "wrong password wrong")
    return time.process_time() - began


def test_known_and_unknown_take_the_same_time(people: People) -> None:
    """Processor time, taken in turns: the medians differ by less than half a password hash."""
    seconds("alice@example.org")
    pairs = [(seconds("alice@example.org"), seconds(f"nobody{n}@example.org"))
             for n in range(ROUNDS)]  # fmt: skip
    known, unknown = (statistics.median(side) for side in zip(*pairs, strict=True))
    began = time.process_time()
    people.alice.check_password("wrong password wrong")
    one_hash = time.process_time() - began
    print(f"known {known:.4f} s, unknown {unknown:.4f} s, one hash {one_hash:.4f} s")
    assert abs(known - unknown) < one_hash / 2
