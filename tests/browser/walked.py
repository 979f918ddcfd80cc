"""A team with media that was really analysed, for tests and pictures of the pages."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from django.test import override_settings
from django.urls import reverse

from jobs.runner import execute
from jobs.services import claim_one
from media_analysis.review.models import Case, RoutingRule
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import samples
from media_analysis.submissions.services.intake import submit
from ml import engine
from ml.engine.contract import Result
from ml.models import Analysis
from tests.media import films
from tests.people import Person

_films: dict[str, bytes] = {}
_examined: dict[str, Result] = {}


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
    if "three-shots.mp4" not in _films:
        path = films.film(folder / "three-shots.mp4", films.THREE)
        _films[path.name] = path.read_bytes()
    content = BytesIO(_films["three-shots.mp4"])
    return _analysed(submit(person.actor, person.team, content, "three-shots.mp4").submission)


def _analysed(sent: Submission) -> Submission:
    claim = claim_one(Analysis, sent.analysis.pk, worker="browser-test")
    assert claim is not None
    with override_settings(ML_ANALYSE=f"{__name__}.examined_once"):
        execute(claim)
    sent.refresh_from_db()
    return sent


def examined_once(file: BinaryIO, *, sha256: str, **how: Any) -> Result:
    """What the engine says of these bytes. A browser test is about pages, so it need not be asked
    again in the same process."""
    if sha256 not in _examined:
        _examined[sha256] = engine.analyse(file, sha256=sha256, **how)
    return _examined[sha256]


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
