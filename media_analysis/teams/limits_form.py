"""Weights, quotas and rates of a team, its partners and their keys, in one form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiKey, ServiceAccount, Team
from accounts.models.rates import HIGHEST_RATE
from accounts.models.team import HEAVIEST, LARGEST_QUOTA

Owner = Team | ServiceAccount | ApiKey
RATES = (
    ("read_rate", _("Reading requests per minute")),
    ("write_rate", _("Sending requests per minute")),
)
WITHOUT_RATE = {
    Team: _("For all its partners together. Empty: no limit."),
    ServiceAccount: _("Empty: the site's rate."),
    ApiKey: _("Empty: the partner's rate applies."),
}


class LimitsForm(forms.Form):
    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owners: dict[str, Owner] = {"team": team}
        partners = ServiceAccount.objects.of_partners().filter(team=team, is_active=True)
        keys = list(_keys(team))
        for service in partners:
            self.owners[f"partner_{service.pk.hex}"] = service
            for key in keys:
                if service.pk in (key.service_id, key.service.live_account_id):
                    self.owners[f"key_{key.pk.hex}"] = key
        for name, owner in self.owners.items():
            if not isinstance(owner, ApiKey):
                self._add_share(name, owner)
            for field, label in RATES:
                self.fields[f"{name}_{field}"] = forms.IntegerField(
                    min_value=1, max_value=HIGHEST_RATE, required=False,
                    initial=getattr(owner, field), label=label,
                    help_text=WITHOUT_RATE[type(owner)],
                )  # fmt: skip

    def _add_share(self, name: str, owner: Team | ServiceAccount) -> None:
        is_team = isinstance(owner, Team)
        self.fields[f"{name}_weight"] = forms.IntegerField(
            min_value=1, max_value=HEAVIEST, required=is_team, initial=owner.weight,
            label=_("Weight"), help_text="" if is_team else _("Empty: the weight of the team."),
        )  # fmt: skip
        self.fields[f"{name}_quota"] = forms.IntegerField(
            min_value=0, max_value=LARGEST_QUOTA, required=False, initial=owner.quota,
            label=_("Submissions per month"), help_text=_("Empty: no limit."),
        )  # fmt: skip

    def by_owner(self) -> list[tuple[str, list[Any]]]:
        """The fields of each, under its name."""
        return [
            (_named(owner), [self[field] for field in self.fields if field.startswith(f"{name}_")])
            for name, owner in self.owners.items()
        ]

    def wanted(self, name: str, what: str) -> int | None:
        number: int | None = self.cleaned_data[f"{name}_{what}"]
        return number


def _keys(team: Team) -> Any:
    """Those that work, test keys included."""
    works = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
    of_team = Q(service__team=team) | Q(service__live_account__team=team)
    return ApiKey.objects.select_related("service").filter(works, of_team).order_by("created_at")


def _named(owner: Owner) -> str:
    return gettext("Key {key}").format(key=owner) if isinstance(owner, ApiKey) else str(owner)
