"""What a search means: every word must be met, each in any of the places where words stand.

A word of three letters or more is found inside other words (trigrams), a shorter one at the
beginning of a word (full text). A word may also be the beginning of a SHA-256, a submission's id,
or a part of the sender's name or address. `%` and `_` are letters like others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q

from accounts.models import ServiceAccount, User

MOST_WORDS = 12
MOST_SENDERS = 500
_LETTERS = re.compile(r"[^\W_]+")
_LONG_ENOUGH = re.compile(r"[^\W_]{3}")
_HASH = re.compile(r"[0-9a-f]{6,64}")


def split(text: str) -> list[str]:
    return unicodedata.normalize("NFC", text).replace("\x00", " ").lower().split()


def containing(text: str, at: str) -> Q:
    """A condition on search texts; `at` is the way to them, such as `submission__search_text__`."""
    parts = split(text)[:MOST_WORDS]
    senders = _senders(parts)
    found_by_others = any(_LONG_ENOUGH.search(word) for word in parts)
    condition = Q()
    for word, its_senders in zip(parts, senders, strict=True):
        condition &= _one(word, its_senders, at, found_by_others)
    return condition


def _one(word: str, senders: Sequence[UUID], at: str, found_by_others: bool) -> Q:
    met = Q(pk__in=[])
    if beginnings := _LETTERS.findall(word):
        met |= _begins(beginnings, at, found_by_others and not _LONG_ENOUGH.search(word))
    if _LONG_ENOUGH.search(word):
        met |= Q(**{f"{at}haystack__contains": word})
    if _HASH.fullmatch(word):
        met |= Q(**{f"{at}sha256__startswith": word})
    if senders:
        met |= Q(**{f"{at}sender__in": senders})
    try:
        met |= Q(**{f"{at}submission_id": UUID(word)})
    except ValueError:
        pass
    return met


def _begins(beginnings: Sequence[str], at: str, only_looked_at: bool) -> Q:
    """Words with this prefix, by the full-text index. A short one next to longer ones is searched
    only in their results, because half of all texts can contain a word that begins with 4."""
    if only_looked_at:
        patterns = [rf"(^|[^[:alnum:]]){part}" for part in beginnings]
        return Q(*(Q(**{f"{at}haystack__regex": pattern}) for pattern in patterns))
    text = " & ".join(f"'{part}':*" for part in beginnings)
    return Q(**{f"{at}words": SearchQuery(text, config="simple", search_type="raw")})


def _senders(parts: Sequence[str]) -> list[list[UUID]]:
    """The senders that match each word: people by name or address, partners by name."""
    wanted = [word for word in parts if len(word) > 1]
    people, partners = Q(pk__in=[]), Q(pk__in=[])
    for word in wanted:
        people |= Q(name__icontains=word) | Q(email__icontains=word)
        partners |= Q(name__icontains=word)
    known = [
        *User.objects.filter(people).values_list("pk", "name", "email")[:MOST_SENDERS],
        *ServiceAccount.objects.filter(partners).values_list("pk", "name", "name")[:MOST_SENDERS],
    ]
    return [
        [pk for pk, name, email in known if word in name.lower() or word in email.lower()]
        if word in wanted
        else []
        for word in parts
    ]
