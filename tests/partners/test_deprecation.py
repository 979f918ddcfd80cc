"""Deprecated parts are marked in the schema, in answers and in the list."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.viewsets import ViewSet

from media_analysis.partners.deprecation import (
    deprecated_fields,
    deprecated_operation,
    missing_lines,
)
from media_analysis.partners.limits import TellsItsLimits
from tests.partners.test_api_changes import CHANGES

SINCE, SUNSET = date(2026, 12, 1), date(2027, 12, 1)


@deprecated_fields(SINCE, SUNSET, "old")
class Thing(serializers.Serializer[Any]):
    old = serializers.CharField()
    new = serializers.CharField()


class Things(TellsItsLimits, ViewSet):
    authentication_classes = ()
    permission_classes = ()

    @deprecated_operation(SINCE, SUNSET)
    @extend_schema(operation_id="things_list", responses={200: Thing})
    def list(self, request: Request) -> Response:
        return Response({})

    @extend_schema(operation_id="things_make", request=None, responses={200: Thing})
    def create(self, request: Request) -> Response:
        return Response({})


VIEW = Things.as_view({"get": "list", "post": "create"})


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator(patterns=[path("things/", VIEW)]).get_schema(public=True)  # type: ignore[no-untyped-call]
    return made


def test_the_schema_marks_an_operation_and_a_field(schema: dict[str, Any]) -> None:
    """Both headers are described; what is not deprecated is not marked."""
    (methods,) = schema["paths"].values()
    assert methods["get"]["deprecated"] is True and "deprecated" not in methods["post"]
    assert {"Deprecation", "Sunset"} <= set(methods["get"]["responses"]["200"]["headers"])
    fields = schema["components"]["schemas"]["Thing"]["properties"]
    assert fields["old"]["deprecated"] is True and "deprecated" not in fields["new"]


@pytest.mark.django_db
def test_each_answer_of_a_deprecated_operation_says_since_when_and_until_when() -> None:
    answer = VIEW(APIRequestFactory().get("/things/"))
    assert answer["Deprecation"] == "@1796083200"
    assert answer["Sunset"] == "Wed, 01 Dec 2027 00:00:00 GMT"
    assert answer["Link"] == '</api/v1/docs/>; rel="deprecation"'
    assert "Deprecation" not in VIEW(APIRequestFactory().post("/things/"))


def test_the_list_of_changes_names_all_that_is_deprecated(
    schema: dict[str, Any], client: Client, db: None
) -> None:
    """The list that lacks a line is found; today's lacks none."""
    lines = [
        "Deprecated: `things_list`, until 2027-12-01",
        "Deprecated: `Thing.old`, until 2027-12-01",
    ]
    assert missing_lines(schema, "") == lines
    assert missing_lines(schema, f"- {lines[0]}. Use another.\n") == lines[1:]
    ours = client.get("/api/v1/schema/?format=json").json()
    assert missing_lines(ours, CHANGES.read_text()) == []
    marked = copy.deepcopy(ours)
    operation = marked["paths"]["/api/v1/submissions/"]["get"]
    operation.update(deprecated=True, **{"x-sunset": "2099-01-01"})
    assert missing_lines(marked, CHANGES.read_text()) == [
        "Deprecated: `submissions_list`, until 2099-01-01"
    ]


def test_half_a_year_of_notice_is_given() -> None:
    with pytest.raises(ValueError, match="180"):
        deprecated_operation(SINCE, date(2027, 1, 1))
