"""Several processes verify a record that is committed, so that they see it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import call_command

from audit import parallel
from audit.reporting import Report
from tests.audit.test_tampering import EVENTS, write_history


def test_processes_say_what_one_run_says(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command, with real processes that read one snapshot."""
    write_history()
    monkeypatch.setenv("SECRET_KEY", "x" * 60)
    taken: list[Report | None] = []
    verify = parallel.verify

    def kept(*args: Any, **named: Any) -> Report | None:
        taken.append(verify(*args, **named))
        return taken[0]

    monkeypatch.setattr(parallel, "verify", kept)
    call_command("audit", "verify", "--json", "--jobs", "2")
    output = json.loads(capsys.readouterr().out)
    assert taken[0] is not None  # not by falling back to one process
    assert output["events"] == EVENTS
    call_command("audit", "verify", "--json")
    assert output == json.loads(capsys.readouterr().out)
