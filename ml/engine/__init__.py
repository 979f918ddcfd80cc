"""The detection engine: bytes in, a verdict out. It knows no Django, no database and no server.

    from ml.engine import analyse

    with open("clip.mp4", "rb") as file:
        result = analyse(file)

`analyse` is the one door. It is loaded when first used, because it brings decoders and models with
it, and the database models only need the words of `ml.engine.contract`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml.engine.analysis import analyse

__all__ = ["analyse"]


def __getattr__(name: str) -> Any:
    if name == "analyse":
        from ml.engine.analysis import analyse

        return analyse
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
