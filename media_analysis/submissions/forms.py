"""What the intake page asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.submissions import languages
from media_analysis.submissions.models import UNDECIDED
from media_analysis.submissions.outcomes import DecisionOutcome
from media_analysis.submissions.search import query
from media_analysis.submissions.search.history import ORDERS
from ml.engine import registry
from ml.language import check_name

Choices = list[tuple[str, Any]]
TOO_MANY_WORDS = format_lazy(_("A search has at most {most} words."), most=query.MOST_WORDS)


class DateInput(forms.DateInput):
    """The browser's own calendar; without one, plain text of the same form."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """One or several files. `services.submit` validates each one separately."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        files = data if isinstance(data, list | tuple) else [data]
        # `submit` refuses empty files with a stable code, as for every other way in.
        return [file for file in files if file] or [super().clean(None, initial)]


class LanguageField(forms.ChoiceField):
    """One of a list, or any other tag that is well-formed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=_languages, required=False, label=_("Language"), **kwargs)

    def valid_value(self, value: str) -> bool:
        return True

    def clean(self, value: Any) -> str:
        try:
            return languages.tag(super().clean(value))
        except Refusal as refusal:
            raise forms.ValidationError(refusal.sentence, refusal.code) from refusal


def _languages() -> Choices:
    return [("", _("Not stated")), *languages.choices()]


class IntakeForm(forms.Form):
    upload = ManyFilesField(
        label=_("Files"),
        allow_empty_file=True,
        help_text=_("Pictures, video or sound. Several files become several submissions."),
    )
    team = forms.ModelChoiceField(Team.objects.none(), label=_("Team"), empty_label=None)
    policy_context = forms.CharField(
        max_length=200,
        required=False,
        label=_("Policy context"),
        help_text=_("Why this matters here, for example “election policy, report 4411”."),
    )
    language = LanguageField(
        help_text=_(
            "The language spoken or written in the media, if you know it. Touchstone "
            "does not guess it."
        )
    )
    note = forms.CharField(
        max_length=4000,
        required=False,
        label=_("Note"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For reviewers. The checks do not read it."),
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.for_actor(actor, Permission.SUBMIT_MEDIA)
        field = self.fields["team"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = teams
        if len(teams) == 1:
            field.initial = teams[0]
            field.widget = forms.HiddenInput()


OUTCOMES: Choices = [
    ("", _("Any")),
    ("manipulation_found", _("Manipulation found")),
    ("declared_generated", _("Declared generated")),
    ("no_manipulation_found", _("No manipulation found")),
    ("inconclusive", _("Inconclusive")),
    ("rejected", _("Rejected")),
]
DECISIONS: Choices = [
    ("", _("Any")),
    *DecisionOutcome.choices,
    (UNDECIDED, _("Not decided")),
]
STATES: Choices = [
    ("", _("Any")),
    ("queued", _("Waiting")),
    ("running", _("Running")),
    ("done", _("Finished")),
    ("parked", _("Needs attention")),
    ("cancelled", _("Cancelled")),
]
KINDS: Choices = [
    ("", _("Any")),
    ("image", _("Picture")),
    ("video", _("Video")),
    ("audio", _("Sound")),
]


CHECKS: Choices = [
    ("ran", _("ran")),
    ("noticed", _("noticed something")),
    ("not_applicable", _("not applicable")),
    ("failed", _("failed")),
]


def detector_choices() -> Choices:
    return [("", _("Any")), *((name, check_name(name)) for name in registry.names())]


class HistoryFilter(forms.Form):
    """Every filter is optional. An invalid one shows an error, and the others still apply."""

    q = forms.CharField(
        max_length=200,
        required=False,
        label=_("Search"),
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Name, note, sender, SHA-256")}
        ),
        help_text=_(
            "Words from the name, note, context or external id, a sender, or the start of a "
            "SHA-256."
        ),
    )
    outcome = forms.ChoiceField(choices=OUTCOMES, required=False, label=_("Verdict"))
    decision = forms.ChoiceField(choices=DECISIONS, required=False, label=_("Decision of a person"))
    state = forms.ChoiceField(choices=STATES, required=False, label=_("State"))
    kind = forms.ChoiceField(choices=KINDS, required=False, label=_("Kind"))
    sort = forms.ChoiceField(
        choices=[(name, order.label) for name, order in ORDERS.items()],
        required=False,
        label=_("Order"),
    )
    team = forms.ModelChoiceField(
        Team.objects.none(), required=False, label=_("Team"), empty_label=_("Any")
    )
    received_from = forms.DateField(required=False, label=_("From"), widget=DateInput())
    received_to = forms.DateField(required=False, label=_("Until"), widget=DateInput())
    language = LanguageField(
        help_text=_("As the sender stated it. A language also finds its regions.")
    )
    detector = forms.ChoiceField(choices=detector_choices, required=False, label=_("Check"))
    check = forms.ChoiceField(choices=CHECKS, required=False, label=_("that"))

    OFTEN_CHOSEN: ClassVar[Mapping[str, Choices]] = {
        "outcome": OUTCOMES, "decision": DECISIONS, "state": STATES, "kind": KINDS,
    }  # fmt: skip
    SELDOM = ("team", "received_from", "received_to", "language", "detector", "check")

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["team"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Team.objects.for_actor(actor, Permission.VIEW_SUBMISSIONS)
        value, language = self.data.get("language", ""), self.fields["language"]
        assert isinstance(language, forms.ChoiceField)
        listed = dict(languages.choices())
        more = [(value, value)] if value and value not in listed else []
        language.choices = [("", _("Any")), *listed.items(), *more]
        for name, choices in self.OFTEN_CHOSEN.items():
            often = self.fields[name]
            assert isinstance(often, forms.ChoiceField)
            # The one-line bar shows the label inside the field.
            often.choices = [("", often.label or ""), *choices[1:]]

    def clean_q(self) -> str:
        text: str = self.cleaned_data["q"]
        if len(query.split(text)) > query.MOST_WORDS:
            raise forms.ValidationError(TOO_MANY_WORDS)
        return text

    @property
    def wanted(self) -> dict[str, Any]:
        """What was understood."""
        self.is_valid()
        return {k: v for k, v in getattr(self, "cleaned_data", {}).items() if v}

    @property
    def narrows(self) -> bool:
        return any(name not in ("sort", "check") for name in self.wanted)

    @property
    def often(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in self.SELDOM]

    @property
    def seldom(self) -> list[forms.BoundField]:
        return [field for field in self if field.name in self.SELDOM]

    @property
    def seldom_used(self) -> bool:
        used = (*self.wanted, *self.errors)
        return any(name in used for name in self.SELDOM if name != "check")


class SaveFilterForm(forms.Form):
    name = forms.CharField(max_length=80, label=_("Filter name"))
    team = forms.ModelChoiceField(
        Team.objects.none(), required=False, label=_("Shared with"), empty_label=_("Only me")
    )

    def __init__(self, actor: Actor, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "save_%s", **kwargs})
        field = self.fields["team"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Team.objects.for_actor(actor, Permission.VIEW_SUBMISSIONS)
