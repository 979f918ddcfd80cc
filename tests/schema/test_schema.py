"""What the schema of `/api/v1` promises, asked by a machine that has read nothing else.

The short form is in the suite with a fixed seed; `make faults` runs the long one, at least 5,000
cases with every kind of key, by setting SCHEMA_EXAMPLES.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from accounts.models import ApiKey, Role, Scope, ServiceAccount, Team
from accounts.services.keys import Issued, issue_key
from jobs.runner import execute
from jobs.services import claim_one, park
from media_analysis.partners.schema import NO_NULL_CHARACTER
from media_analysis.partners.throttling import CallerThrottle
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import samples
from media_analysis.submissions.services.intake import cancel, submit
from media_analysis.test_mode.outcomes import OUTCOMES
from ml.models import Analysis
from tests.factories import ServiceAccountFactory
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, Send, member, picture

LONG = int(os.environ.get("SCHEMA_EXAMPLES", "0"))
PHASES = os.environ.get("SCHEMA_PHASES", "coverage,fuzzing" if LONG else "fuzzing").split(",")
SEED = os.environ.get("SCHEMA_SEED", "20")
ROOT = Path(__file__).resolve().parents[2]
ENOUGH = 300 if LONG else 30
"""Cases for each kind of key: one that may do little is refused by most operations."""
ENOUGH_TOGETHER = 5000
NO_LIMIT = {"read": "1000000/min", "write": "1000000/min"}


ALL = tuple(Scope)
KINDS = {
    "live": (ALL, False),
    "test": (ALL, True),
    "sends": ((Scope.SUBMISSIONS_WRITE,), False),
    "reads": ((Scope.SUBMISSIONS_READ,), False),
    "looks at media": ((Scope.MEDIA_READ,), False),
    "manages webhooks": ((Scope.WEBHOOKS_MANAGE,), False),
    "manages holds": ((Scope.HOLDS_MANAGE,), False),
    "its own alone": ((Scope.SUBMISSIONS_WRITE, Scope.SUBMISSIONS_READ_OWN), False),
    "fetches reports": ((Scope.REPORTS_READ,), False),
    "appeals": ((Scope.APPEALS_WRITE,), False),
}
"""Kinds of keys: their scopes, and whether they are test keys."""
CASES: dict[str, Counter[str]] = {}
"""How many were asked with each kind of key, in each phase."""


@pytest.fixture
def service(team: Team, transactional_db: None) -> ServiceAccount:
    return ServiceAccountFactory(team=team)


def issued(service: ServiceAccount, kind: str) -> Issued:
    scopes, test = KINDS[kind]
    admin = member(service.team, Role.ADMIN)
    return issue_key(admin.actor, service, "fuzz", scopes, test=test)


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


def canned(key: str) -> list[Submission]:
    """One for each name of a file that a test key knows."""
    client = Client(headers={"Authorization": f"Bearer {key}"})
    for name in OUTCOMES:
        file = SimpleUploadedFile(f"{name}.png", picture())
        assert client.post("/api/v1/submissions/", {"file": file}).status_code == 202
    sent = list(Submission.objects.filter(team__live_team__isnull=False))
    assert len(sent) == len(OUTCOMES)
    return sent


def operations() -> list[tuple[str, str]]:
    schema = json.loads(Client().get("/api/v1/schema/?format=json").content)
    return [
        (method, path)
        for path, methods in schema["paths"].items()
        for method, about in methods.items()
        if about.get("security", schema.get("security"))
    ]


@pytest.mark.parametrize("kind", ("none", "unknown", "malformed", "revoked", "expired"))
def test_every_operation_refuses_a_key_that_is_none(service: ServiceAccount, kind: str) -> None:
    """401 with the code of its kind, whatever is asked for."""
    headers = {"Authorization": f"Bearer {key_of(service, kind)}"} if kind != "none" else {}
    client, cases = Client(headers=headers), operations()
    assert len(cases) > 10
    for method, path in cases:
        answer = client.generic(method.upper(), re.sub(r"\{\w+\}", str(UUID(int=7)), path))
        assert answer.status_code == 401, (method, path, answer.content)
        assert answer["WWW-Authenticate"]
        assert kind == "none" or answer.json()["code"] == f"{kind}_key"


def key_of(service: ServiceAccount, kind: str) -> str:
    made = issued(service, "live")
    keys = ApiKey.objects.filter(pk=made.key.pk)
    if kind == "revoked":
        keys.update(revoked_at=timezone.now())
    if kind == "expired":
        keys.update(expires_at=timezone.now() - timedelta(seconds=1))
    if kind == "unknown":
        keys.delete()
    return "tsk_nonsense" if kind == "malformed" else made.secret


@pytest.mark.slow
@pytest.mark.timeout(3600 if LONG else 300)
@pytest.mark.parametrize("kind", KINDS if LONG else ("live", "test"))
def test_no_answer_breaks_the_schema_and_none_is_a_server_error(
    live_server: LiveServer,
    service: ServiceAccount,
    in_every_state: list[Submission],
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Right and wrong requests over HTTP: codes, types and bodies as promised, 0 answers 5xx."""
    monkeypatch.setattr(CallerThrottle, "THROTTLE_RATES", NO_LIMIT)
    key = issued(service, kind).secret
    there = canned(key) if kind == "test" else in_every_state
    CASES[kind] = Counter()
    for phase in PHASES:
        summary = put_to_the_test(live_server.url, key, phase, there, tmp_path)
        print(f"\n{kind}, {phase}\n{summary}")
        found = re.search(r"([\d,]+) generated", summary)
        CASES[kind][phase] = int(found[1].replace(",", "")) if found else 0
    assert CASES[kind].total() >= ENOUGH, CASES[kind]


def put_to_the_test(url: str, key: str, phase: str, there: list[Submission], folder: Path) -> str:
    """The summary of one phase, in which nothing failed."""
    schema = folder / f"{phase}.json"
    document = json.loads(Client().get("/api/v1/schema/?format=json").content)
    schema.write_text(json.dumps(eased(document) if phase == "coverage" else document))
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file", str(Path(__file__).with_name("schemathesis.toml")), "run",
            str(schema), "--url", url, "--request-timeout", "120",
            "--header", f"Authorization: Bearer {key}", "--checks", "all", "--mode", "all",
            "--exclude-checks", "use_after_free",  # DELETE asks for deletion and erases nothing
            "--seed", SEED, "--generation-database", "none", "--no-color", "--continue-on-failure",
            "--phases", phase,
            "--max-examples", str(LONG or 8), "--no-shrink",
        ],
        env={
            **os.environ,
            "SCHEMA_IDS": " ".join(str(s.pk) for s in there),
            "SCHEMATHESIS_HOOKS": "tests.schema.hooks",
            "PYTHONPATH": str(ROOT),
        },
        cwd=folder, text=True, capture_output=True,
    )  # fmt: skip
    failures = done.stdout[done.stdout.find("= FAILURES") :]
    assert done.returncode == 0, f"{failures}\n{done.stderr}"
    return done.stdout[done.stdout.find("= SUMMARY") :]


def eased(part: Any) -> Any:
    """For the coverage phase, which draws the longest text of each field. With a pattern it does so
    letter by letter and takes many minutes to begin. Fuzzing keeps the pattern."""
    if isinstance(part, list):
        return [eased(one) for one in part]
    if not isinstance(part, dict):
        return part
    free = part.get("pattern") == NO_NULL_CHARACTER
    return {name: eased(one) for name, one in part.items() if not (free and name == "pattern")}


@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="SCHEMA_EXAMPLES asks for the long form")
def test_enough_cases_were_asked_with_all_keys_and_none_breaks_the_schema() -> None:
    numbers = {kind: [cases[phase] for phase in PHASES] for kind, cases in CASES.items()}
    numbers["together"] = [sum(column) for column in zip(*numbers.values(), strict=True)]
    print(f"\n{'cases':<18}{''.join(f'{phase:>10}' for phase in (*PHASES, 'both'))}")
    for kind, counts in numbers.items():
        print(f"{kind:<18}{''.join(f'{count:>10,}' for count in (*counts, sum(counts)))}")
    assert set(CASES) == set(KINDS)
    assert sum(numbers["together"]) >= ENOUGH_TOGETHER
