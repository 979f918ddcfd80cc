"""Request bodies that are not what they say: one sentence and a stable code, and nothing stored.

A body that ends too early must not be taken for a whole one, and Django would take it: its parser
keeps a torn note as if it were all, and forgets a torn file without a word. So the bytes are
counted against the declared length, and the last part must be closed. The limits on fields and
files are Django's; here they get their words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render

from audit.payload import AddressInRecord
from media_analysis.partners.services.spool import SpoolUnusable
from media_analysis.review.services import drafts

TAIL = 400
MULTIPART = "multipart/form-data"
API = "/api/"


@dataclass(frozen=True)
class Trouble:
    status: int
    code: str
    sentence: str


TORN = Trouble(
    400, "incomplete_body", "The request ended before all of it had arrived. Send it again."
)
ENCODED = Trouble(
    415, "encoding_not_supported", "Bodies are read as they are: send it without Content-Encoding."
)
NO_LENGTH = Trouble(
    411, "length_required", "The request does not say how long it is: send a Content-Length."
)
TOO_MANY = Trouble(400, "too_many_parts", "The form has more fields or files than are read here.")
TOO_BIG = Trouble(413, "too_large", "The form's text is longer than is read here.")
MALFORMED = Trouble(400, "malformed_body", "The form could not be read: its parts are malformed.")
FORGED = Trouble(
    403,
    "csrf_failed",
    "The form's protection against forged requests did not match: reload the page, send it again.",
)


ADDRESS_IN_RECORD = Trouble(
    400,
    "personal_data",
    "A text that stays on record for good holds an e-mail address; nothing was saved. "
    "Take the address out and send it again.",
)
NO_PLACE = Trouble(
    503,
    "store_unavailable",
    "The server has no place for uploads now. Nothing was kept. Send the same request again later.",
)
NOT_TAKEN = {
    "not_known": Trouble(
        401,
        "sign_in_first",
        "You are not signed in, so nothing of what you sent was read. Sign in, then send it again.",
    ),
    "too_slow": Trouble(
        408, "too_slow", "The request came in too slowly and was ended. Send it again."
    ),
    "no_room": Trouble(
        503, "storage_full", "The server has no room for the request now. Tell an administrator."
    ),
    "no_spool": NO_PLACE,
    "unavailable": Trouble(
        503, "unavailable", "The service is not available now; try again shortly."
    ),
}
"""Why the server did not take the body (config.front.door)."""


class Torn(OSError):
    """The stream ended early; Django makes an `UnreadablePostError` of it."""


def trouble_of(error: BaseException) -> Trouble | None:
    if isinstance(error, TooManyFieldsSent | TooManyFilesSent):
        return TOO_MANY
    if isinstance(error, RequestDataTooBig):
        return TOO_BIG
    if isinstance(error, MultiPartParserError):
        return MALFORMED
    if isinstance(error, AddressInRecord):
        return ADDRESS_IN_RECORD
    if isinstance(error, SpoolUnusable):
        return NO_PLACE
    return TORN if isinstance(error, UnreadablePostError | Torn) else None


class Whole:
    """A request's stream that knows how much must come, and how a form must end."""

    def __init__(self, stream: Any, declared: int, ending: bytes) -> None:
        self._stream, self._left, self._ending = stream, declared, ending
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
        if self._ending and chunk:
            self._tail = (self._tail + chunk)[-TAIL:]
            if not self._left and self._ending not in self._tail:
                raise Torn
        return chunk


class HonestBodies:
    """Middleware; before everything that reads a form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        declared = _length(request)
        if declared:
            request._stream = Whole(request._stream, declared, _ending(request))  # type: ignore[assignment]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """After every middleware has seen the request, for the page needs them. A signed-in form is
        read here, before the check of its token would swallow what is wrong with it and speak of
        forgery. Others are read by whoever knows the sender first."""
        if trouble := self._at_first_sight(request):
            return answer(request, trouble)
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
        trouble = trouble_of(error)
        return answer(request, trouble) if trouble else None

    def _at_first_sight(self, request: HttpRequest) -> Trouble | None:
        why = _not_taken(request)
        # The interface says itself, and more exactly, what is wrong with a key.
        if why and not (why == "not_known" and request.path.startswith(API)):
            return NOT_TAKEN[why]
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            return ENCODED
        if "Content-Length" not in request.headers and "Transfer-Encoding" in request.headers:
            return NO_LENGTH
        if _length(request) > settings.MAX_UPLOAD_BYTES + settings.FORM_BYTES:
            megabytes = settings.MAX_UPLOAD_BYTES // 1_000_000
            sentence = f"The request is larger than the {megabytes} MB that are allowed here."
            return Trouble(413, "too_large", sentence)
        return None


def answer(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    """For a program as JSON, for a person as a page; both with the code."""
    if request.path.startswith(API):
        return told_as_json(trouble)
    if request.headers.get("Accept") == "application/json":
        body = {"code": trouble.code, "sentence": trouble.sentence}
        return JsonResponse(body, status=trouble.status)
    return render(request, "body_trouble.html", {"trouble": trouble}, status=trouble.status)


def told_as_json(trouble: Trouble) -> JsonResponse:
    body = {
        "type": f"https://touchstone.invalid/problems/{trouble.code}",
        "title": "The request is not right",
        "status": trouble.status,
        "code": trouble.code,
        "detail": trouble.sentence,
    }
    return JsonResponse(body, status=trouble.status, content_type="application/problem+json")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The page that explains it, or for our own scripts the sentence. Words of a decision are
    kept: its form carries a pass that nobody else can make."""
    kept_for = drafts.rescued(request.POST) if request.method == "POST" else None
    if request.headers.get("Accept") == "application/json":
        return answer(request, FORGED)
    return render(request, "403_csrf.html", {"kept_for": kept_for}, status=403)


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
