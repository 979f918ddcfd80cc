"""Writes the card's figures as tables between the markers of a document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.temporal import offering
from lab.temporal.offering import LEAST_AUC, MOST_FALSE_ALARMS
from ml.evaluation import pages


def markdown(card: dict[str, Any]) -> str:
    measured = card["measured"]
    clips, speakers = card["data"]["clips"], card["data"]["speakers"]
    learnt = clips["train"] + clips.get("val", 0)
    lines = [
        f"Trained on {learnt} clips of {speakers['train'] + speakers['val']} speakers in "
        f"{card['recipe']['steps']} steps; tested on {clips['test']} clips of {speakers['test']}.",
        "",
        "| fakes | met in training | regression | never met in training | regression | aim | |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, met in measured["network"].items():
        plain = measured["regression"][name]
        never = measured["never_met"].get(name)
        row = [name, _auc(met), _auc(plain)]
        row += [_auc(never["network"]), _auc(never["regression"])] if never else ["-", "-"]
        row += _required(name, never["network"]) if never else ["", ""]
        lines.append(f"| {' | '.join(row)} |")
    lines += [
        "",
        "| genuine clips | judged | flagged | share | aim | | odds raised |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, figures in measured["false_alarms"].items():
        share, raised = figures["share"], figures["raised"]
        row = [name, f"{figures['judged']} of {figures['clips']}", str(figures["alarms"])]
        if share is None:
            row += ["-", "", "", "-"]
        else:
            aim = _aim(share <= MOST_FALSE_ALARMS, f"<= {MOST_FALSE_ALARMS}")
            row += [f"{share:.3f}", *aim, f"{raised:.3f}"]
        lines.append(f"| {' | '.join(row)} |")
    caught = "; ".join(
        f"{kind} {share:.2f}" for kind, share in measured["caught"].items() if share is not None
    )
    return "\n".join(
        [
            *lines,
            "",
            _above(card["calibration"]["genuine_above"]),
            "",
            f"Share of fakes that are flagged at the frozen bound: {caught}.",
            "",
            f"Cost of the ratios (Cllr), before half of all fakes are assumed to be steady: "
            f"{measured['cllr']}.",
            "",
            _offer(measured["offered"]),
        ]
    )


def _above(genuine: dict[str, list[int]]) -> str:
    counts = "; ".join(f"{name} {above} of {count}" for name, (above, count) in genuine.items())
    return (
        "Genuine clips of the training speakers at or above the bound, each judged by a network "
        f"trained without that speaker: {counts}."
    )


def _required(name: str, figures: dict[str, Any]) -> list[str]:
    """The aim of a row: for masks the AUC itself, for a kind the lower end of its interval."""
    if name.startswith("masks "):
        return _aim(not offering.too_low(figures), f">= {LEAST_AUC}")
    return [f"low end >= {LEAST_AUC}", "claimed" if offering.claims(figures) else "not detected"]


def _offer(offered: dict[str, Any]) -> str:
    claims = "; ".join(
        f"{what}: {', '.join(names) or 'none'}"
        for what, names in (("Claimed", offered["claimed"]), ("not detected", offered["not_told"]))
    )
    if offered["carries"]:
        return f"{claims}. The figures support a check that claims no more."
    missed = [
        f"{what}: {', '.join(names)}"
        for what, names in (
            ("too many false alarms", offered["alarms"]),
            ("held-out masks too low", offered["masks"]),
        )
        if names
    ]
    if len(offered["claimed"]) < offering.FEWEST_CLAIMS:
        missed.append("too few kinds claimed")
    return f"{claims}. The figures do not carry the check: {'; '.join(missed)}."


def _auc(figures: dict[str, Any]) -> str:
    return f"{figures['auc']:.3f} ({figures['low']:.2f} to {figures['high']:.2f})"


def _aim(met: bool, aim: str) -> list[str]:
    return [aim, "met" if met else "missed"]


def put(card: dict[str, Any], text: Path) -> None:
    pages.written(text, "temporal", markdown(card))
