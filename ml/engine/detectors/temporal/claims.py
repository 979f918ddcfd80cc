"""Which fakes the check tells, and which it does not: as its card says, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Claims = Mapping[str, Sequence[str]]
"""`claimed` and `not_told`: faces, and how they change."""


def listed(faces: Sequence[str]) -> str:
    return f"{', '.join(faces[:-1])}, or {faces[-1]}" if len(faces) > 1 else "".join(faces)


def limits(claims: Claims) -> list[str]:
    """What the card says first of its limits, and the check beside everything that it finds."""
    said = []
    if claims["claimed"]:
        said.append(f"It tells faces {listed(claims['claimed'])}, and claims no more than that.")
    if claims["not_told"]:
        said.append(f"It does not surely tell faces {listed(claims['not_told'])}.")
    return said
