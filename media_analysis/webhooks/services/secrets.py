"""The secrets that deliveries are signed with: made, kept encrypted, used, replaced."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from standardwebhooks.webhooks import Webhook

from accounts.sealing import seal, unseal
from jobs.timing import InSeconds
from media_analysis.webhooks.models import Endpoint, Secret

PURPOSE = "webhook secret"
BYTES = 32
OVERLAP = timedelta(hours=24)
"""So long the earlier secret signs too, after a new one was made."""


def make(endpoint: Endpoint) -> str:
    """The new secret: shown once. Earlier ones end after the overlap."""
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(BYTES)).decode()}"
    earlier = Secret.objects.filter(endpoint=endpoint, expires_at__isnull=True)
    earlier.update(expires_at=InSeconds(OVERLAP.total_seconds()))
    Secret.objects.create(endpoint=endpoint, sealed=seal(secret, purpose=PURPOSE))
    return secret


def of(endpoint: Endpoint) -> list[Webhook]:
    """Those that sign now, the newest first."""
    live = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())
    found = Secret.objects.filter(live, endpoint=endpoint)
    return [Webhook(unseal(one.sealed, purpose=PURPOSE)) for one in found]


def forget_old() -> None:
    Secret.objects.filter(expires_at__lt=Now()).delete()
