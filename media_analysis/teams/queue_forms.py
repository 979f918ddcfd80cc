"""What leads fill in about their team's queues and the rules that fill them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import ServiceAccount, Team, User
from accounts.refusals import Refusal
from media_analysis.review.models import Queue, QueueRule
from media_analysis.review.queue_models import MOST_HOURS, Kind
from media_analysis.review.services.bulk import deciders
from media_analysis.review.services.queues import CONDITIONS
from media_analysis.submissions import languages
from media_analysis.teams.forms import WANTED
from ml import language
from ml.engine import registry


def _hours(label: Any, help_text: Any) -> forms.IntegerField:
    return forms.IntegerField(
        required=False, min_value=1, max_value=MOST_HOURS, label=label, help_text=help_text
    )


class LanguagesField(forms.CharField):
    """Tags with commas between them."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        parts = [part.strip() for part in (super().to_python(value) or "").split(",")]
        try:
            return list(dict.fromkeys(languages.tag(one) for one in parts if one))
        except Refusal as refusal:
            raise forms.ValidationError(refusal.sentence, refusal.code) from refusal

    def run_validators(self, value: Any) -> None:
        super().run_validators(", ".join(value))


class QueueForm(forms.Form):
    name = forms.CharField(max_length=80, label=_("Name"))
    hours = _hours(
        _("Hours until a case is due"),
        _("From the moment the case is opened. Empty: no due time."),
    )
    people = forms.ModelMultipleChoiceField(
        User.objects.none(),
        required=False,
        label=_("Only for"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Nobody chosen: open to everybody in the team who decides cases. Leads see every queue."
        ),
    )
    second_share = forms.FloatField(
        required=False,
        min_value=0,
        max_value=100,
        label=_("Second opinions, in %"),
        help_text=_(
            "For decisions in this queue. If empty, the share on the page Quality applies."
        ),
    )

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["people"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        allowed = [person.pk for person in deciders(team.pk)]
        field.queryset = User.objects.filter(pk__in=allowed).order_by("name")

    def clean_second_share(self) -> float | None:
        percent = self.cleaned_data["second_share"]
        return None if percent is None else float(percent) / 100


class RuleForm(forms.Form):
    name = forms.CharField(
        max_length=80,
        label=_("Name"),
        help_text=_("Shown on each case that the rule sends to review."),
    )
    kinds = forms.MultipleChoiceField(
        choices=Kind.choices, required=False, label=_("Kind"), widget=forms.CheckboxSelectMultiple
    )
    outcomes = forms.MultipleChoiceField(
        choices=list(WANTED.items()),
        required=False,
        label=_("Verdict"),
        widget=forms.CheckboxSelectMultiple,
    )
    probability_from = forms.FloatField(
        required=False, min_value=0, max_value=1, label=_("Probability of manipulation from")
    )
    probability_to = forms.FloatField(
        required=False, min_value=0, max_value=1, label=_("Probability of manipulation up to")
    )
    check_found = forms.ChoiceField(
        choices=(), required=False, label=_("A check that found manipulation")
    )
    sender = forms.ModelChoiceField(
        ServiceAccount.objects.none(), required=False, label=_("Sent by"), empty_label=_("Anybody")
    )
    context = forms.CharField(max_length=100, required=False, label=_("Policy context contains"))
    languages = LanguagesField(
        max_length=200,
        required=False,
        label=_("Language is one of"),
        help_text=_(
            "Language tags separated by commas, such as de, pt-BR, zh-Hant. A language includes "
            "its regions. A file without a stated language does not match."
        ),
    )
    known = forms.BooleanField(
        required=False, label=_("The team decided about the same file before")
    )
    alike = forms.ChoiceField(
        choices=(),
        required=False,
        label=_("Similar to a file that the team decided as"),
        help_text=_(
            "The same file, or a copy that was saved again, reduced or lightly retouched. Sound "
            "and plain surfaces never match."
        ),
    )
    share = forms.FloatField(
        min_value=0.1,
        max_value=100,
        initial=100,
        label=_("Percentage of matching files"),
        help_text=_(
            "The other files continue to the next rule. Files are selected by their id, "
            "not at random."
        ),
    )
    goes = forms.ChoiceField(choices=(), label=_("Goes to"))
    hours = _hours(_("Hours until the case is due"), _("Empty: the queue's setting."))

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._queues = {str(queue.pk): queue for queue in Queue.objects.filter(team=team)}
        named = [(pk, queue.name) for pk, queue in self._queues.items()]
        self._choices("goes", [*named, (GENERAL, _("General")), (NOWHERE, _("No review"))])
        checks = [(name, language.check_name(name)) for name in registry.names()]
        self._choices("check_found", [("", "–"), *sorted(checks, key=lambda one: str(one[1]))])
        self._choices("alike", [("", "–"), *(QueueRule.alike.field.choices or ())])
        field = self.fields["sender"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = ServiceAccount.objects.of_partners().filter(team=team).order_by("name")

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    @classmethod
    def written(cls, team: Team, rule: QueueRule) -> RuleForm:
        """The form of a rule as it is."""
        initial = {name: getattr(rule, name) for name in CONDITIONS}
        goes = str(rule.queue_id) if rule.queue_id else GENERAL
        initial |= {"share": rule.share * 100, "goes": goes if rule.reviews else NOWHERE}
        return cls(team, initial=initial)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        low, high = values.get("probability_from"), values.get("probability_to")
        if low is not None and high is not None and low > high:
            self.add_error("probability_to", _("This is lower than the other bound."))
        return values

    def values(self) -> dict[str, Any]:
        """The arguments for `services/queues.py`."""
        values = dict(self.cleaned_data)
        goes = values.pop("goes")
        return {
            **values,
            "share": values["share"] / 100,
            "reviews": goes != NOWHERE,
            "queue": self._queues.get(goes),
        }


GENERAL, NOWHERE = "general", "nowhere"
