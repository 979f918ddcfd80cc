"""The verbs of saved filters: keep one, alone or for a team; let it go.

What somebody keeps for themselves is theirs and no matter of record; what they share is an event
of the team.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require, team_chain
from audit.services import record
from audit.verbs import Verb
from media_analysis.submissions.models import ListPage, SavedFilter

MOST = 50


def save(
    actor: Actor, name: str, query: str, team: Team | None, page: ListPage = ListPage.HISTORY
) -> SavedFilter:
    if actor.user is None:
        raise Refusal("people_only")
    if team is not None:
        require(actor, Permission.VIEW_SUBMISSIONS, team.pk)
    if not query:
        raise Refusal("nothing_to_save")
    if actor.user.saved_filters.count() >= MOST:
        raise Refusal("too_many_filters", most=MOST)
    try:
        with transaction.atomic():
            saved = SavedFilter.objects.create(
                owner=actor.user, team=team, name=name, query=query[:1000], page=page
            )
            _record_event(actor, saved, Verb.FILTER_SHARED)
    except IntegrityError as error:
        raise Refusal("filter_name_taken") from error
    return saved


@transaction.atomic
def delete(actor: Actor, saved: SavedFilter) -> None:
    if actor.user is None or saved.owner_id != actor.user.pk:
        raise Refusal("not_owner")
    _record_event(actor, saved, Verb.FILTER_UNSHARED)
    SavedFilter.objects.filter(pk=saved.pk).delete()


def _record_event(actor: Actor, saved: SavedFilter, verb: Verb) -> None:
    if saved.team_id is not None:
        record(
            chain=team_chain(saved.team_id),
            verb=verb,
            who=actor.who_in(saved.team_id),
            object_type="saved_filter",
            object_id=saved.pk,
        )
