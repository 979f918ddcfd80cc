"""The kind of an analysis' media: as the database keeps it, or out of the media type for analyses
that ended before it did. Both by the rule of the trigger `analysis_has_its_kind`."""

from __future__ import annotations

from django.db.models import Case, CharField, F, Q, Value, When

from ml.engine.contract import Kind

NAMED = (Kind.IMAGE.value, Kind.AUDIO.value)


def named(media_type: str) -> str:
    """`video/mp4` is of the kind `video`, and so is `application/mxf`."""
    kind = media_type.partition("/")[0]
    return kind if kind in NAMED else Kind.VIDEO.value


def at(analysis: str) -> Case:
    """For queries; `analysis` is the way to it, such as `case__submission__analysis`."""
    kept = When(~Q(**{f"{analysis}__kind": ""}), then=F(f"{analysis}__kind"))
    by_type = [
        When(**{f"{analysis}__blob__media_type__startswith": f"{kind}/"}, then=Value(kind))
        for kind in NAMED
    ]
    return Case(kept, *by_type, default=Value(Kind.VIDEO.value), output_field=CharField())
