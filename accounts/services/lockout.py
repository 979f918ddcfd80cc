"""At most ten wrong guesses at one secret, then a pause: counted in the database, so that it holds
whichever process answers and however many guesses come at once.

A guess is counted *before* it is tried. A thousand at the same moment are still only ten tries.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from django.db import connection
from django.utils.crypto import salted_hmac

from accounts.models import Guesses

LIMIT = 10
WINDOW = timedelta(minutes=15)
PAUSE = timedelta(minutes=15)


class Secret(StrEnum):
    """What is being guessed at."""

    PASSWORD = "password"  # noqa: S105 - the name of a kind
    CODE = "code"


_COUNT = """
    INSERT INTO accounts_guesses AS g (subject, count, since, locked_until)
    VALUES (%(subject)s, 1, statement_timestamp(), NULL)
    ON CONFLICT (subject) DO UPDATE SET (count, since, locked_until) = (
        SELECT
            CASE WHEN running THEN g.count + 1 ELSE 1 END,
            CASE WHEN running THEN g.since ELSE statement_timestamp() END,
            CASE WHEN running AND g.count + 1 >= %(limit)s
                 THEN statement_timestamp() + make_interval(secs => %(pause)s) END
        FROM (
            SELECT g.locked_until IS NULL AND g.since
                   > statement_timestamp() - make_interval(secs => %(window)s) AS running
        ) AS s
    )
    WHERE g.locked_until IS NULL OR g.locked_until <= statement_timestamp()
    RETURNING 1
"""


def count_attempt(secret: Secret, owner: str) -> bool:
    """Counts one guess; False while the pause lasts. The tenth guess is tried and starts it."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "subject": _subject(secret, owner),
                "limit": LIMIT,
                "pause": PAUSE.total_seconds(),
                "window": WINDOW.total_seconds(),
            },
        )
        return cursor.fetchone() is not None


def is_paused(secret: Secret, owner: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM accounts_guesses"
            " WHERE subject = %s AND locked_until > statement_timestamp()",
            [_subject(secret, owner)],
        )
        return cursor.fetchone() is not None


def forgive(secret: Secret, owner: str) -> None:
    """The secret was known after all, or was replaced."""
    Guesses.objects.filter(pk=_subject(secret, owner)).delete()


def forget_old() -> int:
    """Rows that no longer matter, here and in the shared cache; called by housekeeping."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM shared_cache WHERE expires < statement_timestamp()")
        cursor.execute(
            "DELETE FROM accounts_guesses"
            " WHERE since < statement_timestamp() - make_interval(secs => %s)"
            " AND (locked_until IS NULL OR locked_until < statement_timestamp())",
            [WINDOW.total_seconds()],
        )
        return int(cursor.rowcount)


def _subject(secret: Secret, owner: str) -> str:
    return salted_hmac(
        f"accounts.lockout.{secret}", owner.strip().lower(), algorithm="sha256"
    ).hexdigest()
