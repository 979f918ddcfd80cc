"""JPEGs with Content Credentials, made here with a certificate authority of our own."""

from __future__ import annotations

import datetime
import functools
import io
import json

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.bad_inputs import parts
from tests.sandbox import media

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
REMOTE = "http://127.0.0.1:{port}/manifest.c2pa"


def _name(text: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Touchstone tests"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


@functools.cache
def authority() -> tuple[bytes, bytes, bytes]:
    """(chain for signing, the leaf's key, the root as a trust anchor), all PEM."""
    now = datetime.datetime.now(datetime.UTC)
    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def certificate(subject: str, key: ec.EllipticCurvePrivateKey, ca: bool) -> x509.Certificate:
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
            False,
        )  # fmt: skip
        usage |= {"key_cert_sign": True, "crl_sign": True} if ca else {"digital_signature": True}
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name("Root of the tests"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
                critical=False,
            )
        )
        if not ca:
            purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            builder = builder.add_extension(purpose, critical=True)
        return builder.sign(root_key, hashes.SHA256())

    pem = serialization.Encoding.PEM
    root = certificate("Root of the tests", root_key, True).public_bytes(pem)
    leaf = certificate("Signer of the tests", leaf_key, False).public_bytes(pem)
    key = leaf_key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return leaf + root, key, root


def sign(jpeg: bytes, *, ingredient: bytes | None = None, remote: str | None = None) -> bytes:
    chain, key, _ = authority()
    signer = c2pa.Signer.from_info(
        c2pa.C2paSignerInfo(alg=b"es256", sign_cert=chain, private_key=key, ta_url=None)
    )
    manifest = {
        "claim_generator_info": [{"name": "touchstone-tests", "version": "1"}],
        "title": "made by a test",
        "assertions": [
            {
                "label": "c2pa.actions",
                "data": {"actions": [{"action": "c2pa.created", "digitalSourceType": GENERATED}]},
            }
        ],
    }
    builder = c2pa.Builder(json.dumps(manifest))
    if ingredient is not None:
        about = json.dumps({"title": "before", "relationship": "componentOf"})
        builder.add_ingredient(about, "image/jpeg", io.BytesIO(ingredient))
    if remote is not None:
        builder.set_remote_url(remote)
        builder.set_no_embed()
    out = io.BytesIO()
    builder.sign(signer, "image/jpeg", io.BytesIO(jpeg), out)
    return out.getvalue()


@functools.cache
def signed() -> bytes:
    return sign(media.picture("JPEG"))


@functools.cache
def recursive() -> bytes:
    """Each version holds the one before as an ingredient, eight deep."""
    data = signed()
    for _ in range(8):
        data = sign(data, ingredient=data)
    return data


def altered() -> bytes:
    """One bit of the coded picture changed after signing."""
    data = bytearray(signed())
    data[-20] ^= 0x10
    return bytes(data)


def broken_signature() -> bytes:
    """A byte inside the signature itself."""
    data = bytearray(signed())
    at = data.index(b"c2pa.signature") + 120
    data[at] ^= 0xFF
    return bytes(data)


def with_remote(port: int = 9) -> bytes:
    """An XMP note that points at a manifest on the network."""
    address = REMOTE.format(port=port)
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dcterms="http://purl.org/dc/terms/" '
        f'dcterms:provenance="{address}"/></rdf:RDF></x:xmpmeta>'
    )
    return parts.with_xmp(media.picture("JPEG"), packet.encode())
