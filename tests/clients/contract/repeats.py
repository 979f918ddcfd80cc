"""Cases of a busy server and a bad line: what is asked again, what is not, and what is resumed."""

from __future__ import annotations

import json
import time
from typing import Any

from django.db import connection

from accounts.models import ApiKey
from media_analysis.submissions.models import Submission
from tests.clients.contract.cutting import AFTER, BEFORE, HALF, cutting
from tests.clients.contract.driven import ROOT, Client
from tests.clients.contract.scenes import WITHOUT_REPEATS, Scene, case
from tests.clients.moody import moody_server
from tests.people import picture

AT_ONCE = {"Retry-After": "0"}
PIECE = 1000
FILM = picture(7) + bytes(6 * PIECE)


@case("When a rate is used up, the client waits as long as Retry-After says.")
def rate_limit_is_obeyed(scene: Scene) -> None:
    ApiKey.objects.filter(pk=scene.key.pk).update(write_rate=1)
    scene.client.ask("submit", media=picture(1))
    with connection.cursor() as cursor:  # its minute ends in 2 s
        cursor.execute(
            "UPDATE partners_allowance SET since = clock_timestamp() - interval '58 seconds' "
            "WHERE caller = %s",
            [f"write:key-{scene.key.pk}"],
        )
        assert cursor.rowcount == 1
    began = time.monotonic()
    if scene.repeats:
        scene.client.ask("submit", media=picture(2))
        assert 1 < time.monotonic() - began < 20
    else:
        wrong = scene.client.refused("submit", media=picture(2))
        assert (wrong.status, wrong.code) == (429, "throttled")
        assert wrong.retry_after in (1, 2, 3)
    sent = Submission.objects.filter(team=scene.team).count()
    assert sent == (2 if scene.repeats else 1)


@case(
    "429, 502, 503 and a cut line are asked again, other refusals are not.", without=WITHOUT_REPEATS
)
def busy_for_the_moment(scene: Scene) -> Any:
    with moody_server() as (url, requests, answers):
        client = scene.at(url, "tsk_x", retries=4)
        answers += [
            (429, {"Retry-After": "1"}),
            (503, dict(AT_ONCE)),
            (0, {}),
            (502, dict(AT_ONCE)),
        ]
        began = time.monotonic()
        assert client.ask("find", filters={}) == [] and time.monotonic() - began > 1
        times = [len(requests)]
        assert requests[-1][1]["Authorization"] == "Bearer tsk_x"
        answers += [(400, {"code": "invalid"})]
        kinds = [client.refused("find", filters={}).code]
        times.append(len(requests))
        answers += [(503, dict(AT_ONCE)) for _ in range(9)]
        last = client.refused("find", filters={})
        return [*times, len(requests)], kinds, last.status


@case("A repeated upload is whole and bears the same Idempotency-Key.", without=WITHOUT_REPEATS)
def repeated_upload(scene: Scene) -> Any:
    examples = json.loads((ROOT / "media_analysis/partners/examples.json").read_text())
    taken = json.dumps(examples["submissions_create"]["202"])
    media = b"media" * 1000
    with moody_server() as (url, requests, answers):
        answers += [(503, dict(AT_ONCE)), (409, {"code": "idempotency_busy", **AT_ONCE}), (0, {})]
        answers += [(202, {"body": taken})]
        sent = scene.at(url, "tsk_x", retries=3).ask("submit", media=media)
        assert len({headers["Idempotency-Key"] for _, headers, _ in requests}) == 1
        assert all(media in body for _, _, body in requests)
        return len(requests), sent


@case("What may have been done is not done twice.", without=WITHOUT_REPEATS)
def nothing_is_done_twice(scene: Scene) -> Any:
    """Nor is a quota waited for, whose Retry-After is next month."""
    with moody_server() as (url, requests, answers):
        client = scene.at(url, "tsk_x", retries=3)
        answers += [(0, {})]
        kinds = [client.refused("rotate_secret", id="x").kind]
        for ask, words in (("submit", {}), ("upload", {"piece": PIECE})):
            answers += [(429, {"code": "quota_reached", "Retry-After": "900000"})]
            kinds.append(client.refused(ask, media=b"media", **words).code)
        assert len(requests) == 3
        return kinds


@case("The key goes to no other server, whatever name an answer has for it.")
def key_stays_here(scene: Scene) -> Any:
    page = {"results": [], "next": "https://elsewhere.example/api/v1/submissions/?cursor=abc"}
    with moody_server() as (url, requests, answers):
        answers.append((200, {"body": json.dumps(page)}))
        assert scene.at(url, "tsk_x").ask("find", filters={}) == []
        return len(requests)


@case("A server that is not there is an error of its own.")
def server_is_not_there(scene: Scene) -> Any:
    options = {"retries": 0} if scene.repeats else {}
    return scene.at("http://127.0.0.1:9", "tsk_x", **options).refused("usage").kind


def stored(scene: Scene, pk: str) -> tuple[str, str, int]:
    found = Submission.objects.select_related("blob").get(pk=pk, team=scene.team)
    return found.filename, found.external_id, found.blob.size


def upload(client: Client, **more: Any) -> Any:
    words = {"filename": "film.png", "external_id": "f-1", "piece": PIECE}
    return client.ask("upload", media=FILM, **words, **more)


@case("A resumable upload goes on after each cut, and arrives whole.", without=WITHOUT_REPEATS)
def cut_and_resumed(scene: Scene) -> Any:
    """Cut before, in the middle of and after a piece."""
    with cutting(scene.url) as line:
        line.plan += ["", BEFORE, "", HALF, "", AFTER]
        client = scene.at(line.url, scene.issued.secret)
        sent = upload(client)
        assert not line.plan and line.offsets[0] == 0 and line.offsets[2] == PIECE
    assert stored(scene, sent["id"]) == ("film.png", "f-1", len(FILM))
    whole = scene.client.ask("media", id=sent["id"])
    assert whole["sha256"] == Submission.objects.get(pk=sent["id"]).blob_id
    return whole


@case("After a restart of the program it goes on where it was.", without=WITHOUT_REPEATS)
def resumed_after_a_restart(scene: Scene) -> Any:
    """With the address that was told; what had arrived is not sent again."""
    with cutting(scene.url) as line:
        client = scene.at(line.url, scene.issued.secret, retries=0)
        line.plan += ["", "", BEFORE]
        broken = upload(client)
        assert broken["id"] is None and not Submission.objects.filter(team=scene.team).exists()
        sent = upload(client, upload_url=broken["address"])
        pieces = [0, 1, 2, *range(2, len(FILM) // PIECE + 1)]
        assert line.offsets == [n * PIECE for n in pieces], line.offsets
        again = upload(client, upload_url=broken["address"])
    assert again["id"] == sent["id"], "it is done already"
    assert stored(scene, sent["id"]) == ("film.png", "f-1", len(FILM))
    return scene.client.ask("media", id=sent["id"])


@case("A resumable upload that is refused says why.", without=WITHOUT_REPEATS)
def refused_in_pieces(scene: Scene) -> Any:
    media = b"%!PS" * 600
    wrong = scene.client.refused("upload", media=media, filename="a.png", piece=PIECE)
    assert not Submission.objects.filter(team=scene.team).exists()
    return wrong.status, wrong.code, wrong.detail
