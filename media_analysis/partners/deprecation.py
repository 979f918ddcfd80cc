"""Marks what a later version will not have: in the schema, in each answer (RFC 9745, RFC 8594), and
in docs/api-changes.md, which a test compares with the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from django.urls import reverse
from django.utils.http import http_date
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer

LEAST_NOTICE = timedelta(days=180)
SAID_IN_LIST = "Deprecated: `{name}`, until {sunset}"
"""How docs/api-changes.md says it; the rest of the line says what to use instead."""
HEADERS = [
    OpenApiParameter(name, str, OpenApiParameter.HEADER, response=True, description=text)
    for name, text in {
        "Deprecation": "The date of deprecation: `@` and seconds since 1970 (RFC 9745).",
        "Sunset": "The date from which it may be removed (RFC 8594).",
    }.items()
]
Method = TypeVar("Method", bound=Callable[..., Any])
Shape = TypeVar("Shape", bound=type)


@dataclass(frozen=True)
class Deprecation:
    since: date
    sunset: date

    def __post_init__(self) -> None:
        if self.sunset - self.since < LEAST_NOTICE:
            raise ValueError(f"Give at least {LEAST_NOTICE.days} days of notice.")

    def headers(self) -> dict[str, str]:
        return {
            "Deprecation": f"@{_seconds(self.since)}",
            "Sunset": http_date(_seconds(self.sunset)),
            "Link": f'<{reverse("api:docs")}>; rel="deprecation"',
        }


def deprecated_operation(since: date, sunset: date) -> Callable[[Method], Method]:
    """Above the operation's `extend_schema`."""
    mark = Deprecation(since, sunset)

    def marked(method: Method) -> Method:
        described: Method = extend_schema(
            deprecated=True, parameters=HEADERS, extensions={"x-sunset": mark.sunset.isoformat()}
        )(method)
        described.deprecation = mark  # type: ignore[attr-defined]
        return described

    return marked


def deprecated_fields(since: date, sunset: date, *names: str) -> Callable[[Shape], Shape]:
    """Fields of a serializer. No header speaks of a field: its operation stays."""
    mark = Deprecation(since, sunset)
    component = {"x-sunset": dict.fromkeys(names, mark.sunset.isoformat())}

    def marked(shape: Shape) -> Shape:
        made: Shape = extend_schema_serializer(deprecate_fields=list(names), extensions=component)(
            shape
        )
        return made

    return marked


def of_view(view: Any) -> Deprecation | None:
    handler = getattr(view, getattr(view, "action", None) or "", None)
    found: Deprecation | None = getattr(handler, "deprecation", None)
    return found


def missing_lines(schema: dict[str, Any], changes: str) -> list[str]:
    """The lines that docs/api-changes.md lacks."""
    return [line for line in _lines_of(schema) if line not in changes]


def _lines_of(schema: dict[str, Any]) -> Iterator[str]:
    for methods in schema["paths"].values():
        for operation in methods.values():
            if isinstance(operation, dict) and operation.get("deprecated"):
                name, sunset = operation["operationId"], operation["x-sunset"]
                yield SAID_IN_LIST.format(name=name, sunset=sunset)
    for name, shape in schema["components"]["schemas"].items():
        for field, sunset in shape.get("x-sunset", {}).items():
            yield SAID_IN_LIST.format(name=f"{name}.{field}", sunset=sunset)


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time.min, UTC).timestamp())
