"""What a team's people choose from when they decide, and how long they can undo it."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.guards import post_only, signed_in
from accounts.models import Team
from accounts.roles import Permission
from media_analysis.review.models import Policy, RoutingRule
from media_analysis.review.services import reason_codes
from media_analysis.teams.pages import entered, page, refusal_on, refusal_told


class CodeForm(forms.Form):
    name = forms.CharField(
        max_length=60,
        label=_("New reason code"),
        help_text=_("A few words that decisions often rest on, such as “Old footage”."),
    )
    policy = forms.ModelChoiceField(
        Policy.objects.none(), required=False, label=_("Goes with the policy")
    )

    def __init__(self, team: Team, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        field = self.fields["policy"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Policy.objects.filter(team=team, is_active=True)


class GraceForm(forms.Form):
    seconds = forms.IntegerField(
        min_value=0,
        max_value=reason_codes.LONGEST_GRACE,
        label=_("Seconds in which a decision can be undone"),
        help_text=_("Nothing leaves the house before they are over. 0: final at once."),
    )


@signed_in
@require_http_methods(["GET", "POST"])
def deciding(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_POLICIES)
    says_time = request.method == "POST" and "seconds" in request.POST
    says_code = request.method == "POST" and not says_time
    codes = CodeForm(team, request.POST) if says_code else CodeForm(team)
    now = {"seconds": RoutingRule.of(team.pk).undo_seconds}
    time = GraceForm(request.POST) if says_time else GraceForm(initial=now)
    if says_code and codes.is_valid():
        with refusal_on(codes, "name"):
            said = codes.cleaned_data
            code = reason_codes.add(actor, team, said["name"], said["policy"])
            messages.success(
                request, gettext("%(name)s can be chosen from now on.") % {"name": code}
            )
            return redirect("teams:deciding", pk)
    if says_time and time.is_valid():
        with refusal_on(time, "seconds"):
            changed = reason_codes.give_time(actor, team, time.cleaned_data["seconds"])
            told = gettext("The grace time holds from the next decision on.")
            messages.success(request, told if changed else gettext("Nothing was changed."))
            return redirect("teams:deciding", pk)
    context = {"codes": reason_codes.codes(team), "code_form": codes, "time_form": time}
    return page(request, team, "teams/deciding.html", context, 422 if request.POST else 200)


@signed_in
@post_only("teams:deciding", "pk")
def switch(request: HttpRequest, pk: UUID, code: int) -> HttpResponse:
    actor, team = entered(request, pk, Permission.MANAGE_POLICIES)
    mine = get_object_or_404(reason_codes.codes(team), pk=code)
    with refusal_told(request):
        reason_codes.switch(actor, mine, on="on" in request.POST)
        messages.success(request, gettext("%(name)s is changed.") % {"name": mine})
    return redirect("teams:deciding", pk)
