"""What REST answers to any request, and requests that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from accounts.refusals.entry import Entry

ENTRIES: Mapping[str, Entry] = {
    # --- REST ---
    "invalid": Entry(400, _("Some fields are invalid. Each is named below."), in_rest=True),
    "idempotency_key_invalid": Entry(
        400, _("An Idempotency-Key has 1 to 255 visible ASCII characters."), in_rest=True
    ),
    "digest_malformed": Entry(
        400,
        _("Repr-Digest cannot be read. It names sha-256 or sha-512, as RFC 9530 writes them."),
        in_rest=True,
    ),
    "idempotency_busy": Entry(
        409, _("The first request with this key is still being processed."), in_rest=True
    ),
    "idempotency_differs": Entry(
        422, _("This key was already used for a different request."), in_rest=True
    ),
    "address_too_long": Entry(
        414,
        _("The address has more than {limit} characters. Ask for less at once."),
        in_rest=True,
    ),
    "not_authenticated": Entry(401, _("Send an API key, or sign in."), in_rest=True),
    "authentication_failed": Entry(401, _("The credentials are not valid."), in_rest=True),
    "permission_denied": Entry(
        403, _("Your API key or your role does not allow this."), in_rest=True
    ),
    "not_found": Entry(404, _("This does not exist, or you cannot see it."), in_rest=True),
    "method_not_allowed": Entry(405, _("This address does not support the method."), in_rest=True),
    "not_acceptable": Entry(406, _("Answers are JSON. Accept application/json."), in_rest=True),
    "unsupported_media_type": Entry(
        415,
        _("Send the request as multipart/form-data, or as JSON where the reference says so."),
        in_rest=True,
    ),
    "throttled": Entry(
        429, _("Too many requests. Retry-After says when to try again."), in_rest=True
    ),
    "too_many_streams": Entry(
        429,
        _("You have {most} open streams, which is the limit. Close one, or use a webhook."),
        in_rest=True,
    ),
    "unavailable": Entry(
        503, _("The service is not available at the moment. Try again shortly."), in_rest=True
    ),
    "server_error": Entry(
        500,
        _(
            "The server met an unexpected error, which was logged. Try again. If it happens "
            "again, tell the administrator when it happened."
        ),
    ),
    # --- requests that cannot be read ---
    "unknown_host": Entry(
        400, _("This site is not known under the name in the Host header."), in_rest=True
    ),
    "malformed_address": Entry(
        400, _("The address contains a character that is not allowed."), in_rest=True
    ),
    "malformed_type": Entry(
        400, _("The Content-Type cannot be read. Correct it and send the request again."),
        in_rest=True,
    ),
    "charset_not_supported": Entry(
        415, _("Text is read as UTF-8 only. Send it as UTF-8."), in_rest=True
    ),
    "incomplete_body": Entry(
        400, _("The request ended before all of it had arrived. Send it again."), in_rest=True
    ),
    "encoding_not_supported": Entry(
        415, _("Compressed bodies are not read. Send it without Content-Encoding."), in_rest=True
    ),
    "length_required": Entry(
        411, _("The request does not state its length. Send a Content-Length."), in_rest=True
    ),
    "too_many_parts": Entry(400, _("The form has too many fields or files."), in_rest=True),
    "malformed_body": Entry(
        400, _("The form could not be read: its parts are malformed."), in_rest=True
    ),
    "csrf_failed": Entry(
        403,
        _(
            "The form's protection against forged requests did not match. Reload the page and "
            "send it again."
        ),
    ),
    "personal_data": Entry(
        400,
        _(
            "A text that stays on record contains an email address. Nothing was saved. Remove the "
            "address and send it again."
        ),
        in_rest=True,
    ),
    "sign_in_first": Entry(
        401, _("You are not signed in, so nothing was read. Sign in, then send it again.")
    ),
    "signed_out": Entry(
        401, _("You are signed out, so nothing was done. Sign in and send it again.")
    ),
    "too_slow": Entry(
        408, _("The request arrived too slowly and was ended. Send it again."), in_rest=True
    ),
}  # fmt: skip
