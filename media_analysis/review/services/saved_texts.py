"""A team's saved texts: kept on its page *Deciding*, inserted into the form of a decision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require, team_chain
from audit.payload import holds_address
from audit.services import record
from audit.verbs import Verb
from media_analysis.review.models import Case, DecisionText, Draft, Policy
from media_analysis.review.saved_texts import LONGEST_NAME, LONGEST_TEXT, SavedText
from media_analysis.review.services import checking, drafts

MOST = 30
NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
PLACEHOLDER = re.compile(r"\{(\w*)\}")
FILLED = ("policy", "file")
"""The placeholders that are filled in: the name of the chosen policy, and the file name."""


def of(team_id: UUID) -> list[SavedText]:
    return list(SavedText.objects.filter(team=team_id))


@transaction.atomic
def add(actor: Actor, team: Team, name: str, text: str) -> SavedText:
    require(actor, Permission.MANAGE_POLICIES, team.pk)
    name, text = name.strip().removeprefix("/").lower(), text.replace("\r\n", "\n").strip()
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise Refusal("saved_text_name", most=LONGEST_NAME)
    if not text or len(text) > LONGEST_TEXT:
        raise Refusal("saved_text_length", most=LONGEST_TEXT)
    if holds_address(name) or holds_address(text):
        raise Refusal("saved_text_holds_address")
    if unknown := set(PLACEHOLDER.findall(text)) - set(FILLED):
        raise Refusal("saved_text_placeholder", name=sorted(unknown)[0])
    Team.objects.select_for_update().get(pk=team.pk)
    if SavedText.objects.filter(team=team).count() >= MOST:
        raise Refusal("too_many_saved_texts", most=MOST)
    try:
        with transaction.atomic():
            made = SavedText.objects.create(team=team, name=name, text=text)
    except IntegrityError as error:
        raise Refusal("saved_text_name_taken", name=name) from error
    _changed(actor, made, "added")
    return made


@transaction.atomic
def remove(actor: Actor, text: SavedText) -> None:
    """Decisions keep what was written."""
    require(actor, Permission.MANAGE_POLICIES, text.team_id)
    pk = text.pk
    if not SavedText.objects.filter(pk=pk).delete()[0]:
        raise Refusal("saved_text_gone")
    text.pk = pk
    _changed(actor, text, "removed", gone=True)


def insert(actor: Actor, case_id: UUID, text_id: int, written: DecisionText) -> Draft | None:
    """For a page without a script: what was written, with the text at the end of the reason,
    becomes the draft that the form shows next."""
    case = Case.objects.for_actor(actor, Permission.DECIDE_CASES).select_related("submission").get(
        pk=case_id
    )  # fmt: skip
    chosen = SavedText.objects.filter(team=case.team_id, pk=text_id).first()
    if chosen is None:
        raise Refusal("saved_text_gone")
    policy = Policy.objects.filter(team=case.team_id, pk=written.policy_id or 0).first()
    values = {"file": case.submission.filename, "policy": policy.name if policy else ""}
    reason = " ".join(filter(None, [written.reason.strip(), filled(chosen.text, values)]))
    return drafts.keep(actor, case_id, replace(written, reason=reason[: checking.REASON_LENGTH]))


def filled(text: str, values: Mapping[str, str]) -> str:
    """A placeholder without a value stays, so that whoever decides sees what is missing."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1]) or found[0], text)


def _changed(actor: Actor, text: SavedText, how: str, *, gone: bool = False) -> None:
    record(
        chain=team_chain(text.team_id), verb=Verb.POLICY_CHANGED, who=actor.who_in(text.team_id),
        object_type="saved_text", object_id=str(text.pk), data={"how": how, "name": text.name},
        rows=[(SavedText, text.pk) if gone else text],
    )  # fmt: skip
