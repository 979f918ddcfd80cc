"""Exports everything that Touchstone stores about one person: a zip of JSON and media."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

import blobs.services
from accounts.models import Invitation, Session, User
from accounts.services.chains import ACCOUNTS
from audit.services import record
from audit.verbs import Verb
from audit.who import SHELL
from blobs.errors import Damaged
from media_analysis.review.models import Appeal, CaseNote, Decision, Draft
from media_analysis.submissions.models import Part, SavedFilter, Submission
from media_analysis.submissions.presenters.export import export


def export_person(user: User, file: Path, *, media: bool) -> tuple[int, list[str]]:
    """Returns how many submissions are in it, and the ids of those whose media is damaged. The file
    appears whole or not at all, and never over another one."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with (
            os.fdopen(handle, "w+b") as out,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zip_,
        ):
            _json(zip_, "account.json", account(user))
            count, damaged = _submissions(zip_, user, media)
        os.link(part, file)
    finally:
        part.unlink()
    with transaction.atomic():
        record(
            chain=ACCOUNTS, verb=Verb.USER_EXPORTED, who=SHELL, object_type="user",
            object_id=user.pk, data={"submissions": count, "media": media},
        )  # fmt: skip
    return count, damaged


def account(user: User) -> dict[str, Any]:
    """The account and what the person wrote; no password, key or secret."""
    decisions = Decision.objects.filter(decided_by=user)
    return {
        "id": user.pk,
        "email": user.email,
        "name": user.name,
        "language": user.language,
        "created_at": user.created_at,
        "last_login": user.last_login,
        "addresses": list(
            EmailAddress.objects.filter(user=user).values("email", "verified", "primary")
        ),
        "teams": list(user.memberships.values("team__name", "role", "created_at")),
        "provisioned": list(
            user.provisioned_as.values(
                "team__name",
                "user_name",
                "external_id",
                "words",
                "is_active",
                "created_at",
                "groups__name",
            )
        ),
        "sessions": list(
            Session.objects.filter(user=user).values(
                "created_at", "last_seen_at", "ip", "user_agent"
            )
        ),
        "second_factors": list(
            Authenticator.objects.filter(user=user).values("type", "created_at", "last_used_at")
        ),
        "sign_in_services": list(
            SocialAccount.objects.filter(user=user).values("provider", "uid", "date_joined")
        ),
        "invitations": list(
            Invitation.objects.filter(email=user.email).values("team__name", "role", "created_at")
        ),
        "saved_filters": list(SavedFilter.objects.filter(owner=user).values("name", "query")),
        "decisions": list(
            decisions.values("id", "case__submission", "outcome", "reason", "note", "created_at")
        ),
        "appeals": list(
            Appeal.objects.filter(made_by=f"user:{user.pk}").values(
                "id",
                "case__submission",
                "decision",
                "text",
                "made_at",
                "withdrawn_at",
                "answered_at",
                "outcome",
            )
        ),
        "team_notes": list(
            CaseNote.objects.filter(author=user).values("case__submission", "text", "created_at")
        ),
        "mentioned_in": list(
            user.mentions.values("note", "note__case__submission", "note__created_at", "seen_at")
        ),
        "drafts": list(Draft.objects.filter(author=user).values("case", "words", "saved_at")),
    }


def _submissions(zip_: zipfile.ZipFile, user: User, media: bool) -> tuple[int, list[str]]:
    damaged: list[str] = []
    written: set[str] = set()
    count = 0
    found = Submission.objects.filter(submitted_by=user, planted=False).select_related(
        "analysis", "blob"
    )
    for one in found.order_by("created_at").iterator():
        count += 1
        _json(zip_, f"submissions/{one.pk}.json", export(one))
        if media and one.blob_id not in written and Part.ORIGINAL not in one.removed_parts:
            written.add(one.blob_id)
            try:
                with (
                    blobs.services.opened(one.blob) as source,
                    zip_.open(f"media/{one.blob_id}", "w", force_zip64=True) as target,
                ):
                    shutil.copyfileobj(source, target)
            except Damaged:
                damaged.append(str(one.pk))
    return count, damaged


def _json(zip_: zipfile.ZipFile, name: str, data: Any) -> None:
    zip_.writestr(name, json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
