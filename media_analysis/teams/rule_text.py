"""A queue rule in words, for the list of rules."""

from __future__ import annotations

from django.utils.translation import gettext

from media_analysis.review.models import QueueRule
from media_analysis.review.queue_models import Kind
from media_analysis.submissions import languages
from media_analysis.submissions.forms import OUTCOMES
from ml import language

VERDICTS = dict(OUTCOMES)


def conditions(rule: QueueRule) -> list[str]:
    """One a condition that it has; none where it fits every file."""
    sentences = []
    if rule.kinds:
        sentences.append(", ".join(str(Kind(kind).label) for kind in rule.kinds))
    if rule.outcomes:
        sentences.append(", ".join(str(VERDICTS[one]) for one in rule.outcomes))
    if rule.probability_from is not None:
        sentences.append(
            gettext("probability from {value}").format(value=_share(rule.probability_from))
        )
    if rule.probability_to is not None:
        sentences.append(
            gettext("probability up to {value}").format(value=_share(rule.probability_to))
        )
    if rule.check_found:
        check = language.check_name(rule.check_found)
        sentences.append(gettext("{check} found manipulation").format(check=check))
    if rule.sender:
        sentences.append(gettext("sent by {sender}").format(sender=rule.sender))
    if rule.context:
        sentences.append(gettext("policy context contains “{text}”").format(text=rule.context))
    if rule.languages:
        named = ", ".join(map(languages.name_of, rule.languages))
        sentences.append(gettext("language: {languages}").format(languages=named))
    if rule.known:
        sentences.append(gettext("decided before"))
    if rule.alike:
        so = rule.get_alike_display()
        sentences.append(gettext("similar to a decided file: {outcome}").format(outcome=so))
    if rule.share < 1:
        sentences.append(gettext("{percent} % of these").format(percent=_share(100 * rule.share)))
    return sentences


def _share(value: float) -> str:
    return f"{value:g}"
