"""Whether a file resembles one that the team decided about before it arrived, as a database
condition. Routing of a single file and the dry run on past files both use it."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, F, Func, Value

from ml.engine.media.similarity import METHOD, NEAR
from ml.models import QUARTERS

ANY = "any"
"""Whatever was decided."""

_BY_QUARTER = " UNION ALL ".join(
    f"SELECT t.blob_id, t.method, t.bits FROM unnest(%(near)s) AS n(bit) "  # noqa: S608
    f"JOIN ml_look t ON t.{name} = mine.{name} # n.bit"
    for name in QUARTERS
)
"""Each by its index; one condition over all four would read the whole table."""
_SQL = f"""
    EXISTS (
        SELECT FROM ml_look mine
        JOIN LATERAL ({_BY_QUARTER}) theirs ON theirs.method = mine.method
            AND bit_count((mine.bits # theirs.bits)::bit(64)) <= {NEAR}
        JOIN submissions_submission earlier ON earlier.blob_id = theirs.blob_id
            AND earlier.team_id = %(team)s AND NOT earlier.planted
        JOIN review_case decided ON decided.submission_id = earlier.id
        JOIN LATERAL (
            SELECT d.outcome FROM review_decision d
            WHERE d.case_id = decided.id AND d.created_at < %(at)s
            ORDER BY d.created_at DESC, d.fence DESC LIMIT 1
        ) newest ON %(outcome)s IN ('{ANY}', newest.outcome)
        WHERE mine.blob_id = %(blob)s AND mine.method = {METHOD}
    )
"""  # noqa: S608 - names and numbers of our own
_BITS = [0, *(1 << bit for bit in range(16))]
"""What a quarter of a near look differs by (`similarity.neighbours`)."""


class LooksLikeDecided(Func):
    """Over submissions. The same bytes count. Of a case with several decisions, the newest before
    the file came counts, so that a dry run says what the rule would have done then."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, outcome: str) -> None:
        super().__init__(F("blob"), F("team"), F("created_at"), Value(outcome))

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> Any:
        names = ("blob", "team", "at", "outcome")
        compiled = dict(zip(names, map(compiler.compile, self.source_expressions), strict=True))
        compiled["near"] = (f"ARRAY{_BITS}", [])
        parts, params = _in_order(_SQL)
        sql = "".join(compiled[part][0] if part in compiled else part for part in parts)
        return sql, [value for name in params for value in compiled[name][1]]


def _in_order(sql: str) -> tuple[list[str], list[str]]:
    """The text between the names, the names where they stand, and the names alone."""
    parts: list[str] = []
    names: list[str] = []
    for number, part in enumerate(sql.split("%(")):
        name, closed, rest = part.partition(")s")
        if number and closed:
            names.append(name)
            parts += [name, rest]
        else:
            parts.append(part)
    return parts, names
