"""The pages that the login library does not bring: sessions, language, joining a team."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress, get_emailconfirmation_model
from allauth.account.utils import perform_login
from allauth.account.views import ConfirmEmailView
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of
from accounts.forms import LanguageForm, NewPersonForm
from accounts.guards import post_only, signed_in
from accounts.models import Invitation, Session, Team, User
from accounts.refusals import Refusal
from accounts.services import invitations, logins, people, proofs, second_factor

LANGUAGE_SECONDS = 365 * 24 * 3600


@signed_in
@never_cache
@require_http_methods(["GET", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """Where I am signed in. POST ends every session but this one."""
    assert isinstance(request.user, User)
    here = request.session.session_key or ""
    if request.method == "POST":
        count = logins.revoke_other_sessions(actor_of(request), keep=here)
        messages.success(
            request,
            ngettext("{count} other session ended.", "{count} other sessions ended.", count).format(
                count=count
            ),
        )
        return redirect("usersessions_list")
    mine = Session.objects.filter(user=request.user, expire_date__gt=Now())
    return render(
        request,
        "usersessions/usersession_list.html",
        {"sessions": mine, "here": Session.named(here)},
    )


@signed_in
@post_only("usersessions_list")
def end_session(request: HttpRequest, name: str) -> HttpResponse:
    try:
        logins.revoke_session(actor_of(request), name)
        messages.success(request, gettext("The session has ended."))
    except Refusal as refusal:
        messages.info(request, refusal.sentence)
    return redirect("usersessions_list")


@signed_in
@never_cache
@require_http_methods(["GET"])
def second_factor_needed(request: HttpRequest) -> HttpResponse:
    """Why nothing else opens, and how to set up what is missing."""
    wanted = request.GET.get("next", "")
    back = wanted if url_has_allowed_host_and_scheme(wanted, request.get_host()) else "/"
    user = request.user
    assert isinstance(user, User)
    begins = actor_of(request).second_factor_from
    if begins is None or second_factor.has_one(user):
        return redirect(back)
    teams = Team.objects.filter(memberships__user=user, second_factor_from__lte=Now())
    context = {"teams": teams, "back": back, "is_proved": proofs.is_proved(user)}
    return render(request, "account/second_factor.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def language(request: HttpRequest) -> HttpResponse:
    """Stored with the account; for signed-out visitors, in a cookie."""
    wanted = request.POST.get("next") or request.headers.get("Referer", "")
    back = wanted if url_has_allowed_host_and_scheme(wanted, request.get_host()) else "/"
    user = request.user if isinstance(request.user, User) else None
    chosen = user.language if user else request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    form = LanguageForm(request.POST or None, initial={"language": chosen})
    if request.method == "GET" or not form.is_valid():
        context = {"form": form, "back": back}
        return render(request, "account/language.html", context, status=400 if form.errors else 200)
    code = form.cleaned_data["language"]
    answer = redirect(back)
    if user:
        people.choose_language(user, code)
    if code:
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, code, max_age=LANGUAGE_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax",
        )  # fmt: skip
    else:
        answer.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
    return answer


@never_cache
def confirm_address(request: HttpRequest, key: str) -> HttpResponse:
    """A confirmation counts only from the person who is signed in to the account. Otherwise the
    owner of a mailbox could confirm, with one click, an account that somebody else created with
    it."""
    confirmation = get_emailconfirmation_model().from_key(key)
    if confirmation and request.user.pk != confirmation.email_address.user_id:
        context = {"address": confirmation.email_address.email, "next": request.path}
        return render(request, "account/email_confirm_log_in.html", context)
    answer: HttpResponse = ConfirmEmailView.as_view()(request, key=key)
    return answer


@never_cache
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Join a team: with the account one has, or with a new one."""
    found = invitations.find(token)
    if found is None:
        return _unusable(request, Refusal("invitation_unusable").sentence)
    if isinstance(request.user, User):
        return _join(request, found, token)
    if User.objects.filter(email=found.email).exists():
        return render(
            request, "account/invitation_log_in.html", {"invitation": found, "next": request.path}
        )
    return _new_person(request, found, token)


def _join(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    assert isinstance(request.user, User)
    if request.method == "POST":
        try:
            membership = invitations.accept(actor_of(request), token)
        except Refusal as refusal:
            return _unusable(request, refusal.sentence)
        messages.success(
            request,
            gettext("You are now in the team {team}. Your role: {role}.").format(
                team=found.team, role=membership.get_role_display()
            ),
        )
        return redirect("/")
    return render(
        request,
        "account/invitation.html",
        {"invitation": found, "is_mine": found.email == request.user.email},
    )


def _new_person(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    form = NewPersonForm(request.POST or None, email=found.email)
    if request.method == "POST" and form.is_valid():
        data: dict[str, Any] = form.cleaned_data
        try:
            user = invitations.accept_as_new_person(
                token, name=data["name"], password=data["password1"]
            )
        except ValidationError as error:
            form.add_error("password1", error)
        except Refusal as refusal:
            return _unusable(request, refusal.sentence)
        else:
            record_authentication(request, user, method="password", email=user.email)
            if not proofs.is_proved(user):
                EmailAddress.objects.get(user=user).send_confirmation(request)
                messages.info(
                    request,
                    gettext("Confirm your address: follow the link sent to {email}.").format(
                        email=user.email
                    ),
                )
            answer: HttpResponse = perform_login(
                request, user, redirect_url="/", email=user.email, email_verification="none"
            )
            return answer
    return render(request, "account/invitation_new.html", {"invitation": found, "form": form})


def _unusable(request: HttpRequest, sentence: str) -> HttpResponse:
    return render(request, "account/invitation_unusable.html", {"sentence": sentence}, status=410)
