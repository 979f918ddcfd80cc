"""One submission with its result, its decisions, similar submissions and thumbnails."""

from __future__ import annotations

from typing import Any, cast

from accounts.actors import actor_of
from accounts.roles import Permission
from media_analysis.partners.appeal_shapes import AppealSerializer
from media_analysis.partners.results import (
    DecisionMadeSerializer,
    ResultSerializer,
    SimilarSerializer,
    ThumbnailSerializer,
    result_of,
)
from media_analysis.partners.serializers import SubmissionSerializer
from media_analysis.review.presenters import appeals
from media_analysis.review.presenters.decisions import changes, moment
from media_analysis.submissions.models import Submission
from media_analysis.submissions.search import similar


class DetailSerializer(SubmissionSerializer):
    """With all that the engine said, and all that people decided."""

    result = ResultSerializer(allow_null=True, help_text="Null until the analysis is done.")
    decisions = DecisionMadeSerializer(many=True, help_text="All of them, the first one first.")
    appeal = AppealSerializer(allow_null=True, help_text="The newest one; null: there was none.")
    similar = SimilarSerializer(
        many=True, help_text="The same bytes, and pictures that look almost the same."
    )
    thumbnails = ThumbnailSerializer(
        many=True, help_text="Small pictures, for callers that may look at media."
    )

    class Meta(SubmissionSerializer.Meta):
        fields = [
            *SubmissionSerializer.Meta.fields, "result", "decisions", "appeal", "similar",
            "thumbnails",
        ]  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Submission | dict[str, Any]) -> dict[str, Any]:
        submission = cast("Submission", instance)  # only lists are made from plain rows
        return {
            **super().to_representation(submission),
            "result": result_of(submission.analysis),
            "decisions": changes(submission.pk),
            "appeal": appeals.told(submission),
            "similar": self._similar(submission),
            "thumbnails": self._thumbnails(submission),
        }

    def _similar(self, submission: Submission) -> list[dict[str, Any]]:
        actor = actor_of(self.context["request"])
        same = similar.same_bytes(actor, submission)
        found = [(one, True, 0, 0.0) for one in [*same["earlier"], *same["later"]]]
        alike = similar.others(actor, submission)
        found += [(one.submission, False, one.difference, one.seconds) for one in alike]
        return [
            {
                "id": str(other.pk),
                "url": f"{self._root()}{other.pk}/",
                "created_at": moment(other.created_at),
                "same_bytes": same_bytes,
                "difference": difference,
                "seconds": seconds,
                "outcome": other.analysis.shown_outcome,
                "decision": other.decision["outcome"] if other.decision else None,
            }
            for other, same_bytes, difference, seconds in found
        ]

    def _thumbnails(self, submission: Submission) -> list[dict[str, Any]]:
        actor = actor_of(self.context["request"])
        if not actor.can(Permission.VIEW_MEDIA, submission.team_id):
            return []
        names = submission.analysis.thumbnails.order_by("id").values_list("name", flat=True)
        root = f"{self._root()}{submission.pk}/thumbnails/"
        return [{"name": name, "url": f"{root}{name}/"} for name in names]
