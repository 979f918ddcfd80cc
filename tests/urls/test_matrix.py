"""Every address x everybody who might ask: 0 answers across teams, and no address unknown here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Team
from tests.people import picture

LOGIN = "login"
"""Sent to the login page: nothing was told."""
WHO = (
    *("anonymous", "stranger", "site_admin", "viewer", "moderator"),
    *("lead", "admin", "key", "weak_key"),
)
Answers = tuple[int | str, ...]


def page(stranger: int, site_admin: int, viewer: int, works: int) -> Answers:
    """A page: whoever is not signed in, and every key, meets the login."""
    return (LOGIN, stranger, site_admin, viewer, works, works, works, LOGIN, LOGIN)


def rest(stranger: int, site_admin: int, viewer: int, works: int) -> Answers:
    """REST: the key with both scopes reads like a moderator, the one that only sends is refused."""
    return (401, stranger, site_admin, viewer, works, works, works, works, 403)


def office(stranger: int, site_admin: int, below: int, lead: int, admin: int) -> Answers:
    """A page for those who run a team: `below` are viewers and moderators."""
    return (LOGIN, stranger, site_admin, below, below, lead, admin, LOGIN, LOGIN)


MATRIX: dict[str, tuple[str, Answers]] = {
    "submissions:history": ("get", page(200, 200, 200, 200)),
    "submissions:export": ("post", (LOGIN, 200, 403, 403, 403, 200, 200, LOGIN, LOGIN)),
    "submissions:save_filter": ("post", page(400, 400, 400, 400)),
    "submissions:delete_filter": ("get", page(404, 404, 404, 404)),
    "submissions:submit": ("get", page(200, 200, 200, 200)),
    "submissions:states": ("get", page(200, 200, 200, 200)),
    "submissions:detail": ("get", page(404, 404, 200, 200)),
    "submissions:progress": ("get", page(404, 404, 200, 200)),
    "submissions:picture": ("get", page(404, 404, 200, 200)),
    "submissions:glimpse": ("get", page(404, 404, 200, 200)),
    "submissions:unveiled": ("post", page(404, 404, 204, 204)),
    "submissions:film": ("get", page(404, 404, 200, 200)),
    "submissions:film_panel": ("get", page(404, 404, 200, 200)),
    "submissions:prepare_film": ("post", page(404, 404, 302, 302)),
    "submissions:download": ("get", page(404, 404, 200, 200)),
    # Its picture has no Content Credentials; tests/submissions/test_metadata.py has one with them.
    "submissions:credentials": ("get", page(404, 404, 404, 404)),
    "submissions:again": ("post", page(404, 404, 404, 302)),
    "submissions:deletion": ("post", (LOGIN, 404, 404, 404, 404, 302, 302, LOGIN, LOGIN)),
    "submissions:deletions": ("get", (LOGIN, 200, 403, 403, 403, 200, 200, LOGIN, LOGIN)),
    "submissions:answer_deletion": (
        "post",
        (LOGIN, 404, 404, 404, 404, 404, 302, LOGIN, LOGIN),
    ),
    "submissions:hold": ("post", (LOGIN, 404, 404, 404, 404, 404, 302, LOGIN, LOGIN)),
    "submissions:cancel": ("post", page(404, 404, 404, 302)),
    "review:queue": ("get", page(200, 403, 200, 200)),
    "review:save_filter": ("post", page(400, 403, 400, 400)),
    "review:bulk": ("post", page(302, 403, 403, 302)),
    "review:next": ("post", page(302, 403, 403, 302)),
    "review:case": ("get", page(404, 404, 200, 200)),
    "review:claim": ("post", page(404, 404, 403, 302)),
    "review:decide": ("post", page(404, 404, 403, 302)),
    "review:take_over": ("post", page(404, 404, 403, 302)),
    "review:release": ("post", page(404, 404, 302, 302)),
    "review:reopen": ("post", page(404, 404, 403, 302)),
    "review:move": ("post", (LOGIN, 404, 404, 403, 403, 302, 302, LOGIN, LOGIN)),
    "review:take_from": ("post", (LOGIN, 404, 404, 403, 403, 302, 302, LOGIN, LOGIN)),
    "review:mark_golden": ("post", (LOGIN, 404, 404, 403, 403, 302, 302, LOGIN, LOGIN)),
    "review:take_out_golden": ("post", (LOGIN, 404, 404, 403, 403, 302, 302, LOGIN, LOGIN)),
    "review:undo": ("post", page(404, 404, 302, 302)),
    "review:ask": ("post", page(404, 404, 403, 302)),
    "review:draft": ("post", (403,) * 9),  # a page's pass opens it, nothing else
    "review:heartbeat": ("post", page(404, 404, 409, 409)),
    "review:appeal": ("post", page(404, 404, 302, 302)),
    "review:insert_text": ("post", page(404, 404, 404, 302)),
    "review:note": ("post", page(404, 404, 403, 422)),
    "review:mentions": ("get", page(200, 403, 200, 200)),
    "review:mention_mail": ("post", page(302, 403, 302, 302)),
    "review:own": ("get", page(200, 403, 403, 200)),
    "review:pass_on": ("post", page(404, 404, 302, 302)),
    "review:take_back": ("post", page(404, 404, 302, 302)),
    "review:rest": ("get", page(200, 403, 403, 200)),
    "review:rest_from": ("post", page(404, 404, 403, 302)),
    "care:own": ("get", page(200, 200, 200, 200)),
    "care:keys": ("get", page(200, 200, 200, 200)),
    "care:reset_keys": ("post", page(302, 302, 302, 302)),
    "care:dismiss": ("post", page(302, 302, 302, 302)),
    "reports:verify": ("get", (200,) * 9),  # a report is checked by everybody
    "reports:certificate": ("get", (200,) * 9),
    "reports:of_case": ("get", page(404, 404, 200, 200)),
    "reports:issue": ("post", page(404, 404, 404, 302)),
    "reports:download": ("get", page(404, 404, 404, 404)),  # of a report that is not there
    "reports:film_panel": ("get", page(404, 404, 200, 200)),
    "reports:make_film": ("post", page(404, 404, 404, 302)),
    "reports:film": ("get", page(404, 404, 404, 404)),  # there is no such film
    "dashboard:overview": ("get", office(200, 200, 403, 200, 200)),
    "backfill:index": ("get", office(200, 200, 403, 200, 200)),
    "backfill:detail": ("get", office(404, 200, 404, 200, 200)),
    "backfill:switch": ("post", office(404, 400, 404, 403, 403)),
    "dashboard:retry": ("post", office(404, 302, 404, 302, 302)),
    "dashboard:retry_copy": ("post", office(404, 302, 404, 302, 302)),
    "teams:index": ("get", office(302, 200, 403, 302, 302)),
    "teams:new": ("get", office(403, 200, 403, 403, 403)),
    "teams:members": ("get", office(404, 200, 403, 200, 200)),
    "teams:invite": ("post", office(404, 422, 403, 422, 422)),
    "teams:invite_again": ("post", office(404, 200, 403, 200, 200)),
    "teams:withdraw": ("post", office(404, 302, 403, 302, 302)),
    "teams:change_role": ("post", office(404, 302, 403, 302, 302)),
    "teams:remove": ("post", office(404, 302, 403, 302, 302)),
    "teams:roles": ("get", office(404, 200, 403, 200, 200)),
    "teams:usage": ("get", office(404, 200, 403, 200, 200)),
    "teams:weights": ("get", office(404, 200, 403, 403, 403)),
    "teams:rename": ("get", office(404, 200, 403, 403, 200)),
    "teams:rules": ("get", office(404, 403, 403, 200, 200)),
    "teams:queues": ("get", office(404, 403, 403, 200, 200)),
    "teams:edit_queue": ("get", office(404, 403, 403, 200, 200)),
    "teams:pause_queue": ("post", office(404, 403, 403, 302, 302)),
    "teams:delete_queue": ("post", office(404, 403, 403, 302, 302)),
    "teams:write_rule": ("get", office(404, 403, 403, 200, 200)),
    "teams:edit_rule": ("get", office(404, 403, 403, 200, 200)),
    "teams:move_rule": ("post", office(404, 403, 403, 302, 302)),
    "teams:delete_rule": ("post", office(404, 403, 403, 302, 302)),
    "teams:known_files": ("get", office(404, 403, 403, 200, 200)),
    "teams:care": ("get", office(404, 403, 403, 200, 200)),
    "teams:quality": ("get", office(404, 403, 403, 200, 200)),
    "teams:deciding": ("get", office(404, 403, 403, 200, 200)),
    "teams:switch_code": ("post", office(404, 403, 403, 302, 302)),
    "teams:remove_text": ("post", office(404, 403, 403, 302, 302)),
    "teams:policies": ("get", office(404, 403, 403, 200, 200)),
    "teams:write_policy": ("get", office(404, 403, 403, 200, 200)),
    "teams:edit_policy": ("get", office(404, 403, 403, 200, 200)),
    "teams:retire_policy": ("post", office(404, 403, 403, 302, 302)),
    "teams:restore_policy": ("post", office(404, 403, 403, 302, 302)),
    "teams:delete_policy": ("post", office(404, 403, 403, 302, 302)),
    "teams:services": ("get", office(404, 200, 403, 403, 200)),
    "teams:new_service": ("get", office(404, 403, 403, 403, 200)),
    "teams:close_service": ("post", office(404, 302, 403, 403, 302)),
    "teams:new_key": ("get", office(404, 403, 403, 403, 200)),
    "teams:replace_key": ("get", office(404, 403, 403, 403, 200)),
    "teams:revoke_key": ("post", office(404, 302, 403, 403, 302)),
    "teams:hosts": ("get", office(404, 403, 403, 403, 200)),
    "teams:remove_host": ("post", office(404, 403, 403, 403, 302)),
    "teams:retention": ("get", office(404, 403, 403, 403, 200)),
    "teams:sign_in": ("get", office(404, 200, 403, 403, 200)),
    "teams:second_factor": ("post", office(404, 422, 403, 403, 422)),
    "teams:remove_group": ("post", office(404, 302, 403, 403, 302)),
    "teams:new_scim_key": ("post", office(404, 403, 403, 403, 200)),
    "teams:revoke_scim_key": ("post", office(404, 302, 403, 403, 302)),
    "teams:webhooks": ("get", office(404, 403, 403, 403, 200)),
    "teams:new_webhook": ("get", office(404, 403, 403, 403, 200)),
    "teams:webhook": ("get", office(404, 403, 403, 403, 200)),
    "teams:edit_webhook": ("get", office(404, 403, 403, 403, 200)),
    "teams:rotate_webhook": ("get", office(404, 403, 403, 403, 200)),
    "teams:delete_webhook": ("get", office(404, 403, 403, 403, 200)),
    "teams:switch_webhook": ("post", office(404, 403, 403, 403, 302)),
    "teams:test_webhook": ("post", office(404, 403, 403, 403, 302)),
    "teams:webhook_missed": ("post", office(404, 403, 403, 403, 302)),
    "teams:webhook_again": ("post", office(404, 403, 403, 403, 302)),
    "api:upload-list": ("post", (401, 412, 403, 403, 412, 412, 412, 412, 412)),
    "api:upload-detail": ("delete", (401, 412, 403, 403, 412, 412, 412, 412, 412)),
    "api:direct-upload-list": ("post", (401, 415, 403, 403, 415, 415, 415, 415, 415)),
    "api:direct-upload-detail": ("get", (401, 404, 403, 403, 404, 404, 404, 404, 404)),
    "api:direct-upload-parts": ("post", (401, 404, 403, 403, 404, 404, 404, 404, 404)),
    "api:direct-upload-complete": ("post", (401, 404, 403, 403, 404, 404, 404, 404, 404)),
    "api:batch-list": ("post", (401, 415, 403, 403, 415, 415, 415, 415, 415)),
    "api:batch-detail": ("get", (401, 404, 403, 403, 200, 200, 200, 404, 404)),
    "api:batch-events": ("get", (401, 404, 403, 403, 200, 200, 200, 404, 404)),
    "api:webhook-list": ("get", (401, 200, 403, 403, 403, 403, 200, 403, 403)),
    "api:webhook-detail": ("get", (401, 404, 403, 403, 403, 403, 200, 403, 403)),
    "api:webhook-rotate": ("post", (401, 404, 403, 403, 403, 403, 200, 403, 403)),
    "api:webhook-test": ("post", (401, 404, 403, 403, 403, 403, 202, 403, 403)),
    "api:webhook-log": ("get", (401, 404, 403, 403, 403, 403, 200, 403, 403)),
    "api:webhook-deliver": ("post", (401, 404, 403, 403, 403, 403, 415, 403, 403)),
    "api:submission-list": ("get", rest(200, 403, 200, 200)),
    "api:submission-detail": ("get", rest(404, 403, 200, 200)),
    "api:submission-events": ("get", rest(404, 403, 200, 200)),
    "api:submission-cancel": ("post", (401, 404, 403, 403, 202, 202, 202, 403, 403)),
    "api:submission-media": ("get", (401, 404, 403, 200, 200, 200, 200, 403, 403)),
    "api:submission-thumbnail": ("get", (401, 404, 403, 200, 200, 200, 200, 403, 403)),
    "api:submission-report": ("get", (401, 404, 403, 404, 404, 404, 404, 403, 403)),  # no such one
    "api:submission-appeal": ("post", (401, 415, 403, 415, 415, 415, 415, 403, 403)),
    "api:submission-appeal-withdraw": ("post", (401, 404, 403, 403, 403, 403, 403, 403, 403)),
    "api:submission-hold": ("post", (401, 404, 403, 403, 403, 403, 415, 403, 403)),
    "api:submission-hold-lift": ("post", (401, 404, 403, 403, 403, 403, 415, 403, 403)),
    "api:hold-list": ("get", (401, 200, 403, 403, 403, 403, 200, 403, 403)),
    "api:usage": ("get", (401, 403, 403, 403, 403, 403, 403, 200, 200)),
    "api:schema": ("get", (200,) * 9),
    "api:docs": ("get", (200,) * 9),
    "api:nothing-here": ("get", (404,) * 9),
    # No session opens it, and no key of a partner.
    **{
        f"scim:{name}": (method, (*(401,) * 7, 403, 403))
        for method, names in {
            "get": (
                "users",
                "user",
                "groups",
                "group",
                "config",
                "resource-types",
                "resource-type",
                "schemas",
                "schema",
                "root",
                "nothing-here",
            ),
            "post": ("user-search", "group-search", "search"),
        }.items()
        for name in names
    },
    "scripts_language": ("get", (200,) * 9),
}
OWN_ACCOUNT = (
    "account_",
    "accounts_",
    "mfa_",
    "usersessions_",
    "socialaccount_",
    "openid_connect_",
)
"""About the person who asks and nobody else; tests/accounts holds them."""
OWN_ACCOUNT_PATHS = ("accounts/",)
ADMINISTRATION = "admin:"


def addresses(resolver: URLResolver, path: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        here = path + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(
                entry, here, f"{space}{entry.namespace}:" if entry.namespace else space
            )
        elif isinstance(entry, URLPattern):
            yield space + (entry.name or ""), here


def test_every_address_is_known_here() -> None:
    """A new address fails until somebody says here who may have which answer."""
    unknown = [
        f"{name} at {path}"
        for name, path in addresses(get_resolver())
        if name not in MATRIX
        and not name.startswith((*OWN_ACCOUNT, ADMINISTRATION))
        and not path.startswith(OWN_ACCOUNT_PATHS)
        and not path.startswith("admin/")
    ]
    assert unknown == []


def answer_kind(answer: Any) -> int | str:
    location = answer.headers.get("Location", "")
    return LOGIN if "/accounts/login/" in location else answer.status_code


@pytest.mark.parametrize("name", MATRIX)
def test_everybody_gets_the_answer_that_is_theirs(
    name: str, everybody: dict[str, Client], address: Callable[[str], str]
) -> None:
    """Exactly the answer of the table; and strangers never meet a word of the submission."""
    method, expected = MATRIX[name]
    found: dict[str, int | str] = {}
    for who, client in everybody.items():
        with transaction.atomic():  # each meets the same state
            answer = getattr(client, method)(address(name))
            found[who] = answer_kind(answer)
            if who in ("anonymous", "stranger", "site_admin", "weak_key"):
                assert b"canary" not in b"".join(answer), who
            transaction.set_rollback(True)
    assert found == dict(zip(WHO, expected, strict=True))


def test_sending_into_the_team(everybody: dict[str, Client], team: Team) -> None:
    """REST: only those who may submit here, and a stranger is told of no such team."""
    found = {}
    for who, client in everybody.items():
        with transaction.atomic():
            media = SimpleUploadedFile("x.png", picture(), "image/png")
            body = {"file": media, "team": str(team.pk)}
            found[who] = client.post(reverse("api:submission-list"), body).status_code
            transaction.set_rollback(True)
    expected = (401, 404, 403, 403, 202, 202, 202, 202, 202)
    assert found == dict(zip(WHO, expected, strict=True))


@pytest.mark.parametrize("who", [w for w in WHO if w != "site_admin"])
def test_the_administration_is_for_site_administrators(
    who: str, everybody: dict[str, Client]
) -> None:
    """Every list of the administration: nobody else gets in."""
    lists = [
        n
        for n, _ in addresses(get_resolver())
        if n.startswith("admin:") and n.endswith("changelist")
    ]
    assert lists
    for name in ["admin:index", *lists]:
        answer = everybody[who].get(reverse(name))
        assert answer.status_code in (302, 403), name
