"""Each part of a site that cannot work turns readiness red by name, and green again after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import override_settings

from audit import fingerprints
from audit.sealer import seal
from audit.services import record, site_chain
from audit.verbs import Verb
from audit.who import SYSTEM
from jobs import liveness
from jobs.models import WorkerHeartbeat
from operations import health

pytestmark = pytest.mark.django_db


def parts(client: Client) -> dict[str, bool]:
    answer = client.get("/ready")
    body = answer.json()
    assert answer.status_code == (200 if body["ready"] else 503)
    assert body["ready"] == all(part["ok"] for part in body["parts"].values())
    return {name: part["ok"] for name, part in body["parts"].items()}


@pytest.fixture
def well(own_home: Path) -> None:
    fingerprints.init()
    liveness.record_heartbeat("w", "beat", reconcile=True)
    (own_home / "blobs" / "sha256").mkdir(parents=True)


def test_live_asks_nothing(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert client.get("/live").status_code == 200


def test_a_site_that_works_is_ready(client: Client, well: None) -> None:
    assert set(parts(client).values()) == {True}


def test_a_probe_by_a_pods_address_over_plain_http_is_answered(client: Client, well: None) -> None:
    with override_settings(ALLOWED_HOSTS=["touchstone.example"], SECURE_SSL_REDIRECT=True):
        for path in ("/live", "/ready"):
            assert client.get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200
        assert client.get("/accounts/login/", headers={"host": "10.0.0.7"}).status_code == 400


@contextmanager
def _store_not_writable(home: Path) -> Iterator[None]:
    (home / "blobs").rename(home / "aside")
    (home / "blobs").write_text("not a folder")
    yield
    (home / "blobs").unlink()
    (home / "aside").rename(home / "blobs")


@contextmanager
def _key_gone(home: Path) -> Iterator[None]:
    with override_settings(AUDIT_MAKE_KEYS=False):
        (home / "keys" / "audit_signing.key").rename(home / "aside.key")
        yield
        (home / "aside.key").rename(home / "keys" / "audit_signing.key")


@contextmanager
def _another_key(home: Path) -> Iterator[None]:
    file = home / "keys" / "audit_subjects.key"
    right = file.read_text()
    file.write_text("ab" * 32)
    yield
    file.write_text(right)


@contextmanager
def _another_secret(home: Path) -> Iterator[None]:
    with override_settings(SECRET_KEY="y" * 60):
        yield


@contextmanager
def _no_worker(home: Path) -> Iterator[None]:
    liveness.gone("w")
    yield
    liveness.record_heartbeat("w", "beat", reconcile=True)


@contextmanager
def _worker_deaf(home: Path) -> Iterator[None]:
    table = WorkerHeartbeat._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET reconciled_at = now() - interval '61 seconds'")
    yield
    liveness.record_heartbeat("w", "beat", reconcile=True)


@contextmanager
def _migration_missing(home: Path) -> Iterator[None]:
    last = MigrationRecorder.Migration.objects.filter(app="jobs").latest("id")
    MigrationRecorder.Migration.objects.filter(pk=last.pk).delete()
    yield
    last.save(force_insert=True)


@contextmanager
def _database_away(home: Path) -> Iterator[None]:
    right = health.PARTS["database"]

    def refused() -> str:
        import psycopg

        psycopg.connect("host=/nowhere dbname=x")  # a real refusal, of a server that is not there
        return ""

    health.PARTS["database"] = refused
    yield
    health.PARTS["database"] = right


FAULTS = {
    "store": _store_not_writable,
    "keys": _key_gone,
    "keys: subject": _another_key,
    "keys: secret": _another_secret,
    "workers": _no_worker,
    "workers: deaf": _worker_deaf,
    "migrations": _migration_missing,
    "database": _database_away,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_turns_its_part_red_and_green_again(
    client: Client, well: None, own_home: Path, fault: str
) -> None:
    part = fault.partition(":")[0]
    with FAULTS[fault](own_home):
        found = parts(client)
        assert {name for name, ok in found.items() if not ok} == {part}
    assert set(parts(client).values()) == {True}


def test_events_that_wait_for_their_seal_are_told(
    client: Client, well: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "SEAL_LAG_SECONDS", -1.0)
    record(
        chain=site_chain("x"), verb=Verb.USER_CREATED, who=SYSTEM, object_type="x", object_id="1"
    )
    assert health.seal_lag() > 0
    assert not parts(client)["sealing"]
    monkeypatch.setattr(health, "SEAL_LAG_SECONDS", 0.0)
    seal()
    assert parts(client)["sealing"]


def test_a_web_server_is_ready_without_a_worker(client: Client, well: None) -> None:
    liveness.gone("w")
    assert client.get("/ready?only=web").status_code == 200


def test_readiness_names_no_host_path_or_bucket(client: Client, well: None, own_home: Path) -> None:
    with _store_not_writable(own_home), _key_gone(own_home):
        text = client.get("/ready").content.decode()
    assert str(own_home) not in text and "/" not in text.replace("</", "")
