"""Ordinary forms go through the counting of bodies as if it were not there."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse


@pytest.mark.django_db
def test_an_urlencoded_form_is_read_to_its_end(client: Client) -> None:
    """As browsers send the login: read whole, closed, and answered with the page."""
    answer = client.post(
        reverse("account_login"),
        data="login=nobody%40example.org&password=wrong",
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 200
    assert b"nobody@example.org" in answer.content
