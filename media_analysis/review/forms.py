"""What a moderator writes down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from media_analysis.review.models import Case, Policy, Words
from media_analysis.submissions.outcomes import DecisionOutcome


class OutcomeChoice(forms.RadioSelect):
    """Each outcome has the key of its number (`static/js/keys.js`)."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        key = str(int(option["index"]) + 1)
        option["attrs"] |= {"data-key": key, "aria-keyshortcuts": key}
        return option


class DecisionForm(forms.Form):
    fence = forms.IntegerField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        choices=DecisionOutcome.choices, widget=OutcomeChoice, label=_("What do you see?")
    )
    policy = forms.ModelChoiceField(Policy.objects.none(), required=False, label=_("Policy"))
    reason = forms.CharField(
        max_length=500,
        label=_("Reason"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_(
            "What decided it, in a few words. The record keeps it with the decision. Partners "
            "read it."
        ),
    )
    note = forms.CharField(
        max_length=4000,
        required=False,
        label=_("Note for the team"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, case: Case, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        policies = Policy.objects.filter(team_id=case.team_id, is_active=True)
        field = self.fields["policy"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = policies
        if policies.exists():
            field.required = True
        else:
            del self.fields["policy"]

    def words(self) -> Words:
        policy = self.cleaned_data.get("policy")
        return Words(
            outcome=self.cleaned_data["outcome"],
            reason=self.cleaned_data["reason"],
            note=self.cleaned_data["note"],
            policy_id=policy.pk if policy else None,
        )


def as_written(said: Mapping[str, Any]) -> Words:
    """As much as can be kept of a form that is not filled in well."""
    text = {name: str(said.get(name, "")).replace("\0", "") for name in ("reason", "note")}
    outcome, policy = str(said.get("outcome", "")), str(said.get("policy", ""))
    is_id = policy.isascii() and policy.isdigit() and len(policy) < 10
    return Words(
        outcome=outcome if outcome in DecisionOutcome.values else "",
        reason=text["reason"][:500],
        note=text["note"][:4000],
        policy_id=int(policy) if is_id else None,
    )


class ReasonForm(forms.Form):
    why = forms.CharField(max_length=500, label=_("Reason"))
