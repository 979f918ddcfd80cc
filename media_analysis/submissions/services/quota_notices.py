"""Notices at 80 % and 100 % of a monthly quota: an email from here, webhooks through the hook."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext, gettext_noop

from accounts.models import ApiKey, ServiceAccount, Team
from accounts.services.notices import email_managers
from media_analysis.submissions import hooks

WHO_SETS_IT = gettext_noop("A site administrator sets quotas.")


@dataclass(frozen=True)
class Notice:
    team: Team
    partner: ServiceAccount | None
    """Whose quota it is, or the partner of the key; None: the team's."""
    used: int
    quota: int
    starts: date
    """The first day of the next month: the count begins at 0 again."""
    key: ApiKey | None = None
    """Whose quota it is. Of keys that replaced each other, the one that sent."""

    @property
    def is_reached(self) -> bool:
        return self.used >= self.quota


def send_emails(notice: Notice) -> None:
    """In the transaction of the submission that was counted: both happen or neither."""
    email_managers(
        notice.team,
        lambda: _subject(notice),
        lambda: f"{_sentence(notice)}\n\n{_usage(notice.team)}",
        but=None,
        end=WHO_SETS_IT,
    )
    for hook in hooks.quota_noticed:
        hook(notice)


def _subject(notice: Notice) -> str:
    if notice.is_reached:
        return gettext("Monthly quota reached")
    return gettext("Monthly quota nearly reached")


def _sentence(notice: Notice) -> str:
    if notice.is_reached and notice.key:
        text = gettext(
            "The monthly quota of the API key {key} of the partner {partner} in the team {team} is "
            "reached: {used} of {quota} submissions. Further submissions are refused until "
            "{starts}, 00:00 UTC."
        )
    elif notice.is_reached and notice.partner:
        text = gettext(
            "The monthly quota of the partner {partner} in the team {team} is reached: {used} of "
            "{quota} submissions. Further submissions are refused until {starts}, 00:00 UTC."
        )
    elif notice.is_reached:
        text = gettext(
            "The monthly quota of the team {team} is reached: {used} of {quota} submissions. "
            "Further submissions are refused until {starts}, 00:00 UTC."
        )
    elif notice.key:
        text = gettext(
            "The monthly quota of the API key {key} of the partner {partner} in the team {team} is "
            "nearly reached: {used} of {quota} submissions. Once it is reached, further "
            "submissions are refused until {starts}, 00:00 UTC."
        )
    elif notice.partner:
        text = gettext(
            "The monthly quota of the partner {partner} in the team {team} is nearly reached: "
            "{used} of {quota} submissions. Once it is reached, further submissions are refused "
            "until {starts}, 00:00 UTC."
        )
    else:
        text = gettext(
            "The monthly quota of the team {team} is nearly reached: {used} of {quota} "
            "submissions. Once it is reached, further submissions are refused until {starts}, "
            "00:00 UTC."
        )
    return text.format(
        key=notice.key,
        partner=notice.partner,
        team=notice.team,
        used=number_format(notice.used, force_grouping=True),
        quota=number_format(notice.quota, force_grouping=True),
        starts=date_format(notice.starts),
    )


def _usage(team: Team) -> str:
    return str(settings.PUBLIC_URL).rstrip("/") + reverse("teams:usage", args=[team.pk])
