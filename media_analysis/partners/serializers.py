"""The shapes that the REST interface promises. docs/api.md says how long the promise holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from operator import attrgetter
from typing import Any, cast
from uuid import UUID

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.reverse import reverse

from accounts.actors import actor_of
from accounts.refusals import Refusal
from accounts.roles import Permission
from media_analysis.partners.results import (
    MEDIA_KINDS,
    VERDICTS,
    DecisionSerializer,
    DeclaredSerializer,
)
from media_analysis.review.presenters import decisions
from media_analysis.review.presenters.decisions import moment
from media_analysis.submissions import languages
from media_analysis.submissions.forms import CHECKS, DECISIONS, STATES, TOO_MANY_WORDS
from media_analysis.submissions.models import Submission
from media_analysis.submissions.search import cursors, query
from media_analysis.submissions.search.history import ORDERS
from ml import language
from ml.engine import registry
from ml.models import shown


def _values(choices: list[tuple[str, str]]) -> list[str]:
    return [value for value, _ in choices if value]


MOST_IDS = 50
"""With the longest cursor they fit into an address of 4,000 characters."""
LARGEST_PAGE = 200


class EachFieldOnce(serializers.Serializer[Any]):
    """A field that comes twice is told: either of its values could be the one that was meant."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, MultiValueDict):
            data = self._each_once(data)
        return super().to_internal_value(data)

    def _each_once(self, data: MultiValueDict[str, Any]) -> dict[str, Any]:
        """As a plain dict: in a MultiValueDict, an empty value would count as a missing field."""
        repeated = sorted(name for name in self._named(data) if len(data.getlist(name)) > 1)
        if repeated:
            once = serializers.ErrorDetail(gettext("Send this field once."), "repeated_field")
            raise serializers.ValidationError({name[:100]: [once] for name in repeated[:20]})
        return data.dict()

    def _named(self, data: MultiValueDict[str, Any]) -> set[str]:
        return set(data) & set(self.fields)


class KnownFieldsOnly(EachFieldOnce):
    """A field that we do not know is told, not ignored: it is nearly always a typing mistake."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, MultiValueDict):
            data = self._each_once(data)
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)  # which says what is wrong
        unknown = sorted(set(data) - set(self.fields))
        if unknown:
            none = serializers.ErrorDetail(gettext("There is no such field."), "unknown_field")
            raise serializers.ValidationError({name[:100]: [none] for name in unknown[:20]})
        return super().to_internal_value(data)

    def _named(self, data: MultiValueDict[str, Any]) -> set[str]:
        return set(data)


class Words(serializers.CharField):
    """Any text but one with a null character, which no text here can hold. The schema says so. A
    number in JSON is no text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


@extend_schema_field(
    {"type": "string", "maxLength": languages.LONGEST, "pattern": f"^({languages.PATTERN})?$"}
)
class Language(Words):
    """Of the media, as the sender says it."""

    def __init__(self, **kwargs: Any) -> None:
        said = "Of the media: a tag of BCP 47, such as `de`, `pt-BR` or `zh-Hant`, no extensions."
        super().__init__(**{"required": False, "allow_blank": True, "help_text": said, **kwargs})

    def run_validation(self, data: Any = serializers.empty) -> Any:
        said = super().run_validation(data)
        try:
            return languages.tag(said)
        except Refusal as refusal:
            raise serializers.ValidationError(refusal.sentence, refusal.code) from refusal


@extend_schema_field(
    {"type": "string", "maxLength": languages.LONGEST, "pattern": f"^{languages.PATTERN}$"}
)
class LanguageAsked(Language):
    """In a filter, where an empty one asks for nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_blank=False, **kwargs)


UUIDS = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@extend_schema_field({"type": "string", "pattern": f"^{UUIDS}(,{UUIDS}){{0,{MOST_IDS - 1}}}$"})
class Ids(serializers.CharField):
    """Several ids in one field."""

    def to_internal_value(self, data: Any) -> Any:
        said = super().to_internal_value(data).split(",")
        try:
            return [UUID(one.strip()) for one in said[: MOST_IDS + 1]][:MOST_IDS]
        except ValueError as error:
            sentence = "One of these is not the id of a submission."
            raise serializers.ValidationError(sentence, "invalid") from error


@extend_schema_field({"oneOf": [{"type": "string", "format": "date"},
                                {"type": "string", "format": "date-time"}]})  # fmt: skip
class DayOrMoment(serializers.DateTimeField):
    """`2026-11-28`, or `2026-11-28T09:30:00Z`."""

    def to_internal_value(self, value: Any) -> Any:
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            return super().to_internal_value(value)


def livemode(serializer: serializers.BaseSerializer[Any]) -> bool:
    return not actor_of(serializer.context["request"]).is_test


class SendSerializer(KnownFieldsOnly):
    file = serializers.FileField(allow_empty_file=True, max_length=2000, help_text="The media.")
    team = serializers.UUIDField(
        required=False, help_text="Only for callers that may send into more than one team."
    )
    note = Words(required=False, allow_blank=True, max_length=4000)
    policy_context = Words(required=False, allow_blank=True, max_length=200)
    external_id = Words(
        required=False, allow_blank=True, max_length=200, help_text="Your own name for it."
    )
    language = Language(trim_whitespace=False)
    batch = serializers.BooleanField(
        required=False, default=False, help_text="No hurry: after what people wait for."
    )
    sha256 = serializers.RegexField(
        "^[0-9a-f]{64}$",
        required=False,
        help_text="Of the file. One of another SHA-256 is then refused.",
    )


class FilterSerializer(KnownFieldsOnly):
    """What the page of history can filter by, under the same names."""

    q = Words(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="Up to 12 words, each met in the name, note, policy context, external id or "
        "sender; or the beginning of a SHA-256 (6 digits or more); or an id.",
    )
    outcome = serializers.ChoiceField(choices=VERDICTS, required=False)
    decision = serializers.ChoiceField(
        choices=_values(DECISIONS),
        required=False,
        help_text="A person's decision that is in force.",
    )
    state = serializers.ChoiceField(choices=_values(STATES), required=False)
    kind = serializers.ChoiceField(choices=MEDIA_KINDS, required=False)
    team = serializers.UUIDField(required=False)
    received_from = DayOrMoment(required=False, help_text="A day in UTC, or a moment; included.")
    received_to = DayOrMoment(required=False, help_text="A day in UTC, or a moment; included.")
    updated_since = serializers.DateTimeField(
        required=False,
        help_text="What changed at this moment or later: state, verdict, decision, reports, or the "
        "wish for deletion. Without a `sort`, what changed longest ago comes first.",
    )
    external_id = Words(
        required=False,
        max_length=200,
        trim_whitespace=False,
        help_text="Exactly this external id, letter for letter.",
    )
    language = LanguageAsked(
        trim_whitespace=False,
        help_text="As the sender said it. `de` also finds `de-AT`.",
    )
    ids = Ids(
        required=False,
        max_length=37 * MOST_IDS,
        help_text=f"Ids with commas between them, {MOST_IDS} at most. Unknown ones are left out.",
    )
    page_size = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_PAGE, help_text="50, if it is not named."
    )
    detector = serializers.ChoiceField(choices=registry.names(), required=False)
    check = serializers.ChoiceField(
        choices=_values(CHECKS), required=False, help_text="What `detector` did; else it ran."
    )
    sort = serializers.ChoiceField(choices=list(ORDERS), required=False)
    cursor = serializers.RegexField(
        cursors.ALPHABET,
        required=False,
        max_length=cursors.LONGEST,
        help_text="A place in the list, as `next` and `previous` name it. It holds for the `sort` "
        "that it was made with. Any other text answers 400.",
    )

    def validate(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("updated_since"):
            asked.setdefault("sort", "updated_last")
        cursor = asked.get("cursor")
        if cursor is not None and cursors.read(cursor, asked.get("sort") or "newest") is None:
            sentence = gettext("This cursor is not valid for this list. Start again without one.")
            wrong = serializers.ErrorDetail(sentence, "bad_cursor")
            raise serializers.ValidationError({"cursor": [wrong]})
        return asked

    def validate_q(self, asked: str) -> str:
        if len(query.split(asked)) > query.MOST_WORDS:
            raise serializers.ValidationError(TOO_MANY_WORDS, "too_many_words")
        return asked


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
"""What a list reads of each: all that is told, and nothing else."""
_VALUES = {name: attrgetter(name.replace("__", ".")) for name in COLUMNS}


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    url = serializers.HyperlinkedIdentityField(view_name="api:submission-detail")
    livemode = serializers.SerializerMethodField(
        help_text="False: it was sent with a test key, and the result is canned."
    )
    team = serializers.UUIDField(source="team_id")
    sha256 = serializers.CharField(source="blob_id")
    size = serializers.IntegerField(source="blob.size")
    media_type = serializers.CharField(source="blob.media_type")
    state = serializers.ChoiceField(source="analysis.state", choices=_values(STATES))
    progress = serializers.FloatField(source="analysis.progress", min_value=0, max_value=1)
    stage = serializers.CharField(source="analysis.stage")
    outcome = serializers.ChoiceField(
        source="analysis.shown_outcome", choices=VERDICTS, allow_null=True
    )
    declared = DeclaredSerializer(source="analysis.declared", allow_null=True)
    probability_manipulated = serializers.FloatField(
        source="analysis.probability_manipulated", allow_null=True
    )
    reason = serializers.CharField(source="analysis.reason")
    reason_code = serializers.CharField(source="analysis.reason_code")
    decision = DecisionSerializer(
        allow_null=True, help_text="Null until a person decides, and while the case is open again."
    )
    deletion_requested_at = serializers.DateTimeField(allow_null=True, read_only=True)
    updated_at = serializers.DateTimeField(
        source="card.updated_at",
        help_text="When state, verdict, decision, reports or the wish for deletion last changed.",
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
            "outcome": shown(row["analysis__state"], row["analysis__outcome"]),
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
    """The answer to whoever changed something. A key that only sends is told what it sent and how
    far it is; what was found is told to whoever may read."""

    FOUND = (
        "progress", "stage", "outcome", "decision", "declared", "probability_manipulated", "reason",
        "reason_code",
    )  # fmt: skip

    def to_representation(self, instance: Submission | dict[str, Any]) -> dict[str, Any]:
        told = super().to_representation(instance)
        actor = actor_of(self.context["request"])
        if actor.can(Permission.VIEW_SUBMISSIONS, UUID(told["team"])):
            return told
        return {name: value for name, value in told.items() if name not in self.FOUND}


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
    whose = serializers.ChoiceField(choices=["team", "partner"])
    quota = serializers.IntegerField(min_value=0, help_text="Submissions per month.")
    starts = serializers.DateField(help_text="The next month's first day, in UTC.")


class ProblemSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    errors = ProblemFieldSerializer(many=True, required=False)  # type: ignore[assignment]
    quota = ProblemQuotaSerializer(required=False, help_text="With `quota_reached`.")
