"""The admin shows the record and offers no way to change it."""

from __future__ import annotations

import uuid

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import RequestFactory

from audit.admin import CheckpointAdmin, EventAdmin
from audit.models import Checkpoint, Event
from audit.sealer import seal
from tests.audit.helpers import note


@pytest.mark.django_db
def test_not_even_a_superuser_can_change_the_record_in_the_admin() -> None:
    """List and detail are shown, markup escaped; adding, saving, deleting and actions are not."""
    event = note(uuid.uuid4(), why="<script>alert(1)</script>")
    seal()
    request = RequestFactory().get("/")
    request.user = get_user_model()(is_staff=True, is_superuser=True, is_active=True)
    for model, kind in ((Event, EventAdmin), (Checkpoint, CheckpointAdmin)):
        model_admin = kind(model, admin.site)
        assert model_admin.has_view_permission(request)
        assert not model_admin.has_add_permission(request)
        assert not model_admin.has_change_permission(request)
        assert not model_admin.has_delete_permission(request)
        assert model_admin.get_actions(request) == {}
        assert model_admin.get_queryset(request).count() == 1
    shown_json = EventAdmin(Event, admin.site).content_json(event)
    assert "media.viewed" in shown_json and "<script>" not in shown_json
    assert "&lt;script&gt;" in shown_json
    checkpoint = Checkpoint.objects.get()
    assert "/audit" in CheckpointAdmin(Checkpoint, admin.site).signed(checkpoint)
