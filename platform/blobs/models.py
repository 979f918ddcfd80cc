"""One row for each stored file. The name is the content's hash, so a row always refers to the same
bytes."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models

from audit import final


class Damage(models.TextChoices):
    NONE = "", "none"
    MISSING = "missing", "missing"
    SIZE = "size", "another size"
    HASH = "hash", "other content"
    UNREADABLE = "unreadable", "the disk cannot read it"
    REMOVED = "removed", "removed on purpose, by a rule"
    """No damage: the row keeps the facts. The bytes are gone until somebody sends them again."""


class Blob(models.Model):
    sha256 = models.CharField(primary_key=True, max_length=64)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=100)
    created_at = models.DateTimeField(db_default=models.functions.Now())
    checked_at = models.DateTimeField(null=True, blank=True)
    """When `manage.py scrub` last read it through."""
    damage = models.CharField(max_length=10, choices=Damage.choices, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(sha256__regex=r"^[0-9a-f]{64}$"), name="blob_named_by_sha256"
            ),
            models.CheckConstraint(condition=models.Q(size__gt=0), name="blob_not_empty"),
        ]
        indexes = [
            models.Index(
                models.F("checked_at").asc(nulls_first=True), name="blob_longest_unchecked"
            ),
        ]
        triggers: ClassVar = [
            # Deleting is a verb of its own (`services.delete`), with its event.
            pgtrigger.Trigger(
                name="blob_is_final",
                operation=pgtrigger.Update,
                when=pgtrigger.Before,
                func="""
                    IF ROW(OLD.sha256, OLD.size, OLD.media_type, OLD.created_at) IS DISTINCT FROM
                            ROW(NEW.sha256, NEW.size, NEW.media_type, NEW.created_at) THEN
                        RAISE EXCEPTION 'what a blob is, is final'
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NEW;
                """,
            ),
            final.whole("blobs_stay", "blobs are final"),
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]} ({self.media_type})"
