"""Why an item has no submission yet. Its row keeps a code and data; readers get a sentence."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from accounts.refusals import CATALOGUE, Refusal
from ml import language
from outbound.sentences import in_words

SENTENCES = {
    "sender_gone": _("The sender of this batch no longer has the permission to submit media."),
    "unreadable": _("The site's key has changed. Send this address again."),
}


def as_text(data: dict[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, default=str)


def sentence(state: str, code: str, column: str) -> str:
    """In the reader's language. Earlier versions kept the English sentence in the column."""
    if not code or (column and not column.startswith("{")):
        return column
    data = json.loads(column or "{}")
    tries, status = data.pop("tries", 0), data.pop("status", None)
    if code in SENTENCES:
        words = gettext(SENTENCES[code])
    else:
        words = in_words(code, status) or _of_the_file(state, code, data)
    if tries:
        words += " " + gettext("There were {tries} attempts.").format(tries=tries)
    return words


def _of_the_file(state: str, code: str, data: dict[str, Any]) -> str:
    return Refusal(code, **data).sentence if code in CATALOGUE else language.reason(state, code, "")
