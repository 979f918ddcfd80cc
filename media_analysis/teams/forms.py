"""What leads and admins fill in about their team."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.models import Role, Scope, ServiceAccount, Team
from media_analysis.review.models import QueueOrder, RoutingRule
from media_analysis.submissions.models import MediaKind, Part
from media_analysis.submissions.services import part_rules
from media_analysis.submissions.services.retention import LONGEST
from media_analysis.webhooks.models import EventType


def roles_to_give(actor: Actor, team: Team) -> list[tuple[str, str]]:
    """Nobody hands out a role above their own."""
    own = actor.role_in(team.pk)
    return [
        (role.value, str(role.label))
        for role in Role
        if actor.is_site_admin or (own is not None and role.rank <= own.rank)
    ]


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=(), label=_("Role"))

    def __init__(self, actor: Actor, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = roles_to_give(actor, team)

    def chosen(self) -> Role:
        return Role(self.cleaned_data["role"])


class InviteForm(RoleForm):
    email = forms.EmailField(
        label=_("Email address"), widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    field_order = ["email", "role"]


class TeamForm(forms.Form):
    name = forms.CharField(max_length=100, label=_("Team name"))


class PolicyForm(forms.Form):
    name = forms.CharField(
        max_length=100, label=_("Name"), help_text=_("Moderators choose by name, so keep it short.")
    )
    text = forms.CharField(
        max_length=10_000,
        required=False,
        label=_("Text"),
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=_("Each decision keeps the text that was in force on its day."),
    )


WANTED = {
    "manipulation_found": _("Manipulation found: at least one check found signs of manipulation."),
    "declared_generated": _(
        "Declared generated: the file says so itself, signed or not. No check found it."
    ),
    "inconclusive": _("Inconclusive: the checks cannot decide, or the analysis failed."),
    "no_manipulation_found": _("No manipulation found: nothing stands out. This proves nothing."),
    "rejected": _("Rejected: the file is damaged or too large to be analysed."),
}


class RetentionForm(forms.Form):
    """Days for each kind of media: for a part of it, and for the whole. Empty: no rule."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in MediaKind:
            self.fields[kind.value] = self._days(
                gettext("{kind}: days until erasure").format(kind=kind.label),
                _("Empty: nothing of this kind is erased by a rule."),
            )
        for kind, part in part_rules.OFFERED:
            self.fields[_name(kind, part)] = self._days(
                gettext("{kind}, {part}: days").format(kind=kind.label, part=part.label), ""
            )

    @staticmethod
    def _days(label: str, help_text: Any) -> forms.IntegerField:
        return forms.IntegerField(
            label=label, required=False, min_value=1, max_value=LONGEST, help_text=help_text
        )

    def by_part(self) -> list[tuple[Any, list[Any]]]:
        """The fields of each part, under its name."""
        return [
            (
                part.label,
                [self[_name(kind, one)] for kind, one in part_rules.OFFERED if one == part],
            )
            for part in Part
        ]

    def has_rules_for_parts(self) -> bool:
        return any(self.initial.get(_name(kind, part)) for kind, part in part_rules.OFFERED)

    def whole(self) -> list[Any]:
        return [self[kind.value] for kind in MediaKind]

    @staticmethod
    def initial_of(days: part_rules.Days) -> dict[str, int | None]:
        return {_name(kind, part): number for (kind, part), number in days.items()}

    @property
    def days(self) -> dict[str, int | None]:
        return {kind: self.cleaned_data.get(kind) for kind in MediaKind.values}

    @property
    def part_days(self) -> dict[tuple[str, str], int | None]:
        return {
            (kind.value, part.value): self.cleaned_data.get(_name(kind, part))
            for kind, part in part_rules.OFFERED
        }


def _name(kind: str, part: str) -> str:
    return f"{kind}_{part}"


class RoutingForm(forms.Form):
    outcomes = forms.MultipleChoiceField(
        choices=list(WANTED.items()),
        required=False,
        label=_("Verdicts that need review"),
        widget=forms.CheckboxSelectMultiple,
    )
    order = forms.ChoiceField(
        choices=[
            (QueueOrder.OLDEST, _("Oldest first: no case waits longer than necessary.")),
            (
                QueueOrder.NEWEST,
                _("Newest first: for media that is spreading now. Old cases may stay."),
            ),
            (
                QueueOrder.DUE,
                _(
                    "Due first: by the due time that queues and rules set. Older cases move up, "
                    "so that none waits forever. Cases without a due time come last, oldest "
                    "first."
                ),
            ),
            (
                QueueOrder.PROBABLE,
                _(
                    "Most probably manipulated first: manipulation found, then declared generated, "
                    "then by calibrated probability. Cases without one come last. Equal cases: "
                    "oldest first."
                ),
            ),
        ],
        label=_("Order of the queue"),
        widget=forms.RadioSelect,
    )

    @staticmethod
    def usual() -> list[str]:
        return list(RoutingRule.DEFAULT_OUTCOMES)


class ServiceForm(forms.Form):
    name = forms.CharField(
        max_length=100,
        label=_("Program name"),
        help_text=_(
            "Who calls the API and why, for example “Wire service, photo desk”. Its submissions "
            "show the name."
        ),
    )


LIVES = (
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("1 year")),
    ("", _("no expiry date")),
)
"""How long a key is valid."""

OVERLAPS = (
    ("1", _("1 hour")),
    ("24", _("1 day")),
    ("168", _("7 days")),
    ("720", _("30 days")),
)
"""Hours for which the earlier key works beside the one that replaces it."""


def end_of(days: str) -> datetime | None:
    return timezone.now() + timedelta(days=int(days)) if days else None


class KeyForm(forms.Form):
    name = forms.CharField(
        max_length=100,
        label=_("Key name"),
        help_text=_("Where it is used, for example “staging server”."),
    )
    mode = forms.ChoiceField(
        choices=[
            ("live", _("Live: media are analysed and can be reviewed")),
            ("test", _("Test: media get canned results and are not reviewed")),
        ],
        initial="live",
        required=False,
        label=_("Mode"),
        widget=forms.RadioSelect,
        help_text=_("It cannot be changed later."),
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, label=_("Scopes"), widget=forms.CheckboxSelectMultiple
    )
    days = forms.ChoiceField(choices=LIVES, required=False, initial="90", label=_("Valid for"))
    networks = forms.CharField(
        required=False,
        max_length=2000,
        label=_("Allowed networks"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One per line, such as 192.0.2.0/24. Empty: from everywhere."),
    )

    def expires_at(self) -> Any:
        return end_of(self.cleaned_data["days"])

    def allowed_networks(self) -> list[str]:
        words: list[str] = self.cleaned_data["networks"].replace(",", " ").split()
        return words


class ReplaceKeyForm(forms.Form):
    overlap = forms.ChoiceField(
        choices=OVERLAPS,
        initial="168",
        label=_("The old key works for"),
        help_text=_("Give the program the new key in this time."),
    )
    days = forms.ChoiceField(
        choices=LIVES, required=False, initial="90", label=_("The new key is valid for")
    )

    def until(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["overlap"]))

    def expires_at(self) -> Any:
        return end_of(self.cleaned_data["days"])


class WebhookForm(forms.Form):
    url = forms.CharField(
        max_length=2000,
        label=_("Address"),
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text=_("It begins with https:// and leads to the public internet."),
    )
    events = forms.MultipleChoiceField(
        choices=EventType.choices, label=_("Events"), widget=forms.CheckboxSelectMultiple
    )
    service = forms.ModelChoiceField(
        ServiceAccount.objects.none(),
        required=False,
        label=_("Submissions"),
        empty_label=_("Everything in the team"),
        help_text=_("Or only what one partner sent."),
    )
    description = forms.CharField(max_length=200, required=False, label=_("Description"))

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"events": EventType.values}, **kwargs})
        field = self.fields["service"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = ServiceAccount.objects.of_partners().filter(team=team, is_active=True)
