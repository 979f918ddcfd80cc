"""How the administration says a value: in lists, and on the page of one row."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import display_for_field, display_for_value
from django.core.exceptions import FieldDoesNotExist
from django.db.models import BooleanField, Model
from django.urls import NoReverseMatch, reverse
from django.utils.formats import localize
from django.utils.html import format_html

from .admin_words import value_word, word

EMPTY = "-"
OBJECTS = {
    "analysis": "ml_analysis",
    "case": "review_case",
    "invitation": "accounts_invitation",
    "key": "accounts_apikey",
    "policy": "review_policy",
    "preview": "previews_preview",
    "service": "accounts_serviceaccount",
    "submission": "submissions_submission",
    "team": "accounts_team",
    "user": "accounts_user",
}
"""The table of the administration that an event's object is in, by its type."""


class Column:
    """One of a list: its heading is a word of the product, and no name of a field."""

    def __init__(self, model_admin: Any, name: str) -> None:
        self.__name__ = name
        self._says = model_admin.says
        self.short_description = word(model_admin.model, name) or name
        try:
            self._field: Any = model_admin.model._meta.get_field(name)
        except FieldDoesNotExist:
            self._field, self._made = None, getattr(model_admin, name)
            self.admin_order_field = getattr(self._made, "admin_order_field", None)
        else:
            self.admin_order_field = name
            self.boolean = isinstance(self._field, BooleanField)

    def __call__(self, row: Any) -> Any:
        if self._field is None:
            return value_word(self.__name__, self._made(row))
        value = getattr(row, self.__name__)
        if say := self._says.get(self.__name__):
            return say(value) if value else None
        if self._field.choices:
            value = getattr(row, f"get_{self.__name__}_display")()
        return value_word(self.__name__, value)

    def __str__(self) -> str:
        return self.__name__


class Detail(Column):
    """One on the page of a row: a link to a related row, JSON in lines, numbers without a tail."""

    def __call__(self, row: Any) -> Any:
        value = super().__call__(row)
        if getattr(self, "boolean", False):
            return value
        if value is None or value in ("", [], {}, ()):
            return EMPTY
        if isinstance(value, Model):
            return _link(value)
        if self.__name__ == "progress":
            return f"{round(100 * value)} %"
        if isinstance(value, float):
            short = float(f"{value:.4g}")
            return localize(int(short) if short.is_integer() else short)
        if isinstance(value, dict) or (isinstance(value, list) and not _is_plain(value)):
            return in_json(value)
        is_as_kept = self._field is not None and value == getattr(row, self.__name__)
        if is_as_kept and not self._field.choices:
            return display_for_field(value, self._field, EMPTY)
        return display_for_value(value, EMPTY)


def _is_plain(value: list[Any]) -> bool:
    return not any(isinstance(one, dict | list) for one in value)


def _link(related: Model) -> str:
    model_admin: Any = admin.site._registry.get(type(related))
    if model_admin is None:
        return str(related.pk)
    meta = related._meta
    address = _address(f"{meta.app_label}_{meta.model_name}", related.pk)
    return _linked(address, model_admin.named(related))


def in_json(value: Any) -> str:
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False))


def object_link(object_type: str, pk: str) -> str:
    """Linked where the administration has a page of it."""
    address = _address(OBJECTS.get(object_type, ""), pk)
    return _linked(address, pk)


def who_link(who: str) -> str:
    """As it was recorded; a person and a partner lead to their pages."""
    kind, _, pk = who.partition(":")
    address = _address(OBJECTS[kind], pk) if kind in ("user", "service") else ""
    return _linked(address, who)


def _linked(address: str, text: str) -> str:
    return format_html('<a href="{}">{}</a>', address, text) if address else text


def _address(table: str, pk: object) -> str:
    try:
        return reverse(f"admin:{table}_change", args=[pk]) if table else ""
    except NoReverseMatch:
        return ""
