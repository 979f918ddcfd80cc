"""Writes the card's figures as a table between the markers of a document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml.evaluation import pages

QUESTIONS = {
    "shifted by 5 frames": True,
    "shifted by 10 frames": True,
    "shifted by 5 frames, the rest cut off": False,
    "shifted by 10 frames, the rest cut off": False,
    "another person's sound, in its place": True,
    "another person's sound, at the best offset": False,
}
"""And whether there is an aim for it."""
OFFSETS = {
    "offset within a frame": True,
    "offset within two frames": False,
    "offset within a frame, 5 frames late, the rest cut off": False,
    "offset within a frame, 10 frames late, the rest cut off": False,
    "offset within a frame of the speaker's other clips": False,
}
SINGLE_AIM, POOLED_AIM, OFFSET_AIM = 0.88, 0.98, 0.9


def markdown(card: dict[str, Any]) -> str:
    """One row per question, for one clip and for a pool, with the baselines."""
    measured = card["measured"]
    columns = {"network": measured["network"], **measured["baselines"]}
    lines = [
        "| question | of | " + " | ".join(columns) + " | aim | |",
        "|---|---|" + "---|" * len(columns) + "---|---|",
    ]
    for group in measured["network"]:
        aim_of_group = SINGLE_AIM if group == "one clip" else POOLED_AIM
        for question, aimed in QUESTIONS.items():
            aim = aim_of_group if aimed else None
            values = [table[group][question]["auc"] for table in columns.values()]
            lines.append(_row(f"{question}, AUC", group, values, aim))
        for question, aimed in OFFSETS.items():
            values = [table[group][question] for table in columns.values()]
            aim = OFFSET_AIM if aimed else None
            lines.append(_row(f"{question}, share", group, values, aim))
    seconds = measured["network"]["five clips"]["seconds"]
    bullets = [
        f"- {name}: "
        + "; ".join(f"{kind}: {_counted(v)}" for kind, v in decided.items() if isinstance(v, dict))
        + f". Cost of the line's ratios (Cllr): {decided['cllr_of_the_line']}."
        for name, decided in (
            ("as they are", measured["decided"]),
            ("degraded (sound; half of the pictures)", measured["decided_degraded"]),
        )
    ]
    return "\n".join(
        [
            *lines,
            "",
            f"Five clips are {seconds:.1f} s on average. At the frozen bounds, of pools of five:",
            "",
            *bullets,
        ]
    )


def _row(what: str, group: str, values: list[float | None], aim: float | None) -> str:
    cells = " | ".join("-" if value is None else f"{value:.3f}" for value in values)
    ours = values[0]
    met = "" if aim is None or ours is None else ("met" if ours >= aim else "missed")
    return f"| {what} | {group} | {cells} | {'' if aim is None else f'>= {aim}'} | {met} |"


WORDS = {
    "manipulation_found": "does not fit",
    "inconclusive": "cannot be told",
    "no_manipulation_found": "fits",
}


def _counted(counts: dict[str, int]) -> str:
    total = sum(counts.values())
    return ", ".join(f"{WORDS[k]} {v} of {total}" for k, v in sorted(counts.items()))


def put(card: dict[str, Any], text: Path) -> None:
    pages.written(text, "sync", markdown(card))
