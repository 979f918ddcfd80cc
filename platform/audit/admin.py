"""The record in the admin: to read and to search, never to add, change or delete."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from .models import Checkpoint, Comparison, Event


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """For every table of the administration: whatever has rules or is on record is only looked at.

    A form that saves a row would do it past both.
    """

    actions: Any = None
    live = Q()
    """Leaves out what test keys sent: no person sees that."""
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(self.live)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("id", "recorded_at", "verb", "who", "object_type", "object_id", "seq")
    list_filter = ("verb", "object_type")
    search_fields = ("=who", "=object_id", "=chain")
    fields = ("id", "recorded_at", "chain", "seq", "verb", "who", "said", "hash_hex", "prev_hex")
    readonly_fields = fields

    @admin.display(description="what was recorded")
    def said(self, event: Event) -> str:
        return format_html("<pre>{}</pre>", json.dumps(event.content, indent=2))

    @admin.display(description="hash")
    def hash_hex(self, event: Event) -> str:
        return bytes(event.hash).hex()

    @admin.display(description="hash of the event before")
    def prev_hex(self, event: Event) -> str:
        return bytes(event.prev_hash).hex()


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    list_display = ("size", "sealed_at")
    fields = ("size", "sealed_at", "signed")
    readonly_fields = fields

    @admin.display(description="signed statement")
    def signed(self, checkpoint: Checkpoint) -> str:
        return format_html("<pre>{}</pre>", checkpoint.note)


@admin.register(Comparison)
class ComparisonAdmin(ReadOnlyAdmin):
    list_display = ("at", "whole", "rows", "ok")
    list_filter = ("ok", "whole")
    fields = ("at", "whole", "rows", "ok", "said")
    readonly_fields = fields
