"""A protocol's figures as tables for a page: a row a generator, source or hard row, a column for
whoever is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ml.evaluation.protocols.evaluating import VERDICT
from ml.evaluation.table import clean

NOTHING = "–"
Json = Mapping[str, Any]
Cell = Callable[[Json], str]


def markdown(report: Json) -> str:
    """The whole report."""
    parts = [_head(report), _sets(report), _people(report)]
    parts += [
        _generators(
            report,
            "AUC against genuine media of the same content",
            lambda entry: area(entry["auc_matched"]),
            only=_is_matched,
            summary=AREAS,
        ),
        _generators(report, "AUC against all genuine media", lambda entry: area(entry["auc_all"])),
        _generators(
            report,
            "Found / false alarms at a bound frozen on all other generators and sources "
            "(5 % false alarms there)",
            lambda entry: bound(entry["frozen_elsewhere"]["bound"]),
            summary=HITS,
        ),
        _generators(
            report,
            "Balanced accuracy at the point that is best on all other generators and sources",
            _balanced,
            only=_is_matched,
        ),
        _verdict(report),
        _genuine(report, "genuine", "Genuine media, by source", "the other sources"),
        _costs(report),
        _genuine(report, "hard", "Hard rows: genuine media after", "the untouched files"),
        *_laundered(report),
        _not_run(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


# === What was measured ===


def _head(report: Json) -> str:
    sample = f", at most {report['sample']} files a set" if report["sample"] else ""
    rows = report["rows"]
    return (
        f"Protocol `{report['protocol']}` ({clean(report['title'])}), engine "
        f"{report['engine_version']}, {report['made'][:10]}{sample}: {rows['plain']} files, and "
        f"{rows['examined'] - rows['plain']} made of them. Digest of the "
        f"files: `{report['files'][:16]}`. In brackets 95 % intervals by bootstrap over groups; "
        "shares are of all files, also of those without a score."
    )


def _sets(report: Json) -> str:
    lines = [
        "| set | from | files here | reported | the files it names |",
        "|---|---|---:|---:|---|",
    ]
    for one in report["sets"]:
        where = f"{one['repository']}@{one['commit'][:10]}" if one["commit"] else one["repository"]
        promised = {True: "yes", False: "**no**", None: "not stated"}[one["as_promised"]]
        files = one["files"] if one["here"] else "not here"
        lines.append(
            f"| {one['set']} | {clean(where)} | {files} | {one['reported']} | "
            f"{promised if one['here'] else NOTHING} |"
        )
    return "\n".join(lines)


def _people(report: Json) -> str:
    return "\n".join(
        f"- **{clean(name)}**: {clean(one['note'])}; {one['scored']} scored, {one['failed']} failed"
        for name, one in report["examinees"].items()
    )


def _not_run(report: Json) -> str:
    return "\n".join(
        f"- {clean(sentence)}" for sentence in (*report["not_run"], *report["warnings"])
    )


# === Generators ===


def _generators(
    report: Json,
    title: str,
    cell: Cell,
    *,
    only: Callable[[Json], bool] = lambda entry: True,
    summary: str = "",
) -> str:
    people = report["examinees"]
    first = next(iter(people.values()))["generators"]
    rows = []
    for method, entry in first.items():
        if only(entry):
            cells = [cell(one["generators"][method]) for one in people.values()]
            rows.append([clean(method), str(entry["n"]), *cells])
    if rows and summary:
        rows += _summed(people, summary)
    return _table(title, ["generator", "files", *people], rows)


def _summed(people: Mapping[str, Any], key: str) -> Iterator[list[str]]:
    found = [one["summary"][key] for one in people.values()]
    formatted = _percent if key == HITS else _figure
    for title, which in (("mean of the generators", "mean"), ("worst generator", "worst")):
        if any(found):
            cells = [formatted(one[which]) if one else NOTHING for one in found]
            yield [f"*{title}*", "", *cells]


HITS, AREAS = "found_frozen_elsewhere", "auc_matched"


def _is_matched(entry: Json) -> bool:
    return bool(entry["matched_sources"])


def _balanced(entry: Json) -> str:
    found = entry["frozen_elsewhere"]["balanced"]
    return _percent(found.get("balanced_accuracy")) if found else NOTHING


def _verdict(report: Json) -> str:
    """The verdict that a person would read."""
    if VERDICT not in report["examinees"]:
        return ""
    rows = [
        [
            clean(method), str(entry["n"]), ", ".join(entry["matched_sources"]) or "none",
            share(entry["found"]), share(entry["called_clear"]), share(entry["declared"]),
            str(entry["failed"]),
        ]
        for method, entry in report["examinees"][VERDICT]["generators"].items()
    ]  # fmt: skip
    heads = ["generator", "files", "content-matched sources", "manipulation found",
             "called clear", "declared generated", "failed"]  # fmt: skip
    return _table("The verdict on fakes", heads, rows)


# === Genuine media ===


def _genuine(report: Json, key: str, title: str, elsewhere: str) -> str:
    people = report["examinees"]
    first = next(iter(people.values()))[key]
    rows = []
    for name, entry in first.items():
        answered = people[VERDICT][key][name]["answered"] if VERDICT in people else None
        served = people[VERDICT][key][name]["false_alarms"] if VERDICT in people else None
        cells = [share(one[key][name]["false_alarms_frozen_elsewhere"]) for one in people.values()]
        rows.append([clean(name), str(entry["n"]), share(answered), share(served), *cells])
    heads = ["", "files", "get an answer", "false alarms as served", *people]
    return _table(
        f"{title}. Columns by name: false alarms at a bound frozen on {elsewhere} "
        "(5 % false alarms there)", heads, rows,
    )  # fmt: skip


def _costs(report: Json) -> str:
    """Of those who give likelihood ratios."""
    people = {
        name: one
        for name, one in report["examinees"].items()
        if any(entry["cllr"] is not None for entry in one["genuine"].values())
    }
    rows = [
        [f"{clean(name)}, {what}", *(_cost(one[key][name]) for one in people.values())]
        for key, what in (("genuine", "genuine"), ("generators", "generated"))
        for name in next(iter(report["examinees"].values()))[key]
    ]
    return _table(
        "Cllr by source: a genuine source against all fakes, a generator against the genuine media "
        "of its content, else all (0 is perfect, 1 costs as much as knowing nothing)",
        ["", *people], rows if people else [],
    )  # fmt: skip


def _cost(entry: Json) -> str:
    return NOTHING if entry["cllr"] is None else _figure(entry["cllr"])


# === After laundering ===


def _laundered(report: Json) -> Iterator[str]:
    people = report["examinees"]
    first = next(iter(people.values()))["laundered"]
    rows: list[list[str]] = []
    verdicts: list[list[str]] = []
    for way, methods in first.items():
        for method, entry in methods.items():
            name = [clean(way), clean(method), str(entry["n"])]
            cells = [_before_after(one["laundered"][way][method]) for one in people.values()]
            rows.append([*name, *cells])
            if VERDICT in people:
                figures = people[VERDICT]["laundered"][way][method]
                verdicts.append([*name, *(share(figures[key]) for key in
                                          ("found", "called_clear", "false_alarms"))])  # fmt: skip
    heads = ["way", "generator", "files"]
    yield _table("After laundering of both classes: AUC before → after", [*heads, *people], rows)
    yield _table(
        "The verdict after laundering",
        [*heads, "manipulation found", "called clear", "false alarms"], verdicts,
    )  # fmt: skip


def _before_after(entry: Json) -> str:
    before, after = entry["auc_untouched"], entry["auc"]["auc"]
    if before is None or after is None:
        return NOTHING
    return f"{_figure(before)} → {_figure(after)}"


# === Cells ===


def area(found: Json | None) -> str:
    """`.93 (.88–.97)`, and the lower figure where unscored files are ranked by luck."""
    if not found or found["auc"] is None:
        return NOTHING
    text = _figure(found["auc"])
    if found["low"] is not None:
        text += f" ({_figure(found['low'])}–{_figure(found['high'])})"
    if round(found["unscored_by_luck"], 2) != round(found["auc"], 2):
        text += f"; {_figure(found['unscored_by_luck'])} with unscored by luck"
    return text


def bound(found: Json | None) -> str:
    if not found:
        return NOTHING
    return f"{share(found['found'])} / {share(found['false_alarms'])}"


def share(found: Json | None) -> str:
    """`12 % (5–20)`."""
    if not found:
        return NOTHING
    text = _percent(found["share"])
    if found["low"] is not None:
        text += f" ({100 * found['low']:.0f}–{100 * found['high']:.0f})"
    return text


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.0f} %"


def _figure(value: float) -> str:
    return f"{value:.2f}"


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [
        f"**{title}**", "",
        "| " + " | ".join(clean(head).replace("|", "?") for head in heads) + " |",
        "|---" * len(heads) + "|",
        *("| " + " | ".join(cell.replace("|", "?") for cell in row) + " |" for row in rows),
    ]  # fmt: skip
    return "\n".join(lines)
