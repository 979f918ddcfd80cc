"""Which submissions a backfill takes, as its row keeps it and as a query."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)

from accounts.refusals import Refusal
from jobs.models import UNDER_WAY, State
from media_analysis.backfill.models import Backfill, BackfillItem
from media_analysis.submissions.models import (
    UNDECIDED,
    Erasure,
    MediaKind,
    Removal,
    Submission,
)
from ml.engine import registry
from ml.engine.contract import Outcome, Status
from ml.engine.manifest import manifest_of
from ml.models import Analysis, FindingRow

VERSION = re.compile(r"\d{1,9}(\.\d{1,9})*")
OUTCOMES = tuple(outcome.value for outcome in Outcome)
TO_DO = ""
"""No reason to leave it out."""


class Numbers(Func):
    """A version as numbers: 2 and 2.0 are the same, 2.10 is newer than 2.9. Null for words."""

    # A column without parameters, because it occurs three times.
    template = (
        "CASE WHEN %(expressions)s ~ '^[0-9]{1,9}(\\.[0-9]{1,9})*$' THEN string_to_array("
        "regexp_replace(%(expressions)s, '(\\.0+)+$', ''), '.')::integer[] END"
    )
    output_field: Any = ArrayField(IntegerField())
    arity = 1


@dataclass(frozen=True)
class Selection:
    """Each condition narrows. Rejected files are taken only where `outcome` asks for them."""

    until: datetime
    """When the backfill was planned, unless an earlier time was given: what comes in later is
    analysed by the engine of its day."""
    since: datetime | None = None
    kind: str = ""
    outcome: str = ""
    decided: bool | None = None
    detector: str = ""
    older_than: str = ""
    """Selects what `detector` has not examined in this version or a newer one."""

    def check(self) -> None:
        """Refuses what would silently select nothing, or everything."""
        if self.kind and self.kind not in MediaKind.values:
            raise Refusal("backfill_selection", part="kind")
        if self.outcome and self.outcome not in OUTCOMES:
            raise Refusal("backfill_selection", part="outcome")
        if bool(self.detector) != bool(self.older_than):
            raise Refusal("backfill_selection", part="older_than")
        if self.detector and self.detector not in registry.names():
            raise Refusal("backfill_selection", part="detector")
        if self.older_than and not VERSION.fullmatch(self.older_than):
            raise Refusal("backfill_selection", part="older_than")
        if self.since and self.since >= self.until:
            raise Refusal("backfill_selection", part="since")

    def as_json(self) -> dict[str, Any]:
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> Selection:
        times = {
            name: datetime.fromisoformat(values[name])
            for name in ("since", "until")
            if values[name]
        }
        return cls(**{**values, "since": None, **times})

    def submissions(self, team: UUID | None) -> QuerySet[Submission]:
        """All that it names; what test keys sent and copies of golden cases are never among it."""
        # It fits the index of cards where a team is named.
        found = Submission.objects.filter(
            planted=False, team__live_team__isnull=True, card__received_at__lt=self.until
        )
        if team:
            found = found.filter(team=team, card__team=team)
        if self.since:
            found = found.filter(card__received_at__gte=self.since)
        if self.kind:
            found = found.filter(card__kind=self.kind)
        if self.outcome:
            found = found.filter(card__outcome=self.outcome)
        else:
            found = found.exclude(card__outcome=Outcome.REJECTED.value)
        if self.decided is not None:
            undecided = Q(card__decision=UNDECIDED)
            found = found.filter(~undecided if self.decided else undecided)
        return self._of_older_checks(found) if self.detector else found

    def _of_older_checks(self, found: QuerySet[Submission]) -> QuerySet[Submission]:
        kinds = [kind.value for kind in manifest_of(self.detector).kinds]
        wanted = Value(_numbers(self.older_than), output_field=ArrayField(IntegerField()))
        examined = FindingRow.objects.filter(
            analysis=OuterRef("analysis"), detector=self.detector
        ).exclude(status=Status.FAILED.value)
        examined = examined.alias(is_older=LessThan(Numbers(F("version")), wanted))
        return found.filter(card__kind__in=kinds).exclude(Exists(examined.filter(is_older=False)))


def _numbers(version: str) -> list[int]:
    """As `Numbers` makes them of a column."""
    found = [int(part) for part in version.split(".")]
    while len(found) > 1 and not found[-1]:
        found.pop()
    return found


class LessThan(Func):
    template = "(%(expressions)s)"
    arg_joiner = " < "
    output_field = BooleanField()


def with_reasons(found: QuerySet[Submission], run: Backfill) -> QuerySet[Any]:
    """Each with `why_not`: the reason to leave it out, or `TO_DO`."""
    current = Analysis.objects.filter(
        chain=OuterRef("pk"), state=State.DONE, engine_version=run.engine_version
    )
    going = Erasure.objects.filter(submission=OuterRef("pk"))
    removed = Removal.objects.of_media().filter(submission=OuterRef("pk"))
    elsewhere = BackfillItem.objects.filter(submission=OuterRef("pk"), state__in=UNDER_WAY)
    return found.annotate(
        why_not=Case(
            When(Exists(going), then=Value("erasure")),
            When(Exists(removed), then=Value("removed")),
            When(analysis__state__in=UNDER_WAY, then=Value("under_way")),
            When(Exists(current), then=Value("current")),
            When(Exists(elsewhere.exclude(run=run.pk)), then=Value("other_backfill")),
            default=Value(TO_DO),
            output_field=CharField(),
        )
    )


def why_not_any_more(item: BackfillItem) -> str:
    """The same for a single item that is due."""
    one = Submission.objects.filter(pk=item.submission_id)
    found = with_reasons(one, item.run).values_list("why_not", flat=True).first()
    return "erasure" if found is None else cast(str, found)
