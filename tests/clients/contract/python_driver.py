"""The contract's callers in Python: a JSON command a line on stdin, an answer a line on stdout.

`python` is the synchronous client and `python-async` the other one: the same calls, awaited.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import inspect
import json
import sys
import traceback
from typing import Any

from touchstone_client import (
    AsyncTouchstone,
    NotGenuine,
    Problem,
    TimedOut,
    Touchstone,
    Unreachable,
    calls,
    verify,
)

Fields = dict[str, Any]
LOOP = asyncio.new_event_loop()
SENT = ("filename", "note", "external_id", "language", "idempotency_key")


class Caller:
    """One client, whose methods answer at once whether it is asynchronous or not."""

    def __init__(self, kind: str, url: str, key: str, options: Fields) -> None:
        client: Any = AsyncTouchstone if kind == "python-async" else Touchstone
        self.client = client(url, key=key, **options)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)

        def call(*args: Any, **words: Any) -> Any:
            found = method(*args, **words)
            if inspect.isasyncgen(found):
                return LOOP.run_until_complete(collected(found))
            return LOOP.run_until_complete(found) if inspect.isawaitable(found) else found

        return call

    def end(self) -> None:
        self.__getattr__("aclose" if isinstance(self.client, AsyncTouchstone) else "close")()


async def collected(found: Any) -> list[Any]:
    return [one async for one in found]


def submission(one: Any) -> Fields:
    names = ("id", "state", "outcome", "external_id", "filename", "language", "livemode")
    return {
        **{name: getattr(one, name) for name in names},
        "decision": decision(one.decision) if one.decision else None,
        "decisions": [(each.outcome, each.in_force) for each in one.decisions],
        "appeal": appeal(one.appeal) if one.appeal else None,
        "reports": [(each.id, each.decision) for each in one.reports],
        "deletion_requested": bool(one.deletion_requested_at),
    }


def picked(one: Any, *names: str) -> Fields:
    return {name: getattr(one, name) for name in names}


def decision(one: Any) -> Fields:
    return picked(one, "id", "outcome", "reason", "supersedes")


def appeal(one: Any) -> Fields:
    return picked(one, "id", "state", "outcome", "decision", "answer")


def batch(one: Any) -> Fields:
    items = [(each.state, each.external_id, each.submission) for each in one.items or ()]
    return {**picked(one, "id", "external_id"), "waiting": one.counts["waiting"], "items": items}


def usage(one: Any) -> Fields:
    team = None
    if one.team_quota is not None:
        team = {"quota": one.team_quota, "remaining": one.team_remaining}
    whose = [(each["whose"], each["requests"]) for each in one.rates["write"]]
    return {"partner": (one.used, one.quota), "key": (one.key_used, one.key_quota),
            "team": team, "whose": whose}  # fmt: skip


def webhook(one: Any) -> Fields:
    return picked(one, "id", "events", "is_active", "disabled_because")


def digest(found: bytes) -> Fields:
    return {"size": len(found), "sha256": hashlib.sha256(found).hexdigest()}


def upload(client: Any, fields: Fields) -> Fields:
    """Returns the address even of an upload that was cut off for good."""
    addresses: list[str] = []
    calls.PIECE = fields["piece"]
    words = {name: fields[name] for name in SENT[:-1] if name in fields}
    try:
        pk = client.upload(
            base64.b64decode(fields["media"]), started=addresses.append,
            upload_url=fields.get("upload_url"), **words,
        )  # fmt: skip
    except Unreachable:
        if not addresses:
            raise
        return {"id": None, "address": addresses[0]}
    return {"id": pk, "address": addresses[0]}


def answer_to(client: Any, ask: str, fields: Fields) -> Any:
    pk, timeout = fields.get("id", ""), fields.get("timeout", 60)
    repeated = {"idempotency_key": fields.get("idempotency_key")}
    match ask:
        case "submit":
            words = {name: fields[name] for name in SENT if name in fields}
            return submission(client.submit(base64.b64decode(fields["media"]), **words))
        case "get" | "cancel" | "request_deletion":
            return submission(getattr(client, ask)(pk))
        case "wait" | "wait_for_decision":
            return submission(getattr(client, ask)(pk, timeout=timeout))
        case "follow":
            return submission(list(client.follow(pk, until=fields["until"], timeout=timeout))[-1])
        case "find":
            return [one.id for one in client.find(**fields["filters"])]
        case "appeal":
            return appeal(client.appeal(pk, fields["text"], **repeated))
        case "withdraw_appeal":
            return appeal(client.withdraw_appeal(pk))
        case "media":
            return digest(client.media(pk))
        case "report":
            return digest(client.report(pk, fields["report"], fields["name"]))
        case "send_addresses":
            external = fields.get("external_id", "")
            return batch(client.send_addresses(fields["items"], external_id=external, **repeated))
        case "batch":
            return batch(client.batch(pk))
        case "usage":
            return usage(client.usage())
        case "add_webhook":
            added = client.add_webhook(fields["address"], fields["events"])
            return {**webhook(added), "secret": added.secret}
        case "change_webhook":
            return webhook(client.change_webhook(pk, is_active=fields["is_active"]))
        case "rotate_secret" | "delete_webhook":
            return getattr(client, ask)(pk)
        case "test_webhook":
            return client.test_webhook(pk)["type"]
        case "webhooks":
            return [webhook(one) for one in client.webhooks()]
        case "upload":
            return upload(client, fields)
        case "verify":
            message = verify(fields["secret"], fields["body"], fields["headers"])
            made = message.decision.outcome if message.decision else None
            return {**picked(message, "id", "type", "livemode"), "decision": made}
    raise ValueError(ask)


def failure(error: Exception) -> Fields:
    match error:
        case Problem():
            fields = [one["field"] for one in error.errors]
            return {"kind": "problem", **picked(error, "status", "code", "detail"),
                    "fields": fields}  # fmt: skip
        case TimedOut():
            return {"kind": "timed_out"}
        case Unreachable():
            return {"kind": "unreachable"}
        case NotGenuine():
            return {"kind": "not_genuine"}
    return {"kind": "broken", "detail": "".join(traceback.format_exception(error))}


def answer(fields: Fields) -> Fields:
    kind, url, key = fields.pop("caller"), fields.pop("url"), fields.pop("key")
    client = Caller(kind, url, key, fields.pop("options", {}))
    try:
        return {"ok": answer_to(client, fields.pop("ask"), fields)}
    except Exception as error:
        return {"error": failure(error)}
    finally:
        client.end()


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
