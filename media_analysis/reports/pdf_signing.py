"""The signature inside a report's PDF (PAdES), so that any PDF reader can check it.

The key and its certificate are derived from the site's report key: every machine with that key
makes the same ones, and there is no second secret to share. Few PDF readers know Ed25519, so the
derived key is on the curve P-256. The certificate is self-signed. A reader shows an unknown signer
until somebody trusts it, or the site sets a certificate of its own (`REPORT_PDF_SIGNER_FILE`).
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.utils.translation import gettext
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore

from audit.notes import SigningKey
from media_analysis.reports import keys

FIELD = "TouchstoneReport"
VALID = datetime(2025, 1, 1, tzinfo=UTC), datetime(2075, 1, 1, tzinfo=UTC)
_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of the group of points on P-256."""


class SignerUnusable(ValueError):
    """The certificate that the site names cannot sign. A sentence says why."""


def signed(pdf: bytes, signer: signers.Signer, report: str) -> bytes:
    """The PDF with a signature over all of it, added behind what was there. What the signature says
    of itself is in the active language."""
    about = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        reason=gettext("Report {id} as it was issued").format(id=report),
    )
    out = BytesIO()
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    # It runs an event loop, which it cannot in a thread that runs one already.
    with ThreadPoolExecutor(max_workers=1) as apart:
        apart.submit(signers.PdfSigner(about, signer=signer).sign_pdf, writer, output=out).result()
    return out.getvalue()


def signer() -> signers.Signer:
    """The site's own certificate where it is set, else the one derived from the report key."""
    if file := settings.REPORT_PDF_SIGNER_FILE:
        return signer_in(Path(file), settings.REPORT_PDF_SIGNER_PASSPHRASE)
    return signer_of(keys.signing_key())


def certificate() -> bytes:
    """In PEM: what a reader must trust to know who signed."""
    held = signer().signing_cert
    if held is None:
        raise SignerUnusable("The file holds no certificate.")
    return x509.load_der_x509_certificate(held.dump()).public_bytes(Encoding.PEM)


def signer_of(key: SigningKey) -> signers.Signer:
    private = _derived(key)
    stored = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    certificate = certificate_of(key).public_bytes(Encoding.DER)
    return signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate),
        signing_key=asn1_keys.PrivateKeyInfo.load(stored),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )


def signer_in(file: Path, passphrase: str) -> signers.Signer:
    """From a file of the form PKCS#12 that holds a key, its certificate and those above it."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SignerUnusable(f"{file} cannot be read: {error.strerror}.") from error
    try:
        found: signers.Signer = signers.SimpleSigner.load_pkcs12_data(
            content, other_certs=[], passphrase=passphrase.encode()
        )
    except Exception as error:  # a wrong passphrase or form raises many kinds
        raise SignerUnusable(
            f"{file} is not PKCS#12 with a key and its certificate, or its passphrase is another."
        ) from error
    return found


def certificate_of(key: SigningKey) -> x509.Certificate:
    """The same bytes each time: the number is drawn from the key, and so is the signature."""
    private = _derived(key)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Touchstone"),
            x509.NameAttribute(NameOID.COMMON_NAME, key.name),
        ]
    )
    number = int.from_bytes(hashlib.sha256(key.public.public).digest()[:16]) >> 1
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(number)
        .not_valid_before(VALID[0])
        .not_valid_after(VALID[1])
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    return built.sign(private, hashes.SHA256(), ecdsa_deterministic=True)


def _derived(key: SigningKey) -> ec.EllipticCurvePrivateKey:
    # 48 bytes for a number below 2**256: what the remainder favours is nothing (FIPS 186-5, A.2.1).
    drawn = HKDF(hashes.SHA256(), 48, salt=None, info=b"touchstone report pdf, P-256").derive(
        key.private.private_bytes_raw()
    )
    return ec.derive_private_key(int.from_bytes(drawn) % (_ORDER - 1) + 1, _CURVE)
