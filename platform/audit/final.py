"""Triggers that forbid changing or deleting final rows.

Only an erasure may do so. `audit_may_erase` (migration 0005) looks for a permit that the
application's role cannot write: a row for the current transaction, which one SECURITY DEFINER
function, `audit_erase`, inserts together with the event that states what was erased and why
(`erasing.py`). A session setting would not be safe, because any role may set one.
"""

from __future__ import annotations

import pgtrigger

_REFUSE = """
    IF audit_may_erase(TG_TABLE_NAME::text, OLD.{key}::text) THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '{sentence}: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'check_violation';
"""


def row(name: str, sentence: str, *, when: str = "", key: str = "id") -> pgtrigger.Trigger:
    """No change and no deletion, once `when` holds (SQL about OLD)."""
    unless = f"IF NOT ({when}) THEN RETURN coalesce(NEW, OLD); END IF;" if when else ""
    same = "IF TG_OP = 'UPDATE' AND NEW IS NOT DISTINCT FROM OLD THEN RETURN NEW; END IF;"
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=same + unless + _REFUSE.format(sentence=sentence, key=key),
    )


def columns(name: str, sentence: str, *fixed: str, key: str = "id") -> pgtrigger.Trigger:
    """These columns never change, and the row is never deleted; the rest may move."""
    old, new = (", ".join(f"{side}.{column}" for column in fixed) for side in ("OLD", "NEW"))
    same = (
        f"IF TG_OP = 'UPDATE' AND ROW({old}) IS NOT DISTINCT FROM ROW({new}) "
        "THEN RETURN NEW; END IF;"
    )
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=same + _REFUSE.format(sentence=sentence, key=key),
    )


def whole(name: str, sentence: str) -> pgtrigger.Trigger:
    """The table is never emptied at once."""
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func=f"RAISE EXCEPTION '{sentence}: TRUNCATE of % is refused', TG_TABLE_NAME "
        "USING ERRCODE = 'check_violation';",
    )
