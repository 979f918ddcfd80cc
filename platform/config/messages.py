"""Gathers every marked sentence into `locale/` and compiles it: `python -m config.messages`.

Needs no GNU gettext. Three kinds of source are read: templates (`{% translate %}` and its like),
Python (`gettext("...")` and its like, the dictionaries of MARKED, and what the detectors' cards say
of their limits), and the scripts of pages (`gettext("...")`). Translations in the files stay.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.template.base import Lexer, TokenType
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
LOCALE = ROOT / "locale"
FOLDERS = ("accounts", "media_analysis", "ml", "platform")
CATALOGUE = "ml/engine/catalogue.py"
WIDTH = 100
ONE = frozenset({"gettext", "gettext_lazy", "gettext_noop", "_"})
TWO = frozenset({"ngettext", "ngettext_lazy"})
MARKED = frozenset({"SENTENCES", "FAILURES", "SHORT", "PROGRESS", "LABELS"})
"""Dictionaries whose values are sentences, for code that knows no Django."""
STRING = r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
CALL = re.compile(rf"\b(n?gettext|_)\(\s*u?{STRING}(?:\s*,\s*u?{STRING})?")
HEAD = "# {language} for Touchstone. Updated by `make messages`; the sentences are by hand.\n#"


@dataclass(frozen=True)
class Found:
    """One sentence, or its singular and plural."""

    id: str | tuple[str, str]
    place: str
    is_format: bool = False
    """`{name}` stands for something."""


def in_templates(folder: Path = ROOT / "templates") -> Iterator[Found]:
    for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.txt")]):
        if path.name == "styleguide.html":  # made-up content, for developers alone
            continue
        yield from _called(templatize(path.read_text(), str(path)), _place(path))


def in_scripts() -> Iterator[Found]:
    for path in sorted((ROOT / "static" / "js").glob("*.js")):
        yield from _called(path.read_text(), _place(path))


def _called(text: str, place: str) -> Iterator[Found]:
    for name, first, second in CALL.findall(text):
        one = ast.literal_eval(first)
        yield Found((one, ast.literal_eval(second)) if name == "ngettext" else one, place)


def in_python() -> Iterator[Found]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not {"migrations", "management", "local"} & set(path.parts):
                yield from _in_module(ast.parse(path.read_text()), _place(path))


def in_cards() -> Iterator[Found]:
    """What detectors say of themselves, in their manifests and their cards."""
    for path in sorted((ROOT / "ml" / "engine" / "detectors").glob("*/manifest.json")):
        stated = json.loads(path.read_text())
        yield from (_found(stated[key], _place(path)) for key in ("title", "measures"))
        meaning = filter(None, [stated.get("score_meaning")])
        more = chain(stated.get("limits") or (), meaning)
        yield from (_found(text, _place(path)) for text in more)
    for path in sorted((ROOT / "ml" / "engine" / "detectors").glob("*/card.json")):
        card = json.loads(path.read_text())
        claims = chain.from_iterable((card.get("claims") or {}).values())
        split = (card.get("measured") or {}).get("split")
        for text in (card.get("score"), split, *(card.get("limits") or ()), *claims):
            if text:
                yield Found(text, _place(path))


def in_bounds() -> Iterator[Found]:
    """Kinds of manipulation that clearing a file was measured on."""
    path = ROOT / "ml" / "engine" / "fusion" / "clearing.json"
    for kind in json.loads(path.read_text()).values():
        if isinstance(kind, dict):  # beside them stands when it was made
            texts = (*kind["looked_for"], *kind["not_seen"])
            yield from (Found(text, _place(path)) for text in texts)


def _in_module(tree: ast.AST, place: str) -> Iterator[Found]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            words = [_text(argument) for argument in node.args[:2]]
            if name in ONE and words and words[0] is not None:
                yield _found(words[0], place)
            elif name in TWO and len(words) == 2 and None not in words:
                yield _found((str(words[0]), str(words[1])), place)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {getattr(target, "id", "") for target in targets}
            if names & MARKED:
                yield from _sentences(node.value, place)
        elif place == CATALOGUE and _is_called(node, "WORDS"):
            yield from (_found(str(_text(word)), place) for word in node.value.elts)  # type: ignore[attr-defined]


def _is_called(node: ast.AST, name: str) -> bool:
    is_tuple = isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)
    return is_tuple and getattr(node.targets[0], "id", "") == name  # type: ignore[attr-defined]


def _sentences(values: ast.Dict, place: str) -> Iterator[Found]:
    for value in values.values:
        if (text := _text(value)) is not None:
            yield _found(text, place)
        elif isinstance(value, ast.Tuple):
            one, many = (str(_text(part)) for part in value.elts)
            yield _found((one, many), place)


def _text(node: ast.AST) -> str | None:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_text else None  # type: ignore[attr-defined]


def _found(id: str | tuple[str, str], place: str) -> Found:
    return Found(id, place, is_format="{" in (id if isinstance(id, str) else id[1]))


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def files(language: str) -> dict[str, Path]:
    folder = LOCALE / language / "LC_MESSAGES"
    return {domain: folder / f"{domain}.po" for domain in ("django", "djangojs")}


def found(domain: str) -> list[Found]:
    return (
        [*in_templates(), *in_python(), *in_cards(), *in_bounds()]
        if domain == "django"
        else list(in_scripts())
    )


def read(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=language, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(old: Catalog, sentences: Iterable[Found], language: str) -> Catalog:
    """What is there now, with the translations that stood there; what is gone is dropped."""
    new = Catalog(locale=language, charset="utf-8", project="Touchstone", fuzzy=False,
                  header_comment=HEAD.format(language=language))  # fmt: skip
    for one in sentences:
        flags = {"python-brace-format"} if one.is_format else set()
        key = one.id if isinstance(one.id, str) else one.id[0]
        before = old.get(key)
        string = before.string if before and (before.pluralizable == (key != one.id)) else None
        new.add(one.id, string, locations=[(one.place, 0)], flags=flags)
    return new


MADE = datetime(2026, 11, 28, tzinfo=UTC)


def write(catalog: Catalog, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog.creation_date = MADE  # the time of a run would be a difference where nothing differs
    with path.open("wb") as file:
        write_po(file, catalog, width=WIDTH, sort_by_file=True, include_lineno=False,
                 omit_header=False, ignore_obsolete=True)  # fmt: skip
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalog)


def missing(catalog: Catalog) -> list[str]:
    """Sentences without a translation, and those that are marked as guessed."""
    return [
        str(message.id)
        for message in catalog
        if message.id and (message.fuzzy or not all(_forms(message.string)))
    ]


def _forms(string: object) -> list[str]:
    """The singular and the plurals, or the one form there is."""
    return [str(one) for one in string] if isinstance(string, list | tuple) else [str(string or "")]


# --- sentences in templates that nobody marked ---
TAGS = re.compile(r"<(script|style|code|kbd|pre|svg)\b.*?</\1>|<!--.*?-->", re.S)
SPOKEN = re.compile(r'\b(?:title|alt|aria-label|placeholder|data-label)="([^"]*)"')
LITERAL = re.compile(r"""(_\()?"([^"]*)\"""")
WORD = re.compile(r"[A-Za-z]{2,}")
NAMES = frozenset({"Touchstone", "UTC", "SHA", "JSON", "nbsp", "Hz"})


def unmarked(path: Path) -> list[str]:
    """Text, spoken attributes and arguments of this template that no translation is asked for."""
    text, wrong, inside = "", [], ""
    for token in Lexer(path.read_text()).tokenize():
        if token.token_type is TokenType.BLOCK:
            text += " "
            tag = token.contents.split()[0]
            if inside:
                inside = "" if tag == f"end{inside}" else inside
            elif token.contents == "block page_class":  # a name of the style sheet
                inside = "block"
            elif tag in ("blocktranslate", "blocktrans", "comment", "verbatim"):
                inside = tag
            elif tag in ("include", "with"):
                phrases = _unmarked_literals(token.contents)
                wrong += [one for one in phrases if " " in one and WORD.search(one)]
        elif token.token_type is TokenType.VAR and not inside:
            text += " "
            phrases = _unmarked_literals(token.contents)
            wrong += [one for one in phrases if re.search(r"[A-Za-z]{3,} [a-z]", one)]
        elif token.token_type is TokenType.TEXT and not inside:
            text += token.contents
    spoken = SPOKEN.findall(text)
    bare = re.sub(r"<[^>]*>", "\n", TAGS.sub(" ", text), flags=re.S)
    for phrase in [*bare.splitlines(), *spoken]:
        if set(WORD.findall(phrase)) - NAMES:
            wrong.append(" ".join(phrase.split()))
    return wrong


def _unmarked_literals(contents: str) -> list[str]:
    return [phrase for mark, phrase in LITERAL.findall(contents) if not mark]


def main(languages: Iterable[str] = ("de",)) -> int:
    left = 0
    for language in languages:
        for domain, path in files(language).items():
            catalog = updated(read(path, language), found(domain), language)
            write(catalog, path)
            for sentence in missing(catalog):
                print(f"{language}: not translated: {sentence}")  # noqa: T201
                left += 1
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
