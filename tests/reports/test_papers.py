"""A report's PDF is signed for any reader, and the public gets a short statement."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)
from django.urls import reverse
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from accounts.refusals import Refusal
from audit.notes import SigningKey
from media_analysis.reports import pdf_signing
from media_analysis.reports.models import Report
from media_analysis.reports.services import issuing
from media_analysis.review.models import Case
from operations import doctor
from tests.people import Person
from tests.reports.test_issuing import case as case
from tests.reports.test_issuing import checked

Certificate = bytes


def validated(pdf: bytes, trusted: Certificate) -> PdfSignatureStatus:
    (found,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    root = asn1_x509.Certificate.load(
        x509.load_pem_x509_certificate(trusted).public_bytes(Encoding.DER)
    )
    return validate_pdf_signature(found, ValidationContext(trust_roots=[root]))


def test_a_pdf_reader_finds_the_report_whole_and_knows_its_signer(
    alice: Person, charlie: Person, case: Case
) -> None:
    """Over the whole file, by the certificate that strangers download, and by no other site's."""
    pdf = bytes(issuing.issue(alice.actor, case).pdf)
    assert b"/ETSI.CAdES.detached" in pdf and b"pdfaid:part" in pdf
    answer = charlie.client().get(reverse("reports:certificate"))
    status = validated(pdf, answer.content)
    assert status.bottom_line and status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    other = pdf_signing.certificate_of(SigningKey.make("another-site"))
    foreign = validated(pdf, other.public_bytes(Encoding.PEM))
    assert foreign.intact and not foreign.trusted


def test_a_changed_pdf_is_no_longer_as_it_was_signed(alice: Person, case: Case) -> None:
    """Of forty bytes all over the file, each of which is changed alone, none goes unnoticed. Only
    the room in which the signature itself stands is not signed: report.sig covers that as well."""
    pdf = bytes(issuing.issue(alice.actor, case).pdf)
    trusted = pdf_signing.certificate()
    (found,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    _, room, after, rest = (int(number) for number in found.byte_range)
    assert after + rest == len(pdf)
    kept = []
    for at in range(8, len(pdf), len(pdf) // 40):
        if room <= at < after:
            continue
        changed = pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]
        try:
            if validated(changed, trusted).bottom_line:
                kept.append(at)
        except Exception:  # what cannot be read any more is noticed too
            continue
    assert kept == []


def test_every_machine_with_the_report_key_has_the_same_certificate() -> None:
    """Derived, not drawn: two hosts need no further secret, and another key has another one."""
    key, other = SigningKey.make("reports-1"), SigningKey.make("reports-2")
    again = SigningKey.parse(key.secret_text())
    assert pdf_signing.certificate_of(key) == pdf_signing.certificate_of(again)
    assert pdf_signing.certificate_of(key) != pdf_signing.certificate_of(other)


def test_a_site_may_sign_with_a_certificate_of_its_own(
    alice: Person, case: Case, settings: Any, tmp_path: Path
) -> None:
    """PKCS#12; a wrong passphrase issues nothing, says so on the page, and doctor names it."""
    key = SigningKey.make("the-house")
    private = ec.generate_private_key(ec.SECP256R1())
    held = pdf_signing.certificate_of(key)
    own = held_by(private, held)
    file = tmp_path / "own.p12"
    sealed = BestAvailableEncryption(b"secret words")
    file.write_bytes(pkcs12.serialize_key_and_certificates(None, private, own, None, sealed))
    settings.REPORT_PDF_SIGNER_FILE = str(file)
    settings.REPORT_PDF_SIGNER_PASSPHRASE = "other words"
    with pytest.raises(Refusal) as refused:
        issuing.issue(alice.actor, case)
    assert refused.value.code == "report_signer_unusable" and not Report.objects.exists()
    (found,) = doctor.reports()
    assert str(file) in found.said and "PASSPHRASE" in found.mend
    page = alice.client().post(reverse("reports:issue", args=[case.pk]), follow=True)
    assert "cannot be used" in page.content.decode()
    assert alice.client().get(reverse("reports:certificate")).status_code == 503
    settings.REPORT_PDF_SIGNER_PASSPHRASE = "secret words"
    assert list(doctor.reports()) == []
    pdf = bytes(issuing.issue(alice.actor, case).pdf)
    assert validated(pdf, own.public_bytes(Encoding.PEM)).bottom_line


def held_by(private: ec.EllipticCurvePrivateKey, like: x509.Certificate) -> x509.Certificate:
    built = (
        x509.CertificateBuilder()
        .subject_name(like.subject)
        .issuer_name(like.subject)
        .public_key(private.public_key())
        .serial_number(7)
        .not_valid_before(like.not_valid_before_utc)
        .not_valid_after(like.not_valid_after_utc)
        .add_extension(like.extensions.get_extension_for_class(x509.KeyUsage).value, critical=True)
    )
    return built.sign(private, hashes.SHA256())


def test_the_public_statement_says_what_was_decided_and_names_nobody(
    alice: Person, charlie: Person, case: Case
) -> None:
    """In both languages; no reason, no name, no score; signed with the other files."""
    report = issuing.issue(alice.actor, case)
    text = report.public
    assert "A person decided on" in text and "Eine Person hat am" in text
    assert case.submission.blob_id in text and str(report.pk) in text
    assert "does not prove" in text and "beweist nicht" in text
    for hidden in ("the seam along the jaw", alice.user.email, str(alice.user), "%("):
        assert hidden not in text
    given = dict(issuing.files_of(report))
    assert checked(charlie, given).status_code == 200
    given["public.txt"] = given["public.txt"].replace(b"person", b"Person", 1)
    assert checked(charlie, given).status_code == 422
