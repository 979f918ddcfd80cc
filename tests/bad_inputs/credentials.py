"""JPEGs with Content Credentials, made here with a certificate authority of our own."""

from __future__ import annotations

import datetime
import functools
import io
import json
from collections.abc import Sequence
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.bad_inputs import parts
from tests.sandbox import media

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
REMOTE = "http://127.0.0.1:{port}/manifest.c2pa"


def _name(text: str, of: str) -> x509.Name:
    organisation = {"signers": "Touchstone tests", "identities": "Example Press"}[of]
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


def authority(of: str = "signers") -> tuple[bytes, bytes, bytes]:
    """(chain for signing, the leaf's key, the root as a trust anchor), all PEM: of whoever signs
    the credentials, or of whoever says in them who they are."""
    return _authority(of)


@functools.cache
def _authority(of: str) -> tuple[bytes, bytes, bytes]:
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
            .subject_name(_name(subject, of))
            .issuer_name(_name("Root of the tests", of))
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


def _manifest() -> dict[str, Any]:
    created = {"action": "c2pa.created", "digitalSourceType": GENERATED}
    return {
        "claim_generator_info": [{"name": "touchstone-tests", "version": "1"}],
        "title": "made by a test",
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [created]}}],
    }


def sign(
    jpeg: bytes, *, ingredient: bytes | None = None, remote: str | None = None,
    more: Sequence[dict[str, Any]] = (),
) -> bytes:  # fmt: skip
    chain, key, _ = authority()
    signer = c2pa.Signer.from_info(
        c2pa.C2paSignerInfo(alg=b"es256", sign_cert=chain, private_key=key, ta_url=None)
    )
    manifest = _manifest()
    manifest["assertions"] += more
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
def identified() -> bytes:
    """Signed by one key, with an identity assertion (CAWG) by another, as the library writes it."""
    chain, key, _ = (part.decode() for part in authority())
    own_chain, own_key, _ = (part.decode() for part in authority("identities"))
    signers = {
        "signer": {"local": {"alg": "es256", "sign_cert": chain, "private_key": key}},
        "cawg_x509_signer": {
            "local": {"alg": "es256", "sign_cert": own_chain, "private_key": own_key}
        },
    }
    context = c2pa.Context.from_dict(signers)
    context._has_signer = True  # the binding knows only signers that it was handed
    builder = c2pa.Builder(json.dumps(_manifest()), context=context)
    out = io.BytesIO()
    builder.sign("image/jpeg", io.BytesIO(media.picture("JPEG")), out)
    return out.getvalue()


UNREADABLE = {"anything": 1}
OF_ANOTHER_FILE = {
    "signer_payload": {
        "referenced_assertions": [
            {"url": "self#jumbf=c2pa.assertions/c2pa.hash.data", "hash": [1] * 32}
        ],
        "sig_type": "cawg.x509.cose",
    },
    "signature": [1, 2, 3],
    "pad1": [],
}  # fmt: skip


def with_assertion(label: str, data: object) -> bytes:
    """Credentials that hold, and in them whatever somebody put there."""
    return sign(media.picture("JPEG"), more=[{"label": label, "data": data}])


def by_aggregator(issuer: str) -> dict[str, object]:
    """An identity that an issuer vouches for, whose key lies where the issuer's name says."""
    payload = {"referenced_assertions": [], "sig_type": "cawg.identity_claims_aggregation"}
    account = {
        "type": "cawg.social_media", "username": "anyone", "uri": "https://example.org/anyone",
        "verifiedAt": "2026-01-01T00:00:00Z",
        "provider": {"id": "https://example.org", "name": "Example"},
    }  # fmt: skip
    credential = {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://cawg.io/identity/1.1/ica/context/",
        ],
        "type": ["VerifiableCredential", "IdentityClaimsAggregationCredential"],
        "issuer": issuer,
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"verifiedIdentities": [account], "c2paAsset": payload},
    }
    protected = b"\xa2\x01\x27\x03\x6e" + b"application/vc"
    content = json.dumps(credential).encode()
    signed = b"\xd2\x84" + _bytes(protected) + b"\xa0" + _bytes(content) + _bytes(bytes(64))
    return {"signer_payload": payload, "signature": list(signed), "pad1": []}


def _bytes(content: bytes) -> bytes:
    """A string of bytes in CBOR."""
    return b"\x59" + len(content).to_bytes(2, "big") + content


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
