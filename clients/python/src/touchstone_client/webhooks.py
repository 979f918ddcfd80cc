"""Verifies what a Touchstone server sends to a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from touchstone_client.errors import TouchstoneError
from touchstone_client.models import Decision, moment


class NotGenuine(TouchstoneError):
    """The signature is missing, wrong, or more than five minutes old: take no notice of it."""


@dataclass(frozen=True)
class Message:
    id: str
    """The same when the message is sent again: take each id once."""
    type: str
    timestamp: datetime | None
    data: Mapping[str, Any]
    livemode: bool = True
    """False: it is about what a test key sent."""

    @property
    def decision(self) -> Decision | None:
        values = self.data.get("decision")
        return Decision.of(values) if values else None


def verify(secret: str, body: bytes | str, headers: Mapping[str, str]) -> Message:
    """The message, or `NotGenuine`. `body` as it came, before anything parsed it."""
    named = {name.lower(): value for name, value in headers.items()}
    try:
        values = Webhook(secret).verify(body, named)
        return Message(
            named["webhook-id"], values["type"], moment(values["timestamp"]), values["data"],
            values.get("livemode", True),
        )  # fmt: skip
    except (WebhookVerificationError, ValueError, KeyError, TypeError) as error:
        raise NotGenuine(str(error) or "The message is not genuine.") from error
