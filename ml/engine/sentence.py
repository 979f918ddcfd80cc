"""Sentences that are stored as codes and data, and rendered for the reader.

`say("lip_sync.fitting", seconds=8.0)` is the English sentence together with its code and data.
Results store the code and data; `spoken` renders the sentence in the reader's language. An external
detector may answer with plain text, which is shown unchanged.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml.engine.catalogue import AND, OR, SENTENCES
from ml.engine.manifest import manifest_of

Part = tuple[str, Mapping[str, Any]]
"""A code of the catalogue and the values for its braces."""
VERBATIM = "verbatim"
KEY = "said"


@dataclass(frozen=True)
class Language:
    """How one language says it; English is what the catalogue holds."""

    gettext: Callable[[str], str] = str
    ngettext: Callable[[str, str, int], str] = lambda one, many, n: one if n == 1 else many
    decimal: str = "."


ENGLISH = Language()


class Sentence(str):
    """English text with the parts that it is made of."""

    parts: tuple[Part, ...]

    def __new__(cls, parts: Sequence[Part]) -> Sentence:
        made = super().__new__(cls, spoken(parts))
        made.parts = tuple(parts)
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Keeps code and data when it is passed between processes."""
        return (self.parts,)


def say(code: str, /, **data: Any) -> Sentence:
    return Sentence([(code, data)])


def joined(*sentences: str) -> Sentence:
    """One after the other; empty ones are left out."""
    return Sentence([part for one in sentences if one for part in parts_of(one)])


def parts_of(text: str) -> tuple[Part, ...]:
    return text.parts if isinstance(text, Sentence) else ((VERBATIM, {"text": str(text)}),)


def spoken(parts: Sequence[Part], language: Language = ENGLISH) -> str:
    """A code that is not in the catalogue any more is shown as it is: old results stay readable."""
    words = _Words(language)
    return " ".join(words.made(code, data) for code, data in parts)


class _Words(string.Formatter):
    """Fills the braces. `{names:checks}` names detectors; `{all:and}` and `{all:or}` list."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def made(self, code: str, data: Mapping[str, Any]) -> str:
        if code == VERBATIM:
            return str(data.get("text", ""))
        words = SENTENCES.get(code, code)
        if isinstance(words, tuple):
            text = self._language.ngettext(*words, int(data.get("count", 0)))
        else:
            text = self._language.gettext(words)
        return self.vformat(text, (), data)

    def format_field(self, value: Any, spec: str) -> str:
        if spec == "checks":
            return self._listed((self._check(name) for name in value), AND)
        if spec in ("and", "or"):
            listed = [value] if isinstance(value, str) else value
            each = (self._language.gettext(str(one)) for one in listed)
            return self._listed(each, AND if spec == "and" else OR)
        if isinstance(value, Sentence):
            return spoken(value.parts, self._language)
        if is_stored(value):
            return spoken(stored_parts(value), self._language)
        text = format(value, spec)
        is_number = isinstance(value, float) or spec[-1:] in ("f", "g")
        return text.replace(".", self._language.decimal) if is_number else text

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs.get(str(key), "…")

    def _check(self, name: str) -> str:
        return self._language.gettext(manifest_of(name).title)

    def _listed(self, words: Iterator[str], last: str) -> str:
        *first, end = [*words] or [""]
        return f"{', '.join(first)} {self._language.gettext(last)} {end}" if first else end


# --- as it is stored ---


def stored(value: Any) -> Any:
    """Plain JSON in which each sentence is `{"said": [[code, data], ...]}`."""
    if isinstance(value, Sentence):
        return {KEY: [[code, stored(dict(data))] for code, data in value.parts]}
    if isinstance(value, Mapping):
        return {key: stored(item) for key, item in value.items()}
    return [stored(item) for item in value] if isinstance(value, list | tuple) else value


def is_stored(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {KEY} and isinstance(value[KEY], list)


def stored_parts(value: Mapping[str, Any]) -> list[Part]:
    return [(str(code), data) for code, data in value[KEY]]
