"""Answers that wait for news, and answers that are left out because nothing is new.

`?wait=` needs a server that can keep an answer back (`config.front.waiting`). Behind any other the
answer comes at once, and the caller asks again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import close_old_connections
from django.db.models import UUIDField
from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from accounts.prepared import Prepared, any_of
from jobs.models import UNDER_WAY
from media_analysis.batches.services import progress
from media_analysis.partners.fields import EachFieldOnce
from media_analysis.submissions.models import Submission

WAIT, WAITED = "touchstone.wait", "touchstone.waited"
"""Names in the request's environment, as `config.front.waiting` has them."""
LONGEST = 60
OF_A_BATCH = "batch "
"""How the key of a batch begins; that of a submission is its id."""


class WaitSerializer(EachFieldOnce):
    wait = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LONGEST,
        default=0,
        help_text="The number of seconds to wait until the analysis has ended or, with "
        "If-None-Match, until anything changes.",
    )


def waited(request: Request) -> dict[str, Any]:
    """What this request waited for before, and how many seconds are left; empty the first time."""
    found: dict[str, Any] = request.META.get(WAITED) or {}
    return found


_VERSIONS = Prepared(
    lambda _, keys: (
        Submission.objects.filter(any_of("pk", keys, UUIDField))
        .order_by()
        .values_list(
            "pk", "card__updated_at", "analysis_id", "analysis__progress", "analysis__stage"
        )
    )
)


def versions(keys: Collection[str]) -> Mapping[str, str]:
    """What each of these submissions and batches is like now, in a word that changes with it. For
    the server, in a thread of its own."""
    close_old_connections()
    try:
        return _versions(keys)
    finally:
        close_old_connections()


def version_of(key: str) -> str:
    """Within a request."""
    return _versions([key]).get(key, "")


def _versions(keys: Collection[str]) -> Mapping[str, str]:
    batches = [key for key in keys if key.startswith(OF_A_BATCH)]
    found = _VERSIONS(None, keys=[UUID(key) for key in keys if key not in batches])
    versions = {str(pk): " ".join(map(str, parts)) for pk, *parts in found}
    for pk, version in progress.versions([UUID(key[len(OF_A_BATCH) :]) for key in batches]):
        versions[f"{OF_A_BATCH}{pk}"] = version
    return versions


class News:
    """Made before the answer is: what changes while it is made is noticed."""

    def __init__(self, request: Request, pk: UUID, seconds: float) -> None:
        self.request, self.key = request, str(pk)
        before = waited(request)
        self.seconds = float(before["seconds"] if before else seconds)
        self.version = version_of(self.key) if self.seconds > 0 else ""

    def answered(
        self, version: bytes, content: Callable[[], bytes], state: str
    ) -> HttpResponseBase:
        answer = conditional(self.request, version, content)
        known = "If-None-Match" in self.request.headers
        has_news = answer.status_code == 200 and (known or state not in UNDER_WAY)
        if self.seconds > 0 and not has_news:
            self.request.META[WAIT] = {
                "key": self.key, "version": self.version, "seconds": self.seconds,
                "kept": allowance(self.request),
            }  # fmt: skip
        return answer


def allowance(request: Request) -> dict[str, Any]:
    """Stored with the waiting request: it counts once, although the view runs again."""
    throttle: Any = getattr(request, "_rate_limit", None)
    if throttle is None:
        return {}
    left = throttle.allowance
    return {"allowance": (left.limit, left.used, left.ends_in)}


def as_json(request: Request, values: Any) -> HttpResponseBase:
    """A narrow answer, which is its own version."""
    content = JSONRenderer().render(values)
    return conditional(request, content, lambda: content)


def name_of(version: bytes) -> str:
    return hashlib.sha256(version).hexdigest()[:32]


def conditional(request: Request, version: bytes, content: Callable[[], bytes]) -> HttpResponseBase:
    """JSON with its ETag. 304 without a body if the caller has this version; the body is then not
    built."""
    etag = f'"{name_of(version)}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    head = HttpResponse(content_type="application/json", headers=headers)
    answer = get_conditional_response(request._request, etag=etag, response=head)
    if answer is None or answer is head:
        head.content = content()
        return head
    return answer
