"""Team notes on a case, at any time, and whom they mention."""

from __future__ import annotations

import re
from collections import defaultdict
from uuid import UUID

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Membership, User
from accounts.refusals import Refusal
from accounts.roles import Permission
from audit.subjects import keep
from audit.verbs import Verb
from jobs.timing import ClockTimestamp
from media_analysis.review.models import Case, CaseNote, Mention
from media_analysis.review.note_models import LONGEST_NOTE
from media_analysis.review.services import case_changes

MOST_NOTES = 200
MOST_MENTIONED = 10
SHOWN = 50
AT = re.compile(r"(?<!\w)@(?=\S)")
"""Not that of an address, and not one that stands alone."""
WORD = re.compile(r"[^\s,;:!?()]+")


@transaction.atomic
def write(actor: Actor, case_id: UUID, text: str) -> CaseNote:
    """By whoever decides cases in the team, whoever holds the case and whether it is decided."""
    text = text.replace("\0", "").replace("\r\n", "\n").strip()
    if not text:
        raise Refusal("note_missing")
    if len(text) > LONGEST_NOTE:
        raise Refusal("note_too_long", most=LONGEST_NOTE)
    deciding = Case.objects.for_actor(actor, Permission.DECIDE_CASES).select_related("submission")
    case: Case = deciding.select_for_update(of=("self",)).get(pk=case_id)
    if CaseNote.objects.filter(case=case).count() >= MOST_NOTES:
        raise Refusal("too_many_notes", most=MOST_NOTES)
    people = [one for one in mentioned(text, people_of(case)) if one != actor.user]
    note: CaseNote = CaseNote.objects.create(
        team_id=case.team_id, case=case, author=actor.user, text=text
    )
    note.refresh_from_db()
    Mention.objects.bulk_create(Mention(note=note, person=person) for person in people)
    case_changes.record_event(
        case, actor, Verb.CASE_NOTED, rows=[note], team_note=note.pk,
        mentioned=[str(person.pk) for person in people],
        commitments={"grounds": keep(case.submission_id, "team_note", text)},
    )  # fmt: skip
    return note


def people_of(case: Case) -> list[User]:
    """Whoever may see the case, and so can be mentioned on it."""
    members = Membership.objects.who_may(Permission.VIEW_CASES).filter(team=case.team_id)
    return [one.user for one in members.select_related("user").order_by("user__name", "user_id")]


def mentioned(text: str, people: list[User]) -> list[User]:
    """Each mentioned person once, by full name, address, or a unique first name. An unknown name
    reveals nothing but that it is none of these people."""
    called: dict[str, list[User]] = defaultdict(list)
    for person in people:
        for name in {str(person).casefold(), person.email, person.get_short_name().casefold()}:
            called[name].append(person)
    longest_first = sorted(called, key=len, reverse=True)
    found: dict[UUID, User] = {}
    for at in AT.finditer(text):
        rest = text[at.end() :]
        mention = next((one for one in longest_first if _begins(rest, one)), None)
        if mention is None:
            word = WORD.match(rest)
            raise Refusal("mention_unknown", name=word[0][:60] if word else rest[:1])
        if len(called[mention]) > 1:
            raise Refusal("mention_ambiguous", name=rest[: len(mention)])
        found[called[mention][0].pk] = called[mention][0]
    if len(found) > MOST_MENTIONED:
        raise Refusal("too_many_mentions", most=MOST_MENTIONED)
    return list(found.values())


def _begins(rest: str, name: str) -> bool:
    """A whole name: not the beginning of a longer word."""
    head, after = rest[: len(name)], rest[len(name) : len(name) + 1]
    return head.casefold() == name and not (after.isalnum() or after == "_")


def of(actor: Actor, case: Case, *, only_own: bool) -> list[CaseNote]:
    """The oldest first. `only_own` while two people decide the case: a note would
    reveal the first opinion to the second person."""
    found = CaseNote.objects.for_actor(actor).filter(case=case).select_related("author")
    return list(found.filter(author=actor.user) if only_own else found)


def seen_now(actor: Actor, case: Case) -> set[UUID]:
    """The notes that mention the actor and were news until now."""
    new = Mention.objects.for_actor(actor).filter(note__case=case, seen_at=None)
    found = dict(new.values_list("pk", "note"))
    if found:
        Mention.objects.filter(pk__in=found).update(seen_at=ClockTimestamp())
    return set(found.values())


def mentions(actor: Actor, *, only_new: bool = False) -> list[Mention]:
    """Those of the actor, the newest first."""
    if actor.user is None:
        return []
    mine = Mention.objects.for_actor(actor).select_related("note__author", "note__case__submission")
    if only_new:
        mine = mine.filter(seen_at=None)
    return list(mine.order_by("-note__created_at", "-pk")[:SHOWN])
