"""What the checks found, removed from analyses that stay: verdict, reason and probability are kept.

The rows are final. Whoever removes them holds the permit of the record (`audit.erasing`).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from audit.erasing import Gone
from ml.models import Analysis, FindingRow

FOUND: dict[str, Any] = {"tracks": [], "scenes": None}
"""The parts of a result other than the verdict, and their empty values."""
FOUND_IN_VERDICT: dict[str, Any] = {"scenarios": {}}


def found_in(chain: UUID) -> list[Gone]:
    """The findings, and the analyses whose results contain any."""
    findings = FindingRow.objects.filter(analysis__chain=chain).values_list("pk", flat=True)
    results = Analysis.objects.filter(chain=chain).exclude(result=None).values_list("pk", "result")
    telling = [pk for pk, result in results if emptied(result) != result]
    return [(model, pks) for model, pks in
            ((FindingRow, list(findings)), (Analysis, telling)) if pks]  # fmt: skip


def remove(gone: list[Gone]) -> None:
    for model, pks in gone:
        if model is FindingRow:
            found: Any = FindingRow._base_manager.filter(pk__in=pks)
            found._raw_delete(found.db)
            continue
        for analysis in Analysis.objects.filter(pk__in=pks):
            Analysis.objects.filter(pk=analysis.pk).update(result=emptied(analysis.result))


def emptied(result: dict[str, Any]) -> dict[str, Any]:
    kept = {**result, **{name: empty for name, empty in FOUND.items() if name in result}}
    if verdict := kept.get("verdict"):
        known = {name: empty for name, empty in FOUND_IN_VERDICT.items() if name in verdict}
        kept["verdict"] = {**verdict, **known}
    return kept
