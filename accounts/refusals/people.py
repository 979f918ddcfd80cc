"""Rights, teams, accounts and partners' keys."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from accounts.refusals.entry import Entry

ENTRIES: Mapping[str, Entry] = {
    # --- rights ---
    "not_allowed": Entry(403, _("Your role in this team does not include: {permission}.")),
    "weight_out_of_range": Entry(422, _("A weight is a whole number from 1 to {most}.")),
    "rate_out_of_range": Entry(422, _("A rate is a whole number from 1 to {most}.")),
    "quota_out_of_range": Entry(422, _("A quota is a whole number from 0 to {most}.")),
    "limit_changed_meanwhile": Entry(
        409,
        _(
            "Somebody else set this to {now} in the meantime. Nothing was saved. Save again to "
            "replace it."
        ),
    ),
    "limit_removed_meanwhile": Entry(
        409,
        _("Somebody else emptied this in the meantime. Nothing was saved. Save again to fill it."),
    ),
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
        _("Your team requires a second factor. Set one up under Account, Sign-in security."),
        in_rest=True,
    ),
    # --- teams and members ---
    "second_factor_first": Entry(
        409, _("Set up a second factor for yourself first, under Account, Sign-in security.")
    ),
    "grace_unknown": Entry(422, _("Choose one of these numbers of days: {days}.")),
    "group_missing": Entry(422, _("Enter the name of a group.")),
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
        409, _("A person with this userName or address is already provisioned in the team.")
    ),
    "provisioned_not_possible": Entry(
        409,
        _(
            "This person cannot be provisioned: the address is not confirmed, or the account was "
            "closed. Ask your site administrator."
        ),
    ),
    "provisioned_group_known": Entry(
        409, _("A group with this displayName is already provisioned in the team.")
    ),
    "provisioned_member_unknown": Entry(
        400, _("The group lists a member who is not provisioned in the team.")
    ),
    "provisioned_text": Entry(
        400, _("A text contains a character that cannot be stored, or is too long.")
    ),
    # --- accounts, sessions and invitations ---
    "address_not_confirmed": Entry(
        409,
        _(
            "{email} is not confirmed, so the account may be somebody else's. Run this command "
            "with --reset: it sets a new password and removes every other way to sign in."
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
    "scope_unknown": Entry(422, _("Unknown scope: {scopes}.")),
    "scopes_of_another_kind": Entry(
        422, _("The scope that provisions members cannot be combined with other scopes, and "
               "only keys for SCIM have it.")
    ),
    "expiry_in_past": Entry(422, _("A key must expire in the future.")),
    "network_invalid": Entry(
        422, _("{network} is not a network such as 192.0.2.0/24 or 2001:db8::/32.")
    ),
    "key_already_revoked": Entry(409, _("This key was already revoked.")),
    "key_already_expired": Entry(409, _("This key has expired. Issue a new one.")),
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
        _("This API key cannot be used from your network."),
        in_rest=True,
    ),
}  # fmt: skip
