"""What events hold of an analysis: while it waits, what it is of; once it ended, all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import prefetch_related_objects

from audit.hashing import microseconds
from audit.rows import Facts, OnRecord, Rows, register
from jobs.models import State
from jobs.moves import SETTLED
from ml.models import Analysis

PICTURES = """
    SELECT analysis_id, string_agg(
        name || ' ' || coalesce(sha256, encode(sha256(png), 'hex')), E'\n' ORDER BY name
    )
    FROM ml_thumbnail WHERE analysis_id = ANY(%s) GROUP BY analysis_id
"""
METADATA = """
    SELECT analysis_id, coalesce(encode(sha256(packed), 'hex'), sha256)
    FROM ml_filemetadata WHERE analysis_id = ANY(%s)
"""


def keep() -> None:
    columns = ("blob_id", "chain", "created_at")
    register(
        OnRecord(
            model=Analysis,
            columns=columns,
            of_chain="chain",
            more=endings,
            parts={
                "ml_findingrow": "analysis_id",
                "ml_thumbnail": "analysis_id",
                "ml_filemetadata": "analysis_id",
            },
            chunk=100,
        )
    )


def endings(analyses: Rows) -> Mapping[Any, Facts]:
    ended = [analysis for analysis in analyses if State(analysis.state) in SETTLED]
    prefetch_related_objects(ended, "findings")
    pictures = _pictures([analysis.pk for analysis in ended])
    facts = {analysis.pk: _ending(analysis, pictures.get(analysis.pk, "")) for analysis in ended}
    for pk, sha256 in _metadata([analysis.pk for analysis in ended]):
        facts[pk]["metadata"] = sha256  # earlier versions kept none, and their events say nothing
    return {analysis.pk: facts.get(analysis.pk, {"ended": None}) for analysis in analyses}


def _metadata(analyses: list[UUID]) -> list[tuple[UUID, str]]:
    """Those that lie in their rows are hashed there; of the others, scrubbing reads the bytes."""
    if not analyses:
        return []
    with connection.cursor() as cursor:
        cursor.execute(METADATA, [analyses])
        return list(cursor.fetchall())


def _ending(analysis: Analysis, pictures: str) -> dict[str, Any]:
    finished = analysis.finished_at
    return {
        "ended": analysis.state,
        "outcome": analysis.outcome,
        "probability_manipulated": analysis.probability_manipulated,
        "engine_version": analysis.engine_version,
        "reason_code": analysis.reason_code,
        "reason": hashlib.sha256(analysis.reason.encode()).hexdigest(),
        "incomplete": analysis.incomplete,
        "seconds": analysis.seconds,
        "finished_at": microseconds(finished) if finished else None,
        "result_sha256": analysis.result_sha256,
        "result": analysis.digest_now(),
        **({"examined_at": microseconds(analysis.examined_at)} if analysis.examined_at else {}),
        "pictures": hashlib.sha256(pictures.encode()).hexdigest() if pictures else "",
    }


def _pictures(analyses: list[UUID]) -> dict[UUID, str]:
    """Those that still lie in the database are hashed there."""
    if not analyses:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(PICTURES, [analyses])
        return dict(cursor.fetchall())
