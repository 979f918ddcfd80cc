"""A team with media that was really analysed, for tests and pictures of the pages."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from django.urls import reverse

from jobs.runner import execute
from jobs.services import claim_one
from media_analysis.review.models import Case, RoutingRule
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import samples
from media_analysis.submissions.services.intake import submit
from ml.models import Analysis
from tests.media import films
from tests.people import Person


@dataclass(frozen=True)
class Walked:
    analysed: dict[str, Submission]
    """By file name: the engine ran on each, in the sandbox, as a worker would."""
    waiting: Submission


def walk(person: Person, *names: str) -> Walked:
    # The samples are genuine; which of them a detector leaves open may change with its weights.
    RoutingRule.objects.update_or_create(team=person.team, defaults={"no_manipulation_found": True})
    wanted = [s for s in samples.all_samples() if not names or s.filename in names]
    analysed = {sample.filename: _analysed(_send(person, sample)) for sample in wanted}
    return Walked(analysed, _send(person, wanted[-1]))


def a_film_of_three_shots(person: Person, folder: Path) -> Submission:
    """Its page has a timeline with scenes."""
    path = films.film(folder / "three-shots.mp4", films.THREE)
    with path.open("rb") as file:
        return _analysed(submit(person.actor, person.team, file, path.name).submission)


def _analysed(sent: Submission) -> Submission:
    claim = claim_one(Analysis, sent.analysis.pk, worker="browser-test")
    assert claim is not None
    execute(claim)
    sent.refresh_from_db()
    return sent


def a_case(walked: Walked) -> Case:
    cases = Case.objects.filter(submission__in=walked.analysed.values())
    case: Case | None = cases.order_by("opened_at").first()
    assert case is not None, "no analysed sample opened a case"
    return case


def addresses(walked: Walked) -> dict[str, str]:
    """The pages of the walk by a name that is good for a file."""
    named = {name.partition(".")[0]: sent for name, sent in walked.analysed.items()}
    results = {name: reverse("submissions:detail", args=[s.pk]) for name, s in named.items()}
    return {
        "submit": reverse("submissions:submit"),
        "history": reverse("submissions:history"),
        "nothing-matches": reverse("submissions:history") + "?q=nosuchthing",
        "waiting": reverse("submissions:detail", args=[walked.waiting.pk]),
        "queue": reverse("review:queue"),
        "case": reverse("review:case", args=[a_case(walked).pk]),
        **{f"result-{name}": url for name, url in results.items()},
    }


def _send(person: Person, sample: samples.Sample) -> Submission:
    return submit(
        person.actor, person.team, BytesIO(sample.content), sample.filename, note=sample.note
    ).submission
