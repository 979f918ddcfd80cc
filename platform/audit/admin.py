"""The audit record in the administration: read and search only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.filters import FieldListFilter
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise, cached_property
from django.utils.html import format_html
from django.utils.translation import gettext

from .admin_pages import finders_of
from .admin_values import Column, Detail, in_json, object_link, who_link
from .admin_words import WORDS, value_word, word
from .models import Checkpoint, Comparison, Event


class PageColumn:
    """A link from the row to its page, for readers who may open it."""

    __name__ = "page"
    short_description = WORDS["page"]

    def __init__(self) -> None:
        self.addresses: Mapping[Any, str] = {}

    def __call__(self, row: Any) -> str | None:
        address = self.addresses.get(row.pk)
        return format_html('<a href="{}">{}</a>', address, gettext("Open")) if address else None

    def __str__(self) -> str:
        return self.__name__


def in_words(model: type[models.Model], more: Iterable[str]) -> dict[str, Any]:
    """For forms: labels of all fields. What the code says of a field is for its readers alone."""
    names = {*(field.name for field in model._meta.concrete_fields), *more}
    labels = {name: word(model, name) for name in names}
    return {
        "labels": {name: label for name, label in labels.items() if label},
        "help_texts": dict.fromkeys(names, ""),
    }


def _titled(title: Any, say: Callable[[Any], Any]) -> Callable[..., FieldListFilter]:
    """With its heading and its choices in words."""

    def made(*args: Any, **kwargs: Any) -> FieldListFilter:
        found: Any = FieldListFilter.create(*args, **kwargs)
        found.title = title
        plain = found.choices
        found.choices = lambda changelist: (
            choice
            if isinstance(choice["display"], Promise)  # in words already
            else {**choice, "display": say(choice["display"])}
            for choice in plain(changelist)
        )
        return cast(FieldListFilter, found)

    return made


class WordedInline(admin.TabularInline):  # type: ignore[type-arg]
    """With headings and values as the lists have them."""

    says: Mapping[str, Callable[[Any], Any]] = {}

    @cached_property
    def _details(self) -> dict[str, Any]:
        return {str(name): Detail(self, str(name)) for name in self.readonly_fields}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return list(self._details.values())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return list(self._details.values())

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        words = in_words(self.model, map(str, self.readonly_fields))
        return super().get_formset(request, obj, **{**words, **kwargs})


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """For every table of the administration: whatever has rules or is on record is only looked at.

    A form that saves a row would do it past both.
    """

    actions: Any = None
    live = Q()
    """Leaves out what test keys sent: no person sees that."""
    show_full_result_count = False
    says: Mapping[str, Callable[[Any], Any]] = {}
    """By column: how its values are said, where `VALUES` does not know them."""

    named_by_id = False
    """Other names of its rows are for developers, or for their team alone."""

    def named(self, row: Any) -> str:
        return str(row.pk if self.named_by_id else row)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Each value as `Detail` says it: nothing of them is ever put into a form."""
        sets: Any = super().get_fieldsets(request, obj)
        return [
            (title, {**options, "fields": self._details(options["fields"])})
            for title, options in sets
        ]

    def _details(self, names: Iterable[Any]) -> list[Any]:
        return [
            Detail(self, name) if isinstance(name, str) else tuple(self._details(name))
            for name in names
        ]

    def address(self, request: HttpRequest, row: Any) -> str:
        """The address of the row's page outside the administration; empty if there is none for this
        reader."""
        return ""

    def addresses(self, request: HttpRequest, rows: Sequence[Any]) -> Mapping[Any, str]:
        """Of all that have such a page, by key."""
        found = {row.pk: self.address(request, row) for row in rows}
        for finder in finders_of(self.model):
            found |= finder(request, rows)
        return {key: address for key, address in found.items() if address}

    def get_list_display(self, request: HttpRequest) -> Any:
        columns: list[Any] = [Column(self, str(name)) for name in self.list_display]
        has_pages = type(self).address is not ReadOnlyAdmin.address or finders_of(self.model)
        # After the first: where the list is wider than its window, the link is still in view.
        return [columns[0], PageColumn(), *columns[1:]] if has_pages else columns

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist: Any = super().get_changelist_instance(request)
        for column in changelist.list_display:
            if isinstance(column, PageColumn):
                column.addresses = self.addresses(request, list(changelist.result_list))
        return changelist

    def render_change_form(
        self,
        request: HttpRequest,
        context: Any,
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> Any:
        if obj is not None:
            context["subtitle"] = self.named(obj)
            context["page_address"] = self.addresses(request, [obj]).get(obj.pk, "")
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_list_filter(self, request: HttpRequest) -> Any:
        paths = map(str, self.list_filter)
        return [
            (
                path,
                _titled(
                    word(self.model, path) or path,
                    self.says.get(path, partial(value_word, path)),
                ),
            )
            for path in paths
        ]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kw: Any
    ) -> Any:
        words = in_words(self.model, map(str, self.readonly_fields))
        return super().get_form(request, obj, change, **{**words, **kw})

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
    fields = ("id", "recorded_at", "chain", "seq", "verb", "actor", "object_type", "object_page",
              "content_json", "hash_hex", "prev_hex")  # fmt: skip
    readonly_fields = fields
    named_by_id = True

    def actor(self, event: Event) -> str:
        return who_link(event.who)

    def object_page(self, event: Event) -> str:
        return object_link(event.object_type, event.object_id)

    def content_json(self, event: Event) -> str:
        return in_json(event.content)

    def hash_hex(self, event: Event) -> str:
        return bytes(event.hash).hex()

    def prev_hex(self, event: Event) -> str:
        return bytes(event.prev_hash).hex()


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    named_by_id = True
    list_display = ("size", "sealed_at")
    fields = ("size", "sealed_at", "signed")
    readonly_fields = fields

    def signed(self, checkpoint: Checkpoint) -> str:
        return format_html("<pre>{}</pre>", checkpoint.note)


@admin.register(Comparison)
class ComparisonAdmin(ReadOnlyAdmin):
    named_by_id = True
    list_display = ("at", "whole", "rows", "ok")
    list_filter = ("ok", "whole")
    fields = ("at", "whole", "rows", "ok", "said")
    readonly_fields = fields
