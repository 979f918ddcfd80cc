"""Server-sent events: a submission or a batch, sent again each time it changes.

The server calls the view again for each event (`config.front.streaming`), so each event is created
with the caller's current permissions. Behind a server that keeps no answer open, the stream has one
event, and its reader reconnects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from accounts.actors import actor_of
from accounts.refusals import Refusal
from media_analysis.partners import waiting
from media_analysis.partners.fields import EachFieldOnce

STREAM, PLACE = "touchstone.stream", "touchstone.place"
"""Names in the request's environment, as `config.front` has them."""
KIND = "text/event-stream"
LONGEST = 600
USUAL = 300
RECONNECT = b"retry: 2000\n\n"
"""Milliseconds that a browser waits after the end of a stream."""
NOTHING_NEW = b":\n\n"
HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Authorization, Cookie",
    "X-Accel-Buffering": "no",  # nginx passes each event on at once
}
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    str,
    OpenApiParameter.HEADER,
    description="The `id` of the last event that you received. Only newer events are sent.",
)
ENDED = OpenApiResponse(
    description="The condition of `until` is met, and the event with this Last-Event-ID "
    "reported it."
)


class StreamSerializer(EachFieldOnce):
    seconds = serializers.IntegerField(
        required=False, min_value=1, max_value=LONGEST, default=USUAL,
        help_text="The duration of the stream in seconds. Reconnect with Last-Event-ID after "
                  "that.",
    )  # fmt: skip


class BatchStreamSerializer(StreamSerializer):
    until = serializers.ChoiceField(
        ["ended"], required=False, help_text="The stream ends when the batch is completed."
    )


class SubmissionStreamSerializer(StreamSerializer):
    until = serializers.ChoiceField(
        ["ended", "decided"],
        required=False,
        help_text="The stream ends when the analysis has ended, or when a decision is in force.",
    )


class StreamEventSerializer(serializers.Serializer[Any]):
    """An event of a stream."""

    id = serializers.CharField(
        required=False, help_text="The value for Last-Event-ID to resume from here."
    )
    event = serializers.CharField(
        required=False,
        help_text="`refused` if the stream ends with an error. `data` is then a problem.",
    )
    retry = serializers.IntegerField(required=False)
    data = serializers.CharField(  # type: ignore[assignment]  # the format's name for it
        help_text="The JSON that a GET of the same resource returns."
    )


class EventsRenderer(JSONRenderer):
    """Events are answered by themselves; what this renders are errors."""

    media_type = KIND
    format = "events"


class AnswersEvents:
    """Base of view sets whose action `events` is a stream."""

    action: str

    def get_renderers(self) -> list[BaseRenderer]:
        as_json: list[BaseRenderer] = [JSONRenderer()]
        return [EventsRenderer(), *as_json] if self.action == "events" else as_json


class Stream:
    """Made before the event is: what changes while it is made is noticed."""

    def __init__(self, request: Request, key: str, values: dict[str, Any]) -> None:
        self.request, self.key = request, key
        before = waiting.waited(request)
        self.is_first = not before
        self.until = values.get("until")
        self.seconds = float(before["seconds"] if before else values.get("seconds", USUAL))
        last = before["kept"]["told"] if before else request.headers.get("Last-Event-ID", "")
        self.last = str(last).strip('"')
        self.version = waiting.version_of(key)

    def answered(
        self, version: bytes, content: Callable[[], bytes], *, is_over: bool
    ) -> HttpResponseBase:
        """The current event, unless it was sent before. `is_over`: the condition of `until` is
        met."""
        name = waiting.name_of(version)
        if is_over and self.is_first and name == self.last:
            return HttpResponse(status=204, headers=HEADERS)
        if not is_over:
            self._stay(name)
        parts = [RECONNECT] if self.is_first else []
        parts.append(NOTHING_NEW if name == self.last else event(name, content()))
        # Not at once: an answer of a known length could not go on.
        return StreamingHttpResponse(iter(parts), content_type=KIND, headers=HEADERS)

    def _stay(self, name: str) -> None:
        place: Any = self.request.META.get(PLACE)
        if place is None or self.request.method != "GET":
            return
        who = actor_of(self.request).who
        if not place.take(f"{who.kind}-{who.id}", settings.API_STREAMS):
            raise Refusal("too_many_streams", most=settings.API_STREAMS)
        self.request.META[STREAM] = {
            "key": self.key, "version": self.version, "seconds": self.seconds,
            "kept": {**waiting.allowance(self.request), "told": name},
        }  # fmt: skip


def event(name: str, data: bytes) -> bytes:
    return b"id: %s\n%s\n" % (name.encode(), b"".join(_lines(data)))


def _lines(data: bytes) -> Iterator[bytes]:
    for line in data.splitlines():
        yield b"data: %s\n" % line
