"""TIFF storage parameters, which reveal the program that wrote it."""

from __future__ import annotations

from typing import Any

from sandbox.containers import tiff as structure
from sandbox.source import Source
from sandbox.types import Limits

STRUCTURE = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 288,
     289, 290, 291, 292, 293, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 334, 336,
     338, 339, 340, 341, 342, 347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532,
     700, 33723, 34377, 34665, 34675, 34853, 37724, 50838, 50839}
)  # fmt: skip
"""Tags that say how the pixels are laid out, or hold blocks that are read on their own."""
COMPRESSIONS = {
    1: "none", 2: "ccitt_rle", 3: "ccitt_g3", 4: "ccitt_g4", 5: "lzw", 6: "old_jpeg", 7: "jpeg",
    8: "deflate", 32773: "packbits", 32946: "deflate", 34712: "jpeg2000", 34925: "lzma",
    50000: "zstd", 50001: "webp",
}  # fmt: skip


def facts(source: Source, limits: Limits) -> dict[str, Any]:
    extent = structure.extent(source, limits)
    examined = structure.directories(source)[0][extent.page]
    packing = examined.one(structure.COMPRESSION, 1)
    return {
        "compression": COMPRESSIONS.get(packing, f"number {packing}"),
        "bits": list(examined.values.get(structure.BITS, (1,)))[:8],
        "sample_format": examined.one(structure.SAMPLE_FORMAT, 1),
        "photometric": examined.one(structure.PHOTOMETRIC),
        "tiled": structure.TILES in examined.tags,
        "pages": extent.pages,
        "page_examined": extent.page + 1,
    }
