"""One submission with its result, its decisions, similar submissions and thumbnails."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from rest_framework.renderers import JSONRenderer

from accounts.actors import Actor, actor_of
from accounts.prepared import Prepared
from accounts.roles import Permission
from media_analysis.partners import rendered
from media_analysis.partners.appeal_shapes import AppealSerializer
from media_analysis.partners.found import is_missing
from media_analysis.partners.report_shapes import ReportSerializer
from media_analysis.partners.results import (
    DecisionMadeSerializer,
    ResultSerializer,
    ReusedSerializer,
    SimilarSerializer,
    ThumbnailSerializer,
)
from media_analysis.partners.serializers import COLUMNS, SubmissionSerializer
from media_analysis.reports.partner_data import issued
from media_analysis.review.presenters import appeals
from media_analysis.review.presenters.decisions import changes, moment
from media_analysis.submissions.models import Part, Removal, Submission
from media_analysis.submissions.search import similar
from ml.engine.media import aids
from ml.models import Thumbnail

ALSO = (
    "analysis_id", "planted", "case_key", "is_bare", "analysis__examined_at",
    "analysis__finished_at",
)  # fmt: skip


class DetailSerializer(SubmissionSerializer):
    """A submission with all results of the engine and all decisions."""

    result = ResultSerializer(allow_null=True, help_text="Null until the analysis is done.")
    reused_from = ReusedSerializer(
        allow_null=True,
        help_text="Null if the file was analysed. Otherwise its results were reused from an "
        "earlier analysis of the same bytes in the team.",
    )
    decisions = DecisionMadeSerializer(many=True, help_text="All decisions, oldest first.")
    appeal = AppealSerializer(
        allow_null=True, help_text="The newest appeal. Null if there was none."
    )
    reports = ReportSerializer(
        many=True,
        help_text="Issued reports, oldest first. Empty for callers that may not fetch them.",
    )
    similar = SimilarSerializer(
        many=True, help_text="Submissions with the same bytes and with almost identical pictures."
    )
    thumbnails = ThumbnailSerializer(
        many=True, help_text="Small pictures. Empty for callers that may not view media."
    )

    class Meta(SubmissionSerializer.Meta):
        fields = [
            *SubmissionSerializer.Meta.fields, "result", "reused_from", "decisions", "appeal",
            "reports", "similar", "thumbnails",
        ]  # fmt: skip
        read_only_fields = fields


def _one(actor: Actor, permission: Permission, pk: UUID) -> QuerySet[Any]:
    mine = Submission.objects.for_actor(actor, permission).filter(pk=pk).order_by()
    bare = Removal.objects.filter(submission=OuterRef("pk"), part=Part.FINDINGS)
    whole = mine.with_deletion_requests().with_decisions().annotate(is_bare=Exists(bare))
    found: QuerySet[Any] = whole.values(*COLUMNS, *ALSO)
    return found


_ONE = Prepared(_one)
_THUMBNAILS = Prepared(
    lambda _, analysis: (
        Thumbnail.objects.filter(analysis=analysis)
        .exclude(name__in=aids.NAMES)  # for people who look at them with their guidance
        .order_by("id")
        .values_list("name", flat=True)
    )
)


class Detail:
    """The answer, in two parts: what can change, and the result of an analysis, which cannot."""

    def __init__(self, request: Any, pk: UUID) -> None:
        self.actor, self.pk = actor_of(request), pk
        found = _ONE(self.actor, Permission.VIEW_SUBMISSIONS, pk=pk)
        if not found:
            is_missing(self.actor, Permission.VIEW_SUBMISSIONS, pk)
        (self.row,) = found
        serializer = SubmissionSerializer(context={"request": request})
        self.root = serializer.list_address()
        is_case = self.row["case_key"] is not None
        self.values = {
            **serializer.to_representation(self.row),
            "reused_from": self._reused(),
            "decisions": changes(pk) if is_case else [],
            "appeal": appeals.for_partner(pk) if is_case else None,
            "reports": self._reports() if is_case else [],
            "similar": self._similar(),
            "thumbnails": self._thumbnails(),
        }

    @property
    def state(self) -> str:
        return str(self.row["analysis__state"])

    @property
    def is_decided(self) -> bool:
        return self.values["decision"] is not None

    @property
    def version(self) -> bytes:
        """Changes with the answer; the result itself need not be read for it."""
        row = self.row
        is_done = self.state == "done"
        kept = rendered.version(row["analysis_id"], bare=row["is_bare"]) if is_done else ""
        return b"%s %s" % (JSONRenderer().render(self.values), kept.encode())

    def content(self) -> bytes:
        row = self.row
        is_done = self.state == "done"
        result = rendered.result(row["analysis_id"], bare=row["is_bare"]) if is_done else b"null"
        return b'%s,"result":%s}' % (JSONRenderer().render(self.values)[:-1], result)

    def _reused(self) -> dict[str, Any] | None:
        """The age at the time of the verdict, so that it does not change by itself."""
        examined_at, ended_at = self.row["analysis__examined_at"], self.row["analysis__finished_at"]
        if examined_at is None:
            return None
        age = round((ended_at - examined_at).total_seconds(), 3)
        return {"analysed_at": moment(examined_at), "age_seconds": age}

    def _reports(self) -> list[dict[str, Any]]:
        if not self.actor.can(Permission.VIEW_REPORTS, self.row["team_id"]):
            return []
        return issued(self.pk, f"{self.root}{self.pk}/")

    def _similar(self) -> list[dict[str, Any]]:
        row = self.row
        mine = Submission(
            pk=self.pk, team_id=row["team_id"], blob_id=row["blob_id"], planted=row["planted"],
            created_at=row["created_at"],
        )  # fmt: skip
        same = similar.same_bytes(self.actor, mine)
        found = [(one, True, 0, 0.0) for one in [*same["earlier"], *same["later"]]]
        alike = similar.others(self.actor, mine)
        found += [(one.submission, False, one.difference, one.seconds) for one in alike]
        return [
            {
                "id": str(other.pk),
                "url": f"{self.root}{other.pk}/",
                "created_at": moment(other.created_at),
                "same_bytes": same_bytes,
                "difference": difference,
                "seconds": seconds,
                "outcome": other.analysis.displayed_outcome,
                "decision": other.decision["outcome"] if other.decision else None,
            }
            for other, same_bytes, difference, seconds in found
        ]

    def _thumbnails(self) -> list[dict[str, Any]]:
        if not self.actor.can(Permission.VIEW_MEDIA, self.row["team_id"]):
            return []
        root = f"{self.root}{self.pk}/thumbnails/"
        names = _THUMBNAILS(None, analysis=self.row["analysis_id"])
        return [{"name": name, "url": f"{root}{name}/"} for name in names]
