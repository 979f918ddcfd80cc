"""Which codes each operation can answer with: for the schema's examples and docs/api-errors.md.

A test holds it against the catalogue (every code has a place) and against the statuses that each
operation lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from accounts.refusals import CATALOGUE

BEFORE = (
    "malformed_address",
    "method_not_allowed",
    "second_factor_needed",
    "too_slow",
    "unknown_host",
)
"""Answered before any operation is reached, whatever the address."""
EACH = (
    "address_too_long", "authentication_failed", "expired_key", "malformed_key",
    "not_acceptable", "not_authenticated", "not_found", "permission_denied", "revoked_key",
    "throttled", "unavailable", "unknown_key", "wrong_network",
)  # fmt: skip
"""The codes of every operation that lists their status."""
OF_BODIES = (
    "charset_not_supported", "encoding_not_supported", "incomplete_body", "length_required",
    "malformed_body", "malformed_type", "personal_data", "too_large", "unsupported_media_type",
)  # fmt: skip
STORING = (
    "empty", "gone", "quota_reached", "storage_full", "store_unavailable", "type_not_allowed",
)  # fmt: skip
IDEMPOTENCY = ("idempotency_differs", "idempotency_key_invalid")
ADDRESS = (
    "address_not_public", "https_needed", "port_closed", "url_malformed", "url_too_long",
    "url_with_password",
)  # fmt: skip
OWN: Mapping[str, tuple[str, ...]] = {
    "batches_create": (*IDEMPOTENCY, "host_not_allowed", "invalid", "item_refused",
                       "quota_reached", "team_required"),
    "batches_events": ("invalid", "too_many_streams"),
    "batches_read": (),
    "holds_list": ("invalid",),
    "submissions_appeal": ("appeal_answered", "appeal_not_yours", "appeal_open", "appeal_too_late",
                           "appeals_not_taken", "erased", *IDEMPOTENCY, "invalid",
                           "no_decision_in_force", "not_yours", "too_many_appeals"),
    "submissions_cancel": ("already_ended", "erased", "not_yours"),
    "submissions_create": (*STORING, *IDEMPOTENCY, "digest_differs", "digest_malformed",
                           "idempotency_busy", "invalid",
                           "team_required", "too_many_parts"),
    "submissions_delete": ("erased", "not_yours"),
    "submissions_events": ("erased", "invalid", "too_many_streams"),
    "submissions_hold": ("erased", "hold_reason_missing", "hold_stands", "invalid"),
    "submissions_lift_hold": ("erased", "hold_lifted", "hold_reason_missing", "invalid"),
    "submissions_list": ("invalid",),
    "submissions_media": ("erased", "media_damaged", "original_removed"),
    "submissions_read": ("erased", "invalid"),
    "submissions_report": ("erased",),
    "submissions_thumbnail": ("erased", "pictures_removed"),
    "submissions_withdraw_appeal": ("appeal_being_answered", "appeal_not_open",
                                    "appeal_not_yours", "erased", "not_yours"),
    "uploads_announce": (*IDEMPOTENCY, "direct_uploads_off", "idempotency_busy", "invalid",
                         "quota_reached", "store_unavailable", "team_required", "too_many_bytes",
                         "too_many_uploads"),
    "uploads_complete": ("invalid", "parts_differ", "store_unavailable", "upload_gone"),
    "uploads_delete": ("upload_gone",),
    "uploads_parts": ("store_unavailable", "upload_gone"),
    "uploads_read": (),
    "usage_read": (),
    "webhooks_add": (*ADDRESS, "invalid", "team_required", "too_many_webhooks"),
    "webhooks_change": (*ADDRESS, "invalid", "webhook_gone"),
    "webhooks_delete": ("webhook_gone",),
    "webhooks_deliver": ("invalid", "webhook_gone", "webhook_off"),
    "webhooks_list": (),
    "webhooks_log": ("invalid",),
    "webhooks_read": (),
    "webhooks_rotate": ("webhook_gone",),
    "webhooks_test": ("webhook_gone", "webhook_off"),
}  # fmt: skip
OF_UPLOADS = (
    *EACH, *STORING, "charset_not_supported", "checksum_differs", "checksum_unknown",
    "digest_differs", "digest_malformed",
    "encoding_not_supported", "header_needed", "incomplete_body", "language_malformed",
    "length_required",
    "malformed_type", "metadata_malformed", "team_required", "too_large", "too_many_uploads",
    "tus_version", "unsupported_media_type", "upload_gone", "upload_locked",
    "upload_offset_differs", "upload_too_long",
)  # fmt: skip
"""The tus protocol describes `/uploads/`, not the schema."""


def codes(operation: str, statuses: frozenset[int], *, has_body: bool) -> list[str]:
    """In the order of status and code."""
    possible = {*EACH, *(OF_BODIES if has_body else ()), *OWN[operation]}
    return in_order(code for code in possible if CATALOGUE[code].status in statuses)


def in_order(some: Iterable[str]) -> list[str]:
    return sorted(some, key=lambda code: (CATALOGUE[code].status, code))
