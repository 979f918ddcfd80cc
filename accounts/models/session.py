"""A login on one device. The cookie's value is not kept: the row's key is its hash."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Now

NAME_LENGTH = 16


class Session(AbstractBaseSession):
    session_key = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions"
    )
    created_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=256, blank=True)

    class Meta(AbstractBaseSession.Meta):
        ordering = ["-last_seen_at"]

    @classmethod
    def get_session_store_class(cls) -> Any:
        from accounts.sessions import SessionStore

        return SessionStore

    @staticmethod
    def stored_key(cookie_value: str) -> str:
        return hashlib.sha256(b"touchstone-session:" + cookie_value.encode()).hexdigest()

    @classmethod
    def named(cls, cookie_value: str) -> str:
        """The session's public name, from the value in its cookie."""
        return cls.stored_key(cookie_value)[:NAME_LENGTH]

    @property
    def name(self) -> str:
        """Tells sessions apart in lists and in the record; opens nothing."""
        return self.session_key[:NAME_LENGTH]
