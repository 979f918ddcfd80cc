"""One refusal for pages and REST: a stable code, its data, and the HTTP status.

The modules beside this one are the only place that knows their sentences. Pages and REST make the
sentence in the reader's language when they answer; docs/api.md lists the codes that REST can give.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop

from accounts.plain_words import WORDS
from accounts.refusals import media, people, rest, review
from accounts.refusals.entry import Entry as Entry
from accounts.roles import Permission, Role

WHOSE = {
    "team": gettext_noop("of the team"),
    "partner": gettext_noop("of the partner"),
    "key": gettext_noop("of the key"),
}


class Refusal(Exception):
    """The wish is not granted, and nothing was changed."""

    wait: float | None = None
    """Seconds until it may be granted, where that is known."""

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(code)
        self.code, self.data = code, data
        self.status = CATALOGUE[code].status

    @property
    def sentence(self) -> str:
        """The sentence in the language of the reader."""
        words = {name: _word(name, value) for name, value in self.data.items()}
        return str(CATALOGUE[self.code].sentence).format(**words)

    @property
    def forbids(self) -> bool:
        """A right is missing: pages that do not show the sentence answer 403."""
        return self.status == 403

    def __str__(self) -> str:
        return self.sentence


def _word(name: str, value: Any) -> Any:
    """Rights, roles and owners are data by their value, and read by their name."""
    if name == "permission":
        return WORDS[Permission(value)]
    if name == "whose":
        return gettext(WHOSE[value])
    return Role(value).label if name == "role" else value


CATALOGUE: Mapping[str, Entry] = {
    **people.ENTRIES,
    **media.ENTRIES,
    **review.ENTRIES,
    **rest.ENTRIES,
}
