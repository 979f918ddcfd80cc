"""The results store: one analysis is one run of one engine version over one blob, and is the job.

It knows no submission and no team. `chain` ties it to the audit chain of whoever asked for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import pgtrigger
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.prepared import any_of
from audit import final
from blobs.models import Blob
from jobs.ids import ordered_uuid
from jobs.models import LeasedJob, State
from ml.engine.contract import Kind, Outcome, Status
from ml.engine.media import similarity
from ml.storing import digest

MEDIA_KINDS = tuple(kind.value for kind in Kind)
OUTCOMES = [(o.value, o.value.replace("_", " ")) for o in Outcome]
STATUSES = [(s.value, s.value.replace("_", " ")) for s in Status]
LOOK_CANDIDATES = 20_000
QUARTERS = ("quarter_0", "quarter_1", "quarter_2", "quarter_3")
PROBABLE = Q(probability_manipulated__gte=0, probability_manipulated__lte=1)


def displayed_outcome(state: str, outcome: str | None) -> str | None:
    """The outcome that people see. Parked is inconclusive (its reason states why), never hidden."""
    return Outcome.INCONCLUSIVE.value if state == State.PARKED else outcome


class Analysis(LeasedJob):
    """Once done, `reason` holds the codes of the verdict's sentence (`ml.language`). While parked,
    it holds what the job layer noted for administrators; people read that of `reason_code`."""

    id = models.UUIDField(primary_key=True, default=ordered_uuid, editable=False)
    blob = models.ForeignKey("blobs.Blob", on_delete=models.PROTECT, related_name="analyses")
    kind = models.CharField(
        max_length=8,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Of the media. Set by the database; empty for analyses that ended before it was.",
    )
    chain = models.UUIDField(db_index=True, help_text="The submission's id: its audit chain.")
    engine_version = models.CharField(max_length=60, blank=True, default="")
    outcome = models.CharField(  # noqa: DJ001 - null means: no outcome yet
        max_length=24, choices=OUTCOMES, null=True, blank=True
    )
    probability_manipulated = models.FloatField(null=True, blank=True)
    media: models.JSONField[Any, Any] = models.JSONField(
        null=True, blank=True, encoder=DjangoJSONEncoder
    )
    result: models.JSONField[Any, Any] = models.JSONField(
        null=True, blank=True, help_text="Verdict, tracks, rejection; the findings have own rows."
    )
    declared = models.GeneratedField(
        expression=models.Func(
            models.F("result"),
            template="NULLIF(%(expressions)s #> '{verdict,declared}', 'null'::jsonb)",
        ),
        output_field=models.JSONField(null=True),
        db_persist=True,
        help_text="The file's own statement that it was generated, out of `result`.",
    )
    result_sha256 = models.CharField(max_length=64, blank=True, default="")
    conditions = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="A hash of what the result rests on besides the bytes; empty: it is not known.",
    )
    examined_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Of results that were taken over from an earlier analysis of the same bytes: "
        "when these were examined.",
    )
    incomplete = models.BooleanField(default=False)
    seconds = models.FloatField(null=True, blank=True)

    class Meta(LeasedJob.Meta):
        verbose_name = _("analysis")
        verbose_name_plural = _("analyses")
        constraints = [
            *LeasedJob.Meta.constraints,
            models.CheckConstraint(
                name="analysis_done_has_outcome",
                condition=Q(state=State.DONE, outcome__isnull=False)
                | (~Q(state=State.DONE) & Q(outcome__isnull=True)),
            ),
            models.CheckConstraint(
                name="analysis_outcome_known",
                condition=Q(outcome__isnull=True) | Q(outcome__in=[o.value for o in Outcome]),
            ),
            models.CheckConstraint(
                name="analysis_declared_says_by_whom",
                condition=Q(outcome__isnull=True)
                | ~Q(outcome=Outcome.DECLARED_GENERATED.value)
                | Q(declared__isnull=False),
            ),
            models.CheckConstraint(
                name="analysis_rejection_has_reason",
                condition=Q(outcome__isnull=True)
                | ~Q(outcome=Outcome.REJECTED.value)
                | (~Q(reason_code="") & ~Q(reason="")),
            ),
            models.CheckConstraint(
                name="analysis_probability_in_range",
                condition=Q(probability_manipulated__isnull=True) | PROBABLE,
            ),
        ]
        indexes = [
            *LeasedJob.Meta.indexes,
            models.Index(
                fields=["kind", "turn_at"],
                condition=Q(state=State.QUEUED),
                name="analysis_kind_idx",
            ),
        ]
        triggers: ClassVar = [
            *LeasedJob.Meta.triggers,
            pgtrigger.Trigger(
                name="analysis_has_its_kind",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    NEW.kind := CASE split_part((
                        SELECT media_type FROM blobs_blob WHERE sha256 = NEW.blob_id
                    ), '/', 1) WHEN 'image' THEN 'image' WHEN 'audio' THEN 'audio' ELSE 'video' END;
                    RETURN NEW;
                """,
            ),
            # Parked is no end: a person may have it tried again.
            final.row(
                "ended_is_final",
                "an analysis that ended is final",
                when="OLD.state IN ('done', 'rejected', 'cancelled') OR TG_OP = 'DELETE'",
            ),
            final.columns(
                "analysis_is_of_one_thing",
                "what an analysis is of is final",
                *("id", "chain", "blob_id", "kind", "created_at"),
            ),
            final.whole("analyses_stay", "analyses are final"),
        ]

    def __str__(self) -> str:
        return f"{self.id}: {self.displayed_outcome or self.state}"

    @property
    def displayed_outcome(self) -> str | None:
        return displayed_outcome(self.state, self.outcome)

    def digest_now(self) -> str:
        """The hash of the current rows. It equals `result_sha256` unless somebody changed them."""
        rows = sorted(self.findings.all(), key=lambda row: row.detector)  # may be prefetched
        findings = [row.as_json() for row in rows]
        return digest({"media": self.media, "result": self.result, "findings": findings})


class FindingRow(models.Model):
    """What one detector reported. Written once, with the verdict; the database refuses changes."""

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="findings")
    detector = models.CharField(max_length=80)
    version = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=16, choices=STATUSES)
    reason = models.TextField()
    score = models.FloatField(null=True)
    probability_manipulated = models.FloatField(null=True)
    log10_lr = models.FloatField(null=True)
    evidence: models.JSONField[Any, Any] = models.JSONField(default=list)
    segments: models.JSONField[Any, Any] = models.JSONField(default=list)
    weights_sha256 = models.CharField(max_length=64, null=True)  # noqa: DJ001 - as in the contract
    parameters: models.JSONField[Any, Any] = models.JSONField(default=dict)
    counts: models.JSONField[Any, Any] = models.JSONField(default=dict)
    seconds = models.FloatField(default=0.0)

    FIELDS: ClassVar = (
        "detector", "version", "status", "reason", "score", "probability_manipulated",
        "log10_lr", "evidence", "segments", "weights_sha256", "parameters", "counts", "seconds",
    )  # fmt: skip

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ["detector"]
        constraints = [
            models.UniqueConstraint(fields=["analysis", "detector"], name="one_finding_a_detector"),
            models.CheckConstraint(
                name="finding_status_known",
                condition=Q(status__in=[s.value for s in Status]),
            ),
            models.CheckConstraint(
                name="finding_probability_in_range",
                condition=Q(probability_manipulated__isnull=True) | PROBABLE,
            ),
            models.CheckConstraint(
                name="finding_says_numbers_only_when_it_ran",
                condition=Q(status=Status.RAN.value)
                | Q(
                    score__isnull=True, probability_manipulated__isnull=True, log10_lr__isnull=True
                ),
            ),
        ]
        triggers: ClassVar = [
            final.row("finding_is_final", "a finding is final"),
            final.whole("findings_stay", "findings are final"),
        ]

    def __str__(self) -> str:
        return f"{self.detector} {self.version}: {self.status}"

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.FIELDS}


class LookQuerySet(models.QuerySet["Look"]):
    def with_quarters(self, **numbers: list[int]) -> LookQuerySet:
        """The condition on `near_quarters`: all similar fingerprints and some others. The index
        answers it."""
        met = Q(pk__in=[])
        for field in QUARTERS:
            met |= Q(any_of(field, numbers[field], models.IntegerField))
        return self.filter(met, method=similarity.METHOD)


def nearest(wanted: Sequence[int], candidates: Iterable[Look]) -> list[tuple[int, Look]]:
    """Those within `NEAR` bits, with their difference, the nearest first."""
    compared = (
        (min(similarity.distance(bits, look.unsigned) for bits in wanted), look)
        for look in candidates
    )
    found = [(difference, look) for difference, look in compared if difference <= similarity.NEAR]
    return sorted(found, key=lambda pair: (pair[0], pair[1].seconds, pair[1].pk))


def near_quarters(wanted: Sequence[int]) -> dict[str, list[int]]:
    """What each quarter may be in a look that is near one of these."""
    return {
        field: sorted({n for bits in wanted for n in similarity.neighbours(bits, place)})
        for place, field in enumerate(QUARTERS)
    }


def signed(bits: int) -> int:
    """PostgreSQL's 64 bits have a sign."""
    return bits - 2**64 if bits >= 2**63 else bits


class Look(models.Model):
    """How one picture, or one scene of a video, looks: for finding copies that were saved again.

    Of the bytes, not of an analysis: the same bytes look the same. The quarters of `bits` have an
    index each, which find what shares a quarter.
    """

    blob = models.ForeignKey("blobs.Blob", on_delete=models.CASCADE, related_name="looks")
    method = models.SmallIntegerField()
    seconds = models.FloatField()
    bits = models.BigIntegerField()
    quarter_0 = models.IntegerField(db_index=True)
    quarter_1 = models.IntegerField(db_index=True)
    quarter_2 = models.IntegerField(db_index=True)
    quarter_3 = models.IntegerField(db_index=True)

    objects = LookQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["blob", "method", "seconds"], name="one_look_a_moment_and_method"
            )
        ]

    def __str__(self) -> str:
        return f"{self.unsigned:016x} at {self.seconds:.1f} s"

    @classmethod
    def of(cls, blob: Blob, seconds: float, bits: int) -> Look:
        return cls(
            blob=blob,
            method=similarity.METHOD,
            seconds=seconds,
            bits=signed(bits),
            **dict(zip(QUARTERS, similarity.quarters(bits), strict=True)),
        )

    @property
    def unsigned(self) -> int:
        return self.bits % 2**64


MOVED = """
    TG_OP = 'UPDATE' AND OLD.png IS NOT NULL AND NEW.png IS NULL AND NEW.sheet_id IS NOT NULL
    AND NEW.sha256 = encode(sha256(OLD.png), 'hex') AND NEW.size = length(OLD.png)
    AND ROW(NEW.id, NEW.analysis_id, NEW.name) = ROW(OLD.id, OLD.analysis_id, OLD.name)
"""
"""The same bytes, in another place."""


class Thumbnail(models.Model):
    """A small picture made from clean pixels, for pages and reports. Goes when the analysis goes.

    Its bytes lie in the media store (`ml.pictures`); those of earlier versions in `png`, until
    `manage.py pictures move` has run."""

    analysis = models.ForeignKey(Analysis, on_delete=models.CASCADE, related_name="thumbnails")
    name = models.CharField(max_length=80)
    png = models.BinaryField(null=True)
    sheet = models.ForeignKey(
        "blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    offset = models.PositiveIntegerField(null=True)
    size = models.PositiveIntegerField(null=True)
    sha256 = models.CharField(max_length=64, null=True)  # noqa: DJ001 - null: it is in `png`

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["analysis", "name"], name="one_thumbnail_a_name"),
            models.CheckConstraint(
                name="picture_lies_in_one_place",
                condition=Q(
                    png__isnull=False,
                    sheet__isnull=True,
                    offset__isnull=True,
                    size__isnull=True,
                    sha256__isnull=True,
                )
                | Q(
                    png__isnull=True,
                    sheet__isnull=False,
                    offset__isnull=False,
                    size__gt=0,
                    sha256__regex=r"^[0-9a-f]{64}$",
                ),
            ),
        ]
        indexes = [models.Index(fields=["sheet"], name="pictures_of_a_sheet")]
        triggers: ClassVar = [
            final.row("picture_is_final", "a picture of a finding is final", when=f"NOT ({MOVED})"),
            final.whole("pictures_stay", "pictures of findings are final"),
        ]

    def __str__(self) -> str:
        return self.name


class FileMetadata(models.Model):
    """What the file says about itself, packed (`ml.metadata`). It may hold names and places: it is
    deleted with the personal text of its submission, and the record notices any other deletion."""

    analysis = models.OneToOneField(Analysis, on_delete=models.CASCADE, related_name="metadata")
    packed = models.BinaryField(null=True)
    sheet = models.ForeignKey("blobs.Blob", null=True, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="metadata_lies_in_one_place",
                condition=Q(packed__isnull=False, sheet__isnull=True)
                | Q(packed__isnull=True, sheet__isnull=False),
            ),
            models.CheckConstraint(
                name="metadata_has_its_digest", condition=Q(sha256__regex=r"^[0-9a-f]{64}$")
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="metadata_is_final", operation=pgtrigger.Update),
            final.whole("metadata_stays", "metadata of analyses is final"),
        ]

    def __str__(self) -> str:
        return f"metadata of {self.analysis_id}"
