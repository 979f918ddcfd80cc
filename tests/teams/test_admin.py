"""The administration looks, and never changes, and never tells a secret or a name of media."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.templatetags.admin_list import result_headers
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from django.utils.text import capfirst

from accounts.models import ApiKey, Invitation, Role, Scope
from accounts.services import keys
from accounts.services.invitations import invite
from audit.admin_words import WORDS
from audit.models import Event
from media_analysis.previews.models import Preview
from media_analysis.review.models import Case, DecisionText, Policy, RoutingRule
from media_analysis.review.services import cases as review
from media_analysis.review.services import rules
from media_analysis.submissions.models import Submission
from ml.models import Analysis, FindingRow
from tests.audit.helpers import triggers_off
from tests.factories import MembershipFactory
from tests.people import Person, Send
from tests.review.test_services import opened

REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
SECRETS = {
    "password",
    "token_sha256",
    "mailed_sha256",
    "key_sha256",
    "session_data",
    "session_key",
    "png",
}


def name(model: Any, what: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}"


@pytest.fixture
def filled(lead: Person, admin: Person, alice: Person, send: Send) -> Person:
    """One of everything, with words that nobody outside of the team may read."""
    case = opened(alice, send)
    with triggers_off():
        Submission.objects.update(filename="canary.png", note="canary note", external_id="canary")
    case = review.claim(alice.actor, case.pk)
    review.decide(alice.actor, case.pk, case.fence, DecisionText("unclear", "canary", "canary"))
    rules.write_policy(lead.actor, lead.team, "Elections", "text")
    rules.route(lead.actor, lead.team, ["inconclusive"])
    invite(lead.actor, lead.team, "dora@example.org", lead.actor.teams[lead.team.pk])
    service = keys.create_service_account(admin.actor, admin.team, "Wire")
    keys.issue_key(admin.actor, service, "key", [Scope.SUBMISSIONS_READ])
    FindingRow.objects.create(
        analysis=Analysis.objects.get(), detector="d", status="ran", reason="canary",
        evidence=[{"code": "c", "text": "canary", "strength": "weak", "data": {}}],
    )  # fmt: skip
    return alice


@pytest.mark.parametrize("model", REGISTERED, ids=lambda m: m._meta.label)
def test_each_table_is_shown_and_not_changed(
    model: Any, filled: Person, site_admin: Person
) -> None:
    """List and page open; nothing can be added, changed or deleted; no secret, no media's words."""
    client = site_admin.client()
    pages = [client.get(reverse(name(model, "changelist")))]
    row = model._default_manager.first()
    if row is not None:
        path = reverse(name(model, "change"), args=[row.pk])
        pages.append(client.get(path))
        assert client.post(path, {"name": "x"}).status_code == 403
        assert client.post(reverse(name(model, "delete"), args=[row.pk])).status_code == 403
    assert client.get(reverse(name(model, "add"))).status_code == 403
    hashes = [*ApiKey.objects.values_list("key_sha256", flat=True),
              *Invitation.objects.values_list("token_sha256", flat=True),
              *Invitation.objects.values_list("mailed_sha256", flat=True)]  # fmt: skip
    for page in pages:
        assert page.status_code == 200
        text = page.content.decode()
        assert "canary" not in text
        password = site_admin.user.password
        assert password and password not in text
        assert not any(secret in text for secret in hashes if secret)


@pytest.mark.parametrize("model", REGISTERED, ids=lambda m: m._meta.label)
def test_no_secret_is_a_field_of_a_page(model: Any, site_admin: Person) -> None:
    """By name, for whatever is registered later."""
    request = RequestFactory().get("/")
    request.user = site_admin.user
    model_admin = admin.site._registry[model]
    fields = {
        str(field) for group in model_admin.get_fieldsets(request) for field in group[1]["fields"]
    }
    assert not fields & SECRETS
    assert not {str(column) for column in model_admin.get_list_display(request)} & SECRETS


def test_what_is_on_record_can_be_looked_at() -> None:
    """Audit rows, findings, analyses and decisions have their place."""
    there = {model._meta.label for model in REGISTERED}
    assert {"audit.Event", "ml.FindingRow", "ml.Analysis", "review.Decision"} <= there


def test_an_action_is_a_verb_with_its_event(filled: Person, site_admin: Person) -> None:
    """Revoking from the list goes through the service, so it is on record."""
    key = ApiKey.objects.get()
    answer = site_admin.client().post(
        reverse("admin:accounts_apikey_changelist"),
        {"action": "revoke", "_selected_action": [str(key.pk)]},
        follow=True,
    )
    key.refresh_from_db()
    assert answer.status_code == 200 and key.revoked_at is not None
    assert Event.objects.filter(verb="key.revoked").exists()


def test_the_login_is_the_one_of_everybody(client: Any, db: None) -> None:
    """No second login page without lock-out and second factor."""
    assert (
        "/accounts/login/" in client.get(reverse("admin:login"), follow=True).request["PATH_INFO"]
    )


def test_the_theme_is_our_own() -> None:
    """Nothing that needs inline script or style is installed."""
    assert not apps.is_installed("unfold")


def test_times_are_written_as_on_the_pages(filled: Person, site_admin: Person) -> None:
    """Year, month, day and 24 hours: one order everywhere."""
    page = site_admin.client().get(reverse("admin:audit_event_changelist")).content.decode()
    written = Event.objects.latest("seq").recorded_at.strftime("%Y-%m-%d %H:%M")
    assert written in page and "a.m." not in page and "p.m." not in page


@pytest.mark.parametrize("model", REGISTERED, ids=lambda m: m._meta.label)
def test_headings_and_labels_are_words_of_the_product(
    model: Any, filled: Person, site_admin: Person
) -> None:
    """Columns, filters, labels and tables below: each from the list of words, in both languages,
    and none a name of a field."""
    client, row = site_admin.client(), model._default_manager.first()
    for language in ("en", "de"):
        known = words_in(language)
        headers = {"Accept-Language": language}
        page = client.get(reverse(name(model, "changelist")), headers=headers)
        change_list = page.context["cl"]
        titles = [spec.title for spec in change_list.filter_specs]
        columns = [h["text"] for h in result_headers(change_list)]
        with translation.override(language):
            words = [str(one) for one in (*titles, *columns) if "<input" not in one]
            if row is not None:
                detail = client.get(reverse(name(model, "change"), args=[row.pk]), headers=headers)
                words += labels(detail)
        assert words and [one for one in words if one not in known] == []


def words_in(language: str) -> set[str]:
    with translation.override(language):
        words = {capfirst(str(one)) for one in WORDS.values()}
    assert language == "en" or "Erstellt" in words
    return words


def labels(page: Any) -> list[str]:
    form, inlines = page.context["adminform"], page.context["inline_admin_formsets"]
    found = [str(f.field["label"]) for part in form for line in part for f in line]
    return found + [str(f["label"]) for one in inlines for f in one.fields()]


def test_every_word_is_translated() -> None:
    """A word that is the same in both languages is one of few."""
    with translation.override("en"):
        english = {key: str(one) for key, one in WORDS.items()}
    with translation.override("de"):
        same = {text for key, text in english.items() if str(WORDS[key]) == text}
    assert same <= {
        "Browser", "Hash", "Name", "Partner", "Person", "SHA-256", "Scopes", "Score", "Team",
        "Text", "Version", "Worker",
    }  # fmt: skip


def test_rows_lead_to_their_pages(filled: Person, site_admin: Person) -> None:
    """A team's row leads to its page; a case's row does for whoever may see the case."""

    def page(what: str) -> str:
        return site_admin.client().get(reverse(f"admin:{what}_changelist")).content.decode()

    case = Case.objects.get()
    members = reverse("teams:members", args=[filled.team.pk])
    assert f'href="{members}"' in page("accounts_team")
    address = reverse("review:case", args=[case.pk])
    assert f'href="{address}"' not in page("review_case")
    MembershipFactory(team=filled.team, user=site_admin.user, role=Role.VIEWER)
    assert f'href="{address}"' in page("review_case")
    assert f'href="{address}"' in page("review_decision")
    sent = reverse("submissions:detail", args=[case.submission_id])
    assert f'href="{sent}"' in page("submissions_submission")


def test_rows_of_what_belongs_to_media_lead_to_its_pages(
    filled: Person, site_admin: Person
) -> None:
    """Analyses, findings, copies, policies, rules and events lead to the page that is about them,
    for whoever may open it; each such page opens."""
    sent, case, finding = Submission.objects.get(), Case.objects.get(), FindingRow.objects.get()
    result = reverse("submissions:detail", args=[sent.pk])
    copy = Preview.objects.create(source=sent.blob)
    MembershipFactory(team=filled.team, user=site_admin.user, role=Role.LEAD)
    client = site_admin.client()
    policy = reverse("teams:edit_policy", args=[filled.team.pk, Policy.objects.get().pk])
    leads = {
        ("ml_analysis", finding.analysis_id): result,
        ("ml_findingrow", finding.pk): f"{result}#check-d",
        ("viewing_preview", copy.pk): f"{result}#film",
        ("review_policy", Policy.objects.get().pk): policy,
        ("review_routingrule", RoutingRule.objects.get().pk): reverse(
            "teams:rules", args=[filled.team.pk]
        ),
        ("accounts_user", filled.user.pk): reverse("teams:members", args=[filled.team.pk]),
        ("audit_event", event_of("submission.received")): f"{result}#custody",
        ("audit_event", event_of("case.claimed")): reverse("review:case", args=[case.pk]),
        ("audit_event", event_of("policy.changed")): reverse(
            "teams:policies", args=[filled.team.pk]
        ),
        ("audit_event", event_of("member.invited")): reverse(
            "teams:members", args=[filled.team.pk]
        ),
    }
    for (table, row), address in leads.items():
        listed = client.get(reverse(f"admin:{table}_changelist")).content.decode()
        assert f'href="{address}"' in listed, table
        page = client.get(reverse(f"admin:{table}_change", args=[row])).content.decode()
        assert f'href="{address}"' in page, table
        assert client.get(address).status_code == 200


def event_of(verb: str) -> int:
    return Event.objects.get(verb=verb).pk


@pytest.mark.parametrize("table", ["ml_analysis", "ml_findingrow", "audit_event"])
def test_whoever_belongs_to_no_team_is_led_to_no_media(
    table: str, filled: Person, site_admin: Person
) -> None:
    """No address of a submission or a case stands in a list of the administration."""
    sent = Submission.objects.get()
    page = site_admin.client().get(reverse(f"admin:{table}_changelist")).content.decode()
    assert reverse("submissions:detail", args=[sent.pk]) not in page
    assert reverse("review:case", args=[Case.objects.get().pk]) not in page


def test_links_cost_the_same_for_many_rows(
    filled: Person, site_admin: Person, alice: Person, send: Send
) -> None:
    """The list of events asks no question a row."""
    MembershipFactory(team=filled.team, user=site_admin.user, role=Role.LEAD)
    client, events = site_admin.client(), reverse("admin:audit_event_changelist")
    client.get(events)

    def query_count() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(events)
        return len(captured)

    before = query_count()
    for seed in range(5, 9):
        case = opened(alice, send, seed)
        review.claim(alice.actor, case.pk)
    assert query_count() == before


def test_values_and_choices_of_filters_are_words(filled: Person, site_admin: Person) -> None:
    """States, outcomes, priorities and checks: in the reader's language, and no name of a value."""
    FindingRow.objects.create(
        analysis=Analysis.objects.get(), detector="face_forgery", status="not_applicable"
    )
    expected = {
        "en": ["Waiting", "Face forgery", "Not applicable", "Inconclusive"],
        "de": [
            "Wartet",
            "Gesichtsfälschung",
            "Nicht anwendbar",
            "Nicht eindeutig",
        ],
    }
    client = site_admin.client()
    for language, words in expected.items():
        pages = ""
        for table in ("ml_analysis", "ml_findingrow", "submissions_submission", "review_case"):
            headers = {"Accept-Language": language}
            page = client.get(reverse(f"admin:{table}_changelist"), headers=headers)
            pages += page.content.decode().partition('id="changelist"')[2]
        assert [word for word in words if f">{word}<" not in pages] == []
        assert [name for name in (">queued<", ">Queued<", ">face_forgery<", ">not applicable<",
                                  ">inconclusive<") if name in pages] == []  # fmt: skip


def test_the_link_stands_in_view(filled: Person, site_admin: Person) -> None:
    """After the first column, however many follow."""
    page = site_admin.client().get(reverse("admin:accounts_team_changelist"))
    headers = [str(header["text"]) for header in result_headers(page.context["cl"])]
    assert headers[:2] == ["Name", "Page"]
