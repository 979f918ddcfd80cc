"""Where rows of the administration lead to: pages of the product, named by their apps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from .models import Event

Finder = Callable[[HttpRequest, Sequence[Any]], Mapping[Any, str]]
"""Of some rows at once, by key: the address of each page that its reader may open."""

_finders: dict[type[Model], list[Finder]] = defaultdict(list)


def register(model: type[Model], finder: Finder) -> None:
    _finders[model].append(finder)


def finders_of(model: type[Model]) -> Sequence[Finder]:
    return _finders.get(model, ())


def of_objects(
    events: Sequence[Event], object_type: str, visible: QuerySet[Any], address: str
) -> Mapping[Any, str]:
    """The pages of the objects that events of this type are about, as far as they are `visible`."""
    named = {event.pk: event.object_id for event in events if event.object_type == object_type}
    found = visible.filter(pk__in=_ids(named.values())).values_list("pk", flat=True)
    known = {str(pk) for pk in found}
    return {
        event: reverse(address, args=[named_id])
        for event, named_id in named.items()
        if named_id in known
    }


def _ids(texts: Iterable[str]) -> list[UUID]:
    """What was recorded as an id, where it is one."""
    found = []
    for one in texts:
        try:
            found.append(UUID(one))
        except ValueError:
            continue
    return found
