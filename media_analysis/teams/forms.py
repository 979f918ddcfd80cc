"""What leads and admins fill in about their team."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.models import Role, Scope, ServiceAccount, Team
from media_analysis.review.models import QueueOrder, RoutingRule
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
    role = forms.ChoiceField(choices=())

    def __init__(self, actor: Actor, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = roles_to_give(actor, team)

    def chosen(self) -> Role:
        return Role(self.cleaned_data["role"])


class InviteForm(RoleForm):
    email = forms.EmailField(
        label="E-mail address", widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    field_order = ["email", "role"]


class TeamForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name of the team")


class PolicyForm(forms.Form):
    name = forms.CharField(
        max_length=100, label="Name", help_text="Moderators choose by it, so keep it short."
    )
    text = forms.CharField(
        max_length=10_000,
        required=False,
        label="Text",
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text="Kept with each decision as it stood on that day.",
    )


WANTED = {
    "manipulation_found": "Manipulation found: at least one check speaks for an alteration.",
    "declared_generated": "Declared generated: the file says so itself, signed or not; no check "
    "found it.",
    "inconclusive": "Inconclusive: the checks cannot tell, or the analysis was set aside.",
    "no_manipulation_found": "No manipulation found: nothing stands out, which proves nothing.",
    "rejected": "Rejected: the file could not be examined, because it is damaged or too large.",
}


class RoutingForm(forms.Form):
    outcomes = forms.MultipleChoiceField(
        choices=list(WANTED.items()),
        required=False,
        label="A person looks at media when the verdict is",
        widget=forms.CheckboxSelectMultiple,
    )
    order = forms.ChoiceField(
        choices=[
            (QueueOrder.OLDEST, "Oldest first: nothing waits longer than it must."),
            (QueueOrder.NEWEST, "Newest first: for what is spreading now; old cases may stay."),
            (
                QueueOrder.PROBABLE,
                "Most probably manipulated first: what was found, then what says of itself that "
                "it was generated, then by calibrated probability; what has none comes last, and "
                "the oldest first among equals.",
            ),
        ],
        label="Cases are handed out",
        widget=forms.RadioSelect,
    )

    @staticmethod
    def usual() -> list[str]:
        return list(RoutingRule.DEFAULT_OUTCOMES)


class ServiceForm(forms.Form):
    name = forms.CharField(
        max_length=100,
        label="Name of the program",
        help_text="Who calls, and for what: “Wire service, photo desk”. Shown beside what it "
        "sends in.",
    )


class KeyForm(forms.Form):
    LIVES = (("30", "30 days"), ("90", "90 days"), ("365", "one year"), ("", "does not expire"))

    name = forms.CharField(
        max_length=100, label="Name of the key", help_text="Where it lives: “staging server”."
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, label="What it may do", widget=forms.CheckboxSelectMultiple
    )
    days = forms.ChoiceField(choices=LIVES, required=False, initial="90", label="It is valid for")
    networks = forms.CharField(
        required=False,
        max_length=2000,
        label="Networks it may be used from",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line, such as 192.0.2.0/24. Empty: from everywhere.",
    )

    def expires_at(self) -> Any:
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None

    def allowed_networks(self) -> list[str]:
        words: list[str] = self.cleaned_data["networks"].replace(",", " ").split()
        return words


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
        field.queryset = ServiceAccount.objects.filter(team=team, is_active=True)
