"""What the intake page asks for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from accounts.actors import Actor
from accounts.models import Team
from accounts.roles import Permission


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """One or several files; each is judged by itself in `services.submit`."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        files = data if isinstance(data, list | tuple) else [data]
        # Emptiness is told by `submit`, with a stable code, as for every other way in.
        return [file for file in files if file] or [super().clean(None, initial)]


class IntakeForm(forms.Form):
    upload = ManyFilesField(
        label="Files",
        allow_empty_file=True,
        help_text="Pictures, video or sound. Several files become several submissions.",
    )
    team = forms.ModelChoiceField(Team.objects.none(), label="Team", empty_label=None)
    policy_context = forms.CharField(
        max_length=200,
        required=False,
        label="Policy context",
        help_text="Why this matters here, for example “election policy, report 4411”.",
    )
    note = forms.CharField(
        max_length=4000,
        required=False,
        label="Note",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For those who review it; the engine never reads it.",
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


OUTCOMES = [
    ("", "Any"),
    ("manipulation_found", "Manipulation found"),
    ("no_manipulation_found", "No manipulation found"),
    ("inconclusive", "Inconclusive"),
    ("rejected", "Rejected"),
]
STATES = [
    ("", "Any"),
    ("queued", "Waiting"),
    ("running", "Running"),
    ("done", "Finished"),
    ("parked", "Set aside"),
    ("cancelled", "Cancelled"),
]
KINDS = [("", "Any"), ("image", "Picture"), ("video", "Video"), ("audio", "Sound")]


class HistoryFilter(forms.Form):
    """Every part is optional; what cannot be understood is told, and the rest still filters."""

    q = forms.CharField(max_length=200, required=False, label="Search")
    outcome = forms.ChoiceField(choices=OUTCOMES, required=False, label="Verdict")
    state = forms.ChoiceField(choices=STATES, required=False, label="State")
    kind = forms.ChoiceField(choices=KINDS, required=False, label="Kind")
