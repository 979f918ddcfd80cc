"""The signing key, readable only by its owner, and the list of trusted keys."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from .notes import PublicKey, SigningKey


class KeysRefused(Exception):
    """A key is missing, or is not the one that this database knows. It says what to do."""


def signing_key() -> SigningKey:
    """The key of this site. It is made once, by `manage.py keys init`, and never here: a second
    machine that made its own would look like a forger."""
    file: Path = settings.AUDIT_SIGNING_KEY_FILE
    if not file.exists() and settings.AUDIT_MAKE_KEYS:
        make_signing_key()
    return SigningKey.parse(content(file))


def make_signing_key() -> bool:
    """False when there was one."""
    key = SigningKey.make(f"touchstone-{secrets.token_hex(4)}")
    made = write_once(settings.AUDIT_SIGNING_KEY_FILE, key.secret_text().encode() + b"\n")
    if made:
        with public_key_file().open("a") as public:
            public.write(f"{key.public}\n")
    return made


def subject_master_key() -> bytes:
    """Wraps the key of each subject. Made once, like the signing key."""
    return subject_master_keys()[0]


def subject_master_keys() -> list[bytes]:
    """The one in use, then earlier ones, which some keys of subjects may still be wrapped with.
    They lie in one file, a line each, so that who copies or backs it up has them all."""
    file: Path = settings.AUDIT_SUBJECT_KEY_FILE
    if not file.exists() and settings.AUDIT_MAKE_KEYS:
        make_subject_key()
    if keys := [bytes.fromhex(line) for line in content(file).split()]:
        return keys
    raise ValueError("the file is empty")


def make_subject_key() -> bool:
    return write_once(settings.AUDIT_SUBJECT_KEY_FILE, _lines([os.urandom(32)]))


def write_subject_keys(keys: Sequence[bytes]) -> None:
    """In place of those in the file, which keeps its owner and stays private."""
    file: Path = settings.AUDIT_SUBJECT_KEY_FILE
    was = file.stat()
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        write_once(part, _lines(keys))
        if os.geteuid() == 0:
            os.chown(part, was.st_uid, was.st_gid)
        part.chmod(stat.S_IMODE(was.st_mode))
        part.replace(file)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise


def _lines(keys: Sequence[bytes]) -> bytes:
    return "".join(f"{key.hex()}\n" for key in keys).encode()


def content(file: Path) -> str:
    """The content of a key file, or `KeysRefused` with advice."""
    try:
        return file.read_text()
    except FileNotFoundError:
        raise KeysRefused(
            f"The key file {file} is not on this machine. Copy it from the first machine of this "
            "site, or run `manage.py keys init` if there is none yet."
        ) from None
    except OSError as error:
        raise KeysRefused(f"The key file {file} cannot be read: {error.strerror}.") from error


def public_key_file() -> Path:
    """Beside the key: every key this installation has sealed with, one a line."""
    file: Path = settings.AUDIT_SIGNING_KEY_FILE
    return file.with_suffix(".pub")


def mark_file() -> Path:
    """The last signed checkpoint, next to the key. AUDIT_MARK_FILE names another place if the key's
    folder is not writable."""
    file: Path = settings.AUDIT_SIGNING_KEY_FILE
    return settings.AUDIT_MARK_FILE or file.with_suffix(".mark")


def trusted_keys() -> list[PublicKey]:
    file = public_key_file()
    lines = file.read_text().splitlines() if file.exists() else []
    return [PublicKey.parse(line) for line in lines if line.strip()]


def write_once(file: Path, content: bytes) -> bool:
    """Make a secret file whole and private from its first moment; False when it was there."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(part, file)
    except FileExistsError:
        return False
    finally:
        part.unlink()
    return True
