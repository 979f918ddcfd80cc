"""The number of a page's queries does not grow with its content: 3 of everything and 12 of
everything need the same number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, Scope, Team
from accounts.services import invitations, keys
from jobs.models import State
from jobs.services import claim_one, park
from media_analysis.previews.models import Preview
from media_analysis.review.models import Case, DecisionText
from media_analysis.review.services import cases as review
from media_analysis.review.services import routing, rules
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import deletion, saved_filters
from media_analysis.submissions.services.intake import submit
from ml.models import Analysis, FindingRow, Look, Thumbnail
from tests.factories import MembershipFactory, ServiceAccountFactory, TeamFactory
from tests.people import Person, Send, member, picture

FEW, MANY = 3, 12
SCOPES = [Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE]


@dataclass
class House:
    """A team at work, and somebody who may see all of it; grows by one of everything."""

    team: Team
    admin: Person
    submission: Submission
    case: Case
    key: str
    send: Send
    size: int = 0

    def grow_to(self, size: int) -> None:
        for number in range(self.size, size):
            self._one_more(number)
        self.size = size

    def _one_more(self, n: int) -> None:
        somebody = member(self.team, Role.MODERATOR)
        another = MembershipFactory(user=self.admin.user, team=TeamFactory(), role=Role.LEAD).team
        sent = [self.send(somebody, 10 + n, f"{n}.png"), self.send(somebody, 60 + n, f"d{n}.png")]
        sent.append(self.send(Person(self.admin.user, another), 1, "same bytes elsewhere.png"))
        cases = [_waiting(one) for one in sent]
        review.claim(somebody.actor, cases[0].pk)
        self._decided_by(somebody, cases[1])
        self._more_of_the_result(n, somebody)
        deletion.ask(self.admin.actor, sent[0], "why")
        saved_filters.save(somebody.actor, f"filter {n}", "kind=image", self.team)
        invitation = invitations.invite(
            self.admin.actor, self.team, f"n{n}@example.net", Role.VIEWER
        )
        if n % 2:
            invitations.withdraw(self.admin.actor, invitation.invitation)
        rules.write_policy(self.admin.actor, another, f"policy {n}", "")
        service = ServiceAccountFactory(team=self.team)
        keys.issue_key(self.admin.actor, service, "one", SCOPES)
        keys.revoke_key(
            self.admin.actor, keys.issue_key(self.admin.actor, service, "two", SCOPES).key
        )

    def _decided_by(self, somebody: Person, case: Case) -> None:
        held = review.claim(somebody.actor, case.pk)
        words = DecisionText("unclear", "as seen")
        review.decide(somebody.actor, held.pk, held.fence, words)
        claim = claim_one(Analysis, case.submission.analysis_id, worker="test")
        assert claim is not None
        with transaction.atomic():
            park(claim, f"code_{case.pk.hex[:8]}", "Set aside by a test.")

    def _more_of_the_result(self, n: int, somebody: Person) -> None:
        """Findings, pictures, looks alike, and a longer story with more decisions."""
        analysis = self.submission.analysis
        evidence = [{"code": "c", "text": "t", "strength": "weak", "data": {"number": n}}]
        FindingRow.objects.create(
            analysis=analysis, detector=f"check_{n}", status="ran", reason="r", evidence=evidence
        )
        Thumbnail.objects.create(analysis=analysis, name=f"face-{n}", png=picture())
        for one in (self.submission, self.send(self.admin, 120 + n, f"alike {n}.png")):
            Look.of(one.blob, float(n), 5).save()
        held = review.claim(somebody.actor, self.case.pk)
        review.decide(somebody.actor, held.pk, held.fence, DecisionText("unclear", f"look {n}"))
        review.reopen(self.admin.actor, self.case.pk, why="again")


def _waiting(submission: Submission) -> Case:
    with transaction.atomic():
        routing.after_parking(submission.analysis)
    return Case.objects.get(submission=submission)


def built() -> House:
    team = TeamFactory(name="Newsroom")
    admin = member(team, Role.ADMIN)
    submission = sent(admin, 1, "shown.png")
    key = keys.issue_key(admin.actor, ServiceAccountFactory(team=team), "k", SCOPES).secret
    _with_a_film(submission)
    return House(team, admin, submission, _waiting(submission), str(key), sent)


def sent(who: Person, shade: int, name: str) -> Submission:
    return submit(who.actor, who.team, BytesIO(picture(shade)), name).submission


def _with_a_film(submission: Submission) -> None:
    """The most that a result page can ask for."""
    Analysis.objects.filter(pk=submission.analysis_id).update(media={"kind": "video"})
    Preview.objects.create(
        source=submission.blob, film=submission.blob, state=State.DONE, finished_at=Now()
    )
    submission.refresh_from_db()


def queries_of(client: Client, url: str, **headers: str) -> list[str]:
    """What a page asks, the second time: the first notes the visit and fills what is kept."""
    client.get(url, headers=headers)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(url, headers=headers)
    assert answer.status_code == 200, (url, answer.status_code)
    statements = [query["sql"] for query in captured.captured_queries]
    # Once a minute a session notes when it was last seen: a slow machine is no slow page.
    return [sql for sql in statements if not sql.startswith('UPDATE "accounts_session"')]


def team_page(name: str) -> Callable[[House], str]:
    return lambda house: reverse(f"teams:{name}", args=[house.team.pk])


PAGES: dict[str, Callable[[House], str]] = {
    "history": lambda house: reverse("submissions:history"),
    "history, filtered": lambda house: "/?q=png&kind=image&sort=name",
    "history, by a check": lambda house: "/?detector=compression&check=ran&sort=name",
    "result": lambda house: reverse("submissions:detail", args=[house.submission.pk]),
    "film panel": lambda house: reverse("submissions:film_panel", args=[house.submission.pk]),
    "progress": lambda house: reverse("submissions:progress", args=[house.submission.pk]),
    "deletions": lambda house: reverse("submissions:deletions"),
    "queue": lambda house: reverse("review:queue"),
    "case": lambda house: reverse("review:case", args=[house.case.pk]),
    "dashboard": lambda house: reverse("dashboard:overview"),
    "teams": lambda house: reverse("teams:index"),
    "members": team_page("members"),
    "rules": team_page("rules"),
    "policies": team_page("policies"),
    "partners": team_page("services"),
}
API: dict[str, Callable[[House], str]] = {
    "list": lambda house: "/api/v1/submissions/",
    "list, filtered": lambda house: "/api/v1/submissions/?q=png&sort=name&kind=image",
    "detail": lambda house: f"/api/v1/submissions/{house.submission.pk}/",
}


Queries = dict[str, list[str]]
"""The statements of each page or answer, by its name."""


@pytest.fixture(scope="module")
def queries(shared_home: Path) -> dict[int, Queries]:
    """What everything asks with 3 of each thing and with 12: to build these takes longer than to
    ask, so both tests read one house."""
    house = built()
    client = house.admin.client()
    found: dict[int, Queries] = {}
    for size in (FEW, MANY):
        house.grow_to(size)
        found[size] = {name: queries_of(client, url(house)) for name, url in PAGES.items()} | {
            name: queries_of(Client(), url(house), authorization=f"Bearer {house.key}")
            for name, url in API.items()
        }
    return found


def grown(queries: dict[int, Queries], names: Iterable[str]) -> Queries:
    """The statements that only the large house saw, where it saw more of them."""
    print({name: len(queries[MANY][name]) for name in names})
    return {
        name: [sql[:300] for sql in queries[MANY][name] if sql not in queries[FEW][name]]
        for name in names
        if len(queries[MANY][name]) > len(queries[FEW][name])
    }


@pytest.mark.timeout(300)
def test_pages_ask_no_more_often_for_twelve_than_for_three(queries: dict[int, Queries]) -> None:
    """History, result, queue, case, dashboard and team pages: rows, findings, pictures, decisions,
    members, keys and the teams of whoever looks may be four times as many."""
    assert grown(queries, PAGES) == {}


@pytest.mark.timeout(300)
def test_the_interface_asks_no_more_often_for_twelve_than_for_three(
    queries: dict[int, Queries],
) -> None:
    """The list and one submission by REST, with a partner's key."""
    assert grown(queries, API) == {}
