"""Which key does what on the pages of review, unless a person has chosen another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Action:
    name: str
    key: str
    """Unless a person chose another."""
    label: Any
    on_case: bool
    """On a case or a result; the others are on the queue."""


ACTIONS = (
    Action("next", "n", _("Claim the next case"), False),
    Action("down", "j", _("One row down"), False),
    Action("up", "k", _("One row up"), False),
    Action("choose", "x", _("Choose the row"), False),
    Action("undo", "u", _("Undo the last decision"), True),
    Action("claim", "c", _("Claim this case"), True),
    Action("decide", "s", _("Decide and claim the next case"), True),
    Action("release", "r", _("Release the case"), True),
    Action("adopt", "t", _("Adopt the earlier decision"), True),
    Action("look", "v", _("Show blurred media while held"), True),
)
USUAL = {action.name: action.key for action in ACTIONS}
SHEET = "?"
"""Opens the list of keys. It stays, so that the others are always found."""
OF_OUTCOMES = "123"
"""Of a decision, in the order of the form."""
OF_CASE = frozenset(",.lnpmb+-=0123456789")
"""What player and picture hear while they have the focus, and the outcomes of a decision. On a
case, a key has one meaning."""


def problems(wanted: dict[str, str]) -> dict[str, str]:
    """By action, what stands against its key: `taken`, `of_case` or `of_sheet`."""
    found = {}
    for action in ACTIONS:
        key = wanted[action.name]
        if key == SHEET:
            found[action.name] = "of_sheet"
        elif action.on_case and key in OF_CASE:
            found[action.name] = "of_case"
        elif sum(other == key for other in wanted.values()) > 1:
            found[action.name] = "taken"
    return found
