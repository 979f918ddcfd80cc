"""Invalid request bodies: one sentence and a stable code, and nothing is stored.

A truncated body must not be taken for a complete one, and Django would take it: its parser keeps a
truncated note as if it were complete, and silently drops a truncated file. So the bytes are counted
against the declared length, and the last part must be closed. The limits on fields and files are
Django's; here they get their sentences.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils.translation import gettext, gettext_noop
from django.views.defaults import permission_denied

from accounts.refusals import Refusal
from audit.payload import AddressInRecord
from media_analysis.review.services import drafts
from media_analysis.submissions.services import intake
from media_analysis.uploads.digests import HEADER, Expected

TAIL = 400
MULTIPART = "multipart/form-data"
API = "/api/"


NOT_TAKEN = {
    "not_known": "sign_in_first",
    "too_slow": "too_slow",
    "no_room": "storage_full",
    "no_spool": "store_unavailable",
    "unavailable": "unavailable",
}
"""Why the server did not take the body (config.front.door), as codes of the catalogue."""
TYPES = "https://touchstone.invalid/problems/"
"""An identifier, as RFC 9457 allows, and no address: docs/api.md explains each code."""


ERROR = gettext_noop("Error")
TITLES = {
    400: gettext_noop("Invalid request"),
    401: gettext_noop("Not signed in"),
    403: gettext_noop("Not allowed"),
    404: gettext_noop("Not found"),
    405: gettext_noop("Method not allowed"),
    406: gettext_noop("Not acceptable"),
    408: gettext_noop("Request too slow"),
    409: gettext_noop("Conflict"),
    410: gettext_noop("Gone"),
    411: gettext_noop("Length required"),
    412: gettext_noop("Another version"),
    413: gettext_noop("Too large"),
    414: gettext_noop("Address too long"),
    415: gettext_noop("Unsupported type"),
    422: gettext_noop("This cannot be done"),
    423: gettext_noop("In use"),
    460: gettext_noop("Checksum differs"),
    429: gettext_noop("Too many requests"),
    500: gettext_noop("Server error"),
    503: gettext_noop("Not available"),
}


class Torn(OSError):
    """The stream ended early; Django makes an `UnreadablePostError` of it."""


def refusal_of(error: BaseException) -> Refusal | None:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, TooManyFieldsSent | TooManyFilesSent):
        return Refusal("too_many_parts")
    if isinstance(error, RequestDataTooBig):
        return Refusal("too_large", limit=(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) / 1_000_000)
    if isinstance(error, MultiPartParserError):
        return Refusal("malformed_body")
    if isinstance(error, AddressInRecord):
        return Refusal("personal_data")
    return Refusal("incomplete_body") if isinstance(error, UnreadablePostError | Torn) else None


class Whole:
    """A request's stream that knows how much must come, and how a form must end."""

    def __init__(
        self, stream: Any, declared: int, ending: bytes, expected: Expected | None = None
    ) -> None:
        self._stream, self._left, self._ending = stream, declared, ending
        self._expected = expected
        self._tail = b""

    def read(self, size: int | None = None) -> bytes:
        # Never more than what is left: a server may wait for bytes that nobody announced.
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        return self._counted(self._stream.read(wanted) if wanted else b"", wanted)

    def readline(self, size: int | None = None) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        return self._counted(self._stream.readline(wanted) if wanted else b"", wanted)

    def close(self) -> None:
        """Django closes what it has read to the end."""
        if hasattr(self._stream, "close"):
            self._stream.close()

    def _counted(self, chunk: bytes, wanted: int) -> bytes:
        if wanted and not chunk:
            raise Torn
        self._left -= len(chunk)
        if self._expected and chunk:
            self._expected.saw(chunk)
        if self._ending and chunk:
            self._tail = (self._tail + chunk)[-TAIL:]
            if not self._left and self._ending not in self._tail:
                raise Torn
        if self._expected and chunk and not self._left:
            self._expected.check()
        return chunk


class HonestBodies:
    """Middleware; before everything that reads a form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        declared = _length(request)
        if declared:
            whole = Whole(request._stream, declared, _ending(request), _expected(request))
            request._stream = whole  # type: ignore[assignment]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """After every middleware has seen the request, for the page needs them. A signed-in form is
        read here, before the check of its token would swallow what is wrong with it and speak of
        forgery. Others are read by whoever knows the sender first."""
        if refusal := self._at_first_sight(request):
            return answer(request, refusal)
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or request.method != "POST":
            return None
        if _not_taken(request):
            return None
        try:
            request.POST  # noqa: B018 - reading it is the point
        except Exception as error:
            return self.process_exception(request, error)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        refusal = refusal_of(error)
        return answer(request, refusal) if refusal else None

    def _at_first_sight(self, request: HttpRequest) -> Refusal | None:
        why = _not_taken(request)
        # The interface says itself, and more exactly, what is wrong with a key.
        if why and not (why == "not_known" and request.path.startswith(API)):
            return Refusal(NOT_TAKEN[why])
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            return Refusal("encoding_not_supported")
        if "Content-Length" not in request.headers and "Transfer-Encoding" in request.headers:
            return Refusal("length_required")
        if _length(request) > settings.MAX_UPLOAD_BYTES + settings.FORM_BYTES:
            return intake.too_large()
        if _is_checked(request) and _expected(request) is None:
            return Refusal("digest_malformed")
        return None


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """For a program as JSON, for a person as a page; both with the code."""
    if request.path.startswith(API):
        return answer_as_problem(refusal)
    if request.headers.get("Accept") == "application/json":
        body = {"code": refusal.code, "sentence": refusal.sentence}
        return JsonResponse(body, status=refusal.status)
    if refusal.forbids and refusal.code != "csrf_failed":
        return permission_denied(request, refusal)
    return render(request, "refused.html", {"refusal": refusal}, status=refusal.status)


def answer_as_problem(refusal: Refusal) -> JsonResponse:
    body = problem(refusal.status, refusal.code, refusal.sentence)
    return JsonResponse(body, status=refusal.status, content_type="application/problem+json")


def problem(status: int, code: str, sentence: str) -> dict[str, Any]:
    return {
        "type": TYPES + code,
        "title": gettext(TITLES.get(status, ERROR)),
        "status": status,
        "code": code,
        "detail": sentence,
    }


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page that explains it, or for our own scripts the sentence. Words of a decision are
    kept: its form carries a pass that nobody else can make."""
    kept_for = drafts.rescued(request.POST) if request.method == "POST" else None
    if request.headers.get("Accept") == "application/json":
        return answer(request, Refusal("csrf_failed"))
    return render(request, "403_csrf.html", {"kept_for": kept_for}, status=403)


def _is_checked(request: HttpRequest) -> bool:
    """In a form `Repr-Digest` covers the whole body. When a resumable upload begins, it covers the
    file (`uploads`)."""
    is_form = request.content_type == MULTIPART and request.path.startswith(API)
    return is_form and HEADER in request.headers


def _expected(request: HttpRequest) -> Expected | None:
    """None where there is none, and where it cannot be read, which is refused."""
    if not _is_checked(request):
        return None
    try:
        return Expected.by(request.headers[HEADER])
    except Refusal:
        return None


def _not_taken(request: HttpRequest) -> str:
    return str(request.META.get("touchstone.body", ""))


def _length(request: HttpRequest) -> int:
    try:
        return int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return 0


def _ending(request: HttpRequest) -> bytes:
    if request.content_type != MULTIPART:
        return b""
    boundary = (request.content_params or {}).get("boundary", "")
    return f"--{boundary}--".encode("latin-1", "replace") if boundary else b""
