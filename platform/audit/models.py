"""The record's tables. Events, leaves and checkpoints are only ever added; triggers see to it.

An event is written by the SQL function `audit_append` alone (migration 0002): it locks the chain's
head, numbers, times and hashes the event in the database, and moves the head forward.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    IntegerLike = models.Field[int, int]
else:  # a Field takes no parameters when it runs
    IntegerLike = models.Field


class Xid8Field(IntegerLike):
    """PostgreSQL's 64-bit transaction number."""

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else str(value)


class ChainHead(models.Model):
    """The last event of each chain; its row lock puts the writers of one chain in line."""

    chain = models.UUIDField(primary_key=True)
    seq = models.BigIntegerField()
    hash = models.BinaryField()
    recorded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.chain} at {self.seq}"


class Event(models.Model):
    """One thing that happened. `payload` is the truth; the columns after it are for finding it."""

    id = models.BigAutoField(primary_key=True)
    chain = models.UUIDField()
    seq = models.BigIntegerField()
    prev_hash = models.BinaryField()
    hash = models.BinaryField()
    payload = models.BinaryField()
    xid = Xid8Field()
    recorded_at = models.DateTimeField()
    verb = models.CharField(max_length=64)
    who = models.CharField(max_length=200)
    object_type = models.CharField(max_length=64)
    object_id = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=("chain", "seq"), name="audit_event_once_in_its_chain"),
        ]
        indexes = [
            models.Index(fields=("xid",), name="audit_event_xid"),
            models.Index(fields=("who", "id"), name="audit_event_who"),
            models.Index(fields=("object_type", "object_id"), name="audit_event_object"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_type} {self.object_id}"

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(bytes(self.payload))
        return content


class Leaf(models.Model):
    """The place of an event in the sealed tree. Its own table, because an event never changes."""

    index = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField()

    def __str__(self) -> str:
        return f"leaf {self.index}"


class Checkpoint(models.Model):
    """A signed statement: the tree had this size and this root at this time."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    frontier = models.BinaryField()
    """The roots of the full subtrees, largest first: all that is needed to append."""
    note = models.TextField()
    xid_seen = Xid8Field()
    """Every event of a transaction before this one is sealed."""
    cluster = models.BigIntegerField()
    """The database cluster whose transaction numbers `xid_seen` speaks of."""
    sealed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        ordering = ("size",)

    def __str__(self) -> str:
        return f"checkpoint of {self.size} events"


class Comparison(models.Model):
    """A comparison of the rows with the record: when, how many rows, and what was found."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now())
    whole = models.BooleanField()
    """The daily run over everything; or one by hand, or over what is new."""
    rows = models.BigIntegerField()
    ok = models.BooleanField()
    said = models.TextField()
    note = models.TextField(default="", db_default="")
    """Signed by this site: all events up to this size were verified. `audit verify --new` continues
    from there, and nobody without the key can claim that more was verified."""

    class Meta:
        verbose_name = _("comparison with the record")
        verbose_name_plural = _("comparisons with the record")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.rows} rows at {self.at}"


class ErasurePermit(models.Model):
    """One final row that one transaction may delete. Written by `audit_erase` alone, together with
    the event that names the row as gone."""

    id = models.BigAutoField(primary_key=True)
    xid = Xid8Field()
    row = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=("xid", "row"), name="audit_permit_of_row")]

    def __str__(self) -> str:
        return self.row


class KeyFingerprint(models.Model):
    """The keys that belong to this database, so that a machine with others refuses to start. A
    fingerprint is a hash and reveals nothing about the key."""

    class Kind(models.TextChoices):
        SIGNING = "signing", "signing key"
        SUBJECT = "subject", "subject key"
        SECRET = "secret", "SECRET_KEY"
        REPORT = "report", "report key"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    fingerprint = models.CharField(max_length=64)
    current = models.BooleanField(default=True)
    since = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("kind",), condition=models.Q(current=True), name="audit_one_current_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.fingerprint[:12]}"


class Subject(models.Model):
    """Somebody or something that personal text belongs to, and the key to that text."""

    id = models.UUIDField(primary_key=True)
    wrapped_key = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.id)


class SubjectNote(models.Model):
    """Personal text, encrypted; an event knows only its commitment."""

    id = models.BigAutoField(primary_key=True)
    subject = models.ForeignKey(Subject, on_delete=models.CASCADE, related_name="notes")
    label = models.CharField(max_length=64)
    commitment = models.BinaryField(unique=True)
    sealed_text = models.BinaryField()
    """Nonce, then AES-GCM over salt and text: the salt goes when the key goes."""
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.label} of {self.subject_id}"
