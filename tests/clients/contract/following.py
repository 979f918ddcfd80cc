"""Cases of what people and the server tell later: decisions, reports, appeals and webhooks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from standardwebhooks.webhooks import Webhook as Signer

from accounts.models import Scope
from media_analysis.reports.services import issuing
from media_analysis.review.models import Case, Decision
from tests.clients.contract.scenes import Scene, case
from tests.clients.working import decide, end
from tests.people import picture

SECRET = "whsec_" + "c2VjcmV0" * 4


def decided(scene: Scene) -> tuple[str, Any]:
    """What a person decided while a caller waited for it, or looked afterwards."""
    sent = scene.client.ask("submit", media=picture(9))["id"]
    end(sent)
    if scene.repeats:
        scene.client.begin("wait_for_decision", id=sent)
    decide(scene.alice, sent)
    return sent, scene.client.end() if scene.repeats else scene.client.ask("get", id=sent)


@case("A person's decision is waited for and read; its report is fetched as it was signed.")
def decision_and_report(scene: Scene) -> Any:
    sent, seen = decided(scene)
    row = Decision.objects.get(case__submission=UUID(sent))
    assert seen["decision"].pop("id") == str(row.pk)
    assert seen["decision"]["outcome"] == row.outcome == "manipulated"
    issued = issuing.issue(scene.alice.actor, Case.objects.get(submission=UUID(sent)))
    (report,) = scene.client.ask("get", id=sent)["reports"]
    assert report == [str(issued.pk), str(row.pk)]
    got = {
        name: scene.client.ask("report", id=sent, report=report[0], name=name)
        for name in ("report.json", "report.pdf")
    }
    assert got["report.json"]["size"] == len(bytes(issued.body)) and got["report.pdf"]["size"]
    blind = scene.at(scene.url, scene.issue([Scope.SUBMISSIONS_READ]).secret)
    wrong = blind.refused("report", id=sent, report=report[0], name="report.pdf")
    assert blind.ask("get", id=sent)["reports"] == []
    return seen["decision"], seen["decisions"], wrong.status, wrong.code


@case("A submission is followed to its end and to its decision.", without=["generated"])
def followed(scene: Scene) -> Any:
    sent = scene.client.ask("submit", media=picture(9))["id"]
    scene.client.begin("follow", id=sent, until="ended")
    end(sent)
    ended = scene.client.end()
    scene.client.begin("follow", id=sent, until="decided")
    decide(scene.alice, sent)
    last = scene.client.end()
    late = scene.test_client.ask("submit", media=picture(), filename="queued.png")["id"]
    waited = scene.test_client.refused("follow", id=late, until="ended", timeout=1)
    foreign = scene.test_client.refused("follow", id=sent, until="ended")
    assert ended["id"] == last["id"] == sent
    return ended["state"], last["decision"]["outcome"], waited.kind, foreign.code


@case("A decision is appealed once however often that is repeated, withdrawn, and answered.")
def appealed(scene: Scene) -> Any:
    client = scene.test_client
    sent = client.ask("submit", media=picture(), filename="decided_manipulated.jpg")["id"]
    first = client.ask("get", id=sent)["decision"]
    text = {"text": "open: the seam is glue", "idempotency_key": "one"}
    made, again = (client.ask("appeal", id=sent, **text) for _ in range(2))
    assert made == again and (made["state"], made["decision"]) == ("open", first["id"])
    waiting = client.ask("get", id=sent)
    assert waiting["decision"] is None and waiting["appeal"] == made
    twice = client.refused("appeal", id=sent, text="open: once more")
    withdrawn = client.ask("withdraw_appeal", id=sent)
    assert client.ask("get", id=sent)["decision"] == first
    gone = client.refused("withdraw_appeal", id=sent)
    client.ask("appeal", id=sent, text="changed")
    last = client.ask("get", id=sent)
    assert last["appeal"]["answer"] == last["decision"]["id"]
    assert last["decision"]["supersedes"] == first["id"]
    states = [withdrawn["state"], last["appeal"]["state"], last["appeal"]["outcome"]]
    assert states == ["withdrawn", "answered", "changed"]
    return states, [(one.status, one.code, one.detail) for one in (twice, gone)]


@case("A message is believed only with its signature.", without=["generated"])
def webhooks_are_verified(scene: Scene) -> Any:
    """Signed by the specification's library; changed, stale and unsigned ones are refused."""
    decision = {
        "id": "d", "outcome": "manipulated", "policy": None, "reason": "as seen",
        "decided_at": "2026-11-28T09:30:00Z", "reviewer": None, "supersedes": None,
    }  # fmt: skip
    body = json.dumps(
        {"type": "decision.made", "timestamp": "2026-11-28T09:30:00Z", "livemode": False,
         "data": {"decision": decision}}
    )  # fmt: skip
    now = datetime.now(UTC)
    signature = Signer(SECRET).sign("msg_1", now, body)
    headers = {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(now.timestamp())),
               "Webhook-Signature": f"v1,AAAA {signature}"}  # fmt: skip
    client = scene.at(scene.url, "tsk_x")
    good = client.ask("verify", secret=SECRET, body=body, headers=headers)
    wrong = {
        "a changed body": (SECRET, body + " ", headers),
        "another id": (SECRET, body, {**headers, "Webhook-Id": "msg_2"}),
        "an old time": (SECRET, body, {**headers, "Webhook-Timestamp": "1000000000"}),
        "no time": (SECRET, body, {**headers, "Webhook-Timestamp": ""}),
        "another version": (SECRET, body, {**headers, "Webhook-Signature": "v2,AAAA"}),
        "another signature": (SECRET, body, {**headers, "Webhook-Signature": "v1,AAAA"}),
        "nonsense": (SECRET, body, {**headers, "Webhook-Signature": "nonsense"}),
        "no headers": (SECRET, body, {}),
        "another secret": ("whsec_" + "b3RoZXI5" * 4, body, headers),
    }
    for why, (secret, text, heads) in wrong.items():
        refused = client.refused("verify", secret=secret, body=text, headers=heads)
        assert refused.kind == "not_genuine", why
    return good
