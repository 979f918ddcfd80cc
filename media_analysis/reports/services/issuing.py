"""Issue the report of the decision that is in force, hand its files out: each an event."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from uuid import UUID

import rfc8785
from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from accounts.actors import Actor
from accounts.refusals import Refusal
from accounts.roles import Permission
from accounts.services.chains import require
from audit.services import record
from audit.verbs import Verb
from media_analysis.reports import contents, keys, partner_data, public, reasons, verifying
from media_analysis.reports.models import Report
from media_analysis.reports.services import films
from media_analysis.review.models import Case, CaseState, Decision
from media_analysis.submissions.models import Submission
from media_analysis.webhooks.services import emitting

KINDS = {
    ".json": "application/json", ".pdf": "application/pdf", ".sig": "text/plain",
    ".txt": "text/plain; charset=utf-8",
}  # fmt: skip


@transaction.atomic
def issue(actor: Actor, case: Case, language: str = "") -> Report:
    """One report per decision and language (by default the actor's own): a repeated request returns
    the same one. A case that was reopened and decided again gets a further report, which names the
    earlier one. Each language of a decision has the same number."""
    require(actor, Permission.DECIDE_CASES, case.team_id)
    language = language or (actor.user and actor.user.language) or settings.LANGUAGE_CODE
    if language not in dict(settings.LANGUAGES):
        raise Refusal("report_language_unknown", languages=", ".join(dict(settings.LANGUAGES)))
    Submission.objects.select_for_update(no_key=True).get(pk=case.submission_id)
    found = Case.objects.select_related("submission__blob", "submission__analysis").get(pk=case.pk)
    if found.state != CaseState.DECIDED or found.submission.planted:
        raise Refusal("report_needs_decision")
    decision = Decision.objects.select_related("policy").get(case=found, fence=found.fence_in_force)
    known: Report | None = Report.objects.filter(decision=decision, language=language).first()
    if known is not None:
        return known
    report = _signed_report(found, decision, language)
    report.issued_by = actor.user
    report.save(force_insert=True)
    record(
        chain=found.submission_id,
        verb=Verb.REPORT_ISSUED,
        who=actor.who_in(found.team_id),
        object_type="report",
        object_id=report.pk,
        object_sha256=report.body_sha256,
        data={"number": report.number, "decision": decision.pk, "language": language},
        rows=[report],
    )
    report.refresh_from_db(fields=["created_at"])
    emitting.after_report(found.submission, lambda: {"report": partner_data.of_report(report)})
    return report


def _signed_report(case: Case, decision: Decision, language: str) -> Report:
    # Here, for its library takes a fifth of a process's start, and few processes write a report.
    from media_analysis.reports import paper, pdf_signing

    try:
        signer = pdf_signing.signer()
    except pdf_signing.SignerUnusable as error:
        raise Refusal("report_signer_unusable") from error
    pk = uuid.uuid4()
    earlier = _earlier(case, decision, language)
    number = earlier.number + 1 if earlier else 1
    head = {
        "id": str(pk),
        "version": number,
        "replaces": str(earlier.pk) if earlier else None,
        "issued_at": timezone.now().isoformat(),
    }
    film = films.report_data(case)
    with translation.override("en"):  # in each language of a decision the JSON reads the same
        report, frames = contents.contents(case, decision, head, film)
    body = rfc8785.dumps(report)
    public_statement = public.statement(report, decision)
    with translation.override(language):
        if language != "en":
            report, frames = contents.contents(case, decision, head, film)
        pdf = pdf_signing.signed(paper.draw(report, frames, body), signer, str(pk))
        statement = rfc8785.dumps(reasons.statement(report))
    files = {
        verifying.BODY: body,
        verifying.PDF: pdf,
        verifying.STATEMENT: statement,
        verifying.PUBLIC: public_statement.encode(),
    }
    return Report(
        pk=pk,
        team_id=case.team_id,
        case=case,
        decision=decision,
        language=language,
        number=number,
        earlier=earlier,
        body=body,
        pdf=pdf,
        statement=statement,
        public=public_statement,
        signature=verifying.sign(
            str(pk), files, keys.signing_key(), film["sha256"] if film else ""
        ),
        body_sha256=verifying.sha256(body),
    )


def _earlier(case: Case, decision: Decision, language: str) -> Report | None:
    """The newest report of another decision, in the same language where there is one."""
    others: list[Report] = list(
        Report.objects.filter(case=case).exclude(decision=decision).order_by("-number", "language")
    )
    newest = [one for one in others if one.number == others[0].number]
    return next((one for one in newest if one.language == language), newest[0] if newest else None)


def files_of(report: Report) -> Mapping[str, bytes]:
    return {
        verifying.BODY: bytes(report.body),
        verifying.PDF: bytes(report.pdf),
        verifying.STATEMENT: bytes(report.statement),
        **({verifying.PUBLIC: report.public.encode()} if report.public else {}),
        verifying.SIGNATURE: report.signature.encode(),
    }


def kind_of(name: str) -> str:
    return KINDS[name[name.index(".") :]]


@transaction.atomic
def handed_out(actor: Actor, report: Report, name: str) -> bytes | None:
    """One of its files, on record; None when there is none of that name."""
    content = files_of(report).get(name)
    if content is not None:
        record(
            chain=report.case.submission_id,
            verb=Verb.REPORT_DOWNLOADED,
            who=actor.who_in(report.team_id),
            object_type="report",
            object_id=report.pk,
            object_sha256=report.body_sha256,
            data={"file": name},
        )
    return content


def of_case(actor: Actor, case_id: UUID) -> list[Report]:
    found = Report.objects.for_actor(actor).filter(case=case_id)
    light = found.defer("body", "pdf", "statement")  # `public` is short, and says if it is there
    rows = light.select_related("decision", "issued_by", "earlier")
    return list(rows.order_by("-number", "language"))
