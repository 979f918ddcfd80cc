"""What the fuzzer cannot guess: ids that exist, and bytes that are media. Loaded by its program."""

from __future__ import annotations

import io
import os
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import schemathesis
from hypothesis import strategies as st
from PIL import Image

from media_analysis.submissions.search import cursors

WORDS = ("note", "policy_context", "external_id", "team")
EXAMPLE = "(the bytes)"
"""The file in the schema's example: a word for bytes, and no media."""
IDS = os.environ["SCHEMA_IDS"].split()
_VALUES: dict[str, Any] = {
    "newest": datetime.now(UTC), "oldest": datetime.now(UTC),
    "name": "m", "name_last": "m", "largest": 9, "smallest": 9,
    "updated": datetime.now(UTC), "updated_last": datetime.now(UTC),
}  # fmt: skip
ORDERS = {
    order: cursors.write(order, value, UUID(IDS[0]), towards_first=False)
    for order, value in _VALUES.items()
}
"""For each order of the list, a cursor that names a place in it."""


def picture(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 90, 60)).save(out, "PNG")
    return out.getvalue()


WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=12)
schemathesis.openapi.format(
    "uri",
    st.builds("https://{}.example/{}".format, WORD, WORD),  # what webhooks may be sent to
)
schemathesis.openapi.format("binary", st.integers(0, 255).map(picture))


@schemathesis.hook
def filter_body(context: Any, body: Any) -> bool:
    """A form holds text and nothing else: null, numbers and lists would arrive as their text, which
    is as good a note as any."""
    if not isinstance(body, dict):
        return True
    if body.get("file") == EXAMPLE:
        return False
    words = [body[name] for name in WORDS if name in body]
    return None not in body.values() and all(isinstance(word, str) for word in words)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """A cursor in the right letters names a place. Others stay wrong, and must be refused. The
    example of a file is a word: the schema cannot say which bytes are media."""
    right = case.meta is not None and case.meta.generation.mode.is_positive
    if right and isinstance(case.body, dict) and case.body.get("file") == EXAMPLE:
        case.body["file"] = picture(7)
        # The program checks an edited body against the schema, and takes any bytes for wrong.
        case._record_starting_state()
    if right and ":" not in (case.headers or {}).get("Repr-Digest", ":"):
        # In coverage it writes letters and digits alone into headers, sends a 0 and takes it for
        # a digest.
        del case.headers["Repr-Digest"]
        case._record_starting_state()
    unsorted = "updated_last" if "updated_since" in case.query else "newest"
    cursor, order = case.query.get("cursor"), case.query.get("sort", unsorted)
    well_written = isinstance(cursor, str) and re.fullmatch(cursors.ALPHABET, cursor)
    if well_written and len(cursor) <= cursors.LONGEST and str(order) in ORDERS:
        case.query["cursor"] = ORDERS[order]


@schemathesis.hook
def flatmap_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> Any:
    """Most requests for one submission are for one that is there."""
    if not path_parameters or "id" not in path_parameters:
        return st.just(path_parameters)
    there = st.sampled_from(IDS).map(lambda key: {**path_parameters, "id": key})
    return st.one_of(there, there, st.just(path_parameters))


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """No server refuses a header that it does not know, whatever the schema lists."""
    return not any(name.lower().startswith("x-schemathesis-unknown") for name in case.headers or ())
