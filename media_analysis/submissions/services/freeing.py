"""Which stored bytes no submission needs any more, and letting them go.

Several submissions may be of the same bytes. A rule removes a part of one of them; the bytes go
with the last one that still has that part. All of it runs in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, QuerySet

import blobs.services
from audit.who import SYSTEM
from blobs.models import Blob, Damage
from media_analysis.previews.models import Preview
from media_analysis.submissions import hooks
from media_analysis.submissions.models import Part, Removal, Submission

WHY = "removed_by_a_rule"


def with_part(part: Part, *, but: UUID | None = None) -> QuerySet[Submission]:
    """Those that still have it, `but` this one."""
    gone = Removal.objects.filter(submission=OuterRef("pk"), part=part)
    found = Submission.objects.exclude(Exists(gone))
    return found if but is None else found.exclude(pk=but)


def held(hashes: Collection[str]) -> QuerySet[Blob]:
    """Those of which the bytes are still here."""
    return Blob.objects.filter(pk__in=hashes).exclude(damage=Damage.REMOVED)


def free_original(sha256: str, *, but: UUID | None = None) -> bool:
    """False where a submission (`but` this one) needs the bytes, or they are gone already."""

    def is_needed() -> bool:
        return (
            with_part(Part.ORIGINAL, but=but).filter(blob=sha256).exists()
            or Preview.objects.filter(film=sha256).exists()
            or any(needs(sha256) for needs in hooks.needs_bytes)
        )

    return blobs.services.let_go(sha256, is_needed=is_needed, who=SYSTEM, why=WHY)


def free_copy(original: str, *, but: UUID | None = None) -> bool:
    """The playback copy of these bytes, with its row. False where a submission (`but` this one)
    needs it, or there is none."""
    blobs.services.wait_for_registering(original)
    if with_part(Part.COPIES, but=but).filter(blob=original).exists():
        return False
    found = Preview.objects.select_for_update().filter(source=original).first()
    if found is None:
        return False
    found.delete()  # its film goes with it (previews)
    return True


def delete_blob(sha256: str, *, why: str = WHY) -> bool:
    """The row, with its looks and its playback copy; the bytes go when this has committed. False
    where something else is of the same bytes."""
    try:
        with transaction.atomic():
            return blobs.services.delete(sha256, who=SYSTEM, why=why)
    except ProtectedError:
        return False
