"""The shapes of uploads that go straight into the media store, over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from blobs.quarantine import MOST_PARTS
from media_analysis.partners.fields import KnownFieldsOnly, Language, PlainTextField, livemode
from media_analysis.partners.webhook_shapes import TrueOrFalse
from media_analysis.uploads.direct_models import DirectState, DirectUpload

LARGEST = 10**15


class WholeNumber(serializers.IntegerField):
    """As JSON Schema has it: `1.0` is a whole number, a text and true are none."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is float and data.is_integer():
            data = int(data)
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class AnnounceSerializer(KnownFieldsOnly):
    filename = PlainTextField(max_length=2000, help_text="The name of the file.")
    size = WholeNumber(min_value=1, max_value=LARGEST, help_text="Its size in bytes.")
    sha256 = serializers.RegexField(
        "^[0-9a-f]{64}$",
        required=False,
        help_text="The SHA-256 of the file. A file with another one is refused.",
    )
    team = serializers.UUIDField(
        required=False, help_text="Required if the caller may send to several teams."
    )
    note = PlainTextField(required=False, allow_blank=True, max_length=4000)
    policy_context = PlainTextField(required=False, allow_blank=True, max_length=200)
    external_id = PlainTextField(
        required=False, allow_blank=True, max_length=200, help_text="Your own identifier."
    )
    language = Language(trim_whitespace=False)
    batch = TrueOrFalse(
        required=False,
        default=False,
        help_text="Low priority: processed after interactive submissions.",
    )


class SentPartSerializer(KnownFieldsOnly):
    number = WholeNumber(min_value=1, max_value=MOST_PARTS)
    etag = PlainTextField(max_length=200, help_text="The store's ETag, with or without quotes.")


class CompleteSerializer(KnownFieldsOnly):
    parts = serializers.ListField(
        child=SentPartSerializer(),
        required=False,
        max_length=MOST_PARTS,
        help_text="Every part that you sent. Default: the parts that are in the store.",
    )


class PartSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(min_value=1)
    offset = serializers.IntegerField(min_value=0, help_text="Its offset in the file.")
    size = serializers.IntegerField(min_value=1, help_text="Its exact size in bytes.")
    etag = serializers.CharField(help_text="Empty until the part has arrived.")
    url = serializers.URLField(
        help_text="`PUT` the bytes to this address without your API key. It is valid for an hour."
    )


class DirectUploadSerializer(serializers.ModelSerializer[DirectUpload]):
    url = serializers.HyperlinkedIdentityField(view_name="api:direct-upload-detail")
    livemode = serializers.SerializerMethodField(
        help_text="False if a test key announced it; its result will be canned."
    )
    team = serializers.UUIDField(source="team_id")
    filename = serializers.SerializerMethodField()
    external_id = serializers.SerializerMethodField()
    size = serializers.IntegerField(source="length")
    sha256 = serializers.CharField(help_text="The announced SHA-256, or empty.")
    state = serializers.ChoiceField(choices=DirectState.choices, source="public_state")
    progress = serializers.FloatField(
        min_value=0, max_value=1, help_text="The share that was received after completion."
    )
    reason_code = serializers.CharField()
    reason = serializers.CharField(
        source="reason_in_words", help_text="Why it was refused, or why the last attempt failed."
    )
    submission = serializers.SerializerMethodField(
        help_text="The address of the submission, once received."
    )

    class Meta:
        model = DirectUpload
        fields = [
            "id", "url", "livemode", "team", "filename", "external_id", "size", "sha256", "state",
            "progress", "reason_code", "reason", "submission", "part_size", "created_at",
            "expires_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_livemode(self, upload: DirectUpload) -> bool:
        return livemode(self)

    def get_filename(self, upload: DirectUpload) -> str:
        return str(upload.words.get("filename", ""))

    def get_external_id(self, upload: DirectUpload) -> str:
        return str(upload.words.get("external_id", ""))

    @extend_schema_field({"type": ["string", "null"], "format": "uri"})
    def get_submission(self, upload: DirectUpload) -> str | None:
        if upload.submission_id is None:
            return None
        request = self.context["request"]
        return str(reverse("api:submission-detail", args=[upload.submission_id], request=request))


class AnnouncedSerializer(DirectUploadSerializer):
    parts = serializers.SerializerMethodField(help_text="Empty once the upload is complete.")

    class Meta(DirectUploadSerializer.Meta):
        fields = [*DirectUploadSerializer.Meta.fields, "parts"]
        read_only_fields = fields

    @extend_schema_field(PartSerializer(many=True))
    def get_parts(self, upload: DirectUpload) -> Any:
        return PartSerializer(self.context["parts"], many=True).data
