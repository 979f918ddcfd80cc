"""The tests' guard against updates through a join works."""

from __future__ import annotations

import pytest

from accounts.models import ApiKey
from tests.joined_updates import JoinedUpdate

pytestmark = pytest.mark.django_db


def test_an_update_whose_condition_is_in_another_table_is_refused() -> None:
    with pytest.raises(JoinedUpdate, match=r"test_joined_updates\.py:\d+: .* ApiKey"):
        ApiKey.objects.filter(service__is_active=True, name="a").update(name="b")


def test_one_on_the_row_itself_is_not() -> None:
    """Nor is a foreign key's own column, or a list of ids."""
    assert ApiKey.objects.filter(name="a").update(name="b") == 0
    assert ApiKey.objects.filter(service_id=None, pk__in=[1]).update(name="b") == 0
