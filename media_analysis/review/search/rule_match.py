"""Which queue rules a file fits. One condition in the database serves the routing of one file and
the dry run on the past, so that both say the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models import Case as DbCase
from django.db.models.functions import Cast
from django.utils.crypto import salted_hmac

from accounts.models import Team
from jobs.models import State
from media_analysis.review.models import Case, CaseState, QueueRule, RoutingRule
from media_analysis.review.search.decided_similar import LooksLikeDecided
from media_analysis.submissions import languages
from media_analysis.submissions.models import Submission
from ml.engine.contract import Outcome, Status
from ml.models import FindingRow

SALT = "touchstone.sampling"
SPOT_CHECKED = tuple(one.value for one in Outcome if one is not Outcome.REJECTED)


@dataclass(frozen=True)
class Rules:
    """All of a team's rules, as they are or as they would be."""

    usual: frozenset[str]
    """Verdicts that are reviewed where no rule fits."""
    spot_share: float = 0.0
    """The share of files that neither a rule nor a verdict sends to review."""
    ordered: Sequence[QueueRule] = field(default_factory=list)

    @classmethod
    def of(cls, team_id: UUID) -> Rules:
        rule = RoutingRule.of(team_id)
        ordered = QueueRule.objects.filter(team=team_id).select_related("queue")
        wanted = frozenset(one.value for one in Outcome if rule.wants(one.value))
        return cls(wanted, float(rule.spot_share), list(ordered))

    def share_of(self, outcome: str) -> float:
        """Where no rule fits."""
        if outcome in self.usual:
            return 1.0
        return self.spot_share if outcome in SPOT_CHECKED else 0.0


@dataclass(frozen=True)
class Placed:
    """A file that is reviewed."""

    rule: QueueRule | None
    """None: the usual rule."""
    is_sampled: bool
    probability: float
    """The probability that a file like this one comes to review."""

    @property
    def hours(self) -> int | None:
        if self.rule is None:
            return None
        return self.rule.hours or (self.rule.queue.hours if self.rule.queue else None)

    def due_after(self) -> timedelta | None:
        return None if self.hours is None else timedelta(hours=self.hours)


def drawn(what: str, probability: float) -> bool:
    """The same answer for the same thing; nobody without the site's key can foretell it."""
    digest = salted_hmac(SALT, what, algorithm="sha256").digest()
    return int.from_bytes(digest[:7]) / 2**56 < probability


def place(rules: Rules, submission: UUID, outcome: str, fits: Iterable[QueueRule]) -> Placed | None:
    """Where the file goes; None when nobody reviews it. `fits` are the rules that it fits, in
    their order. A rule that takes a share leaves the rest to the next."""
    missed, reached, first = 1.0, 0.0, None
    for rule in fits:
        reached += missed * rule.share if rule.reviews else 0.0
        missed *= 1.0 - rule.share
        if first is None and drawn(f"rule {rule.name} {submission}", rule.share):
            first = rule
        if rule.share == 1:
            break
    usual = rules.share_of(outcome)
    reached = min(reached + missed * usual, 1.0)
    if first is not None:
        return Placed(first, first.share < 1, reached) if first.reviews else None
    if not drawn(f"spot {submission}", usual):
        return None
    return Placed(None, usual < 1, reached)


def ended(team: Team) -> QuerySet[Any]:
    """The team's files whose analysis ended, each with the outcome that rules ask of."""
    as_routed = DbCase(
        When(analysis__state=State.PARKED, then=Value(Outcome.INCONCLUSIVE.value)),
        default=Cast(F("analysis__outcome"), CharField()),
        output_field=CharField(),
    )
    found = Submission.objects.filter(team=team, planted=False).annotate(routed=as_routed)
    return found.exclude(routed=None).order_by()


def fits_of_one(
    submission: Submission, outcome: str, rules: Sequence[QueueRule]
) -> list[QueueRule]:
    """Those that a file fits whose analysis ends with this outcome just now."""
    if not rules:
        return []
    known = Submission.objects.filter(pk=submission.pk).order_by()
    row = fitted(known.annotate(routed=Value(outcome, CharField())), rules, "rule").get()
    return fits(row, rules, "rule")


def fitted(found: QuerySet[Any], rules: Sequence[QueueRule], prefix: str) -> QuerySet[Any]:
    """Each row with `PREFIX_0`, `PREFIX_1`, ...: whether it fits that rule."""
    marked: QuerySet[Any] = found.annotate(
        **{
            f"{prefix}_{number}": DbCase(
                When(condition(rule), then=Value(True)),
                default=Value(False),
                output_field=BooleanField(),
            )
            for number, rule in enumerate(rules)
        }
    )
    return marked


def fits(row: Any, rules: Sequence[QueueRule], prefix: str) -> list[QueueRule]:
    return [rule for number, rule in enumerate(rules) if getattr(row, f"{prefix}_{number}")]


def condition(rule: QueueRule) -> Q:
    """Over submissions of `ended`."""
    holds = Q(pk__isnull=False)
    if rule.kinds:
        kinds = Q()
        for kind in rule.kinds:
            kinds |= Q(blob__media_type__startswith=f"{kind}/")
        holds &= kinds
    if rule.outcomes:
        holds &= Q(routed__in=rule.outcomes)
    if rule.probability_from is not None:
        holds &= Q(analysis__probability_manipulated__gte=rule.probability_from)
    if rule.probability_to is not None:
        holds &= Q(analysis__probability_manipulated__lte=rule.probability_to)
    if rule.sender_id is not None:
        holds &= Q(submitted_by_service=rule.sender_id)
    if rule.context:
        holds &= Q(policy_context__icontains=rule.context)
    if rule.languages:
        holds &= languages.fits(rule.languages)
    if rule.check_found:
        against = [{"supports": Outcome.MANIPULATION_FOUND.value}]
        holds &= Q(
            Exists(
                FindingRow.objects.filter(
                    analysis=OuterRef("analysis"),
                    detector=rule.check_found,
                    status=Status.RAN.value,
                    evidence__contains=against,
                )
            )
        )
    if rule.known:
        # Before this file came: so a dry run says what the rule would have done then.
        earlier = Case.objects.filter(
            team=OuterRef("team"),
            submission__blob=OuterRef("blob"),
            submission__planted=False,
            state=CaseState.DECIDED,
            decided_at__lt=OuterRef("created_at"),
        )
        holds &= Q(Exists(earlier))
    if rule.alike:
        holds &= Q(LooksLikeDecided(rule.alike))
    return holds
