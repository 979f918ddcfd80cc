"""What every test uses: its own home folder, its own database, and English."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import transaction
from django.test import override_settings
from django.utils import translation
from threadpoolctl import threadpool_limits
from whitenoise.middleware import WhiteNoiseMiddleware

from tests import joined_updates
from tests.database import migrated
from tests.emptying import only_what_is_filled
from tests.in_flight import InFlight

gc.disable()  # until the tests are collected
# As in a worker (manage.py). NumPy is loaded already; SciPy's own library and children are not.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
threadpool_limits(1, user_api="blas")
OWN_FOLDERS = ("browser", "faults")
"""`make test` runs what is marked so from the folder of that name, and from nowhere else."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in OWN_FOLDERS:
            if item.get_closest_marker(name) and name not in item.path.parts:
                raise pytest.UsageError(f"{item.nodeid} belongs into tests/{name}")
    largest_files_first(items)


def largest_files_first(items: list[pytest.Item]) -> None:
    """Workers take file by file (`--dist loadfile --no-loadscope-reorder`). Files with slow tests
    come first, and of the others those with most tests, so that no worker is left with a long one
    at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path not in slow, -tests[item.path], item.path))


def pytest_collection_finish() -> None:
    """The collected tests live as long as the process. The garbage collector need not walk through
    them again and again, nor look for garbage while all tests are imported."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Each process copies a migrated database instead of running all migrations itself."""
    database = django_settings.DATABASES["default"]
    database["TEST"]["TEMPLATE"] = migrated(database)


@pytest.fixture(scope="session", autouse=True)
def only_filled_tables_are_emptied() -> Iterator[None]:
    with only_what_is_filled():
        yield


@pytest.fixture(scope="session", autouse=True)
def no_update_goes_through_a_join() -> Iterator[None]:
    with joined_updates.refused():
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files_are_listed_once() -> Iterator[None]:
    """Each test client makes its own middleware. WhiteNoise would list all static files for each,
    and that took longer than most tests' requests."""
    listed: dict[tuple[str, ...], dict[str, Any]] = {}

    def once(listing: Callable[..., None]) -> Callable[..., None]:
        def list_files(self: WhiteNoiseMiddleware, *where: str) -> None:
            if where not in listed:
                before, self.files = self.files, {}
                listing(self, *where)
                listed[where], self.files = self.files, before
            self.files.update(listed[where])

        return list_files

    with pytest.MonkeyPatch.context() as patch:
        for name in ("update_files_dictionary", "add_files_from_finders"):
            listing = getattr(WhiteNoiseMiddleware, name)
            patch.setattr(WhiteNoiseMiddleware, name, once(listing))
        yield


@pytest.fixture(scope="session", autouse=True)
def hashing_is_quick() -> Iterator[None]:
    """A password's hash is slow on purpose. Tests use the same algorithm in its smallest form, but
    for tests/accounts/test_timing.py."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"time_cost": 1, "memory_cost": 8, "parallelism": 1}.items():
            patch.setattr(Argon2PasswordHasher, name, value)
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_waits_for_the_disk() -> Iterator[None]:
    """What a test stores need not outlive a loss of power, as little as the rows on the tests'
    server. Killed processes lose nothing by it: what they wrote is in the system's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(scope="module")
def shared_home(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The home of what a whole file shares. A fixture of that file makes the rows once. Each test
    starts from them, and its own changes are rolled back; all rows go with the file."""
    home = tmp_path_factory.mktemp("shared")
    at_home = override_settings(**settings_at(home))
    with django_db_blocker.unblock(), at_home, translation.override("en"), transaction.atomic():
        yield home
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def own_home(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Path:
    """Keys, anchors and blobs of a test stay in the test's own folder."""
    shared = "shared_home" in request.fixturenames
    home: Path = request.getfixturevalue("shared_home") if shared else tmp_path
    live_in(settings, home)
    return home


def live_in(settings: Any, home: Path) -> None:
    for name, value in settings_at(home).items():
        setattr(settings, name, value)


def settings_at(home: Path) -> dict[str, Any]:
    return {
        "HOME": home,
        "ERASURE_DELAY_SECONDS": 0,
        "DECISION_GRACE_SECONDS": 0,  # tests/review/test_grace.py gives teams their time
        "UPLOAD_SPOOL_DIR": str(home / "spool"),
        "REPORT_SIGNING_KEY_FILE": home / "keys" / "report_signing.key",
        "AUDIT_SIGNING_KEY_FILE": home / "keys" / "audit_signing.key",
        "AUDIT_SUBJECT_KEY_FILE": home / "keys" / "audit_subjects.key",
        "AUDIT_ANCHOR_FILE": home / "audit.anchor",
        "AUDIT_ANCHOR_COPIES": [],
        "STORAGES": {
            **django_settings.STORAGES,
            "blobs": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": str(home / "blobs")},
            },
        },
    }


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """The test client leaves its last page's language behind, in this very thread."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def in_flight() -> InFlight:
    return InFlight()


@pytest.fixture(autouse=True)
def no_table_is_emptied_under_a_request(
    request: pytest.FixtureRequest, in_flight: InFlight, _live_server_helper: None
) -> Iterator[None]:
    """Between a test's end and the flush of its tables, the live server finishes its answers. Nor
    do settings change under them: what a test has set is taken back after this."""
    if "settings" in request.fixturenames:
        request.getfixturevalue("settings")
    yield
    if "live_server" in request.fixturenames:
        assert in_flight.ended(20), "The live server still answers a request of this test."
