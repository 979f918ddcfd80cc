"""Every right and every scope on offer is checked somewhere in the code."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from accounts.models import Permission, Scope
from accounts.roles import (
    ROLE_PERMISSIONS,
    SCOPE_PERMISSIONS,
    SITE_ADMIN_PERMISSIONS,
    ProvisioningScope,
)

ROOT = Path(__file__).resolve().parents[2]
CODE = ("accounts", "media_analysis", "ml", "platform")
ONLY_DEFINE = {"accounts/roles.py", "accounts/plain_words.py"}
"""They say who has a right and what it is called. Neither asks for it."""
REST = "media_analysis/partners/"
"""The only door that a key opens."""


@cache
def files_by_permission() -> dict[str, set[str]]:
    """For each right, the files whose code names it."""
    found: dict[str, set[str]] = defaultdict(set)
    for folder in CODE:
        for path in (ROOT / folder).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if name in ONLY_DEFINE or "/migrations/" in name:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Attribute(value=ast.Name(id="Permission" | "P"), attr=right):
                        found[right].add(name)
    return found


def test_the_scan_reads_the_code() -> None:
    """It finds a right where it is known to be asked for, and none that is made up."""
    assert "accounts/services/keys.py" in files_by_permission()[Permission.MANAGE_KEYS.name]
    assert set(files_by_permission()) <= set(Permission.__members__)


@pytest.mark.parametrize("permission", list(Permission))
def test_every_right_that_is_offered_is_asked_for_somewhere(permission: Permission) -> None:
    """A right without a check opens nothing, so it leaves until its feature stands."""
    assert files_by_permission().get(permission.name), f"{permission} is offered and never checked"


@pytest.mark.parametrize("permission", list(Permission))
def test_every_right_is_somebodys(permission: Permission) -> None:
    """A right that no role has guards a door that nobody can open; but for the one of the
    identity provider, which no person has."""
    somebodys = frozenset().union(*ROLE_PERMISSIONS.values(), SITE_ADMIN_PERMISSIONS)
    assert permission in somebodys | SCOPE_PERMISSIONS[ProvisioningScope.MEMBERS_PROVISION]


@pytest.mark.parametrize("scope", [*Scope, *ProvisioningScope])
def test_every_scope_opens_something_by_rest(scope: Scope | ProvisioningScope) -> None:
    """Each right of a scope is asked for at the door that keys come through."""
    assert SCOPE_PERMISSIONS[scope]
    for permission in SCOPE_PERMISSIONS[scope]:
        where = files_by_permission().get(permission.name, set())
        assert any(name.startswith(REST) for name in where), f"{scope}: {permission}"
