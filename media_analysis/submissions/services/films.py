"""The playback copy of a submission's video or sound: request, show, open.

`media_analysis.previews` makes it from decoded pixels and samples. Who may see it is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext

from accounts.actors import Actor
from accounts.roles import Permission
from accounts.services.chains import require
from audit.services import record
from audit.verbs import Verb
from audit.who import Who
from jobs.models import State
from media_analysis.previews.models import Preview
from media_analysis.previews.services import copies
from media_analysis.submissions.models import Part, Submission
from media_analysis.submissions.services import parts
from media_analysis.submissions.services.pictures import looked
from ml.engine.media.stated import SOUND_FAILED
from ml.language import reason


def look(actor: Actor, submission: Submission) -> Preview | None:
    """The playback copy. The view is recorded before a byte is read. None if there is no copy or
    the actor may not view it."""
    if not actor.can(Permission.VIEW_MEDIA, submission.team_id):
        return None
    parts.require(submission, Part.COPIES)
    found = Preview.objects.filter(source=submission.blob_id, state=State.DONE)
    preview = found.select_related("film").first()
    if preview is not None:
        looked(actor, submission)
    return preview


def prepare(actor: Actor, submission: Submission) -> bool:
    """Prepare a copy of a video that was analysed before copies existed, or whose copy failed.
    False if there was nothing to do."""
    require(actor, Permission.VIEW_MEDIA, submission.team_id)
    parts.require_media(submission)
    if not copies.may_be_made(submission.analysis.media):
        return False
    return ask(submission, actor.who_in(submission.team_id))


@transaction.atomic
def ask(submission: Submission, who: Who) -> bool:
    """On the submission's record. False when there is a copy, or one is being made."""
    if not copies.order_again(submission.blob, who):
        return False
    record(
        chain=submission.pk,
        verb=Verb.PREVIEW_ASKED,
        who=who,
        object_type="blob",
        object_id=submission.blob_id,
        object_sha256=submission.blob_id,
    )
    return True


def player_data(
    submission: Submission, actor: Actor, frames: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any] | None:
    """For `bench/player.html`; None where there is nothing to play, or nothing that the actor
    may see."""
    media = submission.analysis.media or {}
    kind = media.get("kind")
    if kind not in copies.KINDS or not actor.can(Permission.VIEW_MEDIA, submission.team_id):
        return None
    if Part.COPIES in submission.removed_parts:
        return None  # `parts.sentences` says so in its place
    preview = Preview.objects.filter(source=submission.blob_id).first()
    if preview is None and settings.PREVIEW_MAX_SECONDS == 0:
        return None
    preparing = preview is not None and preview.unfinished
    here = [submission.pk]
    return {
        "kind": kind,
        "silent": media.get("has_audio") is False and SOUND_FAILED not in media.get("flags", ()),
        "url": reverse("submissions:film", args=here) if _is_ready(preview) else "",
        "fps": (preview and preview.fps) or "",
        "poster": frames[0]["url"] if frames and kind == "video" else "",
        "status_url": reverse("submissions:film_panel", args=here) if preparing else "",
        "percent": round(100 * preview.progress)
        if preview and preview.state == "running"
        else None,
        "trouble": _trouble(media, preview),
        "prepare_url": reverse("submissions:prepare_film", args=here)
        if _may_ask(media, preview) and not submission.removed_parts
        else "",
    }


def _is_ready(preview: Preview | None) -> bool:
    return preview is not None and preview.state == State.DONE


def _may_ask(media: Mapping[str, Any], preview: Preview | None) -> bool:
    return copies.may_be_made(media) and (preview is None or preview.state == State.PARKED)


def _trouble(media: Mapping[str, Any], preview: Preview | None) -> str:
    """One sentence on why there is none; the pictures on the page remain."""
    if preview is None:
        if copies.may_be_made(media):
            return ""
        return gettext(
            "No playback copy was made: the recording is longer than the limit of {minutes} "
            "minutes."
        ).format(minutes=f"{settings.PREVIEW_MAX_SECONDS / 60:g}")
    if preview.state == State.PARKED:
        return gettext("No playback copy could be made: all attempts failed.")
    if preview.state in (State.REJECTED, State.CANCELLED):
        why = reason(preview.state, preview.reason_code, preview.reason)
        return f"{gettext('No playback copy could be made.')} {why}"
    return ""
