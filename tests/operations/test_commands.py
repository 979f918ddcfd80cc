"""Shell commands do what the pages do, each with its event."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models.functions import Now

from accounts.models import ApiKey, Scope, User
from accounts.services.keys import create_service_account, issue_key
from audit.models import Event
from audit.verbs import Verb
from jobs.models import State
from ml.models import Analysis
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, Send

pytestmark = pytest.mark.django_db
Capture = pytest.CaptureFixture[str]


def output_of(capsys: Capture, *command: str) -> str:
    call_command(*command)
    return str(capsys.readouterr().out)


def park(analysis: Analysis, code: str) -> None:
    """As a worker leaves it."""
    row = Analysis.objects.filter(pk=analysis.pk)
    row.update(state=State.RUNNING, fence=1, attempt=1, worker="w", lease_until=Now(),
               started_at=Now())  # fmt: skip
    row.update(state=State.PARKED, lease_until=None, finished_at=Now(), reason_code=code,
               reason="because")  # fmt: skip


def test_an_account_is_closed_opened_and_listed(
    alice: Person, bob: Person, capsys: Capture
) -> None:
    assert alice.user.email in output_of(capsys, "users", "list")
    output_of(capsys, "users", "deactivate", alice.user.email)
    assert not User.objects.get(pk=alice.user.pk).is_active
    assert Event.objects.filter(verb=Verb.USER_DEACTIVATED).exists()
    output_of(capsys, "users", "reactivate", alice.user.email)
    assert User.objects.get(pk=alice.user.pk).is_active
    with pytest.raises(CommandError, match="no account"):
        call_command("users", "erase", "nobody@example.org")


def test_a_key_is_listed_and_revoked(admin: Person, capsys: Capture) -> None:
    """The shell issues none: only an admin of the team opens its media."""
    service = create_service_account(admin.actor, admin.team, "Partner")
    issued = issue_key(admin.actor, service, "one", [Scope.SUBMISSIONS_READ])
    key, secret = issued.key, issued.secret
    listed = output_of(capsys, "api_keys", "list")
    assert key.prefix in listed and secret not in listed
    output_of(capsys, "api_keys", "revoke", key.prefix)
    assert ApiKey.objects.get(pk=key.pk).revoked_at
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("api_keys", "issue", "Newsroom", "Partner")


def test_parked_analyses_are_queued_again_by_code_or_one(
    alice: Person, send: Send, capsys: Capture
) -> None:
    rows = [send(alice, name=f"{n}.png").analysis for n in range(4)]
    for row, code in zip(rows, ("poison", "poison", "attempts_exhausted", "poison"), strict=True):
        park(row, code)
    listed = output_of(capsys, "jobs", "list", "--state", "parked")
    assert str(rows[0].pk) in listed and "4 in all" in listed
    assert "1 analyses" in output_of(capsys, "jobs", "requeue", "--code", "attempts_exhausted")
    assert "1 analyses" in output_of(capsys, "jobs", "requeue", str(rows[0].pk))
    assert "2 analyses" in output_of(capsys, "jobs", "requeue", "--all")
    assert Event.objects.filter(verb=Verb.ANALYSIS_REQUEUED).count() == 4
    assert "cancelled" in output_of(capsys, "jobs", "cancel", str(rows[1].pk))
    with pytest.raises(CommandError, match="--all"):
        call_command("jobs", "requeue")
    with pytest.raises(CommandError, match="no id"):
        call_command("jobs", "cancel", "nonsense")


def test_a_mail_goes_the_way_all_mails_go(capsys: Capture, mailoutbox: list[object]) -> None:
    assert "taken by the mail server" in output_of(capsys, "mail_test", "a@example.org")
    assert len(mailoutbox) == 1


def test_a_mail_server_that_is_away_is_told(settings: object, own_home: Path) -> None:
    from django.test import override_settings

    with (
        override_settings(
            EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
            EMAIL_HOST="127.0.0.1", EMAIL_PORT=1, EMAIL_TIMEOUT=2,
        ),
        pytest.raises(CommandError, match="EMAIL_URL"),
    ):  # fmt: skip
        call_command("mail_test", "a@example.org")
