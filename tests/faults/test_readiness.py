"""Ten parts of a site that works are broken in turn: `/ready` names each within 60 s, and is green
again once it is mended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
import requests

from local import postgres
from tests.faults.doorway import Doorway
from tests.faults.house import House
from tests.faults.test_worker import order

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]
WITHIN_SECONDS = 60.0


@contextmanager
def database_stopped(house: House) -> Iterator[None]:
    postgres.stop(house.pg, "immediate")
    yield
    postgres.start(house.pg)


@contextmanager
def migration_missing(house: House) -> Iterator[None]:
    last = "FROM django_migrations WHERE app = 'jobs' ORDER BY id DESC LIMIT 1"
    house.sql(f"CREATE TABLE aside AS SELECT * {last}")
    house.sql("DELETE FROM django_migrations WHERE id = (SELECT id FROM aside)")
    yield
    house.sql("INSERT INTO django_migrations SELECT * FROM aside; DROP TABLE aside")


@contextmanager
def store_not_a_folder(house: House) -> Iterator[None]:
    blobs, aside = house.home / "blobs", house.home / "aside"
    blobs.rename(aside)
    blobs.write_text("")
    yield
    blobs.unlink()
    aside.rename(blobs)


@contextmanager
def store_not_mounted(house: House) -> Iterator[None]:
    blobs, aside = house.home / "blobs", house.home / "aside"
    blobs.rename(aside)
    blobs.mkdir()
    yield
    for left in sorted(blobs.rglob("*"), reverse=True):
        left.rmdir() if left.is_dir() else left.unlink()
    blobs.rmdir()
    aside.rename(blobs)


@contextmanager
def signing_key_gone(house: House) -> Iterator[None]:
    key, aside = house.home / "keys" / "audit_signing.key", house.home / "aside.key"
    key.rename(aside)
    yield
    aside.rename(key)


@contextmanager
def subject_key_of_another_site(house: House) -> Iterator[None]:
    key = house.home / "keys" / "audit_subjects.key"
    right = key.read_text()
    key.write_text("ab" * 32)
    yield
    key.write_text(right)


@contextmanager
def secret_key_changed_elsewhere(house: House) -> Iterator[None]:
    change = "UPDATE audit_keyfingerprint SET fingerprint = %s WHERE kind = 'secret' AND current"
    right = house.one(
        "SELECT fingerprint FROM audit_keyfingerprint WHERE kind = 'secret' AND current"
    )
    house.sql(change, "0" * 64)
    yield
    house.sql(change, right)


@contextmanager
def worker_killed(house: House) -> Iterator[None]:
    for worker in house.workers:
        house.end(worker, signal.SIGKILL)
    house.workers.clear()
    yield
    house.start_worker("--concurrency", "1")


@contextmanager
def worker_frozen(house: House) -> Iterator[None]:
    frozen = [p.pid for worker in house.workers for p in house.tree(worker)]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def seals_refused(house: House) -> Iterator[None]:
    house.sql(f"REVOKE INSERT ON audit_leaf FROM {postgres.APP}")
    house.dismiss_the_clerk()  # whose connection ended with the database
    house.take_in([order(99)])  # its events wait
    yield
    house.sql(f"GRANT INSERT ON audit_leaf TO {postgres.APP}")


FAULTS = {
    "database": (database_stopped,),
    "migrations": (migration_missing,),
    "store": (store_not_a_folder, store_not_mounted),
    "keys": (signing_key_gone, subject_key_of_another_site, secret_key_changed_elsewhere),
    "workers": (worker_killed, worker_frozen),
    "sealing": (seals_refused,),
}


def broken(door: Doorway) -> set[str]:
    answer = requests.get(f"{door.url}/ready", timeout=30)
    parts = answer.json()["parts"]
    red = {name for name, part in parts.items() if not part["ok"]}
    assert answer.status_code == (503 if red else 200)
    return red


def _is_red(door: Doorway, part: str) -> bool:
    return part in broken(door)


def seconds_until(true: Callable[[], bool], most: float) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < most
        time.sleep(0.5)
    return time.monotonic() - began


def test_each_of_ten_faults_turns_readiness_red_within_a_minute_and_green_again(
    house: House,
) -> None:
    house.manage("keys", "init")  # a cleared house has forgotten its keys
    house.take_in([order(0)])  # something lies in the store
    house.start_worker("--concurrency", "1")
    door = Doorway(house, 1)
    door.open()
    try:
        door.wait_until_open(120)
        seconds_until(lambda: not broken(door), 120)
        for part, faults in FAULTS.items():
            for fault in faults:
                with fault(house):
                    red = seconds_until(partial(_is_red, door, part), WITHIN_SECONDS)
                green = seconds_until(lambda: not broken(door), 2 * WITHIN_SECONDS)
                print(f"{fault.__name__:32} red after {red:4.0f} s, green after {green:4.0f} s")
    finally:
        door.kill()
