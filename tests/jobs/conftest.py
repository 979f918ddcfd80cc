from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from audit import guards
from jobs import registry
from jobs.models import LeasedJob, RefusedWrite, WorkerHeartbeat
from tests.jobs.errands import Errand


@pytest.fixture(scope="session")
def errand_table(django_db_setup: None, django_db_blocker: Any) -> None:
    """Errand belongs to no installed app, so its table and its guard are made here."""
    with django_db_blocker.unblock():
        if Errand._meta.db_table not in connection.introspection.table_names():
            with connection.schema_editor() as editor:
                editor.create_model(Errand)
        model: Any = Errand  # pgtrigger takes the class, and its hint names an instance
        for trigger in LeasedJob.Meta.triggers:
            trigger.install(model)
        guards.shut_side_door()  # which django-pgtrigger opens with each trigger it installs


@pytest.fixture
def runs() -> list[Any]:
    """What the errand's runner was called with; a callable in it is called with the claim."""
    return []


@pytest.fixture
def moves() -> list[registry.Move]:
    return []


@pytest.fixture
def rung() -> list[Any]:
    return []


@pytest.fixture
def errands(
    errand_table: None, transactional_db: None, moves: list[Any], rung: list[Any]
) -> Iterator[type[Errand]]:
    """Committed rows, so that threads and second connections see them."""
    clean()
    registry.register(
        Errand, lambda claim: None, wake=lambda model, pk, kind: rung.append(pk), moved=moves.append
    )
    yield Errand
    registry.unregister(Errand)
    clean()


def clean() -> None:
    for model in (Errand, RefusedWrite, WorkerHeartbeat):
        model.objects.all().delete()
