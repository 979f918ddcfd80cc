"""The product's settings with the linter of migrations: `make check` runs `lintmigrations` in them.

Expand first, contract in a later release: while the new tables are being used by the old code, no
column may be dropped, renamed or become NOT NULL without a default in the database, and no index
may lock a table that is in use (docs/upgrading.md).
"""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "django_migration_linter"]

BEFORE_THE_RULE = (
    "0002_teams_and_keys", "0003_shared_cache", "0004_access", "0005_user_language",
    "0003_rows_on_record", "0003_claiming_pauses", "0003_idempotency", "0002_indexes_for_figures",
    "0003_order_of_the_queue", "0004_declared_generated", "0005_drafts_and_taken_over",
    "0003_saved_filters", "0005_check_cards", "0006_check_cards_in_every_order",
    "0007_decisions_on_cards", "0008_deletion_answers", "0010_when_it_changed",
)  # fmt: skip
"""Made before the linter, for releases that stopped the web servers. Nothing is added here."""

CONTRACTING: tuple[str, ...] = ()
"""Breaks the rule on purpose, after the code of a release has stopped using what goes."""

WEAKER = ("0007_one_report_a_language",)
"""Adds a unique constraint that is weaker than the one it replaces, so old code keeps it too. Its
index is built without a lock."""

MIGRATION_LINTER_OPTIONS = {
    "include_apps": [
        "accounts", "audit", "backfill", "batches", "blobs", "care", "dashboard", "jobs", "ml",
        "partners", "reports", "review", "submissions", "uploads", "viewing", "webhooks",
    ],
    "ignore_name": [*BEFORE_THE_RULE, *CONTRACTING, *WEAKER],
    "ignore_initial_migrations": True,
    "warnings_as_errors": [],  # all of them
    "no_cache": True,
    "quiet": ["ok", "ignore"],
    "sql_analyser": "postgresql",
}  # fmt: skip
