"""A person's own keys. Theirs alone, like their language: no matter of record."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.refusals import Refusal
from media_analysis.care import keys
from media_analysis.care.models import OwnKey


def of(person: UUID | None) -> dict[str, str]:
    """The key of every action."""
    if person is None:
        return keys.USUAL
    chosen = dict(OwnKey.objects.filter(person=person).values_list("action", "key"))
    return keys.USUAL | {name: key for name, key in chosen.items() if name in keys.USUAL}


@transaction.atomic
def choose(person: User, wanted: dict[str, str]) -> None:
    """All of them at once: a key has one meaning."""
    if wanted.keys() != keys.USUAL.keys() or keys.problems(wanted):
        raise Refusal("keys_conflict")
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    OwnKey.objects.filter(person=person).delete()
    OwnKey.objects.bulk_create(
        OwnKey(person=person, action=action, key=key) for action, key in wanted.items()
    )


def reset(person: User) -> None:
    OwnKey.objects.filter(person=person).delete()
