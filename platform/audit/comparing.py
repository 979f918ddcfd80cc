"""Compares rows with what the events state about them. Uses no Django, so that anyone can verify an
export.

The events' statements are kept in a temporary database on disk, so that memory use stays low
however many rows there are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_SHOWN = 40
ERASED = "subject.erased"


@dataclass(frozen=True, slots=True)
class Difference:
    table: str
    row: str
    what: str
    event: int | None = None
    """The event that the row differs from."""


class Comparer:
    def __init__(self, file: str = "") -> None:
        """`file`: where it is kept for another comparer to take; a temporary place otherwise."""
        self._db = sqlite3.connect(file)
        self._db.execute(
            "CREATE TABLE stated (key TEXT PRIMARY KEY, event INT, facts TEXT, seen INT) "
            "WITHOUT ROWID"
        )
        self._db.execute("CREATE TABLE erased (subject TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, event: int, content: Mapping[str, Any]) -> None:
        """What this event states, in the order of each chain: the last event about a row counts."""
        for key, facts in (content.get("rows") or {}).items():
            self._db.execute(
                "INSERT OR REPLACE INTO stated VALUES (?, ?, ?, 0)",
                (key, event, None if facts is None else json.dumps(facts)),
            )
        if content.get("verb") == ERASED:
            subject = str(content["object"]["id"])
            self._db.execute("INSERT OR IGNORE INTO erased VALUES (?)", (subject,))

    def keep(self) -> None:
        self._db.commit()

    def add_from(self, file: str) -> None:
        """What another comparer kept in this file, of later events than this one's."""
        self._db.commit()
        self._db.execute("ATTACH ? AS next", (file,))
        self._db.execute("INSERT OR REPLACE INTO stated SELECT * FROM next.stated")
        self._db.execute("INSERT OR IGNORE INTO erased SELECT * FROM next.erased")
        self._db.commit()
        self._db.execute("DETACH next")

    def compare(self, line: Mapping[str, Any]) -> Difference | None:
        table, row, facts = line["table"], line["id"], line["facts"]
        key = f"{table}:{row}"
        found = self._db.execute("SELECT event, facts FROM stated WHERE key = ?", (key,)).fetchone()
        if found is None:
            return Difference(table, row, "no event speaks of this row")
        event, stated = found
        self._db.execute("UPDATE stated SET seen = 1 WHERE key = ?", (key,))
        if stated is None:
            return Difference(table, row, f"event {event} says that this row is gone", event)
        expected = json.loads(stated)
        wrong = [
            f"{name} is {_formatted(facts.get(name))}, and event {event} says {_formatted(value)}"
            for name, value in expected.items()
            if facts.get(name) != value and not self._forgotten(line, facts.get(name, ""))
        ]
        if wrong:
            return Difference(table, row, "; ".join(wrong), event)
        if fault := line.get("fault"):
            return Difference(table, row, str(fault), event)
        return None

    def keys(self, at_once: int) -> Iterator[list[str]]:
        """The keys of all rows that occurred."""
        last = ""
        while found := self._db.execute(
            "SELECT key FROM stated WHERE key > ? ORDER BY key LIMIT ?", (last, at_once)
        ).fetchall():
            yield [key for (key,) in found]
            last = found[-1][0]

    def missing(self) -> Iterator[Difference]:
        """Rows that events speak of and that did not come."""
        left = self._db.execute(
            "SELECT key, event FROM stated WHERE seen = 0 AND facts IS NOT NULL ORDER BY event, key"
        )
        for key, event in left:
            table, _, row = key.partition(":")
            what = f"this row is gone, and event {event} says that it is there"
            yield Difference(table, row, what, event)

    def _forgotten(self, line: Mapping[str, Any], fact: object) -> bool:
        """Words whose subject was erased, as an event says, can be compared no more."""
        if fact is not None or "subject" not in line:
            return False
        subject = (line["subject"],)
        found = self._db.execute("SELECT 1 FROM erased WHERE subject = ?", subject)
        return found.fetchone() is not None


def _formatted(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
