"""A short statement for the public: what was examined, what a person decided, how to verify it.

It contains no name, reason, policy or score. The same text is given in each language.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.template.defaultfilters import date
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from media_analysis.review.models import Decision
from media_analysis.submissions.forms import OUTCOMES

WHAT = {
    "image": _("An image was examined with Touchstone."),
    "video": _("A video was examined with Touchstone."),
    "audio": _("A sound recording was examined with Touchstone."),
}


def statement(body: dict[str, Any], decision: Decision) -> str:
    parts = []
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            parts.append("\n".join(_lines(body, decision)))
    return "\n\n---\n\n".join(parts) + "\n"


def _lines(body: dict[str, Any], decision: Decision) -> list[str]:
    head, media = body["report"], body["media"]
    ran = sum(one["status"] == "ran" for one in body["findings"])
    outcome = str(body["verdict"].get("outcome") or "inconclusive")
    values = {
        "decision": decision.get_outcome_display(),
        "day": date(datetime.fromisoformat(body["decision"]["decided_at"]), "DATE_FORMAT"),
        "ran": ran,
        "all": len(body["findings"]),
        "verdict": dict(OUTCOMES)[outcome],
    }
    lines = [
        str(WHAT.get(media.get("kind", ""), _("A file was examined with Touchstone."))),
        gettext("SHA-256 of the file: %s") % media["sha256"],
        "",
        gettext("A person decided on %(day)s: %(decision)s.") % values,
        gettext("%(ran)s of %(all)s checks ran before that. Their verdict: %(verdict)s.") % values,
        "",
        gettext(
            "Finding no manipulation does not prove that a file is authentic. These checks, "
            "within their limits, found nothing."
        ),
        "",
        gettext("Report %(id)s, version %(version)s.") % head,
    ]
    if head["replaces"]:
        lines.append(gettext("It replaces the report %s.") % head["replaces"])
    url = urljoin(settings.PUBLIC_URL, reverse("reports:verify"))
    lines.append(gettext("Check this text with report.sig at %s") % url)
    return lines
