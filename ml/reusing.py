"""Copies the results of an earlier analysis of the same bytes. No row refers to the earlier one, so
either can be erased separately."""

from __future__ import annotations

from typing import Any

from ml import hooks
from ml.engine.conditions import conditions
from ml.engine.contract import Outcome, Result, Verdict
from ml.models import Analysis, FileMetadata, FindingRow, Thumbnail

COPIED = (
    "outcome", "probability_manipulated", "engine_version", "media", "result", "result_sha256",
    "conditions", "incomplete", "seconds", "reason_code", "reason",
)  # fmt: skip
OF_METADATA = ("packed", "sheet_id", "sha256")
OF_A_PICTURE = ("name", "png", "sheet_id", "offset", "size", "sha256")


def is_wanted(analysis: Analysis) -> bool:
    return any(hook(analysis) for hook in hooks.reuse_is_wanted)


def conditions_now() -> str:
    """Those under which this process would examine a file."""
    # Here, for it loads the checks, which few processes need.
    from ml.engine.analysis import engine_version

    return conditions(engine_version())


def earlier_of(analysis: Analysis, conditions: str) -> Analysis | None:
    """In the caller's transaction."""
    found = (hook(analysis, conditions) for hook in hooks.earlier_analysis)
    return next((one for one in found if one), None)


def columns_of(earlier: Analysis) -> dict[str, Any]:
    """With the moment at which the bytes were examined, also where that one copied, too."""
    examined_at = earlier.examined_at or earlier.finished_at
    return {name: getattr(earlier, name) for name in COPIED} | {"examined_at": examined_at}


def copy_rows(earlier: Analysis, mine: Analysis) -> None:
    """Findings, small pictures and metadata. What lies in the store lies there once for both."""
    FindingRow.objects.bulk_create(
        FindingRow(analysis=mine, **row.as_json()) for row in earlier.findings.all()
    )
    Thumbnail.objects.bulk_create(
        Thumbnail(analysis=mine, **{name: getattr(row, name) for name in OF_A_PICTURE})
        for row in earlier.thumbnails.order_by("id")
    )
    FileMetadata.objects.bulk_create(
        FileMetadata(analysis=mine, **{name: getattr(row, name) for name in OF_METADATA})
        for row in FileMetadata.objects.filter(analysis=earlier)
    )


def result_for_hooks(mine: Analysis) -> Result:
    """The verdict alone, which is what hooks ask for."""
    verdict = Verdict(Outcome(str(mine.outcome)), mine.reason, mine.probability_manipulated)
    return Result(
        media=None, verdict=verdict, findings=(), engine_version=mine.engine_version, seconds=0.0
    )
