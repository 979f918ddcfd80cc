"""The closed list of recordable events. An event that is not listed here cannot be recorded."""

from __future__ import annotations

from enum import StrEnum


class Verb(StrEnum):
    # submissions
    SUBMISSION_RECEIVED = "submission.received"
    SUBMISSION_DELETION_REQUESTED = "submission.deletion_requested"
    SUBMISSION_DELETION_WITHDRAWN = "submission.deletion_withdrawn"
    SUBMISSION_DELETION_ACCEPTED = "submission.deletion_accepted"
    SUBMISSION_DELETION_DECLINED = "submission.deletion_declined"
    SUBMISSION_ERASURE_ORDERED = "submission.erasure_ordered"
    SUBMISSION_ERASURE_CALLED_OFF = "submission.erasure_called_off"
    SUBMISSION_DELETED = "submission.deleted"
    SUBMISSION_ERASED = "submission.erased"
    SUBMISSION_PART_DELETED = "submission.part_deleted"
    SUBMISSION_PART_REMOVED = "submission.part_removed"
    SUBMISSION_HELD = "submission.held"
    SUBMISSION_HOLD_LIFTED = "submission.hold_lifted"
    BATCH_ACCEPTED = "batch.accepted"
    SUBMISSIONS_EXPORTED = "submissions.exported"
    FILTER_SHARED = "filter.shared"
    FILTER_UNSHARED = "filter.unshared"

    # analyses
    ANALYSIS_QUEUED = "analysis.queued"
    ANALYSIS_STARTED = "analysis.started"
    ANALYSIS_FINISHED = "analysis.finished"
    ANALYSIS_REJECTED = "analysis.rejected"
    ANALYSIS_RETRIED = "analysis.retried"
    ANALYSIS_PARKED = "analysis.parked"
    ANALYSIS_REQUEUED = "analysis.requeued"
    ANALYSIS_CANCEL_REQUESTED = "analysis.cancel_requested"
    ANALYSIS_CANCELLED = "analysis.cancelled"

    BACKFILL_PLANNED = "backfill.planned"
    BACKFILL_STARTED = "backfill.started"
    BACKFILL_PAUSED = "backfill.paused"
    BACKFILL_RESUMED = "backfill.resumed"
    BACKFILL_CANCELLED = "backfill.cancelled"
    BACKFILL_ENDED = "backfill.ended"

    # looking is an event too
    MEDIA_VIEWED = "media.viewed"
    MEDIA_DOWNLOADED = "media.downloaded"
    PREVIEW_ASKED = "preview.asked"
    PREVIEW_MADE = "preview.made"
    PREVIEW_NOT_MADE = "preview.not_made"
    PREVIEW_REMOVED = "preview.removed"
    REPORT_ISSUED = "report.issued"
    REPORT_DOWNLOADED = "report.downloaded"
    EVIDENCE_FILM_ASKED = "evidence_film.asked"
    EVIDENCE_FILM_MADE = "evidence_film.made"
    EVIDENCE_FILM_NOT_MADE = "evidence_film.not_made"
    EVIDENCE_FILM_DOWNLOADED = "evidence_film.downloaded"

    # blobs
    BLOB_STORED = "blob.stored"
    BLOB_DAMAGED = "blob.damaged"
    BLOB_REPAIRED = "blob.repaired"
    BLOB_DELETED = "blob.deleted"
    BLOB_REMOVED = "blob.removed"

    # cases
    CASE_OPENED = "case.opened"
    CASE_CLAIMED = "case.claimed"
    CASE_RELEASED = "case.released"
    CASE_ASSIGNED = "case.assigned"
    CASE_MOVED = "case.moved"
    CASE_COMMENTED = "case.commented"
    CASE_NOTED = "case.noted"
    CASE_ESCALATED = "case.escalated"
    CASE_DECISION_PENDING = "case.decision_pending"
    CASE_DECISION_UNDONE = "case.decision_undone"
    CASE_OPINION_GIVEN = "case.opinion_given"
    CASE_DISPUTED = "case.disputed"
    CASE_DECIDED = "case.decided"
    CASE_REOPENED = "case.reopened"
    CASE_APPEALED = "case.appealed"
    CASE_APPEAL_WITHDRAWN = "case.appeal_withdrawn"
    CASE_APPEAL_ANSWERED = "case.appeal_answered"
    GOLDEN_MARKED = "golden.marked"
    GOLDEN_TAKEN_OUT = "golden.taken_out"
    GOLDEN_PLACED = "golden.placed"
    GOLDEN_ANSWERED = "golden.answered"

    # people, teams and their rights
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_DEACTIVATED = "user.deactivated"
    USER_REACTIVATED = "user.reactivated"
    USER_EXPORTED = "user.exported"
    TEAM_CREATED = "team.created"
    TEAM_CHANGED = "team.changed"
    WEIGHT_CHANGED = "team.weight_changed"
    QUOTA_CHANGED = "team.quota_changed"
    RATES_CHANGED = "team.rates_changed"
    MEMBER_INVITED = "member.invited"
    MEMBER_INVITATION_WITHDRAWN = "member.invitation_withdrawn"
    MEMBER_JOINED = "member.joined"
    MEMBER_ROLE_CHANGED = "member.role_changed"
    MEMBER_REMOVED = "member.removed"
    MEMBER_PROVISIONED = "member.provisioned"
    GROUP_PROVISIONED = "group.provisioned"
    SERVICE_ACCOUNT_CREATED = "service_account.created"
    SERVICE_ACCOUNT_DISABLED = "service_account.disabled"
    KEY_ISSUED = "key.issued"
    KEY_REVOKED = "key.revoked"
    KEY_REFUSED = "key.refused"

    # logging in
    LOGIN_SUCCEEDED = "login.succeeded"
    LOGIN_FAILED = "login.failed"
    LOGIN_LOCKED = "login.locked"
    LOGIN_ENDED = "login.ended"
    SESSION_REVOKED = "session.revoked"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - a verb, not a password
    PASSWORD_RESET = "password.reset"  # noqa: S105 - a verb, not a password
    MFA_ADDED = "mfa.added"
    MFA_REMOVED = "mfa.removed"
    MFA_RECOVERY_USED = "mfa.recovery_used"

    # the rules of the house
    QUEUE_CHANGED = "queue.changed"
    POLICY_CHANGED = "policy.changed"
    RETENTION_CHANGED = "retention.changed"
    SETTING_CHANGED = "setting.changed"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_PARKED = "webhook.parked"
    SOURCE_CHANGED = "source.changed"

    # the record itself
    SUBJECT_ERASED = "subject.erased"
    BACKUP_MADE = "backup.made"
    BACKUP_RESTORED = "backup.restored"
    ROWS_ADOPTED = "audit.rows_adopted"
