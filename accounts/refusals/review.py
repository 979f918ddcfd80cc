"""Cases, queues, decisions and what teams set for them."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from accounts.refusals.entry import Entry

ENTRIES: Mapping[str, Entry] = {
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
        409, _("Cases or rules use this queue. Pause it, or let the rules use another queue.")
    ),
    "queue_name_missing": Entry(422, _("Give a name.")),
    "queue_name_holds_address": Entry(
        422, _("A name cannot contain an email address, because the record keeps it permanently.")
    ),
    "queue_name_taken": Entry(409, _("This team already has a queue named {name}.")),
    "rule_name_taken": Entry(409, _("This team already has a rule named {name}.")),
    "rule_gone": Entry(409, _("This rule was deleted. Nothing was changed.")),
    "too_many_queues": Entry(409, _("A team can have {most} queues.")),
    "too_many_rules": Entry(409, _("A team can have {most} rules.")),
    "queue_unknown": Entry(422, _("This team has no such queue.")),
    "sender_unknown": Entry(422, _("This team has no such partner.")),
    "move_reason_missing": Entry(422, _("Say why the case moves to another queue.")),
    "takeover_reason_missing": Entry(422, _("Say why you take the case over.")),
    "reassign_reason_missing": Entry(422, _("Say why another person gets the case.")),
    "case_not_for_that_person": Entry(
        409,
        _(
            "This case is not offered to that person: they decided it before, or its queue is for "
            "others."
        ),
    ),
    "case_not_held": Entry(
        409, _("This case is not assigned to anybody else, or it was just decided. Nothing was "
               "changed.")
    ),
    "case_not_moved": Entry(
        409, _("The case was not moved: it is already in that queue, decided or assigned.")
    ),
    "decision_final": Entry(
        409,
        _("The decision is final or was already undone. Reopen the case with a reason."),
    ),
    "confidence_unknown": Entry(422, _("Choose one of the listed levels of confidence.")),
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
    "person_does_not_decide": Entry(422, _("This person does not decide cases in this team.")),
    "reason_code_name_missing": Entry(422, _("A reason code needs a name.")),
    "reason_code_holds_address": Entry(
        422, _("A reason code cannot contain an email address, because the record keeps it "
               "permanently.")
    ),
    "too_many_reason_codes": Entry(
        422, _("A team has at most {most} reason codes in force. Retire one first.")
    ),
    "reason_code_name_taken": Entry(422, _("There is already a reason code with this name.")),
    "reason_code_unchanged": Entry(409, _("Nothing was changed. The value is already set.")),
    "saved_text_name": Entry(
        422,
        _("The name of a saved text has a to z, 0 to 9 and hyphens, at most {most} characters."),
    ),
    "saved_text_length": Entry(422, _("A saved text has 1 to {most} characters.")),
    "saved_text_holds_address": Entry(
        422, _("A saved text cannot contain an email address, because the record keeps it "
               "permanently.")
    ),
    "saved_text_placeholder": Entry(
        422,
        _(
            "Only policy and file are filled in between braces. Write {name} without braces, or "
            "remove it."
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
    "break_items_out_of_range": Entry(
        422, _("The items before a break are between 0 and {most}.")
    ),
    "keys_conflict": Entry(422, _("Each action needs its own key. Nothing was changed.")),
    "case_not_passed_on": Entry(409, _("You did not pass this case on. Nothing was changed.")),
    "another_person_needed": Entry(
        409, _("You already gave an opinion on this case. Another person gives the second "
               "opinion.")
    ),
    "case_wants_adjudication": Entry(
        409, _("Two people disagree about this case. Decide it: an answer is not enough.")
    ),
    "share_out_of_range": Entry(422, _("A share is between 0 and 100 %.")),
    "grace_out_of_range": Entry(422, _("The grace time is between 0 and {most} seconds.")),
    "case_not_decided": Entry(
        409, _("This case is not decided, so it cannot be reopened. Nothing was changed.")
    ),
    "report_needs_decision": Entry(
        409, _("A report documents a decision, and none is in force. Nothing was issued.")
    ),
    "report_language_unknown": Entry(
        422, _("Reports are available in these languages: {languages}. Nothing was issued.")
    ),
    "report_signer_unusable": Entry(
        503,
        _("The certificate that signs reports cannot be used. Contact an administrator."),
    ),
    "appeal_text_missing": Entry(422, _("Say why you object to the decision.")),
    "appeal_too_long": Entry(422, _("An appeal has at most {most} characters.")),
    "appeal_not_yours": Entry(
        403, _("Only the sender of the media can appeal the decision."), in_rest=True
    ),
    "no_decision_in_force": Entry(
        409, _("There is no decision in force to appeal. Nothing was changed."), in_rest=True
    ),
    "appeal_open": Entry(
        409,
        _("An appeal against this decision is open already. Nothing was changed."),
        in_rest=True,
    ),
    "appeal_too_late": Entry(
        409,
        _("The decision could be appealed for {days} days. This period is over. Nothing was "
          "changed."),
        in_rest=True,
    ),
    "appeals_not_taken": Entry(
        409, _("This team does not accept appeals. Nothing was changed."), in_rest=True
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
    "note_missing": Entry(422, _("Write the note first. Nothing was saved.")),
    "note_too_long": Entry(422, _("A team note has at most {most} characters. Nothing was saved.")),
    "too_many_notes": Entry(409, _("A case can have {most} team notes. Nothing was saved.")),
    "too_many_mentions": Entry(
        422, _("A team note can mention {most} people. Nothing was saved.")
    ),
    "mention_unknown": Entry(
        422,
        _(
            "Nobody who can see this case is called {name}. Nothing was saved. Choose a member "
            "of the team, or put a space after the @."
        ),
    ),
    "mention_ambiguous": Entry(
        422,
        _(
            "Several people in the team are called {name}. Nothing was saved. Write the email "
            "address after the @."
        ),
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
        409, _("That decision is no longer in force. Nothing was decided.")
    ),
    "draft_pass_not_accepted": Entry(
        403, _("The draft was not saved: its token is invalid or has expired.")
    ),
    "already_decided": Entry(409, _("This case was already decided.")),
    "verdict_unknown": Entry(422, _("Unknown verdict: {verdicts}.")),
    "order_unknown": Entry(422, _("Unknown order of the queue.")),
    "policy_name_missing": Entry(422, _("A policy needs a name.")),
    "policy_name_taken": Entry(
        422, _("There is already a policy called {name}, in force or retired.")
    ),
    "policy_name_holds_address": Entry(
        422,
        _("A policy's name cannot contain an email address, because the record keeps it "
          "permanently."),
    ),
    "policy_gone": Entry(409, _("This policy was deleted in the meantime. Nothing was saved.")),
    "policy_already_retired": Entry(409, _("This policy was already retired.")),
    "policy_already_in_force": Entry(409, _("This policy was already in force.")),
    "policy_already_deleted": Entry(409, _("This policy was already deleted.")),
    "policy_in_use": Entry(
        409, _("Decisions are based on this policy, so it cannot be deleted. Retire it instead.")
    ),
}  # fmt: skip
