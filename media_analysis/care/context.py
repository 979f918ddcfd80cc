"""What templates know of a person's keys: `own_keys.decide` is one, `key_sheet` the whole list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext

from accounts.models import User
from media_analysis.care.keys import ACTIONS, OF_OUTCOMES
from media_analysis.care.services import own_keys


def of_person(request: HttpRequest) -> dict[str, Any]:
    """The context processor; asks the database only when a template draws a key."""

    def found() -> dict[str, str]:
        person = getattr(request, "user", None)
        return own_keys.of(person.pk if isinstance(person, User) else None)

    keys: Any = SimpleLazyObject(found)

    def sheet() -> list[tuple[Any, Sequence[str]]]:
        own = [(action.label, keys[action.name]) for action in ACTIONS]
        return [*own, (gettext("Choose what you see"), OF_OUTCOMES)]

    return {"own_keys": keys, "key_sheet": sheet}
