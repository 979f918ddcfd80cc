"""Which copies there are and how they came to be, without the films."""

from __future__ import annotations

from django.contrib import admin

from audit.admin import ReadOnlyAdmin
from media_analysis.previews.models import Preview
from ml import language


@admin.register(Preview)
class PreviewAdmin(ReadOnlyAdmin):
    named_by_id = True
    says = {"reason_code": language.in_short, "stage": language.stage}
    list_display = ["id", "state", "reason_code", "seconds", "made_in", "attempt", "worker",
                    "created_at", "finished_at"]  # fmt: skip
    list_filter = ["state"]
    list_select_related = False
    search_fields = ["=id", "=source__sha256"]
    ordering = ["-created_at"]
    fields = [
        ("state", "reason_code"),
        ("seconds", "fps", "made_in"),
        ("priority", "attempt", "crashes", "fence"),
        ("worker", "lease_until", "progress", "stage"),
        ("created_at", "available_at", "started_at", "finished_at"),
        ("source", "film"),
    ]
    readonly_fields = ["created_at"]
