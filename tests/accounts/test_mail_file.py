"""Mail of a site without a mail server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import send_mail
from django.urls import reverse

from tests.accounts.conftest import People


def test_mails_stand_in_a_file_of_their_own_that_only_its_owner_reads(
    settings: Any, tmp_path: Path
) -> None:
    """Whole, one after the other; a file that was open to others is closed."""
    settings.EMAIL_BACKEND, settings.MAIL_FILE = "config.mail.ToFile", tmp_path / "mail.txt"
    settings.MAIL_FILE.touch(mode=0o644)
    for number in range(2):
        send_mail(f"Subject {number}", f"link {number}", None, ["alice@example.org"])
    text = settings.MAIL_FILE.read_text()
    assert text.index("link 0") < text.index("Subject 1") < text.index("link 1")
    assert settings.MAIL_FILE.stat().st_mode & 0o777 == 0o600


@pytest.mark.django_db
def test_a_reset_writes_its_link_into_the_mail_file_and_nothing_on_the_console(
    settings: Any, tmp_path: Path, people: People, client: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_BACKEND, settings.MAIL_FILE = "config.mail.ToFile", tmp_path / "mail.txt"
    client.post(reverse("account_reset_password"), {"email": people.alice.email})
    assert "/password/reset/key/" in settings.MAIL_FILE.read_text()
    streams = capfd.readouterr()
    assert "/password/reset/key/" not in streams.out + streams.err


def test_mail_goes_to_the_file_unless_a_server_is_named() -> None:
    """By default nothing is printed, for what is printed stands in the log."""
    from config import settings as configured

    assert configured.EMAIL_BACKEND == "config.mail.ToFile"
    assert configured.MAIL_FILE == configured.HOME / "mail.txt"
