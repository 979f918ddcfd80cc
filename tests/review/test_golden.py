"""Golden cases look like any other until they are decided, and count in no statistics."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from io import BytesIO

import pytest
from django.db import connection, transaction
from django.urls import reverse

import ml.services
from accounts.actors import Actor
from accounts.models import Permission, Role, Team
from accounts.refusals import Refusal
from audit.models import Event
from audit.verbs import Verb
from audit.who import SYSTEM
from media_analysis.dashboard.models import Ending
from media_analysis.dashboard.search import figures
from media_analysis.review.golden_models import GoldenCase, GoldenPlacement
from media_analysis.review.models import Case, Decision, DecisionText, RoutingRule
from media_analysis.review.search import detector_quality, queue
from media_analysis.review.search import golden as search
from media_analysis.review.services import bulk, cases, golden, grace, known_bytes, routing
from media_analysis.submissions.models import Submission
from media_analysis.submissions.presenters import result
from media_analysis.submissions.search import history, similar
from media_analysis.submissions.services import erasing, export, intake
from media_analysis.webhooks.models import Event as News
from media_analysis.webhooks.services import emitting, endpoints
from tests.factories import ServiceAccountFactory
from tests.people import Person, Send, member, picture
from tests.refusals import refuses
from tests.review.test_services import opened

RIGHT = DecisionText("manipulated", "the seam")
WRONG = DecisionText("not_manipulated", "grain is whole")
NOTE = "Look at the left ear."


@pytest.fixture
def share(team: Team) -> RoutingRule:
    """A golden case may come on every second case: here on those that are drawn by hand."""
    return RoutingRule.objects.update_or_create(
        team=team, defaults={"golden_share": 0.5, "grace_seconds": 30}
    )[0]


@pytest.fixture
def original(share: RoutingRule, lead: Person, admin: Person, send: Send) -> Submission:
    """Decided by the admin and marked by the lead."""
    case = opened(admin, send, 7)
    held = cases.claim(admin.actor, case.pk)
    cases.decide(admin.actor, case.pk, held.fence, RIGHT)
    ml.services.cancel(case.submission.analysis_id, SYSTEM)
    case.submission.analysis.refresh_from_db()
    golden.mark(lead.actor, case.submission, "manipulated", NOTE)
    return case.submission


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "drawn", lambda what, share: True)


@pytest.fixture
def sender(team: object) -> Person:
    return member(team, Role.MODERATOR)  # type: ignore[arg-type]


@pytest.fixture
def copy(
    always: None, original: Submission, sender: Person, alice: Person, bob: Person, send: Send
) -> Case:
    """The case of the copy that came with somebody's new case."""
    opened(sender, send, 90)
    placed = Submission.objects.get(planted=True)
    with transaction.atomic():
        routing.after_parking(placed.analysis)
    case: Case = Case.objects.select_related("submission", "submission__analysis").get(
        submission=placed
    )
    return case


def answer(person: Person, case: Case, words: DecisionText) -> object:
    held = cases.claim(person.actor, case.pk)
    return grace.decide(person.actor, case.pk, held.fence, words)


def test_a_copy_comes_with_a_new_case_as_somebody_elses_file(
    copy: Case, original: Submission, sender: Person
) -> None:
    """Another id and name, the same bytes, the sender of the case that it came with; its case
    stands as the original's did."""
    sent = copy.submission
    assert sent.pk != original.pk and sent.blob_id == original.blob_id
    assert sent.filename != original.filename and sent.filename.endswith(".png")
    assert sent.submitted_by == sender.user and sent.analysis_id != original.analysis_id
    first = Case.objects.get(submission=original)
    assert (copy.opened_because, copy.queue) == (first.opened_because, first.queue)
    assert not GoldenPlacement.objects.exclude(submission=sent).exists()


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("IMG_0042.jpg", r"IMG_\d{4}\.jpg"), ("holiday.jpg", r"holiday-\d{4}\.jpg"),
     ("", r"-\d{4}"), ("scan", r"scan-\d{4}")],
)  # fmt: skip
def test_another_name_keeps_the_pattern(name: str, pattern: str) -> None:
    assert re.fullmatch(pattern, golden.another_name(name))


def test_nothing_that_a_moderator_reads_tells_it_from_a_real_case(
    copy: Case, original: Submission, alice: Person, sender: Person
) -> None:
    """Queue, case page, result page and history: no page names the original, says "golden" or
    "system" where a real case would not."""
    real = Case.objects.exclude(submission__in=[original.pk, copy.submission_id]).get()
    assert {copy.pk, real.pk} == set(queue.first(alice.actor, 9))
    client = alice.client()
    client.post(reverse("review:claim", args=[copy.pk]))
    pages = [
        reverse("review:queue"),
        reverse("review:case", args=[copy.pk]),
        reverse("submissions:detail", args=[copy.submission_id]),
        reverse("submissions:history"),
    ]
    original_case = Case.objects.get(submission=original)
    for url in pages:
        got = client.get(url)
        assert got.status_code == 200
        page = got.content.decode()
        leaks = ["golden", "Golden", "planted", NOTE]
        if url != reverse("submissions:history"):  # which lists the original as what it is
            leaks += [str(original_case.pk), str(original.pk)]
        assert not [leak for leak in leaks if leak in page], url
    events = {
        case.pk: [(e["who"], e["text"]) for e in _custody(case, alice)][:3] for case in (copy, real)
    }
    assert events[copy.pk] == events[real.pk]
    assert str(sender.user) in events[copy.pk][0][0]


def _custody(case: Case, person: Person) -> list[dict[str, str]]:
    sent = Submission.objects.select_related("team", "blob", "analysis").get(pk=case.submission_id)
    return list(result.page(sent, person.actor)["custody"]["events"])


def test_the_same_bytes_are_not_named_beside_it(
    copy: Case, original: Submission, alice: Person, send: Send
) -> None:
    """Not what was decided about them, in no direction; nor are they "known" to a new file."""
    assert known_bytes.others(alice.actor, copy) == []
    assert similar.same_bytes(alice.actor, copy.submission) == {"earlier": [], "later": []}
    assert similar.same_bytes(alice.actor, original) == {"earlier": [], "later": []}
    again = intake.submit(alice.actor, alice.team, BytesIO(picture(7)), "again.png")
    assert again.earlier == original


def test_whoever_knows_it_is_not_offered_it(
    copy: Case, lead: Person, admin: Person, sender: Person, alice: Person
) -> None:
    """Not the lead who marked it, nor who decided the original; and they cannot claim it."""
    for person in (lead, admin):
        assert copy.pk not in queue.first(person.actor, 9)
        with refuses("case_for_somebody_else"):
            cases.claim(person.actor, copy.pk)
    assert copy.pk in queue.first(alice.actor, 9)


def test_the_answer_is_told_at_once_and_is_no_decision(
    copy: Case, alice: Person, bob: Person
) -> None:
    """No grace time; the person reads the known outcome and the note, others nothing."""
    client = alice.client()
    client.post(reverse("review:claim", args=[copy.pk]))
    copy.refresh_from_db()
    form = {"fence": copy.fence, "outcome": "not_manipulated", "reason": "grain is whole"}
    page = client.post(reverse("review:decide", args=[copy.pk]), form, follow=True)
    html = page.content.decode()
    assert page.status_code == 200
    assert "golden case" in html and NOTE in html and "Known outcome: Manipulated" in html
    assert Decision.objects.filter(case=copy).count() == 0
    others = bob.client().get(reverse("review:case", args=[copy.pk])).content.decode()
    assert NOTE not in others and "golden" not in others
    own = client.get(reverse("review:own")).content.decode()
    assert NOTE in own and reverse("review:case", args=[copy.pk]) in own


def test_figures_have_number_and_interval_by_person(
    copy: Case, lead: Person, alice: Person
) -> None:
    answer(alice, copy, WRONG)
    own = search.own(alice.user)
    assert (own.value, own.n) == (0.0, 1) and own.high is not None and 0.7 < own.high < 0.9
    lines = dict(search.by_person([alice.team.pk]))
    assert lines[""].n == 1 and lines[alice.user.name or alice.user.email].value == 0.0
    page = lead.client().get(reverse("teams:quality", args=[lead.team.pk])).content.decode()
    assert "Right answers by person" in page and str(alice.user) in page


def test_it_counts_in_no_figure_and_no_news_leaves(
    copy: Case, original: Submission, alice: Person, admin: Person
) -> None:
    """Dashboard, endings, checks held against decisions, webhooks, export."""
    endpoints.add(admin.actor, admin.team, "https://example.org/hook", ["analysis.failed"])
    emitting.after_parking(copy.submission.analysis)
    assert not News.objects.filter(submission=copy.submission_id).exists()
    assert figures.cases([alice.team.pk])[alice.team.pk]["waiting"] == 1, "the real one"
    assert all(row.pk != copy.submission_id for row in figures.parked([alice.team.pk]))
    months = detector_quality.months([alice.team.pk])
    before = [detector_quality.of([alice.team.pk], month) for month in months]
    cases.claim(alice.actor, copy.pk)
    assert not figures.in_hands([alice.team.pk])
    answer(alice, copy, RIGHT)
    assert [detector_quality.of([alice.team.pk], month) for month in months] == before
    assert Decision.objects.count() == 1 and not News.objects.exists()
    assert not Ending.objects.exists()
    lines = "".join(export.export(admin.actor, {}, "https://example.org")).splitlines()
    ids = {row["id"] for row in csv.DictReader([lines[0].lstrip("\ufeff"), *lines[1:]])}
    assert str(original.pk) in ids and str(copy.submission_id) not in ids


def test_partners_and_the_sender_do_not_see_it(copy: Case, sender: Person, alice: Person) -> None:
    assert not Submission.objects.for_actor(sender.actor).filter(planted=True).exists()
    service = _service(alice)
    assert not Submission.objects.for_actor(service).filter(planted=True).exists()
    assert Submission.objects.for_actor(service).exists()


def _service(person: Person) -> Actor:
    service = ServiceAccountFactory(team=person.team)
    return replace(person.actor, user=None, service=service, scopes=frozenset({"submissions:read"}))


def test_an_answered_copy_leaves_the_history(copy: Case, alice: Person, bob: Person) -> None:
    """Before, it stands there like any other file."""

    def seen() -> set[object]:
        return {row.pk for row in history.page(bob.actor, {}).rows}

    assert copy.submission_id in seen()
    answer(alice, copy, RIGHT)
    assert copy.submission_id not in seen()


def test_an_answered_copy_cannot_be_reopened_or_reported(copy: Case, alice: Person) -> None:
    answer(alice, copy, RIGHT)
    with refuses("case_not_decided"):
        cases.reopen(alice.actor, copy.pk, why="I want to try again")
    page = alice.client().get(reverse("review:case", args=[copy.pk])).content.decode()
    assert reverse("reports:of_case", args=[copy.pk]) not in page


def test_nobody_meets_the_same_twice(
    copy: Case, alice: Person, bob: Person, sender: Person, send: Send
) -> None:
    """One copy waits at a time; the next is for others than who answered; then none comes."""
    opened(sender, send, 91)
    assert GoldenPlacement.objects.count() == 1
    answer(alice, copy, RIGHT)
    opened(sender, send, 92)
    second = GoldenPlacement.objects.get(answered_at=None).submission
    with transaction.atomic():
        routing.after_parking(second.analysis)
    case = Case.objects.get(submission=second)
    assert case.pk not in queue.first(alice.actor, 9) and case.pk in queue.first(bob.actor, 9)
    answer(bob, case, RIGHT)
    opened(sender, send, 93)
    assert GoldenPlacement.objects.filter(answered_at=None).count() == 0


def test_several_decided_at_once_may_hold_a_golden_one(copy: Case, alice: Person) -> None:
    done = bulk.decide(
        alice.actor, bulk.chosen(alice.actor, [copy.pk], Permission.DECIDE_CASES), RIGHT
    )
    assert done.count == 1 and GoldenPlacement.objects.get().is_right


def settle_checks() -> None:
    """As at the end of the transactions that a test's own one stands for."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def test_the_copies_are_erased_with_the_original(
    copy: Case, original: Submission, admin: Person
) -> None:
    settle_checks()
    with transaction.atomic():
        erasing.order(original, admin.actor.who_in(admin.team.pk), "operator")
    for _ in range(2):
        erasing.run_due()
    assert not Submission.objects.filter(blob=original.blob_id).exists()
    assert not GoldenCase.objects.exists() and not GoldenPlacement.objects.exists()


def test_taking_out_erases_what_waits(copy: Case, lead: Person) -> None:
    settle_checks()
    golden.take_out(lead.actor, GoldenCase.objects.get())
    erasing.run_due()
    assert not Submission.objects.filter(planted=True).exists()
    assert not GoldenCase.objects.get().is_active


def test_only_leads_mark_and_the_share_is_small(
    original: Submission, alice: Person, lead: Person
) -> None:
    with refuses("not_allowed"):
        golden.mark(alice.actor, original, "manipulated", "")
    url = reverse("review:mark_golden", args=[original.pk])
    assert alice.client().post(url, {"outcome": "manipulated"}).status_code == 403
    with refuses("golden_outcome_missing"):
        golden.mark(lead.actor, original, "unclear", "")
    with refuses("golden_share_out_of_range"):
        golden.choose_share(lead.actor, lead.team, 0.6)
    assert golden.choose_share(lead.actor, lead.team, 0.05)
    assert not golden.choose_share(lead.actor, lead.team, 0.05)


def test_every_step_is_on_record(copy: Case, alice: Person) -> None:
    answer(alice, copy, RIGHT)
    for verb in (Verb.GOLDEN_MARKED, Verb.GOLDEN_PLACED, Verb.GOLDEN_ANSWERED):
        assert Event.objects.filter(verb=verb).count() == 1
    assert result.page(copy.submission, alice.actor)["custody"]["intact"]


def test_no_copy_comes_without_a_share(
    original: Submission, sender: Person, send: Send, lead: Person
) -> None:
    golden.choose_share(lead.actor, lead.team, 0)
    opened(sender, send, 90)
    assert not GoldenPlacement.objects.exists()


def test_marking_a_copy_is_refused(copy: Case, lead: Person) -> None:
    with pytest.raises(Refusal):
        golden.mark(lead.actor, copy.submission, "manipulated", "")
