"""The language of media, as its sender says it: a tag of BCP 47. Nothing here guesses."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.conf.locale import LANG_INFO
from django.db.models import Q
from django.utils.translation import get_language_info

from accounts.refusals import Refusal

LONGEST = 35
"""RFC 5646 advises to have room for as much."""
PATTERN = (
    "[A-Za-z]{2,3}(-[A-Za-z]{3})?(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    "(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"
)
"""Language, extended language, script, region, variants. Extensions and private parts could hold
any words, and no rule could ask for them."""
_TAG = re.compile(PATTERN)
MALFORMED = "language_malformed"


def tag(text: str) -> str:
    """In the usual letters (`de-AT`, `zh-Hant`), or empty; refused where it is no tag."""
    if not text:
        return ""
    if len(text) > LONGEST or not _TAG.fullmatch(text):
        raise Refusal(MALFORMED, tag=text[:LONGEST])
    first, *others = text.lower().split("-")
    return "-".join([first, *map(_in_usual_letters, others)])


def _in_usual_letters(part: str) -> str:
    if len(part) == 4 and part.isalpha():
        return part.title()
    return part.upper() if len(part) == 2 else part


def fits(tags: Iterable[str], column: str = "language") -> Q:
    """One of these tags, or a narrower one: `de` fits `de-AT`, too (RFC 4647, basic filtering)."""
    found = Q()
    for one in tags:
        found |= Q(**{column: one}) | Q(**{f"{column}__startswith": f"{one}-"})
    return found


def name_of(text: str) -> str:
    """In the reader's language, with the tag; the tag alone where nobody gave it a name."""
    for known in (text.lower(), text.lower().partition("-")[0]):
        if "name" in LANG_INFO.get(known, {}):
            return f"{get_language_info(known)['name_translated']} ({text})"
    return text


def choices() -> list[tuple[str, str]]:
    """What a list offers, by name; every other tag is taken, too."""
    named = (tag(code) for code, info in LANG_INFO.items() if "name" in info)
    return sorted(((one, name_of(one)) for one in named), key=lambda one: one[1].casefold())
