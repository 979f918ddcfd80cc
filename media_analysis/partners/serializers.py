"""The shapes that the REST interface promises. docs/api.md says how long the promise holds."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, cast
from uuid import UUID

from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.reverse import reverse

from accounts.actors import actor_of
from accounts.roles import Permission
from media_analysis.partners.fields import (
    MOST_IDS,
    DayOrMoment,
    Ids,
    KnownFieldsOnly,
    Language,
    LanguageAsked,
    PlainTextField,
    livemode,
)
from media_analysis.partners.results import (
    MEDIA_KINDS,
    VERDICTS,
    DecisionSerializer,
    DeclaredSerializer,
)
from media_analysis.review.presenters import decisions
from media_analysis.review.presenters.decisions import moment
from media_analysis.submissions.forms import CHECKS, DECISIONS, STATES, TOO_MANY_WORDS
from media_analysis.submissions.models import Submission
from media_analysis.submissions.search import cursors, query
from media_analysis.submissions.search.history import ORDERS
from ml import language
from ml.engine import registry
from ml.models import displayed_outcome


def _values(choices: list[tuple[str, str]]) -> list[str]:
    return [value for value, _ in choices if value]


LARGEST_PAGE = 200
LANGUAGE = "The language of the media, stated by the sender: a BCP 47 tag. Empty if not stated."


class SendSerializer(KnownFieldsOnly):
    file = serializers.FileField(allow_empty_file=True, max_length=2000, help_text="The media.")
    team = serializers.UUIDField(
        required=False, help_text="Required if the caller may send to several teams."
    )
    note = PlainTextField(required=False, allow_blank=True, max_length=4000)
    policy_context = PlainTextField(required=False, allow_blank=True, max_length=200)
    external_id = PlainTextField(
        required=False, allow_blank=True, max_length=200, help_text="Your own identifier."
    )
    language = Language(trim_whitespace=False)
    batch = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Low priority: processed after interactive submissions.",
    )
    sha256 = serializers.RegexField(
        "^[0-9a-f]{64}$",
        required=False,
        help_text="The SHA-256 of the file. A file with another one is refused.",
    )


class FilterSerializer(KnownFieldsOnly):
    """The filters of the history page, under the same names."""

    q = PlainTextField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Up to 12 words. Each must occur in the file name, note, policy context, "
        "external id or sender, or be the beginning of a SHA-256 (6 digits or more) "
        "or a complete id.",
    )
    outcome = serializers.ChoiceField(choices=VERDICTS, required=False)
    decision = serializers.ChoiceField(
        choices=_values(DECISIONS),
        required=False,
        help_text="The decision in force.",
    )
    state = serializers.ChoiceField(choices=_values(STATES), required=False)
    kind = serializers.ChoiceField(choices=MEDIA_KINDS, required=False)
    team = serializers.UUIDField(required=False)
    received_from = DayOrMoment(
        required=False, help_text="A day in UTC or a point in time, inclusive."
    )
    received_to = DayOrMoment(
        required=False, help_text="A day in UTC or a point in time, inclusive."
    )
    updated_since = serializers.DateTimeField(
        required=False,
        help_text="Submissions whose state, verdict, decision, reports or deletion request "
        "changed at this time or later. Default order: oldest change first.",
    )
    external_id = PlainTextField(
        required=False,
        max_length=200,
        trim_whitespace=False,
        help_text="This exact external id.",
    )
    language = LanguageAsked(
        trim_whitespace=False,
        help_text="The language stated by the sender. `de` also matches `de-AT`.",
    )
    ids = Ids(
        required=False,
        max_length=37 * MOST_IDS,
        help_text=f"Up to {MOST_IDS} ids, separated by commas. Unknown ids are ignored.",
    )
    page_size = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_PAGE, help_text="Default: 50."
    )
    detector = serializers.ChoiceField(choices=registry.names(), required=False)
    check = serializers.ChoiceField(
        choices=_values(CHECKS),
        required=False,
        help_text="The result of `detector`. Default: `ran`.",
    )
    sort = serializers.ChoiceField(choices=list(ORDERS), required=False)
    cursor = serializers.RegexField(
        cursors.ALPHABET,
        required=False,
        max_length=cursors.LONGEST,
        help_text="A position in the list, taken from `next` or `previous`. It is valid only "
        "for the same `sort`. Other values answer 400.",
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("updated_since"):
            values.setdefault("sort", "updated_last")
        cursor = values.get("cursor")
        if cursor is not None and cursors.read(cursor, values.get("sort") or "newest") is None:
            sentence = gettext("This cursor is not valid for this list. Start again without one.")
            wrong = serializers.ErrorDetail(sentence, "bad_cursor")
            raise serializers.ValidationError({"cursor": [wrong]})
        return values

    def validate_q(self, text: str) -> str:
        if len(query.split(text)) > query.MOST_WORDS:
            raise serializers.ValidationError(TOO_MANY_WORDS, "too_many_words")
        return text


COLUMNS = (
    "id", "team_id", "filename", "note", "policy_context", "external_id", "language", "created_at",
    "blob_id",
    "blob__size", "blob__media_type", "analysis__state", "analysis__progress", "analysis__stage",
    "analysis__outcome", "analysis__declared", "analysis__probability_manipulated",
    "analysis__reason", "analysis__reason_code", "decided_as", "decided_by_policy", "decided_at",
    "decision_key", "decision_reason", "decision_codes", "decision_by", "supersedes",
    "deletion_requested_at",
    "card__updated_at",
)  # fmt: skip
"""The columns that a list reads: exactly those in its answer."""
_VALUES = {name: attrgetter(name.replace("__", ".")) for name in COLUMNS}


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    url = serializers.HyperlinkedIdentityField(view_name="api:submission-detail")
    livemode = serializers.SerializerMethodField(
        help_text="False if a test key sent it; its result is canned."
    )
    team = serializers.UUIDField(source="team_id")
    sha256 = serializers.CharField(source="blob_id")
    size = serializers.IntegerField(source="blob.size")
    media_type = serializers.CharField(source="blob.media_type")
    state = serializers.ChoiceField(source="analysis.state", choices=_values(STATES))
    progress = serializers.FloatField(source="analysis.progress", min_value=0, max_value=1)
    stage = serializers.CharField(source="analysis.stage")
    outcome = serializers.ChoiceField(
        source="analysis.displayed_outcome", choices=VERDICTS, allow_null=True
    )
    declared = DeclaredSerializer(source="analysis.declared", allow_null=True)
    probability_manipulated = serializers.FloatField(
        source="analysis.probability_manipulated", allow_null=True
    )
    reason = serializers.CharField(source="analysis.reason")
    reason_code = serializers.CharField(source="analysis.reason_code")
    decision = DecisionSerializer(
        allow_null=True, help_text="Null until a person decides and while the case is reopened."
    )
    deletion_requested_at = serializers.DateTimeField(allow_null=True, read_only=True)
    updated_at = serializers.DateTimeField(
        source="card.updated_at",
        help_text="When state, verdict, decision, reports or the deletion request last changed.",
    )

    class Meta:
        model = Submission
        fields = [
            "id", "url", "livemode", "team", "filename", "note", "policy_context", "external_id",
            "language", "created_at", "sha256", "size", "media_type", "state", "progress", "stage",
            "outcome", "decision", "declared", "probability_manipulated", "reason", "reason_code",
            "deletion_requested_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields
        extra_kwargs = {"language": {"help_text": LANGUAGE}}

    def to_representation(self, instance: Submission | dict[str, Any]) -> dict[str, Any]:
        """What the fields above promise, written out: going through them costs ten times as much,
        and lists are asked for often. A test holds both to each other."""
        row = instance if isinstance(instance, dict) else _row(instance)
        return {
            "id": str(row["id"]),
            "url": f"{self.list_address()}{row['id']}/",
            "livemode": self.get_livemode(),
            "team": str(row["team_id"]),
            "filename": row["filename"],
            "note": row["note"],
            "policy_context": row["policy_context"],
            "external_id": row["external_id"],
            "language": row["language"],
            "created_at": moment(row["created_at"]),
            "sha256": row["blob_id"],
            "size": row["blob__size"],
            "media_type": row["blob__media_type"],
            "state": row["analysis__state"],
            "progress": row["analysis__progress"],
            "stage": language.stage(row["analysis__stage"]),
            "outcome": displayed_outcome(row["analysis__state"], row["analysis__outcome"]),
            "decision": _decision(row),
            "declared": row["analysis__declared"],
            "probability_manipulated": row["analysis__probability_manipulated"],
            "reason": language.reason(
                row["analysis__state"], row["analysis__reason_code"], row["analysis__reason"]
            ),
            "reason_code": row["analysis__reason_code"],
            "deletion_requested_at": moment(row["deletion_requested_at"]),
            "updated_at": moment(row["card__updated_at"]),
        }

    def get_livemode(self, instance: object = None) -> bool:
        """Callers see either one or the other."""
        return livemode(self)

    def list_address(self) -> str:
        context = cast("dict[str, Any]", self.context)  # the stubs promise less than DRF gives
        if "root" not in context:
            context["root"] = reverse("api:submission-list", request=context["request"])
        return str(context["root"])


def _decision(row: dict[str, Any]) -> dict[str, Any] | None:
    if row["decided_as"] is None:
        return None
    return decisions.shape(
        pk=row["decision_key"], outcome=row["decided_as"], reason=row["decision_reason"],
        codes=row["decision_codes"],
        policy=row["decided_by_policy"], decided_at=row["decided_at"], team_id=row["team_id"],
        by=row["decision_by"], supersedes=row["supersedes"],
    )  # fmt: skip


def _row(submission: Submission) -> dict[str, Any]:
    return {name: value(submission) for name, value in _VALUES.items()}


class AcceptedSerializer(SubmissionSerializer):
    """The answer to a request that changes a submission. Callers without permission to read get no
    results."""

    FOUND = (
        "progress", "stage", "outcome", "decision", "declared", "probability_manipulated", "reason",
        "reason_code",
    )  # fmt: skip

    def to_representation(self, instance: Submission | dict[str, Any]) -> dict[str, Any]:
        values = super().to_representation(instance)
        actor = actor_of(self.context["request"])
        if actor.can(Permission.VIEW_SUBMISSIONS, UUID(values["team"])):
            return values
        return {name: value for name, value in values.items() if name not in self.FOUND}


@extend_schema_serializer(many=False)
class PageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = SubmissionSerializer(many=True)


class ProblemFieldSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemQuotaSerializer(serializers.Serializer[Any]):
    whose = serializers.ChoiceField(choices=["team", "partner", "key"])
    quota = serializers.IntegerField(min_value=0, help_text="Submissions per month.")
    starts = serializers.DateField(help_text="The first day of the next month, in UTC.")


class ProblemSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = ProblemFieldSerializer(many=True, required=False)  # type: ignore[assignment]
    quota = ProblemQuotaSerializer(required=False, help_text="Present with `quota_reached`.")
