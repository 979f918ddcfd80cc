from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.storing import digest, storable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.django_db
@settings(max_examples=150, deadline=None)
@given(value=JSON)
def test_what_postgresql_gives_back_has_the_same_digest(value: object) -> None:
    """Whatever JSON a result holds, it can be stored as jsonb and its digest survives."""
    from psycopg.types.json import Jsonb

    with connection.cursor() as cursor:
        parameters: list[Any] = [Jsonb(storable(value))]
        cursor.execute("SELECT %s::jsonb", parameters)
        back = cursor.fetchone()[0]
    import json

    back = json.loads(back) if isinstance(back, str) else back
    assert digest(back) == digest(value)
