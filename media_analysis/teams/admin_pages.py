"""Which pages of the product rows of the administration lead to, where that takes a look into other
tables. Many rows are looked up at once, and nothing leads to what its reader may not open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from accounts.actors import Actor, actor_of
from accounts.models import Membership, User
from accounts.roles import Permission
from accounts.services.chains import team_chain
from audit import admin_pages
from audit.models import Event
from media_analysis.previews.models import Preview
from media_analysis.review.models import Case
from media_analysis.submissions.models import Submission
from ml.models import Analysis, FindingRow

Addresses = Mapping[Any, str]
OF_TEAM: Mapping[str, tuple[str, Permission]] = {
    "user": ("teams:members", Permission.MANAGE_MEMBERS),
    "member": ("teams:members", Permission.MANAGE_MEMBERS),
    "invitation": ("teams:members", Permission.MANAGE_MEMBERS),
    "team": ("teams:members", Permission.MANAGE_MEMBERS),
    "service_account": ("teams:services", Permission.REVOKE_KEYS),
    "key": ("teams:services", Permission.REVOKE_KEYS),
    "queue": ("teams:queues", Permission.MANAGE_QUEUES),
    "policy": ("teams:policies", Permission.MANAGE_POLICIES),
    "retention": ("teams:retention", Permission.MANAGE_RETENTION),
    "webhook": ("teams:webhooks", Permission.MANAGE_WEBHOOKS),
    "source": ("teams:hosts", Permission.MANAGE_SOURCES),
    "group": ("teams:sign_in", Permission.MANAGE_TEAM),
}
"""The page of a team that an event of its chain is about, by the first part of its verb."""


def register() -> None:
    admin_pages.register(User, of_people)
    admin_pages.register(Analysis, of_analyses)
    admin_pages.register(FindingRow, of_findings)
    admin_pages.register(Preview, of_copies)
    admin_pages.register(Event, of_events)


def of_people(request: HttpRequest, rows: Sequence[User]) -> Addresses:
    """The members of a team of theirs, the first by name: a person has no page for others."""
    actor = actor_of(request)
    mine = Membership.objects.filter(
        user__in=rows, team__in=actor.team_ids(Permission.MANAGE_MEMBERS)
    )
    named = mine.order_by("-team__name").values_list("user", "team")
    return {user: reverse("teams:members", args=[team]) for user, team in named}


def of_analyses(request: HttpRequest, rows: Sequence[Analysis]) -> Addresses:
    return _results(request, {row.pk: row.pk for row in rows})


def of_findings(request: HttpRequest, rows: Sequence[FindingRow]) -> Addresses:
    """To the finding itself."""
    results = _results(request, {row.pk: row.analysis_id for row in rows})
    checks = {row.pk: row.detector.replace("_", "-") for row in rows}
    return {pk: f"{address}#check-{checks[pk]}" for pk, address in results.items()}


def _results(request: HttpRequest, analyses: Mapping[Any, UUID]) -> Addresses:
    """Of rows that belong to an analysis: the newest submission that shows it."""
    visible = Submission.objects.for_actor(actor_of(request))
    submissions = visible.filter(analysis__in=set(analyses.values())).order_by("created_at", "id")
    known = dict(submissions.values_list("analysis", "pk"))
    return {
        row: reverse("submissions:detail", args=[known[analysis]])
        for row, analysis in analyses.items()
        if analysis in known
    }


def of_copies(request: HttpRequest, rows: Sequence[Preview]) -> Addresses:
    """To the player of the newest submission of these bytes."""
    visible = Submission.objects.for_actor(actor_of(request))
    same = visible.filter(blob__in={row.source_id for row in rows}).order_by("created_at", "id")
    known = dict(same.values_list("blob", "pk"))
    return {
        row.pk: f"{reverse('submissions:detail', args=[known[row.source_id]])}#film"
        for row in rows
        if row.source_id in known
    }


def of_events(request: HttpRequest, rows: Sequence[Event]) -> Addresses:
    """To the case or the team's page that an event is about; else to the custody of the submission
    in whose chain it stands."""
    actor = actor_of(request)
    return {
        **_custody(actor, rows),
        **_team_pages(actor, rows),
        **admin_pages.of_objects(rows, "case", Case.objects.for_actor(actor), "review:case"),
    }


def _custody(actor: Actor, rows: Sequence[Event]) -> Addresses:
    visible = Submission.objects.for_actor(actor).filter(pk__in={row.chain for row in rows})
    known = set(visible.values_list("pk", flat=True))
    return {
        row.pk: f"{reverse('submissions:detail', args=[row.chain])}#custody"
        for row in rows
        if row.chain in known
    }


def _team_pages(actor: Actor, rows: Sequence[Event]) -> Addresses:
    about = {row.pk: OF_TEAM.get(row.verb.partition(".")[0]) for row in rows}
    if not any(about.values()):
        return {}
    wanted = {page for page in about.values() if page}
    teams = {permission: actor.team_ids(permission) for _, permission in wanted}
    chains = {
        page: {team_chain(team): team for team in teams[permission]}
        for page, permission in ((page, page[1]) for page in wanted)
    }
    return {
        row.pk: reverse(page[0], args=[chains[page][row.chain]])
        for row in rows
        if (page := about[row.pk]) and row.chain in chains[page]
    }
