"""A passkey in software: makes a real key pair and real signatures, as a device would."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

FLAG = AuthenticatorData.FLAG


class SoftPasskey:
    def __init__(self, origin: str = "http://localhost") -> None:
        self.origin = origin
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(32)
        self.user_handle = ""

    def register(self, options: dict[str, Any]) -> str:
        """What the browser posts after `navigator.credentials.create`."""
        public = options["publicKey"]
        self.user_handle = public["user"]["id"]
        credential = AttestedCredentialData.create(
            Aaguid.NONE, self.id, ES256.from_cryptography_key(self.private.public_key())
        )
        data = AuthenticatorData.create(
            self._rp(public["rp"]["id"]), FLAG.UP | FLAG.UV | FLAG.AT, 0, credential
        )
        client = self._client("webauthn.create", public["challenge"])
        return self._answer(
            client,
            attestationObject=websafe_encode(AttestationObject.create("none", data, {})),
        )

    def sign(self, options: dict[str, Any], *, verified: bool = True) -> str:
        """What the browser posts after `navigator.credentials.get`."""
        public = options["publicKey"]
        flags = FLAG.UP | (FLAG.UV if verified else 0)
        data = AuthenticatorData.create(self._rp(public["rpId"]), flags, 1)
        client = self._client("webauthn.get", public["challenge"])
        signature = self.private.sign(data + client.hash, ec.ECDSA(SHA256()))
        return self._answer(
            client,
            authenticatorData=websafe_encode(data),
            signature=websafe_encode(signature),
            userHandle=self.user_handle,
        )

    def _client(self, kind: str, challenge: str) -> CollectedClientData:
        return CollectedClientData.create(kind, challenge, self.origin)

    def _answer(self, client: CollectedClientData, **response: str) -> str:
        name = websafe_encode(self.id)
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "response": {"clientDataJSON": websafe_encode(client), **response},
                "clientExtensionResults": {"credProps": {"rk": True}},
            }
        )

    @staticmethod
    def _rp(rp_id: str) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest()
