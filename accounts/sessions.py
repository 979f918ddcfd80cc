"""Sessions in PostgreSQL that a copy of the database cannot be used to steal.

The cookie's value is stored only as a hash, and what the session holds is encrypted: a TOTP seed
lies in it while somebody sets up their authenticator. One row is one login on one device.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Session
from accounts.sealing import Unreadable, seal, unseal

SEEN_EVERY = timedelta(minutes=1)
_PURPOSE = "session"


class SessionStore(SessionBase):
    ip: str | None = None
    user_agent: str = ""
    _seen: datetime | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def came_from(self, ip: str | None, user_agent: str) -> None:
        """Where the request comes from: kept with the session, so that its owner can tell it."""
        self.ip, self.user_agent = ip, user_agent[:256]

    def touch(self) -> None:
        """Note that the session is in use; at most one write a minute, else no query at all."""
        if self.session_key and self._seen and timezone.now() - self._seen > SEEN_EVERY:
            Session.objects.filter(
                pk=Session.stored_key(self.session_key), last_seen_at__lt=Now() - SEEN_EVERY
            ).update(last_seen_at=Now(), ip=self.ip, user_agent=self.user_agent)

    # --- what Django asks of a session store -----------------------------------------------------
    def load(self) -> dict[str, Any]:
        row = (
            Session.objects.filter(
                pk=Session.stored_key(self.session_key or ""), expire_date__gt=Now()
            ).first()
            if self.session_key
            else None
        )
        if row is None:
            self._session_key = None
            return {}
        self._seen = row.last_seen_at
        return self.decode(row.session_data)

    def exists(self, session_key: str | None = None) -> bool:
        return Session.objects.filter(pk=Session.stored_key(session_key or "")).exists()

    def create(self) -> None:
        while True:
            self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            return self.create()
        data: dict[str, Any] = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        key = Session.stored_key(self.session_key)
        content = {
            "session_data": self.encode(data),
            "expire_date": self.get_expiry_date(),
            "user_id": UUID(data[SESSION_KEY]) if SESSION_KEY in data else None,
        }
        if must_create:
            try:
                with transaction.atomic():
                    Session.objects.create(
                        session_key=key, ip=self.ip, user_agent=self.user_agent, **content
                    )
            except IntegrityError as error:
                if Session.objects.filter(pk=key).exists():
                    raise CreateError from error
                raise
        elif not Session.objects.filter(pk=key).update(**content):
            # Revoked while this request ran: it must not come back to life.
            raise UpdateError
        return None

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            Session.objects.filter(pk=Session.stored_key(key)).delete()

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.filter(expire_date__lt=Now()).delete()

    def encode(self, session_dict: dict[str, Any]) -> str:
        return seal(json.dumps(session_dict), purpose=_PURPOSE)

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(unseal(str(session_data), purpose=_PURPOSE))
        except Unreadable:
            return {}  # SECRET_KEY was changed: everybody logs in again
        return content
