"""Many writers at once: no fork, nothing left unsealed, no false alarm."""

from __future__ import annotations

import random
import threading
import uuid
from collections import Counter

import pytest
from django.db import connection, transaction

from audit.checking import verify_database
from audit.models import ChainHead, Event, Leaf
from audit.sealer import seal
from audit.services import Entry, record_many
from audit.verbs import Verb
from audit.who import SYSTEM
from tests.audit.helpers import note

WRITERS, ROUNDS = 16, 40
CHAINS = [uuid.UUID(int=number) for number in range(1, 6)]


class Rollback(Exception):
    pass


def run(*targets: object) -> None:
    threads = [threading.Thread(target=target) for target in targets]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_writers_and_sealers_at_once() -> None:
    """16 writers on 5 chains, one transaction in five rolled back, two sealers all the while."""
    committed: Counter[uuid.UUID] = Counter()
    lock, done = threading.Lock(), threading.Event()
    trouble: list[BaseException] = []

    def write(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(ROUNDS):
                chains = chance.sample(CHAINS, k=chance.choice([1, 1, 2, 3]))
                try:
                    with transaction.atomic():
                        record_many(
                            Entry(chain=chain, verb=Verb.MEDIA_VIEWED, who=SYSTEM,
                                  object_type="thing", object_id=str(seed))
                            for chain in chains
                        )  # fmt: skip
                        if chance.random() < 0.2:
                            raise Rollback
                except Rollback:
                    continue
                with lock:
                    committed.update(chains)
        except BaseException as problem:
            trouble.append(problem)
        finally:
            connection.close()

    def keep_sealing() -> None:
        try:
            while not done.is_set():
                seal()
        except BaseException as problem:
            trouble.append(problem)
        finally:
            connection.close()

    sealers = [threading.Thread(target=keep_sealing) for _ in range(2)]
    for sealer in sealers:
        sealer.start()
    run(*[lambda seed=seed: write(seed) for seed in range(WRITERS)])
    done.set()
    for sealer in sealers:
        sealer.join()
    seal()

    assert trouble == []
    assert Event.objects.count() == Leaf.objects.count() == committed.total() > 500
    assert {head.chain: head.seq for head in ChainHead.objects.all()} == committed
    report = verify_database([], None)
    assert report.ok, report.as_text()
    assert report.events == report.sealed == committed.total()


@pytest.mark.django_db(transaction=True)
def test_a_chain_opened_by_many_at_once_does_not_fork() -> None:
    """Sixteen first events of the same new chain are numbered 1 to 16, even if some roll back."""
    chain, start = uuid.uuid4(), threading.Barrier(WRITERS)

    def write(number: int) -> None:
        start.wait()
        try:
            with transaction.atomic():
                note(chain)
                if number % 4 == 0:
                    raise Rollback
        except Rollback:
            pass
        finally:
            connection.close()

    run(*[lambda number=number: write(number) for number in range(WRITERS)])
    numbers = Event.objects.filter(chain=chain).order_by("seq").values_list("seq", flat=True)
    assert list(numbers) == list(range(1, 13))
    seal()
    assert verify_database([], None).ok
