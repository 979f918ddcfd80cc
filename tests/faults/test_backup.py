"""A backup is restored into an empty place: counts, media, record, and a person signs in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import postgres
from tests.faults.house import House
from tests.faults.test_worker import order

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
PASSWORD = "a long word of four parts"
SIGN_IN = f"""
import django; django.setup()
from django.test import Client
from django.conf import settings
settings.ALLOWED_HOSTS = ["*"]; settings.SECURE_SSL_REDIRECT = False
answer = Client().post("/accounts/login/", dict(login="a@localhost", password={PASSWORD!r}))
print("SIGNED IN", answer.status_code, answer.get("Location"))
"""


@pytest.fixture
def empty() -> Iterator[House]:
    house = House()
    postgres.start(house.pg)
    yield house
    house.tear_down()


def test_a_backup_is_restored_into_an_empty_place_and_works(
    house: House, empty: House, tmp_path: Path
) -> None:
    house.manage("create_admin", "--email", "a@localhost", "--password-stdin",
                 stdin=PASSWORD + "\n")  # fmt: skip
    house.take_in([order(n) for n in range(3)])
    house.start_worker("--concurrency", "1")
    house.wait_until_settled(120)
    house.manage("audit", "seal")
    identity, folder = tmp_path / "identity", tmp_path / "backups"
    to = house.manage("backup", "--new-identity", str(identity)).stdout.strip()
    first = house.manage("backup", str(folder), "--to", to).stdout
    again = house.manage("backup", str(folder), "--to", to).stdout
    assert "3 media files are written, 0 were there" in first
    assert "0 media files are written, 3 were there" in again
    for file in folder.rglob("*.age"):
        assert file.read_bytes().startswith(b"age-encryption.org/v1")

    owner = {**empty.env, "DATABASE_URL": empty.pg.url(postgres.OWNER)}
    other = empty.manage("backup", "--new-identity", str(tmp_path / "other")) and tmp_path / "other"
    restore = ("restore", str(folder), "--identity")
    refused = empty.manage(*restore, str(other), env=owner, check=False)
    assert refused.returncode and "cannot be decrypted" in refused.stderr
    done = empty.manage(*restore, str(identity), env=owner).stdout
    assert "is restored" in done and "verifies" in done
    for table in ("ml_analysis", "audit_event", "accounts_user", "blobs_blob"):
        assert empty.one(f"SELECT count(*) FROM {table}") == house.one(
            f"SELECT count(*) FROM {table}"
        )
    stored = {f.name: f.read_bytes() for f in (house.home / "blobs" / "sha256").rglob("*")
              if f.is_file()}  # fmt: skip
    back = {f.name: f.read_bytes() for f in (empty.home / "blobs" / "sha256").rglob("*")
            if f.is_file()}  # fmt: skip
    assert back == stored and len(back) == 3
    # As the application's own role: it signs people in, works, and seals on.
    assert "SIGNED IN 302" in empty.python("-c", SIGN_IN).stdout
    empty.manage("keys", "check")
    empty.manage("audit", "seal")
    empty.manage("audit", "verify")
    twice = empty.manage(*restore, str(identity), env=owner, check=False)
    assert twice.returncode and "not empty" in twice.stderr
    shutil.rmtree(folder)
