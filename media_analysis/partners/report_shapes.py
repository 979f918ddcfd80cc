"""The shapes of reports over REST: which there are, and where their files are."""

from __future__ import annotations

from django.conf import settings
from rest_framework import serializers

from media_analysis.partners.results import Shape
from media_analysis.reports.partner_data import PAPERS


class PaperSerializer(Shape):
    name = serializers.ChoiceField(choices=list(PAPERS))
    url = serializers.URLField()


class ReportSerializer(Shape):
    """A signed report of one decision in one language. It never changes."""

    id = serializers.UUIDField()
    version = serializers.IntegerField(
        help_text="The number of the report of this submission: 1, 2 and so on. Reports of one "
        "decision in several languages have the same."
    )
    language = serializers.ChoiceField(
        choices=[code for code, _ in settings.LANGUAGES],
        help_text="The language of report.pdf and statement.json. public.txt has each language, "
        "and report.json is the same in all.",
    )
    decision = serializers.UUIDField(help_text="The reported decision.")
    issued_at = serializers.DateTimeField()
    supersedes = serializers.UUIDField(
        allow_null=True, help_text="The id of the earlier report that it replaces."
    )
    files = PaperSerializer(many=True)
