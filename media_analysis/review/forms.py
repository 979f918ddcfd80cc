"""What a moderator writes down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from media_analysis.care.services import own_keys
from media_analysis.review.models import Case, Confidence, DecisionText, Policy, ReasonCode
from media_analysis.submissions.outcomes import DecisionOutcome


class OutcomeChoice(forms.RadioSelect):
    """Each outcome has the key of its number (`static/js/keys.js`)."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        key = str(int(option["index"]) + 1)
        option["attrs"] |= {"data-key": key, "aria-keyshortcuts": key}
        return option


CODE_KEYS = "abdefghiopqkwxyz"
"""Free of the keys that act on a case, unless a person chose one of them for that."""


class CodeChoice(forms.CheckboxSelectMultiple):
    """Each reason code has a letter, and names the policy that goes with it."""

    policies: Mapping[int, int | None] = {}
    keys = CODE_KEYS

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        number = int(option["index"])
        if number < len(self.keys):
            key = self.keys[number]
            option["attrs"] |= {"data-key": key, "aria-keyshortcuts": key}
            option["label"] = format_html(
                '{} <kbd aria-hidden="true">{}</kbd>', option["label"], key
            )
        if policy := self.policies.get(int(str(value))):
            option["attrs"]["data-policy"] = str(policy)
        return option


class DecisionForm(forms.Form):
    fence = forms.IntegerField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        choices=DecisionOutcome.choices, widget=OutcomeChoice, label=_("What do you see?")
    )
    policy = forms.ModelChoiceField(
        Policy.objects.none(), required=False, label=_("Policy"), empty_label=_("Choose a policy")
    )
    confidence = forms.ChoiceField(
        choices=[("", "–"), *Confidence.choices], required=False, label=_("How sure?")
    )
    codes = forms.ModelMultipleChoiceField(
        ReasonCode.objects.none(), required=False, widget=CodeChoice, label=_("Reason codes")
    )
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
        self._offer_codes(case)

    def _offer_codes(self, case: Case) -> None:
        """With codes to choose, the reason in words may be left out."""
        codes = ReasonCode.objects.filter(team_id=case.team_id, is_active=True)
        known = dict(codes.values_list("pk", "policy_id"))
        if not known:
            del self.fields["codes"]
            return
        field = self.fields["codes"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        assert isinstance(field.widget, CodeChoice)
        field.queryset = codes
        field.widget.policies = known
        taken = own_keys.of(case.holder_id).values()
        field.widget.keys = "".join(key for key in CODE_KEYS if key not in taken)
        self.fields["reason"].required = False
        if self.is_bound and "policy" in self.fields:
            # Whether a code implies one, the verb finds out.
            self.fields["policy"].required = not cast(QueryDict, self.data).getlist("codes")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if "codes" in self.fields and not values.get("codes") and not values.get("reason"):
            self.add_error("reason", gettext("Choose a reason code, or give a reason in words."))
        return values

    def decision_text(self) -> DecisionText:
        policy = self.cleaned_data.get("policy")
        return DecisionText(
            outcome=self.cleaned_data["outcome"],
            reason=self.cleaned_data["reason"],
            note=self.cleaned_data["note"],
            policy_id=policy.pk if policy else None,
            codes=tuple(code.pk for code in self.cleaned_data.get("codes") or ()),
            confidence=self.cleaned_data["confidence"],
        )


def as_written(values: Mapping[str, Any]) -> DecisionText:
    """As much as can be kept of a form that is not filled in well."""
    text = {name: str(values.get(name, "")).replace("\0", "") for name in ("reason", "note")}
    outcome, policy = str(values.get("outcome", "")), str(values.get("policy", ""))
    codes = values.getlist("codes") if isinstance(values, QueryDict) else []
    confidence = str(values.get("confidence", ""))
    return DecisionText(
        outcome=outcome if outcome in DecisionOutcome.values else "",
        reason=text["reason"][:500],
        note=text["note"][:4000],
        policy_id=int(policy) if _is_id(policy) else None,
        codes=tuple(int(code) for code in codes[:50] if _is_id(code)),
        confidence=confidence if confidence in Confidence.values else "",
    )


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 10


class ReasonForm(forms.Form):
    why = forms.CharField(max_length=500, label=_("Reason"))
