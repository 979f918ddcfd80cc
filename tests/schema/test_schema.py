"""What the schema of `/api/v1` promises, asked by a machine that has read nothing else.

The short form is in the suite with a fixed seed; `make faults` runs the long one, at least 2,000
cases, by setting SCHEMA_EXAMPLES.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from jobs.runner import execute
from jobs.services import claim_one, park
from media_analysis.partners.throttling import CallerThrottle
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import samples
from media_analysis.submissions.services.intake import cancel, submit
from ml.models import Analysis
from tests.factories import ServiceAccountFactory
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, Send, member, picture

LONG = int(os.environ.get("SCHEMA_EXAMPLES", "0"))
SEED = os.environ.get("SCHEMA_SEED", "20")
ROOT = Path(__file__).resolve().parents[2]
ENOUGH = 2000 if LONG else 30
NO_LIMIT = {"read": "1000000/min", "write": "1000000/min"}


@pytest.fixture
def key(team: Team, transactional_db: None) -> str:
    admin = member(team, Role.ADMIN)
    scopes = tuple(Scope)
    return str(issue_key(admin.actor, ServiceAccountFactory(team=team), "fuzz", scopes).secret)


@pytest.fixture
def in_every_state(alice: Person, send: Send) -> list[Submission]:
    """Submissions as they can be: waiting, at work, finished, refused, set aside, cancelled."""

    def bytes_of(content: bytes, name: str) -> Submission:
        return submit(alice.actor, alice.team, BytesIO(content), name).submission

    sent = {
        "queued": send(alice, 2),
        "running": send(alice, 3),
        "parked": send(alice, 4),
        "cancelled": send(alice, 5),
        "done": bytes_of(samples.drawn_with_prompt(), "hills.png"),
        "rejected": bytes_of(picture(1)[:60], "torn.png"),
    }
    cancel(alice.actor, sent["cancelled"])
    for state in ("running", "parked", "done", "rejected"):
        claim = claim_one(Analysis, sent[state].analysis_id, worker="test")
        assert claim is not None
        if state == "parked":
            park(claim, "test", "Set aside by a test.")
        elif state != "running":
            execute(claim)
    found = set(Analysis.objects.values_list("state", "outcome"))
    assert {state for state, _ in found} == {"queued", "running", "parked", "cancelled", "done"}
    assert {outcome for _, outcome in found} >= {"declared_generated", "rejected"}, found
    return list(sent.values())


@pytest.mark.slow
@pytest.mark.timeout(3600 if LONG else 300)
def test_no_answer_breaks_the_schema_and_none_is_a_server_error(
    live_server: LiveServer,
    key: str,
    in_every_state: list[Submission],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Right and wrong requests over HTTP: codes, types and bodies as promised, 0 answers 5xx."""
    monkeypatch.setattr(CallerThrottle, "THROTTLE_RATES", NO_LIMIT)
    schema = tmp_path / "schema.json"
    schema.write_bytes(Client().get("/api/v1/schema/?format=json").content)
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file", str(Path(__file__).with_name("schemathesis.toml")), "run",
            str(schema), "--url", live_server.url, "--request-timeout", "120",
            "--header", f"Authorization: Bearer {key}", "--checks", "all", "--mode", "all",
            "--exclude-checks", "use_after_free",  # DELETE asks for deletion and erases nothing
            "--seed", SEED, "--generation-database", "none", "--no-color", "--continue-on-failure",
            "--phases", "coverage,fuzzing" if LONG else "fuzzing",
            "--max-examples", str(LONG or 12), "--no-shrink",
        ],
        env={
            **os.environ,
            "SCHEMA_IDS": " ".join(str(s.pk) for s in in_every_state),
            "SCHEMATHESIS_HOOKS": "tests.schema.hooks",
            "PYTHONPATH": str(ROOT),
        },
        cwd=tmp_path, text=True, capture_output=True,
    )  # fmt: skip
    said = done.stdout[done.stdout.find("= FAILURES") :]
    assert done.returncode == 0, f"{said}\n{done.stderr}"
    summary = done.stdout[done.stdout.find("= SUMMARY") :]
    print("\n" + summary)
    cases = re.search(r"([\d,]+) generated", summary)
    assert cases and int(cases[1].replace(",", "")) >= ENOUGH, summary
