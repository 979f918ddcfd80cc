"""Reads the environment: typed values, secrets from files, and a sentence for each mistake.

`NAME_FILE=/run/secrets/name` gives the value of NAME from a file, for every name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, MutableMapping
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

UNITS = {
    "": 1, "B": 1,
    "K": 1000, "KB": 1000, "M": 1000**2, "MB": 1000**2, "G": 1000**3, "GB": 1000**3,
    "TB": 1000**4,
    "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3, "TIB": 1024**4,
}  # fmt: skip
BROKERS = ("redis", "rediss", "amqp", "amqps")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")
_RATE = re.compile(r"\d+/(s|sec|second|m|min|minute|h|hour|d|day)")
_OWN_FILES = frozenset({"AUDIT_SIGNING_KEY", "AUDIT_SUBJECT_KEY", "AUDIT_ANCHOR",
                        "AUDIT_MARK", "REPORT_SIGNING_KEY", "REPORT_PDF_SIGNER",
                        "C2PA_TRUST_ANCHORS", "C2PA_TIME_ANCHORS", "C2PA_IDENTITY_ANCHORS",
                        "SSL_CERT"})  # fmt: skip
"""Settings of their own whose names end in _FILE: they name a file and are no secret's place."""


KNOWN_NAMES: set[str] = set()
"""Every name that the settings have read; `manage.py doctor` finds misspelt ones by it."""


class BadSetting(ImproperlyConfigured):
    """A setting cannot be read; the sentence names it and says what it should be."""


class _WithFiles(MutableMapping[str, str]):
    """The environment. NAME_FILE is replaced by the content of the file."""

    def __getitem__(self, key: str) -> str:
        file = os.environ.get(f"{key}_FILE", "") if key not in _OWN_FILES else ""
        if not file:
            return os.environ[key]
        try:
            with open(file, encoding="utf-8") as content:  # noqa: PTH123 - a plain path
                return content.read().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(f"{key}_FILE is {file}, which cannot be read: {error}") from error

    def __setitem__(self, key: str, value: str) -> None:
        os.environ[key] = value

    def __delitem__(self, key: str) -> None:
        del os.environ[key]

    def __iter__(self) -> Iterator[str]:
        for key in os.environ:
            yield key
            if key.endswith("_FILE") and key[:-5] not in os.environ:
                yield key[:-5]

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Environment(environ.Env):  # type: ignore[misc]
    ENVIRON = _WithFiles()

    def get_value(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET,
                  parse_default: bool = False) -> Any:  # fmt: skip
        KNOWN_NAMES.add(var)
        try:
            return super().get_value(var, cast, default, parse_default)
        except (environ.ImproperlyConfigured, KeyError):
            raise
        except (ValueError, TypeError) as error:
            value = self.ENVIRON.get(var, "")
            raise BadSetting(f"{var} is {value!r}, which is {_wanted(cast)}.") from error

    def size(self, name: str, default: int) -> int:
        """Bytes: `536870912`, `512MB` or `512MiB`."""
        text = self.str(name, str(default))
        found = _SIZE.fullmatch(text)
        unit = UNITS.get(found[2].upper()) if found else None
        if not found or unit is None or not (size := int(float(found[1]) * unit)):
            raise BadSetting(f"{name} is {text!r}, which is no size: write 512MB, 512MiB or bytes.")
        return size

    def above(self, floor: float, name: str, default: float) -> float:
        """A number greater than `floor`."""
        number = float(self.float(name, default))
        if not number > floor:
            raise BadSetting(f"{name} is {number:g}; it must be greater than {floor:g}.")
        return number

    def at_least(self, floor: float, name: str, default: float) -> float:
        number = float(self.float(name, default))
        if number < floor:
            raise BadSetting(f"{name} is {number:g}; it must be at least {floor:g}.")
        return number

    def options(self, name: str, default: dict[str, Any]) -> dict[str, Any]:
        """The options of a storage, as a JSON object."""
        found = self.json(name, default)
        if not isinstance(found, dict):
            raise BadSetting(f'{name} is no JSON object: write {{"bucket_name": "media"}}.')
        return found

    def rate(self, name: str, default: str) -> str:
        text = str(self.str(name, default))
        if not _RATE.fullmatch(text):
            raise BadSetting(f"{name} is {text!r}, which is no rate: write 600/min, 10/s or 5/day.")
        return text

    def broker(self, name: str) -> str:
        """The address of Redis or RabbitMQ, or nothing."""
        text = str(self.str(name, ""))
        scheme = text.partition("://")[0]
        if text and scheme not in BROKERS:
            raise BadSetting(
                f"{name} begins with {scheme!r}; it must begin with redis://, rediss://, amqp:// "
                "or amqps://. Leave it empty to keep the queue in PostgreSQL."
            )
        return text


def _wanted(cast: Any) -> str:
    names = {int: "no whole number", float: "no number", bool: "neither on nor off"}
    return names.get(cast, "not readable; JSON is expected")
