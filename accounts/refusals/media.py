"""Intake, uploads, webhooks, the history and deletion."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

import outbound.sentences
from accounts.refusals.entry import Entry
from sandbox.types import SENTENCES, Code

NOTHING_KEPT = gettext_noop("Nothing was kept.")


class _OfTheFile:
    """What the sandbox says of a file, and that it was not kept."""

    def __init__(self, code: Code) -> None:
        self._code = code

    def __str__(self) -> str:
        return f"{gettext(SENTENCES[self._code])} {gettext(NOTHING_KEPT)}"


ENTRIES: Mapping[str, Entry] = {
    # --- intake ---
    "language_malformed": Entry(
        400,
        _(
            "“{tag}” is not a language tag (BCP 47) such as de, pt-BR or zh-Hant. Nothing was "
            "stored."
        ),
        in_rest=True,
    ),
    "too_large": Entry(413, _("This is larger than the limit of {limit} MB."), in_rest=True),
    "storage_full": Entry(
        503,
        _("The media store is full. Nothing was kept. Tell an administrator and try again later."),
        in_rest=True,
    ),
    "store_unavailable": Entry(
        503,
        _("The media store is not available. Nothing was kept. Try again later."),
        in_rest=True,
    ),
    "quota_reached": Entry(
        429,
        _(
            "The monthly quota {whose} is reached: {quota} submissions. Nothing was kept. The "
            "next month begins on {starts}, 00:00 UTC. Send it again then."
        ),
        in_rest=True,
    ),
    "gone": Entry(
        503,
        _("The file disappeared while it was being stored. Nothing was kept. Send it again."),
        in_rest=True,
    ),
    **{
        str(code): Entry(415 if code is Code.TYPE_NOT_ALLOWED else 400, _OfTheFile(code),
                         in_rest=code in (Code.EMPTY, Code.TYPE_NOT_ALLOWED))
        for code in Code
    },
    "erased": Entry(
        410, _("This submission was erased. Only the proof of erasure is kept."), in_rest=True
    ),
    "original_removed": Entry(
        410,
        _("The original was removed on {when} under the team's retention rule."),
        in_rest=True,
    ),
    "copies_removed": Entry(
        410,
        _(
            "The playback copy and the evidence video were removed on {when} under the team's "
            "retention rule."
        ),
    ),
    "pictures_removed": Entry(
        410,
        _("The small pictures were removed on {when} under the team's retention rule."),
        in_rest=True,
    ),
    "findings_removed": Entry(
        410,
        _(
            "The findings of the checks were removed on {when} under the team's retention rule. "
            "The verdict stays."
        ),
    ),
    "text_removed": Entry(
        410,
        _(
            "The file name, the note, the file's metadata and other personal text were removed on "
            "{when} under the team's retention rule."
        ),
    ),
    "media_removed": Entry(
        410,
        _(
            "Parts of the media or its findings were removed under the team's retention rule. It "
            "cannot be analysed again. Its verdict stays."
        ),
    ),
    "already_ended": Entry(409, _("The analysis has already ended."), in_rest=True),
    "team_required": Entry(
        400, _("You can send to several teams. Name one in the field team."), in_rest=True
    ),
    # --- resumable uploads ---
    "tus_version": Entry(
        412, _("Send Tus-Resumable: 1.0.0. Other versions are not supported."), in_rest=True
    ),
    "header_needed": Entry(
        400, _("The header {header} is missing or is not a number."), in_rest=True
    ),
    "metadata_malformed": Entry(
        400, _("Upload-Metadata or Upload-Checksum cannot be read."), in_rest=True
    ),
    "checksum_unknown": Entry(
        400, _("This checksum is not supported. Use one of: {names}."), in_rest=True
    ),
    "checksum_differs": Entry(
        460, _("The checksum of the piece does not match. Send the piece again."), in_rest=True
    ),
    "upload_offset_differs": Entry(
        409, _("The piece does not start where the upload ends. Ask for the offset with HEAD "
               "first."),
        in_rest=True,
    ),
    "upload_too_long": Entry(
        413, _("The piece is longer than the missing rest of the file."), in_rest=True
    ),
    "upload_locked": Entry(
        423, _("Another piece of this upload is being received. Try again."), in_rest=True
    ),
    "upload_gone": Entry(
        404, _("This upload was completed or deleted, or has expired."), in_rest=True
    ),
    "too_many_uploads": Entry(
        409, _("You have {most} unfinished uploads. Finish or delete one first."), in_rest=True
    ),
    # --- uploads straight into the media store ---
    "direct_uploads_off": Entry(
        422,
        _(
            "This site does not accept direct uploads. Send the file in pieces by the tus "
            "protocol to /api/v1/uploads/."
        ),
        in_rest=True,
    ),
    "too_many_bytes": Entry(
        409,
        _(
            "Your unfinished uploads would exceed {limit} MB together. Finish or delete one "
            "first."
        ),
        in_rest=True,
    ),
    "parts_differ": Entry(
        409,
        _(
            "Part {place} is missing or differs from the announcement. Request the parts, send "
            "it again, then complete the upload."
        ),
        in_rest=True,
    ),
    "parts_changed": Entry(
        409,
        _(
            "A part was replaced after the upload was complete. Nothing was kept. Send the file "
            "again."
        ),
    ),
    "digest_differs": Entry(
        422,
        _(
            "The received bytes do not match the announced digest. Nothing was kept. Send them "
            "again."
        ),
        in_rest=True,
    ),
    # --- media and webhooks ---
    "media_damaged": Entry(
        503,
        _("The stored file is missing or damaged. Tell an administrator."),
        in_rest=True,
    ),
    **{
        code: Entry(422, _(outbound.sentences.SENTENCES[code]), in_rest=True)
        for code in (
            "address_not_public", "https_needed", "url_malformed", "url_too_long",
            "url_with_password", "port_closed",
        )
    },
    "host_not_allowed": Entry(
        422,
        _("The team does not fetch from {host}. An admin of the team can allow it."),
        in_rest=True,
    ),
    "item_refused": Entry(
        422,
        _("The item at place {place} was refused, so nothing was accepted: {why}"),
        in_rest=True,
    ),
    "host_malformed": Entry(
        422, _("Name a host such as media.example.com, or *.example.com for all below it.")
    ),
    "host_known": Entry(409, _("{host} is already allowed.")),
    "too_many_hosts": Entry(409, _("A team allows at most {most} hosts. Remove one first.")),
    "events_missing": Entry(400, _("Name at least one kind of event.")),
    "event_unknown": Entry(400, _("Unknown event: {names}.")),
    "too_many_webhooks": Entry(
        409, _("A team has at most {most} webhooks. Delete one first."), in_rest=True
    ),
    "webhook_off": Entry(
        409, _("This webhook is switched off. Switch it on first."), in_rest=True
    ),
    "webhook_gone": Entry(
        404, _("This webhook was deleted. Nothing was changed."), in_rest=True
    ),
    # --- history and deletion ---
    "nothing_to_save": Entry(422, _("Choose at least one filter first, then save it.")),
    "too_many_filters": Entry(
        422, _("You have {most} saved filters, which is the limit. Delete one first.")
    ),
    "filter_name_taken": Entry(422, _("You already have a filter with that name. Choose another.")),
    "deletion_answer_unknown": Entry(422, _("Accept or decline the request. Nothing was changed.")),
    "deletion_reason_missing": Entry(
        422, _("Give a reason. The person who asked reads it, and the record keeps it.")
    ),
    "deletion_settled": Entry(
        409, _("This request was already answered or withdrawn. Nothing was changed.")
    ),
    "submission_held": Entry(
        409,
        _("This submission is under a legal hold. Nothing was changed. Lift the hold first."),
    ),
    "hold_stands": Entry(
        409,
        _("This submission is already under a legal hold. Nothing was changed."),
        in_rest=True,
    ),
    "hold_lifted": Entry(
        409, _("This submission is not under a legal hold. Nothing was changed."), in_rest=True
    ),
    "hold_reason_missing": Entry(
        422, _("Give a reason. The team reads it, and the record keeps it."), in_rest=True
    ),
    "retention_days": Entry(
        422, _("Give whole days from 1 to {most}, or leave the field empty. Nothing was changed.")
    ),
    "retention_part_days": Entry(
        422,
        _(
            "A part can only go before the whole submission: give fewer than {days} days, or leave "
            "the field empty. Nothing was changed."
        ),
    ),
    "backfill_selection": Entry(
        422, _("The backfill cannot select by this {part}. Nothing was planned.")
    ),
    "backfill_at_once": Entry(
        422, _("From 1 to {most} files can wait at once. Nothing was planned.")
    ),
    "backfill_rate": Entry(
        422, _("The rate is from 1 to {most} files per hour. Nothing was planned.")
    ),
    "backfill_state": Entry(409, _("The state of the backfill is {state}. Nothing was changed.")),
}  # fmt: skip
