"""A migration that is incompatible with the running release fails `make check`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps

from tests import migration_rules

ROOT = Path(__file__).resolve().parents[2]
FIRST = """
from django.db import migrations, models
class Migration(migrations.Migration):
    initial = True
    operations = [migrations.CreateModel("Thing", [
        ("id", models.BigAutoField(primary_key=True)), ("name", models.TextField()),
    ])]
"""
SECOND = """
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = [("spoilt", "0001_first")]
    operations = [OPERATION]
"""
BAD = {
    "a column that old code does not fill": 'migrations.AddField("thing", "size", '
    "models.IntegerField(default=0))",
    "a column that goes": 'migrations.RemoveField("thing", "name")',
    "a column with another name": 'migrations.RenameField("thing", "name", "title")',
    "an index that locks": 'migrations.AddIndex("thing", models.Index(fields=["name"], name="x"))',
}
GOOD = {
    "a column that may be empty": 'migrations.AddField("thing", "size", '
    "models.IntegerField(null=True))",
    "a default in the database": 'migrations.AddField("thing", "size", '
    "models.IntegerField(db_default=0))",
}


def linted(folder: Path, operation: str) -> subprocess.CompletedProcess[str]:
    app = folder / "spoilt" / "migrations"
    app.mkdir(parents=True)
    for place in (app.parent, app):
        (place / "__init__.py").touch()
    (app.parent / "models.py").touch()
    (app / "0001_first.py").write_text(FIRST)
    (app / "0002_second.py").write_text(SECOND.replace("OPERATION", operation))
    (folder / "spoilt_settings.py").write_text(
        "from tests.migration_rules import *\n"
        'INSTALLED_APPS = [*INSTALLED_APPS, "spoilt"]\n'
        'MIGRATION_LINTER_OPTIONS = {**MIGRATION_LINTER_OPTIONS, "include_apps": ["spoilt"]}\n'
    )
    env = {
        **os.environ,
        "PYTHONPATH": f"{folder}:{ROOT / 'platform'}:{ROOT}",
        "DJANGO_SETTINGS_MODULE": "spoilt_settings",
        "DATABASE_URL": os.environ["TEST_DATABASE_URL"],
        "TOUCHSTONE_HOME": str(folder),
        "DEBUG": "1",
    }
    return subprocess.run(
        [sys.executable, "manage.py", "lintmigrations"], cwd=ROOT, env=env, text=True,
        capture_output=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("operation", BAD.values(), ids=BAD.keys())
def test_a_breaking_migration_is_found(operation: str, tmp_path: Path) -> None:
    done = linted(tmp_path, operation)
    assert done.returncode == 1 and "0002_second" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("operation", GOOD.values(), ids=GOOD.keys())
def test_an_expanding_migration_passes(operation: str, tmp_path: Path) -> None:
    done = linted(tmp_path, operation)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_list_of_exceptions_names_migrations_that_are_there() -> None:
    there = {
        file.stem
        for app in apps.get_app_configs()
        for file in (Path(app.path) / "migrations").glob("*.py")
    }
    named = {*migration_rules.BEFORE_THE_RULE, *migration_rules.CONTRACTING}
    assert named <= there
