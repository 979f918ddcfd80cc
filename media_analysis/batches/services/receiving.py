"""The verb of batches: take a list of addresses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.db import transaction

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.sealing import seal
from accounts.services.chains import require, team_chain
from audit.services import record
from audit.verbs import Verb
from jobs.models import Priority
from media_analysis.batches.models import Batch, BatchItem
from media_analysis.batches.services.sources import is_allowed
from media_analysis.submissions.file_names import displayable
from media_analysis.submissions.models import SENT_WORDS
from media_analysis.submissions.services import quotas
from outbound import sending

PURPOSE = "address to fetch from"
MOST_ITEMS = 1000


def accept(
    actor: Actor,
    team: Team,
    items: Sequence[Mapping[str, str]],
    *,
    external_id: str = "",
    key: str = "",
) -> tuple[Batch, bool]:
    """All of them or none. True when the same request was accepted before under this key."""
    require(actor, Permission.SUBMIT_MEDIA, team.pk)
    caller = actor.who.ref
    text = json.dumps([str(team.pk), external_id, list(items)], sort_keys=True)
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    if key and (earlier := _earlier(caller, key, fingerprint)):
        return earlier, True
    quotas.require_room(actor, team)
    hosts = _hosts(team, items)
    batch = Batch(
        team=team, service=actor.service, api_key=actor.key, user=actor.user,
        external_id=external_id, caller=caller, key=key, fingerprint=fingerprint,
    )  # fmt: skip
    with transaction.atomic():
        # Two at once with one key: the second waits here for the first, and makes nothing.
        Batch.objects.bulk_create([batch], ignore_conflicts=True)
        if Batch.objects.filter(pk=batch.pk).exists():
            BatchItem.objects.bulk_create(
                _item(batch, actor, n, item, hosts[n]) for n, item in enumerate(items)
            )
            _event(actor, batch, hosts)
            return Batch.objects.get(pk=batch.pk), False
    found = _earlier(caller, key, fingerprint)
    assert found is not None, "only the key's constraint can stand in the way"
    return found, True


def _earlier(caller: str, key: str, fingerprint: str) -> Batch | None:
    found = Batch.objects.filter(caller=caller, key=key).first()
    if found is not None and found.fingerprint != fingerprint:
        raise Refusal("idempotency_differs")
    return found


def _hosts(team: Team, items: Sequence[Mapping[str, str]]) -> list[str]:
    """Each address' host. One that cannot be asked refuses the whole batch, with its place."""
    known: dict[str, bool] = {}
    hosts = []
    for n, item in enumerate(items):
        try:
            host = sending.checked(item["url"], settings.OUTBOUND_ALLOWED_NETWORKS).hostname or ""
        except sending.Refused as refused:
            raise Refusal("item_refused", place=n, why=Refusal(refused.code).sentence) from refused
        if host not in known:
            # For a test key nothing is fetched, so it may name any host.
            known[host] = team.is_test or is_allowed(team.pk, host)
        if not known[host]:
            raise Refusal("host_not_allowed", host=host[:100])
        hosts.append(host)
    return hosts


def _item(batch: Batch, actor: Actor, n: int, item: Mapping[str, str], host: str) -> BatchItem:
    path = item["url"].partition("?")[0].partition("://")[2].partition("/")[2]
    return BatchItem(
        batch=batch, position=n, host=host, flow=actor.flow, priority=Priority.BATCH,
        weight=actor.weight_in(batch.team),
        sealed_url=seal(item["url"], purpose=PURPOSE), filename=displayable(unquote(path)),
        **{name: item.get(name, "") for name in SENT_WORDS if name != "filename"},
    )  # fmt: skip


def _event(actor: Actor, batch: Batch, hosts: list[str]) -> None:
    data: dict[str, Any] = {"items": len(hosts), "hosts": sorted(set(hosts))[:20]}
    record(
        chain=team_chain(batch.team_id), verb=Verb.BATCH_ACCEPTED, who=actor.who_in(batch.team_id),
        object_type="batch", object_id=batch.pk, data=data,
    )  # fmt: skip
