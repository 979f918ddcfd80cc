"""Rows that triggers keep, by which lists filter, sort and find submissions."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.roles import Permission
from media_analysis.submissions.owned import limit_to_own

UNDECIDED = "none"


class IndexCardQuerySet(models.QuerySet["IndexCard"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_SUBMISSIONS
    ) -> IndexCardQuerySet:
        mine = self.filter(team__in=actor.team_ids(permission))
        return limit_to_own(mine, actor, "submission__submitted_by_service")


class IndexCard(models.Model):
    """What a submission is filtered and sorted by, side by side in one narrow row.

    Triggers in the database keep it (migrations 0002 to 0010), so that no verb can forget to;
    Python only reads it. Every order has an index of its own, and every filter one in the order of
    time.
    """

    submission = models.OneToOneField(
        "submissions.Submission", primary_key=True, on_delete=models.CASCADE, related_name="card"
    )
    team = models.ForeignKey(
        "accounts.Team", on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    received_at = models.DateTimeField()
    name = models.CharField(
        max_length=100, help_text="The beginning of the name, in small letters."
    )
    size = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=12)
    outcome = models.CharField(max_length=24, help_text="As shown: set aside is inconclusive.")
    decision = models.CharField(
        max_length=16, db_default=UNDECIDED, help_text="The person's decision that is in force."
    )
    updated_at = models.DateTimeField(
        db_default=Now(),
        help_text="When state, verdict, decision or wish for deletion last changed.",
    )

    objects = IndexCardQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["team", "received_at", "submission"], name="card_time"),
            models.Index(fields=["team", "name", "submission"], name="card_name"),
            models.Index(fields=["team", "size", "submission"], name="card_size"),
            models.Index(fields=["team", "updated_at", "submission"], name="card_updated"),
            *(
                models.Index(
                    fields=["team", field, "received_at", "submission"], name=f"card_{field}"
                )
                for field in ("kind", "state", "outcome", "decision")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.outcome or self.state}"


class CheckCardQuerySet(models.QuerySet["CheckCard"]):
    def for_actor(
        self, actor: Actor, permission: Permission = Permission.VIEW_SUBMISSIONS
    ) -> CheckCardQuerySet:
        mine = self.filter(team__in=actor.team_ids(permission))
        return limit_to_own(mine, actor, "card__submission__submitted_by_service")


class CheckCard(models.Model):
    """What one check did, with the team and all that its card is ordered by: kept like it.

    They stand here again so that an index gives each order. A list of checks on the card itself
    can be searched, but then all that it finds would have to be sorted.
    """

    pk = models.CompositePrimaryKey("card_id", "tag")
    card = models.ForeignKey(
        IndexCard,
        on_delete=models.CASCADE,
        db_column="submission_id",
        db_index=False,
        related_name="check_cards",
    )
    team = models.ForeignKey(
        "accounts.Team", on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    tag = models.CharField(
        max_length=100,
        help_text="`detector:ran`, `detector:failed`, ...; `detector:noticed` for evidence.",
    )
    received_at = models.DateTimeField()
    name = models.CharField(max_length=100)
    size = models.BigIntegerField()

    objects = CheckCardQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["team", "tag", "received_at", "card"], name="check_card_time"),
            models.Index(fields=["team", "tag", "name", "card"], name="check_card_name"),
            models.Index(fields=["team", "tag", "size", "card"], name="check_card_size"),
        ]

    def __str__(self) -> str:
        return self.tag


class SearchText(models.Model):
    """What a submission is found by: its words and where they come from. Kept like the card."""

    submission = models.OneToOneField(
        "submissions.Submission",
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="search_text",
    )
    sha256 = models.CharField(max_length=64)
    sender = models.UUIDField(null=True)
    haystack = models.TextField(help_text="All words in small letters, for parts of words.")
    words = SearchVectorField(help_text="The same as whole words, for their beginnings.")

    class Meta:
        indexes = [
            models.Index(OpClass("sha256", "varchar_pattern_ops"), name="search_sha256"),
            models.Index(fields=["sender"], name="search_sender"),
            GinIndex(OpClass("haystack", "gin_trgm_ops"), name="search_parts_of_words"),
            GinIndex(fields=["words"], name="search_words"),
        ]

    def __str__(self) -> str:
        return self.haystack[:80]
