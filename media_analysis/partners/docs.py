"""The REST reference as a page of our own, drawn from the schema: no script, nothing from afar."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from drf_spectacular.generators import SchemaGenerator


@require_GET
def reference(request: HttpRequest) -> HttpResponse:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    operations = [
        {
            "method": method.upper(),
            "path": path,
            "summary": said.get("summary", ""),
            "parameters": said.get("parameters", []),
            "body": _fields(said.get("requestBody", {}), schema),
            "answers": sorted(said["responses"]),
            "anchor": said["operationId"],
        }
        for path, methods in schema["paths"].items()
        for method, said in methods.items()
        if said.get("operationId", "").startswith("submissions")
    ]
    return render(request, "partners/reference.html", {"operations": operations})


def _fields(body: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    for content in body.get("content", {}).values():
        shape = content["schema"]
        if "$ref" in shape:
            shape = schema["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
        required = set(shape.get("required", []))
        return [
            {"name": name, "required": name in required, **said}
            for name, said in shape.get("properties", {}).items()
        ]
    return []
