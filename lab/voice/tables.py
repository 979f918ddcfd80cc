"""Writes the tables of docs/training-sound.md from the figures of `probe`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab.voice.codecs import NEURAL
from lab.voice.probe import OTHER_LANGUAGES


def as_text(lines: Sequence[Mapping[str, Any]]) -> str:
    """`lines` are the variants'; the last one is served."""
    unheard, served = lines
    known = served["known"]
    text = [
        f"Leave-one-source-out, {known['reals']} real and {known['fakes']} fake clips of train and "
        "val. The same for all clips of the manifest, including those of the test split:",
        "",
        "| features; training data | AUC | EER | Cllr | EER, all clips | real asked | fake asked "
        "| real decided | fake decided |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for line in lines:
        known, everywhere = line["known"], line["everywhere"]
        text.append(
            f"| {line['variant']} | {known['auc']:.3f} | {known['eer']:.1%} | {known['cllr']:.2f} "
            f"| {everywhere['eer']:.1%} | {_shares(everywhere)} |"
        )
    text += [
        "",
        f"What the last variant flags (asks) and decides, across sources. The deciding bound was "
        f"frozen on {served['decides']['genuine']} genuine sounds outside the test split, "
        "untouched and through codecs:",
        "",
        "| source | asked, train and val | decided | asked, test split | decided |",
        "|---|---|---|---|---|",
    ]
    sources = {**served["known"]["by_source"], **served["test"]["by_source"]}
    for label in ("real", "fake"):
        for name in sorted(name for name in sources if name.startswith(label)):
            cells = [_two(served[part]["by_source"].get(name)) for part in ("known", "test")]
            text.append(f"| {name} | {' | '.join(cells)} |")
    text += [
        "",
        "Clips through codecs, across sources, at the same bounds. The first column is without "
        "neural codecs in training, the others are as served:",
        "",
        "| codec | real asked, no neural codec in training | served | real decided "
        "| fake asked | fake decided | real | fake |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for way, figures in served["codecs"].items():
        names = ("real_asked", "real_decided", "fake_asked", "fake_decided")
        shares = [unheard["codecs"][way]["real_asked"], *(figures[name] for name in names)]
        through = " | ".join(_share(share) for share in shares)
        codec = f"{way} (neural)" if way in NEURAL else way
        text.append(f"| {codec} | {through} | {figures['reals']} | {figures['fakes']} |")
    text += [
        "",
        "Speech generated with each engine, which was not in training, against the genuine clips "
        f"of the test split. {len(OTHER_LANGUAGES)} engines "
        f"({', '.join(sorted(OTHER_LANGUAGES))}) speak a language that the genuine clips do not, "
        "so the language may contribute to the result:",
        "",
        "| engine | AUC | EER | asked | decided | sounds |",
        "|---|---|---|---|---|---|",
    ]
    text += [
        f"| {name} | {figures['auc']:.2f} | {figures['eer']:.0%} | {figures['fake_asked']:.0%} "
        f"| {figures['fake_decided']:.0%} | {figures['fakes']} |"
        for name, figures in served["engines"].items()
    ]
    text += [
        "",
        "Genuine speech that is not in the manifest, with its source held out of training:",
        "",
        "| source | asked | decided |",
        "|---|---|---|",
        *(f"| {name} | {_two(figures)} |" for name, figures in served["people"].items()),
    ]
    return "\n".join(text)


def _shares(figures: Mapping[str, Any]) -> str:
    names = ("real_asked", "fake_asked", "real_decided", "fake_decided")
    return " | ".join(_share(figures[name]) for name in names)


def _share(share: float | None) -> str:
    return "none" if share is None else f"{share:.1%}"


def _two(figures: Mapping[str, Any] | None) -> str:
    if figures is None:
        return "none there | none there"
    return f"{figures['asked']:.0%} of {figures['clips']} | {figures['decided']:.1%}"
