"""Cases of what is refused: a stable code, its status and its sentence, and nothing is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts import key_format
from accounts.models import ApiKey, Scope
from accounts.services.keys import revoke_key
from media_analysis.batches.models import Batch
from media_analysis.submissions.models import Submission
from tests.clients.contract.scenes import Scene, case
from tests.people import picture


def nothing_was_kept(scene: Scene) -> bool:
    return not Submission.objects.filter(team=scene.team).exists()


@case("A key that is malformed, unknown, revoked, expired or elsewhere has a code of its own.")
def wrong_keys(scene: Scene) -> Any:
    revoked, expired = scene.issue(), scene.issue()
    elsewhere = scene.issue(allowed_networks=["192.0.2.0/24"])
    revoke_key(scene.admin.actor, revoked.key)
    gone = timezone.now() - timedelta(hours=1)
    ApiKey.objects.filter(pk=expired.key.pk).update(expires_at=gone)
    codes = {}
    for name, secret in {
        "malformed": "tsk_nonsense", "unknown": key_format.new_key(), "revoked": revoked.secret,
        "expired": expired.secret, "elsewhere": elsewhere.secret,
    }.items():  # fmt: skip
        wrong = scene.at(scene.url, secret).refused("submit", media=picture())
        codes[name] = (wrong.status, wrong.code, wrong.detail)
    assert [code for _, code, _ in codes.values()] == [
        "malformed_key", "unknown_key", "revoked_key", "expired_key", "wrong_network",
    ]  # fmt: skip
    assert nothing_was_kept(scene)
    return codes


@case("A key does what its scopes allow, and another team's submission is not found.")
def scopes_and_teams(scene: Scene) -> Any:
    reader = scene.at(scene.url, scene.issue([Scope.SUBMISSIONS_READ]).secret)
    denied = reader.refused("submit", media=picture())
    assert nothing_was_kept(scene)
    theirs = Scene(scene.url, scene.caller, scene.driver)
    sent = theirs.client.ask("submit", media=picture())
    codes = [denied]
    for ask in ("get", "media", "cancel", "request_deletion"):
        codes.append(scene.client.refused(ask, id=sent["id"]))
    assert [one.status for one in codes] == [403, 404, 404, 404, 404]
    assert not theirs.client.ask("get", id=sent["id"])["deletion_requested"]
    return [(one.status, one.code, one.detail) for one in codes]


@case("A file that is refused has a code and a sentence.")
def refused_files(scene: Scene) -> Any:
    codes = []
    for media in (b"%!PS", b"", picture() + bytes(3_000_000)):
        wrong = scene.client.refused("submit", media=media)
        codes.append((wrong.status, wrong.code, wrong.detail))
    assert [code for _, code, _ in codes] == ["type_not_allowed", "empty", "too_large"]
    assert nothing_was_kept(scene)
    return codes


@case("A field that is wrong is named.")
def wrong_fields(scene: Scene) -> Any:
    codes = []
    for ask, words in (
        ("submit", {"media": picture(), "language": "no tag"}),
        ("submit", {"media": picture(), "external_id": "x" * 201}),
        ("send_addresses", {"items": []}),
    ):
        wrong = scene.client.refused(ask, **words)
        codes.append((wrong.status, wrong.code, wrong.detail, wrong.fields))
    assert nothing_was_kept(scene) and not Batch.objects.filter(team=scene.team).exists()
    return codes


@case("A reached quota is reported at once; nobody waits for the next month.")
def quota_reached(scene: Scene) -> Any:
    ApiKey.objects.filter(pk=scene.key.pk).update(quota=1)
    scene.client.ask("submit", media=picture(1))
    wrong = scene.client.refused("submit", media=picture(2))
    assert (wrong.status, wrong.code) == (429, "quota_reached")
    assert Submission.objects.filter(team=scene.team).count() == 1
    return wrong.detail
