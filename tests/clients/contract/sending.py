"""Cases of sending, finding and managing."""

from __future__ import annotations

import hashlib
from typing import Any

from blobs.models import Blob
from jobs.models import State
from media_analysis.batches.models import Batch, Source
from media_analysis.submissions.models import MonthCount, Submission
from media_analysis.webhooks.models import Endpoint
from tests.clients.contract.scenes import Scene, case
from tests.clients.working import end
from tests.people import picture

WORDS = {"filename": "photo.png", "external_id": "a-1", "language": "de", "note": "as seen"}


@case("A file is taken with its words, waited for, and what ends it is told.")
def submit_and_wait(scene: Scene) -> Any:
    sent = scene.client.ask("submit", media=picture(9), **WORDS)
    row = Submission.objects.get(pk=sent["id"])
    assert row.submitted_by_service == scene.service and row.team == scene.team
    assert row.blob_id == hashlib.sha256(picture(9)).hexdigest()
    assert {name: getattr(row, name) for name in WORDS} == WORDS
    scene.client.begin("wait", id=sent["id"])
    end(sent["id"])
    done = scene.client.end()
    row.analysis.refresh_from_db()
    assert (done["state"], row.analysis.state) == ("parked", State.PARKED)
    assert done["id"] == sent.pop("id") == done.pop("id")
    return sent, done


@case("A wait that ends before the analysis says so.", without=["generated"])
def a_wait_ends_in_time(scene: Scene) -> Any:
    sent = scene.test_client.ask("submit", media=picture(), filename="queued.png")
    return scene.test_client.refused("wait", id=sent["id"], timeout=1).kind


@case("The verdict of a test key is the one that the file's name selects.")
def verdict_of_a_test_key(scene: Scene) -> Any:
    outcomes = []
    for name in ("manipulated.png", "inconclusive.png", "failed.png"):
        sent = scene.test_client.ask("submit", media=picture(), filename=name)
        done = scene.test_client.ask("wait", id=sent["id"])
        assert done["livemode"] is False
        outcomes.append((name, done["state"], done["outcome"]))
    assert not MonthCount.objects.filter(team=scene.team).exists(), "nothing is counted"
    return outcomes


@case("The same request with the same Idempotency-Key sends nothing twice.")
def idempotent_repeat(scene: Scene) -> Any:
    first, again = (
        scene.client.ask("submit", media=picture(9), idempotency_key="k", **WORDS) for _ in range(2)
    )
    assert first == again and Submission.objects.filter(team=scene.team).count() == 1
    other = scene.client.refused("submit", media=picture(10), idempotency_key="k", **WORDS)
    assert Submission.objects.filter(team=scene.team).count() == 1
    return other.status, other.code, other.detail


@case("The list filters, and is read page after page; a foreign submission is not in it.")
def filters_and_pages(scene: Scene) -> Any:
    sent = []
    for shade, external in enumerate(("a", "b", "a")):
        submission = scene.client.ask("submit", media=picture(shade), external_id=external)
        sent.append(submission["id"])
    Scene(scene.url, scene.caller, scene.driver).client.ask(
        "submit", media=picture(), external_id="a"
    )

    def found(**filters: Any) -> list[int]:
        return [sent.index(pk) for pk in scene.client.ask("find", filters=filters)]

    pages = {
        "all": found(page_size=1), "oldest first": found(page_size=2, sort="oldest"),
        "external_id": found(external_id="a"), "ids": found(ids=[sent[1]]),
        "outcome": found(outcome="inconclusive"),
    }  # fmt: skip
    newest = Submission.objects.filter(team=scene.team).order_by("-created_at")
    assert [sent[place] for place in pages["all"]] == [str(one.pk) for one in newest]
    wrong = scene.client.refused("find", filters={"outcome": "nonsense"})
    return pages, wrong.status, wrong.code, wrong.fields


@case("The media comes back as it was sent.")
def media_comes_back(scene: Scene) -> Any:
    sent = scene.client.ask("submit", media=picture(9))
    got = scene.client.ask("media", id=sent["id"])
    assert got["sha256"] == Submission.objects.get(pk=sent["id"]).blob_id
    assert got["size"] == Blob.objects.get(pk=got["sha256"]).size
    return got


@case("What waits is cancelled once; deletion is requested and a person answers.")
def cancel_and_request_deletion(scene: Scene) -> Any:
    sent = scene.test_client.ask("submit", media=picture(), filename="queued.png")
    cancelled = scene.test_client.ask("cancel", id=sent["id"])
    assert Submission.objects.get(pk=sent["id"]).analysis.state == State.CANCELLED
    again = scene.test_client.refused("cancel", id=sent["id"])
    requested = scene.test_client.ask("request_deletion", id=sent["id"])
    assert requested["deletion_requested"] and Submission.objects.filter(pk=sent["id"]).exists()
    return cancelled["state"], again.status, again.code, again.detail


@case("Addresses are taken as one batch, once for each Idempotency-Key.")
def batch_of_addresses(scene: Scene) -> Any:
    Source.objects.create(team=scene.team, host="media.example")
    items = ["https://media.example/a", {"url": "https://media.example/b", "external_id": "b"}]
    words = {"items": items, "external_id": "all", "idempotency_key": "b1"}
    first, again = (scene.client.ask("send_addresses", **words) for _ in range(2))
    assert first["id"] == again["id"] == str(Batch.objects.get(team=scene.team).pk)
    whole = scene.client.ask("batch", id=first["id"])
    other = scene.client.refused("send_addresses", items=["https://elsewhere.example/c"])
    assert whole.pop("id") == first["id"]
    return whole, other.status, other.code, other.detail


@case("A key reads what it and its partner have used, and the limits.")
def usage_shows_quotas(scene: Scene) -> Any:
    unlimited = scene.client.ask("usage")
    for one, quota in ((scene.key, 3), (scene.service, 4), (scene.team, 5)):
        type(one).objects.filter(pk=one.pk).update(quota=quota)
    type(scene.key).objects.filter(pk=scene.key.pk).update(write_rate=50)
    scene.client.ask("submit", media=picture())
    return unlimited, scene.client.ask("usage")


@case("Webhooks are added with a secret, tested, changed, listed and deleted.")
def webhooks_are_managed(scene: Scene) -> Any:
    words = {"address": "https://news.example/", "events": ["decision.made"]}
    added = scene.client.ask("add_webhook", **words)
    row = Endpoint.objects.get(team=scene.team)
    assert row.service == scene.service and str(row.pk) == added["id"]
    secret, rotated = added.pop("secret"), scene.client.ask("rotate_secret", id=added["id"])
    assert secret.startswith("whsec_") and rotated.startswith("whsec_") and secret != rotated
    assert scene.client.ask("test_webhook", id=added["id"]) == "webhook.test"
    off = scene.client.ask("change_webhook", id=added["id"], is_active=False)
    listed = scene.client.ask("webhooks")
    scene.client.ask("delete_webhook", id=added["id"])
    assert listed == [off] and scene.client.ask("webhooks") == []
    assert added.pop("id") == off.pop("id")
    return added, off
