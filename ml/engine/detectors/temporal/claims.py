"""Which fakes the check detects and which it does not, as measured and stated in its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Claims = Mapping[str, Sequence[str]]
"""`claimed` and `not_told`: faces, and how they change."""


def listed(faces: Sequence[str]) -> str:
    return f"{', '.join(faces[:-1])}, or {faces[-1]}" if len(faces) > 1 else "".join(faces)


def limits(claims: Claims) -> list[str]:
    """The first limits on the card. The check also states them with each of its findings."""
    sentences = []
    if claims["claimed"]:
        sentences.append(
            f"It detects faces {listed(claims['claimed'])}. It claims no more than that."
        )
    if claims["not_told"]:
        sentences.append(f"It does not reliably detect faces {listed(claims['not_told'])}.")
    return sentences
