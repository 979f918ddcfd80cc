"""Where rows of the administration lead to: pages of the product, named by their apps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import Model
from django.http import HttpRequest

Finder = Callable[[HttpRequest, Sequence[Any]], Mapping[Any, str]]
"""Of some rows at once, by key: the address of each page that its reader may open."""

_finders: dict[type[Model], list[Finder]] = defaultdict(list)


def register(model: type[Model], finder: Finder) -> None:
    _finders[model].append(finder)


def finders_of(model: type[Model]) -> Sequence[Finder]:
    return _finders.get(model, ())
