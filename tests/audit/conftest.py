from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import override_settings

from audit.sealer import seal
from tests.audit.helpers import APP
from tests.audit.house import House, at_work
from tests.conftest import live_in, settings_at


@pytest.fixture(scope="module")
def built(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[House, Path]]:
    """At work, all of it sealed, with the rights of a real server; taken down after this file."""
    home = tmp_path_factory.mktemp("house")
    with django_db_blocker.unblock(), transaction.atomic():
        as_on_a_server()
        with override_settings(**settings_at(home)):
            house = at_work()
            seal()
        yield house, home
        transaction.set_rollback(True)


def as_on_a_server() -> None:
    """The application's role with its rights, which tables of a test's owner do not give it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP])
        if not cursor.fetchone():
            cursor.execute(f"CREATE ROLE {APP}")
        cursor.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP}"
        )
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP}")
        cursor.execute(f"GRANT TEMP ON DATABASE {connection.settings_dict['NAME']} TO {APP}")
        for name in ("0002_append_only", "0003_rows_on_record", "0005_erasure"):
            cursor.execute(import_module(f"audit.migrations.{name}").RIGHTS)


@pytest.fixture
def house(built: tuple[House, Path], settings: Any) -> House:
    """As it was built, in the home that holds its keys and its anchor."""
    live_in(settings, built[1])
    return built[0]
