"""The shape of what the engine found, field by field, and results in that shape.

Results of older engines lack fields that came later: those are empty here, so that a program meets
the same fields in every result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from media_analysis.submissions.forms import KINDS, OUTCOMES
from media_analysis.submissions.outcomes import DecisionOutcome
from media_analysis.submissions.presenters.face_map import masks
from media_analysis.submissions.presenters.result import whole_result
from ml.engine.contract import Heard, Status, Strength
from ml.models import Analysis

VERDICTS = [value for value, _ in OUTCOMES if value]
MEDIA_KINDS = [value for value, _ in KINDS if value]


class Shape(serializers.Serializer[Any]):
    """Part of a submission's result."""


class DeclaredSerializer(Shape):
    """The file's own statement that it was generated. It is not a detection."""

    by = serializers.CharField(allow_null=True, help_text="Who signed it. Null if nobody did.")
    signed = serializers.BooleanField(help_text="The signature is valid for this file.")
    trusted = serializers.BooleanField(
        help_text="The signer's certificate chains to one on this site's trust list."
    )


class DecisionSerializer(Shape):
    """A person's decision. The note for the team is not included. `reviewer` is a pseudonym that
    stays the same within one team."""

    id = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=DecisionOutcome.choices)
    policy = serializers.CharField(allow_null=True, help_text="The name of the team's policy.")
    reason = serializers.CharField(help_text="The reviewer's own words.")
    reason_codes = serializers.ListField(
        child=serializers.CharField(),
        help_text="The reasons chosen from the team's list, with their names at that time.",
    )
    decided_at = serializers.DateTimeField()
    reviewer = serializers.SerializerMethodField(allow_null=True)
    supersedes = serializers.UUIDField(
        allow_null=True, help_text="The id of the earlier decision that it replaces."
    )

    @extend_schema_field(OpenApiTypes.STR)
    def get_reviewer(self, decision: dict[str, Any]) -> str | None:
        return cast("str | None", decision.get("reviewer"))


class DecisionMadeSerializer(DecisionSerializer):
    in_force = serializers.BooleanField(
        help_text="False once it was replaced and while the case is reopened."
    )


class ReusedSerializer(Shape):
    """The earlier analysis whose results were taken over."""

    analysed_at = serializers.DateTimeField(help_text="When the bytes were analysed.")
    age_seconds = serializers.FloatField(
        min_value=0, help_text="The age of the results in seconds when they were reused."
    )


class SimilarSerializer(Shape):
    """Another submission of the team with the same or almost the same content."""

    id = serializers.UUIDField()
    url = serializers.URLField()
    created_at = serializers.DateTimeField()
    same_bytes = serializers.BooleanField()
    difference = serializers.IntegerField(
        help_text="The number of differing bits of 64. 0 for the same bytes."
    )
    seconds = serializers.FloatField(help_text="The position in the other submission, in seconds.")
    outcome = serializers.ChoiceField(choices=VERDICTS, allow_null=True)
    decision = serializers.ChoiceField(choices=DecisionOutcome.choices, allow_null=True)


class ThumbnailSerializer(Shape):
    name = serializers.CharField()
    url = serializers.URLField()


class VerdictSerializer(Shape):
    outcome = serializers.ChoiceField(choices=VERDICTS)
    reason = serializers.CharField()
    probability_manipulated = serializers.FloatField(allow_null=True)
    interval = serializers.ListField(
        child=serializers.FloatField(),
        allow_null=True,
        help_text="The lower and upper end of the 95 % interval of the probability.",
    )
    scenarios = serializers.DictField(
        child=serializers.FloatField(), help_text="The probability of each kind of manipulation."
    )
    coverage = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Names of checks by status: `ran`, `not_applicable`, `failed`.",
    )
    declared = DeclaredSerializer(allow_null=True)


class SegmentSerializer(Shape):
    start = serializers.FloatField(help_text="Seconds.")
    end = serializers.FloatField(help_text="Seconds.")
    score = serializers.FloatField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]


class EvidenceSerializer(Shape):
    code = serializers.CharField()
    text = serializers.CharField()
    strength = serializers.ChoiceField(choices=[one.value for one in Strength])
    data = serializers.DictField(  # type: ignore[assignment]
        help_text="The data behind the sentence. It depends on `code`."
    )
    supports = serializers.ChoiceField(choices=VERDICTS, allow_null=True)
    declares = DeclaredSerializer(allow_null=True)


class FindingSerializer(Shape):
    detector = serializers.CharField()
    version = serializers.CharField()
    status = serializers.ChoiceField(choices=[one.value for one in Status])
    reason = serializers.CharField()
    score = serializers.FloatField(
        allow_null=True,
        help_text="The raw, uncalibrated score. Higher means more likely manipulated.",
    )
    probability_manipulated = serializers.FloatField(
        allow_null=True, help_text="Present for calibrated checks only."
    )
    log10_lr = serializers.FloatField(allow_null=True)
    evidence = EvidenceSerializer(many=True)
    segments = SegmentSerializer(many=True)
    weights_sha256 = serializers.CharField(allow_null=True)
    parameters = serializers.DictField()
    counts = serializers.DictField()
    seconds = serializers.FloatField(help_text="The duration of the check in seconds.")


class StatedSerializer(Shape):
    code = serializers.CharField()
    text = serializers.CharField()


class MediaSerializer(Shape):
    sha256 = serializers.CharField()
    size = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=MEDIA_KINDS)
    format = serializers.CharField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    duration = serializers.FloatField(allow_null=True, help_text="Seconds.")
    fps = serializers.FloatField(allow_null=True)
    frames_expected = serializers.IntegerField(allow_null=True)
    frames_decoded = serializers.IntegerField(allow_null=True)
    incomplete = serializers.BooleanField()
    has_audio = serializers.BooleanField()
    sample_rate = serializers.IntegerField(allow_null=True)
    channels = serializers.IntegerField(allow_null=True)
    pages = serializers.IntegerField(allow_null=True)
    flags = serializers.ListField(child=serializers.CharField())
    stated = StatedSerializer(many=True, help_text="Each entry of `flags` with its sentence.")


class StretchSerializer(Shape):
    start = serializers.FloatField()
    end = serializers.FloatField()
    shot = serializers.IntegerField(allow_null=True)
    faces = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, help_text="Ids of `tracks`."
    )
    heard = serializers.ChoiceField(choices=[one.value for one in Heard])
    applies = serializers.ListField(child=serializers.CharField())
    why_not = serializers.DictField(child=serializers.CharField())
    note = serializers.CharField()


class ScenesSerializer(Shape):
    shots = serializers.IntegerField()
    speech_seconds = serializers.FloatField()
    no_speech = serializers.CharField(allow_null=True)
    grain = serializers.FloatField()
    stretches = StretchSerializer(many=True)


class TrackSerializer(Shape):
    id = serializers.IntegerField()
    first = serializers.FloatField()
    last = serializers.FloatField()
    seen = serializers.IntegerField()
    boxes = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()),
        help_text="Second, left, top, right, bottom. Positions are in pixels of the picture.",
    )


class MaskSerializer(Shape):
    """Where in a face a check saw traces."""

    detector = serializers.CharField()
    face = serializers.IntegerField(allow_null=True, help_text="The id of a track.")
    seconds = serializers.FloatField(help_text="When in the media; 0 in a still.")
    box = serializers.ListField(
        child=serializers.FloatField(),
        allow_null=True,
        help_text="Left, top, right, bottom of the face; in pixels of the picture.",
    )
    rows = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField(min_value=0, max_value=1)),
        help_text="A square table over the box, from its top left: 0 is no trace.",
    )


class MomentSerializer(Shape):
    """A segment of the timeline: a face in view, or the result of a check."""

    start = serializers.FloatField()
    end = serializers.FloatField()
    what = serializers.ChoiceField(choices=["face", "check"])
    name = serializers.CharField(help_text="The id of a track, or the name of a check.")
    score = serializers.FloatField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]


class ResultSerializer(Shape):
    verdict = VerdictSerializer()
    media = MediaSerializer(allow_null=True, help_text="Null if the file was rejected.")
    findings = FindingSerializer(many=True)
    scenes = ScenesSerializer(
        allow_null=True, help_text="Null for images and in results from before scenes existed."
    )
    tracks = TrackSerializer(many=True)
    masks = MaskSerializer(many=True, help_text="Where in a face checks saw traces.")
    timeline = MomentSerializer(many=True, help_text="In chronological order.")
    rejection = serializers.CharField(
        allow_null=True, help_text="The code of the reason for rejection."
    )
    engine_version = serializers.CharField()


SHAPE = ResultSerializer()


def result_of(analysis: Analysis) -> dict[str, Any] | None:
    """None while there is none."""
    if analysis.state != "done":
        return None
    values = whole_result(analysis, codes=True)
    values["timeline"] = timeline(values)
    values["masks"] = masks(values)
    values["engine_version"] = analysis.engine_version
    values["verdict"] = {"outcome": analysis.outcome, **(values.get("verdict") or {})}
    shape: dict[str, Any] = shaped(SHAPE, values)
    return shape


def timeline(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    faces = [
        {"start": one["first"], "end": one["last"], "what": "face", "name": str(one["id"]),
         "score": None, "label": ""}
        for one in values.get("tracks") or []
    ]  # fmt: skip
    checks = [
        {**segment, "what": "check", "name": finding["detector"]}
        for finding in values["findings"]
        for segment in finding.get("segments") or []
    ]
    return sorted(faces + checks, key=lambda one: (one["start"], one["end"], one["name"]))


def shaped(field: Any, value: Any) -> Any:
    """With every field that the shape promises; what it does not know is kept."""
    if value is None:
        return _empty(field)
    if isinstance(field, serializers.ListSerializer):
        return [shaped(field.child, one) for one in value]
    if isinstance(field, Shape):
        known = {name: shaped(inner, value.get(name)) for name, inner in field.fields.items()}
        return {**value, **known}
    return value


def _empty(field: Any) -> Any:
    if field.allow_null:
        return None
    if isinstance(field, serializers.ListSerializer | serializers.ListField):
        return []
    if isinstance(field, serializers.DictField):
        return {}
    if isinstance(field, serializers.BooleanField):
        return False
    return "" if isinstance(field, serializers.CharField) else 0
