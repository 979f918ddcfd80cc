"""What a team's people choose from when they decide, and how long they can undo it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.guards import post_only, signed_in
from accounts.models import Team
from accounts.roles import Permission
from media_analysis.review.models import Policy, RoutingRule
from media_analysis.review.queue_models import LONGEST_APPEAL_DAYS
from media_analysis.review.saved_texts import LONGEST_NAME, LONGEST_TEXT, SavedText
from media_analysis.review.services import appeals, reason_codes, saved_texts
from media_analysis.teams.pages import entered, page, refusal_as_message, refusal_on


class CodeForm(forms.Form):
    name = forms.CharField(
        max_length=60,
        label=_("New reason code"),
        help_text=_("A few words that explain many decisions, such as “Old footage”."),
    )
    policy = forms.ModelChoiceField(
        Policy.objects.none(),
        required=False,
        label=_("Goes with the policy"),
        empty_label=_("No policy"),
    )

    def __init__(self, team: Team, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["policy"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Policy.objects.filter(team=team, is_active=True)


class GraceForm(forms.Form):
    seconds = forms.IntegerField(
        min_value=0,
        max_value=reason_codes.LONGEST_GRACE,
        label=_("Seconds in which a decision can be undone"),
        help_text=_(
            "Senders and partners are notified only after this time. "
            "Enter 0 to make decisions final immediately."
        ),
    )


class AppealForm(forms.Form):
    days = forms.IntegerField(
        min_value=0,
        max_value=LONGEST_APPEAL_DAYS,
        label=_("Days in which a decision can be appealed"),
        help_text=_(
            "The sender of the media can appeal, and another person decides again. Article 20 "
            "of the Digital Services Act requires at least six months from platforms. 0: no "
            "appeals."
        ),
    )


class TextForm(forms.Form):
    text_name = forms.CharField(
        max_length=LONGEST_NAME + 1,
        label=_("Name of the new text"),
        help_text=_("a to z, 0 to 9 and hyphens. A slash and the name insert it."),
    )
    text = forms.CharField(
        max_length=LONGEST_TEXT,
        label=_("Text"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("{policy} and {file} are filled in when it is inserted."),
    )


@dataclass(frozen=True)
class Part:
    """One of the page's forms: known by a field that no other has."""

    form: Callable[..., forms.Form]
    initial: Mapping[str, object]
    save: Callable[[Mapping[str, Any]], str]
    """What a valid form does. Returns what to say."""


@signed_in
@require_http_methods(["GET", "POST"])
def deciding(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_POLICIES)
    parts = _parts(actor, team)
    displayed = {name: part.form(initial=part.initial) for name, part in parts.items()}
    sent = next((name for name in parts if name in request.POST), "")
    if request.method == "POST" and sent:
        form = displayed[sent] = parts[sent].form(request.POST)
        if form.is_valid():
            with refusal_on(form, sent):
                messages.success(request, parts[sent].save(form.cleaned_data))
                return redirect("teams:deciding", pk)
    context = {
        "codes": reason_codes.codes(team),
        "texts": saved_texts.of(team.pk),
        **{f"{name}_form": form for name, form in displayed.items()},
    }
    return page(request, team, "teams/deciding.html", context, 422 if request.POST else 200)


def _parts(actor: Actor, team: Team) -> Mapping[str, Part]:
    rule = RoutingRule.of(team.pk)
    nothing = gettext("Nothing was changed.")

    def save_seconds(values: Mapping[str, Any]) -> str:
        message = gettext("The grace time applies from the next decision.")
        return message if reason_codes.give_time(actor, team, values["seconds"]) else nothing

    def save_days(values: Mapping[str, Any]) -> str:
        message = gettext("The time for appeals was changed. It also applies to earlier decisions.")
        return message if appeals.give_days(actor, team, values["days"]) else nothing

    def save_code(values: Mapping[str, Any]) -> str:
        code = reason_codes.add(actor, team, values["name"], values["policy"])
        return gettext("%(name)s can be chosen from now on.") % {"name": code}

    def save_text(values: Mapping[str, Any]) -> str:
        made = saved_texts.add(actor, team, values["text_name"], values["text"])
        return gettext("/%(name)s can be inserted from now on.") % {"name": made}

    return {
        "seconds": Part(GraceForm, {"seconds": rule.undo_seconds}, save_seconds),
        "days": Part(AppealForm, {"days": rule.appeal_days}, save_days),
        "text_name": Part(TextForm, {}, save_text),
        "name": Part(functools.partial(CodeForm, team), {}, save_code),
    }


@signed_in
@post_only("teams:deciding", "pk")
def switch(request: HttpRequest, pk: UUID, code: int) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_POLICIES)
    mine = get_object_or_404(reason_codes.codes(team), pk=code)
    with refusal_as_message(request):
        reason_codes.switch(actor, mine, on="on" in request.POST)
        messages.success(request, gettext("%(name)s was changed.") % {"name": mine})
    return redirect("teams:deciding", pk)


@signed_in
@post_only("teams:deciding", "pk")
def remove_text(request: HttpRequest, pk: UUID, text: int) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_POLICIES)
    mine = get_object_or_404(SavedText.objects.filter(team=team), pk=text)
    with refusal_as_message(request):
        saved_texts.remove(actor, mine)
        messages.success(request, gettext("/%(name)s was removed.") % {"name": mine})
    return redirect("teams:deciding", pk)
