"""One refusal for everybody who asks: a stable code, what it speaks of, and the HTTP status.

The catalogue below is the only place that knows their sentences. Pages and REST make the sentence
in the reader's language when they answer; docs/api.md lists the codes that REST can give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, gettext_lazy, gettext_noop

import outbound.sentences
from accounts.plain_words import WORDS
from accounts.roles import Permission, Role
from sandbox.types import SENTENCES, Code


class Refusal(Exception):
    """The wish is not granted, and nothing was changed."""

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(code)
        self.code, self.data = code, data
        self.status = CATALOGUE[code].status

    @property
    def sentence(self) -> str:
        """In the language of whoever is being answered."""
        words = {name: _word(name, value) for name, value in self.data.items()}
        return str(CATALOGUE[self.code].sentence).format(**words)

    @property
    def forbids(self) -> bool:
        """A right is missing: pages that do not show the sentence answer 403."""
        return self.status == 403

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Entry:
    status: int
    sentence: Any
    """Lazily translated; `{name}` stands for the refusal's data."""
    in_rest: bool = False
    """REST can give it, so docs/api.md lists it."""


def _word(name: str, value: Any) -> Any:
    """Rights and roles are data by their value, and read by their name."""
    if name == "permission":
        return WORDS[Permission(value)]
    return Role(value).label if name == "role" else value


_ = gettext_lazy
NOTHING_KEPT = gettext_noop("Nothing was kept.")


class _OfTheFile:
    """What the sandbox says of a file, and that it was not kept."""

    def __init__(self, code: Code) -> None:
        self._code = code

    def __str__(self) -> str:
        return f"{gettext(SENTENCES[self._code])} {gettext(NOTHING_KEPT)}"


CATALOGUE: Mapping[str, Entry] = {
    # --- rights ---
    "not_allowed": Entry(403, _("Your role in this team does not include: {permission}.")),
    "weight_out_of_range": Entry(422, _("A weight is a whole number from 1 to {most}.")),
    "site_admin_only": Entry(403, _("Only a site administrator can do this.")),
    "role_above_yours": Entry(403, _("You cannot give the role {role}: it is above your own.")),
    "member_above_you": Entry(
        403, _("You cannot change a member whose role is above your own.")
    ),
    "people_only": Entry(403, _("Only a person can do this, not a program.")),
    "not_owner": Entry(403, _("Only its owner can delete a filter.")),
    "not_yours": Entry(
        403, _("An API key changes only submissions that its own partner sent."), in_rest=True
    ),
    "second_factor_needed": Entry(
        403,
        _("Your team asks for a second factor. Set one up under Account, Sign-in security."),
        in_rest=True,
    ),
    # --- teams and members ---
    "second_factor_first": Entry(
        409, _("Set up a second factor for yourself first, under Account, Sign-in security.")
    ),
    "grace_unknown": Entry(422, _("Choose one of these numbers of days: {days}.")),
    "group_missing": Entry(422, _("Write the name of a group.")),
    "group_known": Entry(409, _("The group {group} already gives a role. Remove it first.")),
    "team_name_missing": Entry(422, _("A team needs a name.")),
    "team_name_taken": Entry(422, _("There is already a team called {name}.")),
    "already_member": Entry(409, _("{person} already belongs to {team}.")),
    "not_member": Entry(409, _("{person} does not belong to {team}.")),
    "last_lead": Entry(
        409,
        _("{person} is the last lead or admin of {team}. Make somebody else a lead first."),
    ),
    "last_admin": Entry(
        409,
        _("{person} is the last admin of {team}. Make somebody else an admin first."),
    ),
    # --- what an identity provider sends (docs/provisioning.md) ---
    "provisioned_address_missing": Entry(
        400, _("The person needs an email address, in emails or as userName.")
    ),
    "provisioned_already": Entry(
        409, _("Somebody with this userName or this address is provisioned in the team already.")
    ),
    "provisioned_not_possible": Entry(
        409,
        _(
            "This person cannot be provisioned: the address is not confirmed, or the account was "
            "closed. Ask your site administrator."
        ),
    ),
    "provisioned_group_known": Entry(
        409, _("A group of this displayName is provisioned in the team already.")
    ),
    "provisioned_member_unknown": Entry(
        400, _("A member of the group is nobody who is provisioned in the team.")
    ),
    "provisioned_text": Entry(
        400, _("A text holds a character that no text can hold, or is too long.")
    ),
    # --- accounts, sessions and invitations ---
    "address_not_confirmed": Entry(
        409,
        _(
            "{email} is not confirmed, so the account may be somebody else's. Run this command "
            "with --reset: it sets a new password and ends every other way in."
        ),
    ),
    "account_erased": Entry(409, _("This account was erased. It cannot be opened again.")),
    "session_ended": Entry(409, _("This session has already ended.")),
    "invitation_accepted": Entry(409, _("This invitation was already accepted.")),
    "invitation_closed": Entry(
        409, _("This invitation was already accepted or withdrawn, or it has expired.")
    ),
    "invitation_unusable": Entry(
        410,
        _(
            "This invitation can no longer be used: it has expired, was withdrawn or was already "
            "accepted. Ask the person who invited you for a new one."
        ),
    ),
    "invitation_other_address": Entry(
        409,
        _(
            "This invitation was sent to another address. Sign out, then open it again with the "
            "account for that address."
        ),
    ),
    "sign_in_to_accept": Entry(401, _("Sign in first, then open the invitation again.")),
    "account_exists": Entry(
        409, _("There is already an account for this address. Sign in to accept.")
    ),
    # --- partners' keys ---
    "service_name_missing": Entry(422, _("A service account needs a name.")),
    "service_name_taken": Entry(422, _("{team} already has a service account called {name}.")),
    "service_closed": Entry(409, _("{service} is closed. Create a new service account.")),
    "scopes_missing": Entry(422, _("A key needs at least one scope.")),
    "scope_unknown": Entry(422, _("Not a scope: {scopes}.")),
    "scopes_of_another_kind": Entry(
        422, _("A key that provisions members has no other scope, and no other key has this one.")
    ),
    "expiry_in_past": Entry(422, _("A key must expire in the future.")),
    "network_invalid": Entry(
        422, _("{network} is not a network such as 192.0.2.0/24 or 2001:db8::/32.")
    ),
    "key_already_revoked": Entry(409, _("This key was already revoked.")),
    "malformed_key": Entry(
        401, _("This is not a complete API key. Check that it was copied whole."), in_rest=True
    ),
    "unknown_key": Entry(401, _("This API key is not known here."), in_rest=True),
    "revoked_key": Entry(
        401, _("This API key was revoked. Ask your team for a new one."), in_rest=True
    ),
    "expired_key": Entry(
        401, _("This API key has expired. Ask your team for a new one."), in_rest=True
    ),
    "wrong_network": Entry(
        403,
        _("This API key cannot be used from the network that you call from."),
        in_rest=True,
    ),
    # --- intake ---
    "too_large": Entry(413, _("This is larger than the limit of {limit} MB."), in_rest=True),
    "storage_full": Entry(
        503,
        _("The media store is full. Nothing was kept. Tell an administrator and try again later."),
        in_rest=True,
    ),
    "store_unavailable": Entry(
        503,
        _("The media store does not answer now. Nothing was kept. Send the same again later."),
        in_rest=True,
    ),
    "gone": Entry(
        503,
        _("The file disappeared while it was being stored. Nothing was kept. Send it again."),
        in_rest=True,
    ),
    **{
        str(code): Entry(415 if code is Code.TYPE_NOT_ALLOWED else 400, _OfTheFile(code),
                         in_rest=code in (Code.EMPTY, Code.TYPE_NOT_ALLOWED))
        for code in Code
    },
    "erased": Entry(
        410, _("This submission was erased. Only the proof of it is kept."), in_rest=True
    ),
    "already_ended": Entry(409, _("The analysis had already ended."), in_rest=True),
    "team_required": Entry(
        400, _("You can send to several teams. Name one in the field team."), in_rest=True
    ),
    # --- resumable uploads ---
    "tus_version": Entry(
        412, _("Send Tus-Resumable: 1.0.0, the version that is spoken here."), in_rest=True
    ),
    "header_needed": Entry(400, _("The header {header} is missing or no number."), in_rest=True),
    "metadata_malformed": Entry(
        400, _("Upload-Metadata or Upload-Checksum cannot be read."), in_rest=True
    ),
    "checksum_unknown": Entry(
        400, _("This checksum is not supported. Use one of: {names}."), in_rest=True
    ),
    "checksum_differs": Entry(
        460, _("The piece does not have its checksum. Send it again."), in_rest=True
    ),
    "upload_offset_differs": Entry(
        409, _("The piece does not begin where the upload ends. Ask with HEAD first."),
        in_rest=True,
    ),
    "upload_too_long": Entry(
        413, _("The piece is longer than what is missing of the file."), in_rest=True
    ),
    "upload_locked": Entry(
        423, _("Another piece of this upload is being received. Try again."), in_rest=True
    ),
    "upload_gone": Entry(
        404, _("This upload was finished, given up or has expired."), in_rest=True
    ),
    "too_many_uploads": Entry(
        409, _("You have {most} unfinished uploads. Finish or delete one first."), in_rest=True
    ),
    # --- uploads straight into the media store ---
    "direct_uploads_off": Entry(
        422,
        _(
            "This site takes no uploads straight into its media store. Send the file in pieces by "
            "the tus protocol, to /api/v1/uploads/."
        ),
        in_rest=True,
    ),
    "too_many_bytes": Entry(
        409,
        _(
            "Your unfinished uploads would have more than {limit} MB together. Finish or delete "
            "one first."
        ),
        in_rest=True,
    ),
    "parts_differ": Entry(
        409,
        _(
            "Part {place} has not arrived as it was announced. Ask for the parts, send it again, "
            "then complete the upload."
        ),
        in_rest=True,
    ),
    "parts_changed": Entry(
        409,
        _(
            "A part was replaced after the upload was complete. Nothing was kept. Send the file "
            "again."
        ),
    ),
    "digest_differs": Entry(
        422,
        _(
            "The file does not have the SHA-256 that was announced. Nothing was kept. Send it "
            "again."
        ),
    ),
    # --- media and webhooks ---
    "media_damaged": Entry(
        503,
        _("The stored file is missing or damaged. Tell an administrator."),
        in_rest=True,
    ),
    **{
        code: Entry(422, _(outbound.sentences.SENTENCES[code]), in_rest=True)
        for code in (
            "address_not_public", "https_needed", "url_malformed", "url_too_long",
            "url_with_password", "port_closed",
        )
    },
    "host_not_allowed": Entry(
        422,
        _("The team does not fetch from {host}. An admin of the team can allow it."),
        in_rest=True,
    ),
    "item_refused": Entry(
        422, _("Nothing was accepted, because of the item at place {place}: {why}"), in_rest=True
    ),
    "host_malformed": Entry(
        422, _("Name a host such as media.example.com, or *.example.com for all below it.")
    ),
    "host_known": Entry(409, _("{host} is already allowed.")),
    "too_many_hosts": Entry(409, _("A team allows at most {most} hosts. Remove one first.")),
    "events_missing": Entry(400, _("Name at least one kind of event.")),
    "event_unknown": Entry(400, _("Not an event: {names}.")),
    "too_many_webhooks": Entry(
        409, _("A team has at most {most} webhooks. Delete one first."), in_rest=True
    ),
    "webhook_off": Entry(
        409, _("This webhook is switched off. Switch it on first."), in_rest=True
    ),
    "webhook_gone": Entry(
        404, _("This webhook was deleted. Nothing was changed."), in_rest=True
    ),
    # --- history and deletion ---
    "nothing_to_save": Entry(422, _("Choose at least one filter first, then save it.")),
    "too_many_filters": Entry(
        422, _("You have {most} saved filters, which is the limit. Delete one first.")
    ),
    "filter_name_taken": Entry(422, _("You already have a filter of that name. Choose another.")),
    "deletion_answer_unknown": Entry(422, _("Accept or decline the request. Nothing was changed.")),
    "deletion_reason_missing": Entry(
        422, _("Give a reason. The person who asked reads it, and the record keeps it.")
    ),
    "deletion_settled": Entry(
        409, _("This request was already answered or withdrawn. Nothing was changed.")
    ),
    "submission_held": Entry(
        409,
        _("This submission is under a legal hold. Nothing was changed. Lift the hold first."),
    ),
    "hold_stands": Entry(
        409,
        _("This submission is already under a legal hold. Nothing was changed."),
        in_rest=True,
    ),
    "hold_lifted": Entry(
        409, _("This submission is not under a legal hold. Nothing was changed."), in_rest=True
    ),
    "hold_reason_missing": Entry(
        422, _("Give a reason. The team reads it, and the record keeps it."), in_rest=True
    ),
    "retention_days": Entry(
        422, _("Give whole days from 1 to {most}, or leave the field empty. Nothing was changed.")
    ),
    "backfill_selection": Entry(
        422, _("The backfill cannot select by this {part}. Nothing was planned.")
    ),
    "backfill_at_once": Entry(
        422, _("From 1 to {most} files can wait at once. Nothing was planned.")
    ),
    "backfill_rate": Entry(
        422, _("The rate is from 1 to {most} files per hour. Nothing was planned.")
    ),
    "backfill_state": Entry(409, _("The state of the backfill is {state}. Nothing was changed.")),
    # --- review ---
    "case_taken": Entry(409, _("This case is assigned to somebody else. Nothing was changed.")),
    "claim_lost": Entry(409, _("This case is no longer assigned to you. Nothing was changed.")),
    "case_for_somebody_else": Entry(
        409,
        _(
            "This case is not offered to you: it waits for a lead, or for another person."
        ),
    ),
    "queue_paused": Entry(409, _("The queue {name} is paused. Nobody can claim from it.")),
    "queue_already_so": Entry(409, _("The queue was paused or resumed already.")),
    "queue_in_use": Entry(
        409, _("Cases or rules belong to this queue. Pause it, or point the rules elsewhere.")
    ),
    "queue_name_missing": Entry(422, _("Give a name.")),
    "queue_name_holds_address": Entry(
        422, _("A name cannot hold an email address: the record keeps it for good.")
    ),
    "queue_name_taken": Entry(409, _("This team already has a queue named {name}.")),
    "rule_name_taken": Entry(409, _("This team already has a rule named {name}.")),
    "rule_gone": Entry(409, _("This rule is gone. Nothing was changed.")),
    "too_many_queues": Entry(409, _("A team can have {most} queues.")),
    "too_many_rules": Entry(409, _("A team can have {most} rules.")),
    "queue_unknown": Entry(422, _("This team has no such queue.")),
    "sender_unknown": Entry(422, _("This team has no such partner.")),
    "move_reason_missing": Entry(422, _("Say why the case moves to another queue.")),
    "takeover_reason_missing": Entry(422, _("Say why you take the case over.")),
    "case_not_held": Entry(
        409, _("Nobody else holds this case now, or it was just decided. Nothing was changed.")
    ),
    "case_not_moved": Entry(
        409, _("The case was not moved: it is in that queue already, decided, or assigned.")
    ),
    "decision_final": Entry(
        409,
        _("The decision is final or was already undone. Reopen the case with a reason."),
    ),
    "confidence_unknown": Entry(422, _("Choose one of the listed degrees of confidence.")),
    "reason_code_not_in_force": Entry(
        422, _("A reason code is no longer in force. Choose another.")
    ),
    "question_missing": Entry(422, _("Write the question for a lead.")),
    "answer_missing": Entry(422, _("Write the answer.")),
    "no_case_chosen": Entry(422, _("Choose at least one case.")),
    "too_many_cases": Entry(422, _("At most {most} cases can be chosen at once.")),
    "cases_not_found": Entry(422, _("You cannot work on any of these cases.")),
    "cases_of_several_teams": Entry(
        422, _("Choose cases of one team. Policies and reason codes belong to a team.")
    ),
    "person_does_not_decide": Entry(422, _("This person does not decide in this team.")),
    "reason_code_name_missing": Entry(422, _("A reason code needs a name.")),
    "reason_code_holds_address": Entry(
        422, _("The record keeps a reason code for good, so it cannot hold an email address.")
    ),
    "too_many_reason_codes": Entry(
        422, _("A team has at most {most} reason codes in force. Retire one first.")
    ),
    "reason_code_name_taken": Entry(422, _("There is already a reason code of this name.")),
    "reason_code_unchanged": Entry(409, _("Nothing was changed. It was already so.")),
    "saved_text_name": Entry(
        422,
        _("The name of a saved text has a to z, 0 to 9 and hyphens, at most {most} characters."),
    ),
    "saved_text_length": Entry(422, _("A saved text has 1 to {most} characters.")),
    "saved_text_holds_address": Entry(
        422, _("The record keeps a saved text for good, so it cannot hold an email address.")
    ),
    "saved_text_placeholder": Entry(
        422,
        _(
            "In braces only the words policy and file are filled in. Write {name} without braces, "
            "or leave it out."
        ),
    ),
    "too_many_saved_texts": Entry(
        422, _("A team has at most {most} saved texts. Remove one first.")
    ),
    "saved_text_name_taken": Entry(422, _("There is already a saved text named {name}.")),
    "saved_text_gone": Entry(409, _("This saved text was removed. Nothing was changed.")),
    "break_out_of_range": Entry(
        422, _("The time before a break is between 0 and {most} minutes.")
    ),
    "keys_conflict": Entry(422, _("Each action needs a key of its own. Nothing was changed.")),
    "case_not_passed_on": Entry(409, _("You did not pass this case on. Nothing was changed.")),
    "another_person_needed": Entry(
        409, _("You gave an opinion on this case already. Another person gives the second one.")
    ),
    "case_wants_adjudication": Entry(
        409, _("Two people disagree about this case. Decide it: an answer is not enough.")
    ),
    "share_out_of_range": Entry(422, _("A share is between 0 and 100 %.")),
    "grace_out_of_range": Entry(422, _("The grace time is between 0 and {most} seconds.")),
    "case_not_decided": Entry(
        409, _("This case is not decided, so it cannot be reopened. Nothing was changed.")
    ),
    "appeal_text_missing": Entry(422, _("Say why you object to the decision.")),
    "appeal_too_long": Entry(422, _("An appeal has at most {most} characters.")),
    "appeal_not_yours": Entry(
        403, _("Only whoever sent the media can appeal the decision."), in_rest=True
    ),
    "no_decision_in_force": Entry(
        409, _("No decision is in force that could be appealed. Nothing was changed."), in_rest=True
    ),
    "appeal_open": Entry(
        409,
        _("An appeal against this decision is open already. Nothing was changed."),
        in_rest=True,
    ),
    "appeal_too_late": Entry(
        409,
        _("A decision can be appealed for {days} days, and they are over. Nothing was changed."),
        in_rest=True,
    ),
    "appeals_not_taken": Entry(
        409, _("This team takes no appeals. Nothing was changed."), in_rest=True
    ),
    "appeal_answered": Entry(
        409,
        _("This decision answered an appeal, so it cannot be appealed. Nothing was changed."),
        in_rest=True,
    ),
    "too_many_appeals": Entry(
        409,
        _("You have {most} open appeals, which is the limit. Wait for an answer."),
        in_rest=True,
    ),
    "appeal_not_open": Entry(
        409, _("You have no open appeal about this. Nothing was changed."), in_rest=True
    ),
    "appeal_being_answered": Entry(
        409,
        _("The appeal is being decided now, so it cannot be withdrawn. Nothing was changed."),
        in_rest=True,
    ),
    "appeal_days_out_of_range": Entry(
        422, _("Decisions can be appealed for 0 to {most} days.")
    ),
    "film_needs_copy": Entry(
        409,
        _(
            "An evidence video is made from the playback copy of an analysed video, and there is "
            "none. Prepare the copy on the case's page, then try again."
        ),
    ),
    "golden_share_out_of_range": Entry(422, _("A share of golden cases is between 0 and 50 %.")),
    "golden_outcome_missing": Entry(
        422, _("Choose what the golden case is: manipulated or not. Nothing was marked.")
    ),
    "golden_not_possible": Entry(
        409,
        _("Only media whose analysis has ended can be a golden case. Nothing was marked."),
    ),
    "outcome_missing": Entry(422, _("Choose an outcome.")),
    "decision_reason_missing": Entry(
        422, _("Give a short reason. The record keeps it with the decision.")
    ),
    "policy_missing": Entry(422, _("Choose the policy that this decision is based on.")),
    "policy_not_in_force": Entry(
        422, _("This policy is not in force in this team. Choose another.")
    ),
    "reopen_reason_missing": Entry(422, _("Say why the case is reopened.")),
    "decision_replaced": Entry(
        409, _("That decision no longer stands. Nothing was decided.")
    ),
    "draft_pass_not_accepted": Entry(
        403, _("The draft was not saved: its pass is forged or has expired.")
    ),
    "already_decided": Entry(409, _("This case was already decided.")),
    "verdict_unknown": Entry(422, _("Not a verdict: {verdicts}.")),
    "order_unknown": Entry(422, _("Not an order of the queue.")),
    "policy_name_missing": Entry(422, _("A policy needs a name.")),
    "policy_name_taken": Entry(
        422, _("There is already a policy called {name}, in force or retired.")
    ),
    "policy_name_holds_address": Entry(
        422,
        _("The record keeps a policy's name for good, so it cannot contain an email address."),
    ),
    "policy_gone": Entry(409, _("This policy was deleted in the meantime. Nothing was saved.")),
    "policy_already_retired": Entry(409, _("This policy was already retired.")),
    "policy_already_in_force": Entry(409, _("This policy was already in force.")),
    "policy_already_deleted": Entry(409, _("This policy was already deleted.")),
    "policy_in_use": Entry(
        409, _("Decisions are based on this policy, so it cannot be deleted. Retire it instead.")
    ),
    # --- REST ---
    "invalid": Entry(400, _("Some fields are invalid. Each is named below."), in_rest=True),
    "idempotency_key_invalid": Entry(
        400, _("An Idempotency-Key has 1 to 255 visible ASCII characters."), in_rest=True
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
    "not_found": Entry(404, _("There is nothing here that you can see."), in_rest=True),
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
    "unavailable": Entry(
        503, _("The service is not available at the moment. Try again shortly."), in_rest=True
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
