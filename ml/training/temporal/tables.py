"""The card's figures as tables, put between the marks of a text: nobody types them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml.evaluation import pages
from ml.training.temporal.offering import LEAST_AUC, MOST_FALSE_ALARMS


def markdown(card: dict[str, Any]) -> str:
    measured = card["measured"]
    clips, speakers = card["data"]["clips"], card["data"]["speakers"]
    learnt = clips["train"] + clips.get("val", 0)
    lines = [
        f"Learnt from {learnt} clips of {speakers['train'] + speakers['val']} speakers in "
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
        row += _aim(never["network"]["auc"] >= LEAST_AUC, f">= {LEAST_AUC}") if never else ["", ""]
        lines.append(f"| {' | '.join(row)} |")
    lines += [
        "",
        "| genuine clips | judged | asked about | share | aim | | odds raised |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, told in measured["false_alarms"].items():
        share, raised = told["share"], told["raised"]
        row = [name, f"{told['judged']} of {told['clips']}", str(told["alarms"])]
        if share is None:
            row += ["-", "", "", "-"]
        else:
            aim = _aim(share <= MOST_FALSE_ALARMS, f"<= {MOST_FALSE_ALARMS}")
            row += [f"{share:.3f}", *aim, f"{raised:.3f}"]
        lines.append(f"| {' | '.join(row)} |")
    caught = "; ".join(
        f"{kind} {share:.2f}" for kind, share in measured["caught"].items() if share is not None
    )
    offered = measured["offered"]
    said = (
        "The figures carry the check."
        if offered["carries"]
        else "The figures do not carry the check: "
        + "; ".join(
            f"{what}: {', '.join(names)}"
            for what, names in (
                ("too many false alarms", offered["alarms"]),
                ("held-out AUC too low", offered["auc"]),
            )
            if names
        )
        + "."
    )
    return "\n".join(
        [
            *lines,
            "",
            f"Share of fakes that are asked about at the frozen bound: {caught}.",
            "",
            f"Cost of the ratios (Cllr), before half of all fakes are taken to be steady: "
            f"{measured['cllr']}. {said}",
        ]
    )


def _auc(told: dict[str, Any]) -> str:
    return f"{told['auc']:.3f} ({told['low']:.2f} to {told['high']:.2f})"


def _aim(met: bool, aim: str) -> list[str]:
    return [aim, "met" if met else "missed"]


def put(card: dict[str, Any], text: Path) -> None:
    pages.written(text, "temporal", markdown(card))
