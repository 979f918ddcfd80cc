"""Who did something, as ids only, so that an event never holds personal data."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Who:
    kind: str
    """`user`, `service`, `system` or `anonymous`."""
    id: str
    """The id of the user or the service account, or `worker:<name>`, or `shell`."""
    via: str
    """How they proved it: `password`, `passkey`, `totp`, `oidc`, `api_key`, `worker`, ..."""
    token: str = ""
    """The prefix of an API key, or the hash of a session key; never the secret itself."""
    role: str = ""

    @property
    def ref(self) -> str:
        """Kind and id, as rows keep whose they are."""
        return f"{self.kind}:{self.id}"

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


SYSTEM = Who(kind="system", id="touchstone", via="none")
SHELL = Who(kind="system", id="shell", via="shell")
NOBODY = Who(kind="anonymous", id="", via="none")


def worker(name: str) -> Who:
    return Who(kind="system", id=f"worker:{name}", via="worker")
