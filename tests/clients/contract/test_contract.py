"""Every caller meets the same contract, and tells the same of it.

The callers are the Python client, synchronous and not, the face of the TypeScript client, and the
operations that are generated from the schema. The cases are in `sending.py`, `refusals.py`,
`following.py` and `repeats.py`. A fixture starts one server, and each driver once.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import override_settings
from django.utils import translation

from tests.clients.contract import following, refusals, repeats, sending  # noqa: F401 - their cases
from tests.clients.contract.driven import CALLERS, TYPESCRIPT, Driver, Drivers, drivers, why_not
from tests.clients.contract.scenes import CASES, Case, Scene
from tests.conftest import live_in, settings_at
from tests.partners.served import served

RESULTS: dict[str, tuple[str, Any]] = {}
"""By case: the first caller, and what it observed."""
MATRIX = [
    pytest.param(case, caller, id=f"{case.name}-{caller}",
                 marks=[pytest.mark.slow] if case.slow else [])
    for case in CASES
    for caller in CALLERS
    if caller not in case.without
]  # fmt: skip


@pytest.fixture(scope="module")
def house(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """The address of a server and its home. Each case has a team of its own, so that all of them
    share the server; their rows are committed, and go with the file."""
    home = tmp_path_factory.mktemp("served")
    at_home = override_settings(**settings_at(home))
    with django_db_blocker.unblock(), at_home, translation.override("en"):
        try:
            with served(home) as port:
                yield f"http://127.0.0.1:{port}", home
        finally:
            call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(scope="module")
def started() -> Iterator[Drivers]:
    with drivers() as found:
        yield found


@pytest.fixture(autouse=True)
def db(house: tuple[str, Path]) -> None:
    """In place of pytest-django's: what a case writes is committed, for the server to read."""


@pytest.fixture(autouse=True)
def own_home(settings: Any, house: tuple[str, Path]) -> Path:
    """This process works where the server does."""
    live_in(settings, house[1])
    return house[1]


@pytest.fixture
def driver(caller: str, started: Drivers) -> Driver:
    if reason := why_not(caller):
        pytest.skip(reason)
    return started.of(caller)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("case", "caller"), MATRIX)
def test_each_caller_meets_the_contract(
    case: Case, caller: str, house: tuple[str, Path], driver: Driver
) -> None:
    seen = json.loads(json.dumps(case.play(Scene(house[0], caller, driver))))
    first, expected = RESULTS.setdefault(case.name, (caller, seen))
    assert seen == expected, f"{caller} and {first} differ: {case.promise}"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_generated_operations_fit_the_schema() -> None:
    """The compiler compares each address, field and answer that the caller uses."""
    if reason := why_not("generated"):
        pytest.skip(reason)
    done = subprocess.run(
        ["npx", "tsc", "-p", "contract"], cwd=TYPESCRIPT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
