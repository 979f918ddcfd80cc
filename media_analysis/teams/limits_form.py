"""Weights, quotas and rates of a team, its partners and their keys, in one form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.db import transaction
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.models import ApiKey, ServiceAccount, Team
from accounts.models.rates import HIGHEST_RATE
from accounts.models.team import HEAVIEST, LARGEST_QUOTA
from accounts.refusals import Refusal
from accounts.services.limits import Numbers
from accounts.services.quotas import set_quota
from accounts.services.rates import set_rates
from accounts.services.weights import set_weight

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
MEANWHILE = ("limit_changed_meanwhile", "limit_removed_meanwhile")
SetsIt = Callable[..., bool]


def _set_rate(name: str) -> SetsIt:
    def set_it(actor: Actor, owner: Owner, rate: int | None, *, opened: Numbers) -> bool:
        return set_rates(actor, owner, {name: rate}, opened=opened)

    return set_it


VERBS: dict[str, SetsIt] = {
    "weight": set_weight,
    "quota": set_quota,
    **{name: _set_rate(name) for name, _label in RATES},
}


class LimitsForm(forms.Form):
    """It holds what it was opened with in hidden fields. A number that the person did not touch is
    not written, and one that somebody else changed in the meantime is not overwritten unseen."""

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
                self._add_weight(name, owner)
            if not isinstance(owner, ApiKey) or not owner.is_test:
                self._add_quota(name, owner)
            for field, label in RATES:
                self.fields[f"{name}_{field}"] = forms.IntegerField(
                    min_value=1, max_value=HIGHEST_RATE, required=False,
                    initial=getattr(owner, field), label=label, show_hidden_initial=True,
                    help_text=WITHOUT_RATE[type(owner)],
                )  # fmt: skip

    def _add_weight(self, name: str, owner: Team | ServiceAccount) -> None:
        is_team = isinstance(owner, Team)
        self.fields[f"{name}_weight"] = forms.IntegerField(
            min_value=1, max_value=HEAVIEST, required=is_team, initial=owner.weight,
            label=_("Weight"), show_hidden_initial=True,
            help_text="" if is_team else _("Empty: the weight of the team."),
        )  # fmt: skip

    def _add_quota(self, name: str, owner: Owner) -> None:
        is_key = isinstance(owner, ApiKey)
        holder = owner.counted_as if isinstance(owner, ApiKey) else owner
        self.fields[f"{name}_quota"] = forms.IntegerField(
            min_value=0, max_value=LARGEST_QUOTA, required=False, initial=holder.quota,
            label=_("Submissions per month"), show_hidden_initial=True,
            help_text=_("Empty: no limit of its own. Keys that replaced each other share it.")
            if is_key else _("Empty: no limit."),
        )  # fmt: skip

    def by_owner(self) -> list[tuple[str, list[Any]]]:
        """The fields of each, under its name."""
        return [
            (_named(owner), [self[field] for field in self.fields if field.startswith(f"{name}_")])
            for name, owner in self.owners.items()
        ]

    def save(self, actor: Actor) -> bool:
        """Whether anything was changed. What somebody else changed in the meantime is an error at
        its field, and then nothing is saved."""
        changed = False
        with transaction.atomic():
            for name, owner in self.owners.items():
                for limit, set_it in VERBS.items():
                    if self._is_touched(f"{name}_{limit}"):
                        changed |= self._set(actor, owner, name, limit, set_it)
            if self.errors:
                transaction.set_rollback(True)
        if self.errors:
            self._opened_anew()
        return changed

    def _set(self, actor: Actor, owner: Any, name: str, limit: str, set_it: SetsIt) -> bool:
        field = f"{name}_{limit}"
        opened = {limit: self._opened_with(field)}
        try:
            return set_it(actor, owner, self.cleaned_data[field], opened=opened)
        except Refusal as refusal:
            if refusal.code not in MEANWHILE:
                raise
            self.add_error(field, refusal.sentence)
            return False

    def _is_touched(self, field: str) -> bool:
        """Not so where the page had no such field: a partner or key that was added since."""
        if field not in self.cleaned_data or field not in self.data:
            return False
        return bool(self.cleaned_data[field] != self._opened_with(field))

    def _opened_with(self, field: str) -> int | None:
        """As it is now, where the form does not say."""
        hidden = self[field].html_initial_name
        if hidden not in self.data:
            now: int | None = self.fields[field].initial
            return now
        try:
            return cast("int | None", self.fields[field].clean(self.data[hidden]))
        except forms.ValidationError:
            return None

    def _opened_anew(self) -> None:
        """Shown again with the numbers that stand now, beside those that the person touched."""
        now = LimitsForm(Team.objects.get(pk=self.owners["team"].pk))
        data = cast(QueryDict, self.data).copy()
        for field in self.fields:
            standing = now.fields[field].initial if field in now.fields else None
            text = "" if standing is None else str(standing)
            data[self[field].html_initial_name] = text
            if field in self.cleaned_data and not self._is_touched(field):
                data[field] = text
        self.data = data


def _keys(team: Team) -> Any:
    """Those that work, test keys included."""
    of_team = Q(service__team=team) | Q(service__live_account__team=team)
    with_holders = ApiKey.objects.working().select_related("service", "counts_with")
    return with_holders.filter(of_team).order_by("created_at")


def _named(owner: Owner) -> str:
    return gettext("Key {key}").format(key=owner) if isinstance(owner, ApiKey) else str(owner)
