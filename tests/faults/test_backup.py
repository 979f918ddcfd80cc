"""A backup is restored into an empty place: counts, media, record, and a person signs in."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from local import postgres
from tests.factories import PASSWORD
from tests.faults.doorway import Doorway
from tests.faults.house import ROOT, House
from tests.faults.inhabit import EMAIL

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
SUBMISSIONS = 5
MEDIA = 2 * SUBMISSIONS - 1
"""Each with a sheet of small pictures; of one a rule has removed the original."""
GLANCE = "FAULTS_GLANCE"


class Site:
    """A house that people worked in, its backups, and a second house to restore into."""

    def __init__(self, folder: Path) -> None:
        self.house, self.folder = House(), folder / "backups"
        self.identity = folder / "identity"
        self.house.build()
        for step in (("submit", str(SUBMISSIONS)), ("work",), ("decide",), ("free",)):
            if step == ("work",):
                worker = self.house.start_worker(
                    "--concurrency", "1", **{GLANCE: "1", "FAULTS_PICTURES": "1"}
                )
                self.house.wait_until_settled(120)
                self.house.end(worker)
            else:
                self.house.python("-m", "tests.faults.inhabit", *step)
        self.house.manage("audit", "adopt")
        self.house.manage("audit", "seal")
        made = self.house.manage("backup", "--new-identity", str(self.identity))
        self.recipient = made.stdout.strip()
        self.output = self.backup()

    def backup(self, *more: str, check: bool = True) -> str:
        done = self.house.manage("backup", str(self.folder), "--to", self.recipient, *more,
                                 check=check)  # fmt: skip
        return done.stdout + done.stderr

    @property
    def names(self) -> list[str]:
        return sorted(one.name for one in self.folder.iterdir() if one.name != "media")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.house.tear_down()


@pytest.fixture(scope="module")
def empty_house() -> Iterator[House]:
    house = House()
    postgres.start(house.pg)
    yield house
    house.tear_down()


@pytest.fixture
def empty(empty_house: House) -> House:
    """A database without tables, and a home without keys and media."""
    for folder in ("keys", "blobs"):
        shutil.rmtree(empty_house.home / folder, ignore_errors=True)
    (empty_house.home / "audit.anchor").unlink(missing_ok=True)
    empty_house.pg.sql(f"drop database {postgres.DATABASE} with (force)")
    postgres.start(empty_house.pg)
    return empty_house


@pytest.fixture
def copied(site: Site, tmp_path: Path) -> Path:
    """A copy of the backups, to spoil."""
    return Path(shutil.copytree(site.folder, tmp_path / "copied"))


def restore(
    empty: House,
    folder: Path,
    identity: Path,
    *more: str,
    check: bool = True,
    anchor_copy: Path | str = "",
) -> subprocess.CompletedProcess[str]:
    owner = {
        **empty.env, "DATABASE_URL": empty.pg.url(postgres.OWNER),
        "AUDIT_ANCHOR_COPIES": str(anchor_copy),
    }  # fmt: skip
    return empty.manage(
        "restore", str(folder), "--identity", str(identity), *more, env=owner, check=check
    )


def stored(house: House) -> dict[str, bytes]:
    files = (house.home / "blobs" / "sha256").rglob("*")
    return {f.name: f.read_bytes() for f in files if f.is_file()}


def nothing_is_in(house: House) -> bool:
    tables = "select count(*) from pg_tables where schemaname in ('public', 'pgmq')"
    keys = house.home / "keys"
    return (
        house.pg.sql(tables, postgres.DATABASE) == "0"
        and not stored(house)
        and not (house.home / "audit.anchor").exists()
        and not [f for f in keys.glob("*") if f.is_file()]
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """One sentence or two, no traceback, and the exit status of a failure."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def signed_in(house: House) -> str:
    """Through the web server: the form, the password, and the page behind it."""
    door = Doorway(house, workers=1)
    door.open()
    try:
        door.wait_until_open()
        browser = requests.Session()
        form = browser.get(f"{door.url}/accounts/login/", timeout=60).text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token
        browser.post(
            f"{door.url}/accounts/login/",
            data={"csrfmiddlewaretoken": token[1], "login": EMAIL, "password": PASSWORD},
            timeout=60,
        )
        return browser.get(f"{door.url}/", timeout=60).text
    finally:
        door.kill()


def test_a_backup_is_restored_into_an_empty_place_and_works(site: Site, empty: House) -> None:
    assert f"{MEDIA} media files are written, 0 were there" in site.output
    for file in site.folder.rglob("*.age"):
        assert file.read_bytes().startswith(b"age-encryption.org/v1")
    output = restore(empty, site.folder, site.identity).stdout
    assert "is restored" in output and "The audit record verifies" in output
    of_work = ("submissions_submission", "review_decision", "review_case", "ml_analysis",
               "accounts_user", "blobs_blob", "ml_thumbnail")  # fmt: skip
    for table in of_work:
        count = f"SELECT count(*) FROM {table}"
        assert empty.one(count) == site.house.one(count) > 0, table
    assert empty.one("SELECT count(*) FROM review_decision") == SUBMISSIONS
    assert stored(empty) == stored(site.house) and len(stored(empty)) == MEDIA
    # What a rule removed is no loss: not to the backup, the restore or whoever reads the store.
    removed = "SELECT count(*) FROM blobs_blob WHERE damage = 'removed'"
    assert empty.one(removed) == site.house.one(removed) == 1
    assert "damaged" not in site.output + output and "gone" not in site.output
    assert "0 damaged" in empty.manage("scrub").stdout
    # As the application's own role: it works, seals on and verifies.
    empty.manage("keys", "check")
    page = signed_in(empty)
    assert "photo 1.png" in page and "Alice" in page
    assert "tampered" not in page.lower()
    empty.manage("audit", "seal")
    assert empty.manage("audit", "verify").returncode == 0
    assert "not empty" in refused(restore(empty, site.folder, site.identity, check=False))
    # The function that alone writes events is nobody's but the application's role's.
    empty.sql("CREATE ROLE stranger LOGIN")
    may = "SELECT has_function_privilege('stranger', 'audit_append(uuid, bytea)', 'EXECUTE')"
    assert empty.one(may) is False


def test_each_backup_is_on_record_with_its_manifest(site: Site) -> None:
    made = site.house.sql("SELECT object_id FROM audit_event WHERE verb = 'backup.made'")
    assert site.names[0] in {name for (name,) in made}


def test_another_identity_opens_nothing(site: Site, empty: House, tmp_path: Path) -> None:
    other = tmp_path / "other"
    site.house.manage("backup", "--new-identity", str(other))
    message = refused(restore(empty, site.folder, other, check=False))
    assert "another identity" in message and "Nothing was restored" in message
    (tmp_path / "none").write_text("no identity")
    assert "no age identity" in refused(restore(empty, site.folder, tmp_path / "none", check=False))
    assert nothing_is_in(empty)


def test_another_secret_key_is_refused_before_anything_is_written(site: Site, empty: House) -> None:
    empty.env["SECRET_KEY"] = "y" * 60
    try:
        message = refused(restore(empty, site.folder, site.identity, check=False))
    finally:
        empty.env["SECRET_KEY"] = site.house.env["SECRET_KEY"]
    assert "SECRET_KEY" in message and nothing_is_in(empty)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("which", "spoil", "says"),
    [
        ("database.dump", cut, "cut or damaged"),
        ("database.dump", flip, "cut or damaged"),
        ("database.dump", Path.unlink, "lacks the file"),
        ("keys.tar", cut, "cut or damaged"),
        ("media", cut, "cut or damaged"),
        ("media", flip, "cut or damaged"),
        ("media", Path.unlink, "lacks 1 of "),
        ("list", cut, "was changed or cut"),
    ],
)
def test_a_spoilt_backup_restores_nothing(
    site: Site, empty: House, copied: Path, which: str, spoil: Callable[[Path], None], says: str
) -> None:
    name = site.names[0]
    file = {
        "media": sorted((copied / "media").rglob("*.age"))[-1],
        "list": copied / name / "media.list",
    }.get(which, copied / name / f"{which}.age")
    spoil(file)
    message = refused(restore(empty, copied, site.identity, "--name", name, check=False))
    assert says in message and "Nothing was restored" in message
    assert nothing_is_in(empty)
    assert says in refused(
        restore(empty, copied, site.identity, "--name", name, "--check", check=False)
    )


def test_a_foreign_media_store_or_key_is_not_overwritten(site: Site, empty: House) -> None:
    foreign = empty.home / "blobs" / "sha256" / "ab" / "cd" / ("abcd" + "0" * 60)
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"somebody's")
    assert "not empty" in refused(restore(empty, site.folder, site.identity, check=False))
    shutil.rmtree(empty.home / "blobs")
    key = empty.home / "keys" / "audit_signing.key"
    key.parent.mkdir(exist_ok=True)
    key.write_text("another key")
    assert "Move it away" in refused(restore(empty, site.folder, site.identity, check=False))
    assert key.read_text() == "another key"
    key.unlink()
    assert nothing_is_in(empty)


def test_a_copy_of_the_anchor_that_outlived_the_site_is_named_before_anything_is_written(
    site: Site, empty: House, tmp_path: Path
) -> None:
    """As after a loss: it knows what came after the backup, and nothing would be sealed beside it.
    One that knows no more is no obstacle."""
    copy = tmp_path / "audit.anchor"
    site.house.manage("audit", "seal")  # at least that a backup was made
    shutil.copy(site.house.home / "audit.anchor", copy)
    said = refused(restore(empty, site.folder, site.identity, check=False, anchor_copy=copy))
    assert str(copy) in said and "a new place" in said and "Nothing was restored" in said
    assert nothing_is_in(empty)
    lines = copy.read_text().splitlines(keepends=True)
    copy.write_text("".join(lines[:-1]))
    assert "verifies" in restore(empty, site.folder, site.identity, anchor_copy=copy).stdout


def test_a_restore_whose_database_step_fails_takes_back_media_and_keys(
    site: Site, empty: House
) -> None:
    """Here the role may create nothing: pg_restore fails at its first statement."""
    done = empty.manage("restore", str(site.folder), "--identity", str(site.identity), check=False)
    assert "pg_restore failed" in refused(done)
    assert nothing_is_in(empty)


def killed_once(command: list[str], env: dict[str, str], when: Callable[[], bool]) -> None:
    """Starts the command and kills it with SIGKILL as soon as `when` holds."""
    running = subprocess.Popen(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=env,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while running.poll() is None and not when():
        time.sleep(0.001)
    assert running.poll() is None, "it ended before it could be killed"
    running.kill()
    running.wait()


def test_a_killed_backup_goes_on_and_was_never_listed(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "again"

    def written() -> int:
        return len(list((folder / "media").rglob("*.age"))) if folder.exists() else 0

    killed_once(
        ["backup", str(folder), "--to", site.recipient], site.house.env, lambda: written() >= 2
    )
    first = written()
    half = folder / "media" / "00" / "left.age.1.part"
    half.parent.mkdir(parents=True, exist_ok=True)
    half.write_bytes(b"half")
    listed = site.house.manage("restore", str(folder), "--list").stdout
    assert "There is no complete backup" in listed
    time.sleep(1.1)  # a name is a second
    output = site.house.manage("backup", str(folder), "--to", site.recipient, "--keep", "1").stdout
    assert f"{MEDIA - first} media files are written, {first} were there" in output
    assert not half.exists() and written() == MEDIA
    assert len([one for one in folder.iterdir() if one.name != "media"]) == 1
    check = ("restore", str(folder), "--identity", str(site.identity), "--check")
    assert "is complete" in site.house.manage(*check).stdout


def test_a_killed_restore_goes_on(site: Site, empty: House) -> None:
    owner = {**empty.env, "DATABASE_URL": empty.pg.url(postgres.OWNER)}
    killed_once(
        ["restore", str(site.folder), "--identity", str(site.identity)], owner,
        lambda: bool(stored(empty)),
    )  # fmt: skip
    assert stored(empty) and not nothing_is_in(empty)
    assert "is restored" in restore(empty, site.folder, site.identity).stdout
    assert stored(empty) == stored(site.house)


def test_old_backups_go_with_the_media_that_only_they_need(site: Site, copied: Path) -> None:
    """The first backup alone needs the bytes that are deleted here; the second does not."""
    stray = copied / "media" / "ff" / ("ff" * 32 + ".age")
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"of an older backup")
    time.sleep(1.1)
    backup = ("backup", str(copied), "--to", site.recipient, "--keep")
    assert "Keep at least 1" in refused(site.house.manage(*backup, "0", check=False))
    assert "1 older backups and 1 media files" in site.house.manage(*backup, "1").stdout
    assert not stray.exists()
    assert len(list((copied / "media").rglob("*.age"))) == MEDIA
