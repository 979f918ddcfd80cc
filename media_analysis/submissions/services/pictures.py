"""The small pictures of a submission: what there is to see, and the record of who looked.

They were made from clean pixels inside the engine; the submitter's own bytes never reach a browser
from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from io import BytesIO
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext
from PIL import Image

import ml.pictures
from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from audit.models import Event
from audit.services import record
from audit.verbs import Verb
from audit.who import Who
from blobs.errors import BlobError, Damaged
from media_analysis.care.services import exposure, veils
from media_analysis.submissions.models import Part, Submission
from media_analysis.submissions.services import parts
from ml.engine.media import aids, sound_pictures
from ml.language import number
from ml.models import Thumbnail
from ml.pictures import Picture

ONE_LOOK = timedelta(minutes=10)
"""The pictures of one page are one look, not a dozen events."""
DRAWN = (*sound_pictures.NAMES, *aids.NAMES)
"""Made for a place of their own on the page: no frames and no faces."""
STYLES = 3
MOMENT = "at-"
CLOSE = 0.25
"""Seconds between a frame and the nearest look at a face, for its box to be drawn."""


def look(actor: Actor, submission: Submission, name: str) -> Picture | None:
    """One picture. The view is recorded before it is returned. None if there is no picture or the
    actor may not view it."""
    if not actor.can(Permission.VIEW_MEDIA, submission.team_id):
        return None
    found = Thumbnail.objects.filter(analysis=submission.analysis_id, name=name).first()
    if found is None:
        parts.require(submission, Part.PICTURES)
        return None
    picture = read_all([found])[0]
    looked(actor, submission)
    return picture


def read_all(rows: Iterable[Thumbnail]) -> list[Picture]:
    try:
        return ml.pictures.read_all(rows)
    except BlobError as error:
        damaged = isinstance(error, Damaged)
        raise Refusal("media_damaged" if damaged else "store_unavailable") from error


def looked(actor: Actor, submission: Submission) -> None:
    """Before media is handed out: on record, and counted among what this person viewed today."""
    on_record(actor.who_in(submission.team_id), submission)
    exposure.met(actor, submission.pk, submission.team_id, lambda: veil(actor, submission).hides)


def veil(actor: Actor, submission: Submission) -> veils.Shown:
    """How its media is shown to this person at first."""
    return veils.of(actor, submission.team_id, submission.kind)


GLIMPSE_SIDE = 24
"""Pixels. Enough to tell a list's rows apart, too few to show anybody: it is no look at the media,
so none is recorded."""


def glimpse(actor: Actor, submission: Submission) -> bytes | None:
    if not actor.can(Permission.VIEW_MEDIA, submission.team_id):
        return None
    found = Thumbnail.objects.filter(analysis=submission.analysis_id, name="frame").first()
    if found is None:
        return None
    whole = BytesIO(read_all([found])[0].content)
    with Image.open(whole, formats=["PNG", "WEBP"]) as picture:
        small = picture.convert("L")
        small.thumbnail((GLIMPSE_SIDE, GLIMPSE_SIDE))
        out = BytesIO()
        small.save(out, "PNG")
    return out.getvalue()


def on_record(who: Who, submission: Submission) -> None:
    """One event for the pictures and the film of one page, though a browser asks many times."""
    lately = Event.objects.filter(
        chain=submission.pk,
        verb=Verb.MEDIA_VIEWED,
        who=who.ref,
        recorded_at__gt=Now() - ONE_LOOK,
    )
    if lately.exists():
        return
    with transaction.atomic():
        Submission.objects.select_for_update(no_key=True).get(pk=submission.pk)
        if not lately.all().exists():
            record(
                chain=submission.pk,
                verb=Verb.MEDIA_VIEWED,
                who=who,
                object_type="blob",
                object_id=submission.blob_id,
                object_sha256=submission.blob_id,
            )


def names(submission: Submission, actor: Actor) -> list[str]:
    """The names of the pictures that the actor may view."""
    if not actor.can(Permission.VIEW_MEDIA, submission.team_id):
        return []
    return list(submission.analysis.thumbnails.order_by("id").values_list("name", flat=True))


def frames_for_page(
    submission: Submission, named: Sequence[str], result: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The picture, or moments of the film, with their faces; then each face at its best. For
    `result/frames.html`."""
    media, tracks = result.get("media") or {}, result.get("tracks") or []
    seen = [name for name in named if name not in DRAWN]
    if any(name.startswith(MOMENT) for name in seen):
        seen.remove("frame")  # the first moment is the same frame
    large = aids.LARGE if aids.LARGE in named else "frame"
    return [
        {
            **described(name, media, tracks),
            "url": _url(submission, large if name == "frame" else name),
        }
        for name in seen
    ]


def of_sound(submission: Submission, named: Sequence[str]) -> dict[str, str]:
    """Addresses of the drawings of the sound, by name. Older analyses have none."""
    return {name: _url(submission, name) for name in sound_pictures.NAMES if name in named}


def of_aids(submission: Submission, named: Sequence[str]) -> list[dict[str, str]]:
    """Other views of a still, with what each shows and what else looks the same. Older analyses
    have none."""
    texts = {
        aids.ERRORS: (
            gettext("Error level"),
            gettext(
                "How much each place changes when the picture is saved as a JPEG once more. A "
                "part from another file can stand out. So do sharp edges, text and fine texture."
            ),
        ),
        aids.NOISE: (
            gettext("Grain"),
            gettext(
                "Detail finer than three pixels. A part without the grain around it can be "
                "painted or generated. Often it is only blurred, dark or strongly compressed."
            ),
        ),
        aids.SPECTRUM: (
            gettext("Frequencies"),
            gettext(
                "The frequencies of the middle of the picture, the lowest in the centre. A regular "
                "pattern of dots can come from a generator, from enlarging, or from a screen."
            ),
        ),
    }
    return [
        {"name": name, "label": label, "says": says, "url": _url(submission, name)}
        for name, (label, says) in texts.items()
        if name in named
    ]


def _url(submission: Submission, name: str) -> str:
    return reverse("submissions:picture", args=[submission.pk, name])


def described(
    name: str, media: Mapping[str, Any], tracks: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    if name == "frame" or name.startswith(MOMENT):
        return _frame(name, media, tracks)
    return _face(name, tracks)


def _frame(
    name: str, media: Mapping[str, Any], tracks: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    width, height = media.get("width") or 480, media.get("height") or 480
    seconds = int(name.removeprefix(MOMENT)) / 1000 if name.startswith(MOMENT) else 0.0
    alt, caption = gettext("The picture"), gettext("The picture, reduced")
    if media.get("kind") == "video":
        alt = caption = gettext("The video at {seconds} s").format(seconds=number(seconds, 1))
    return {
        "width": width,
        "height": height,
        "label_size": max(width, height) // 26 or 1,
        "alt": alt,
        "caption": caption,
        "anchor": "",
        "moment": seconds if media.get("kind") == "video" else None,
        "faces": [box for track in tracks if (box := _box_at(track, seconds))],
    }


def _face(name: str, tracks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    track_id = name.rpartition("-")[2]
    track = next((t for t in tracks if str(t["id"]) == track_id), None)
    caption = gettext("Face {number}").format(number=track_id)
    if track and track["last"] > track["first"]:
        caption = gettext("Face {number}, seen from {start} s to {end} s").format(
            number=track_id, start=number(track["first"], 1), end=number(track["last"], 1)
        )
    return {
        "width": 160,
        "height": 160,
        "alt": gettext("Face {number} at its clearest").format(number=track_id),
        "caption": caption,
        "anchor": f"face-{track_id}",
        "moment": None,
        "faces": [],
    }


def _box_at(track: Mapping[str, Any], seconds: float) -> dict[str, Any] | None:
    """Where the face is at that moment, as far as it was looked for close to it."""
    near = min(track["boxes"], key=lambda box: abs(box[0] - seconds), default=None)
    if near is None or abs(near[0] - seconds) > CLOSE:
        return None
    _, left, top, right, bottom = near
    return {
        "left": left,
        "top": top,
        "width": right - left,
        "height": bottom - top,
        "track": track["id"],
        "style": track["id"] % STYLES + 1,
    }
