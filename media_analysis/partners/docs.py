"""The REST reference as a page of our own, drawn from the schema: no script, nothing from afar."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Lock
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView

from accounts.refusals import CATALOGUE
from media_analysis.partners.errors_of import OWN
from media_analysis.partners.examples import codes_of


class SchemaOnce(SchemaGenerator):
    """The schema is the same for everybody, takes a second to make, and drf-spectacular fails where
    two threads make their first at the same time: it is made once for each process."""

    _made: ClassVar[dict[str, Any] | None] = None
    _making: ClassVar[Lock] = Lock()

    def get_schema(self, request: Any = None, public: bool = True) -> dict[str, Any]:
        with self._making:
            if SchemaOnce._made is None:
                # drf-spectacular leaves its generator without types.
                SchemaOnce._made = super().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
            return SchemaOnce._made


class Schema(SpectacularAPIView):
    generator_class = SchemaOnce


@require_GET
def reference(request: HttpRequest) -> HttpResponse:
    schema: dict[str, Any] = SchemaOnce().get_schema()  # type: ignore[no-untyped-call]
    operations = [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation.get("summary", ""),
            "parameters": [
                {**parameter, "meaning": _meaning(parameter, parameter.get("schema", {}))}
                for parameter in operation.get("parameters", [])
            ],
            "body": _fields(operation.get("requestBody", {}), schema),
            "answers": sorted(operation["responses"]),
            "anchor": operation["operationId"],
            "deprecated": operation.get("deprecated", False),
            "examples": list(_examples(operation)),
            "errors": [(CATALOGUE[code].status, code) for code in codes_of(operation)],
        }
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if operation["operationId"] in OWN
    ]
    return render(request, "partners/reference.html", {"operations": operations})


def _examples(operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The request, then the answer, as JSON that a person can read; a stream as it is."""
    bodies = [
        ("request", operation.get("requestBody", {})),
        *sorted(operation["responses"].items()),
    ]
    for where, body in bodies:
        for content in body.get("content", {}).values():
            if "example" in content:
                yield where, _as_text(content["example"])


def _as_text(example: Any) -> str:
    if isinstance(example, str):
        return example
    return json.dumps(example, indent=2, ensure_ascii=False)


def _fields(body: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    for content in body.get("content", {}).values():
        shape = content["schema"]
        if "$ref" in shape:
            shape = schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
        required = set(shape.get("required", []))
        return [
            {"name": name, "required": name in required, "meaning": _meaning(field, field)}
            for name, field in shape.get("properties", {}).items()
        ]
    return []


def _meaning(described: dict[str, Any], shape: dict[str, Any]) -> str:
    """Its description, or else its type; where it may be one of several, each of them."""
    either = [kind.get("format") or kind.get("type", "") for kind in shape.get("oneOf", [])]
    return str(described.get("description") or shape.get("type") or " | ".join(either))
