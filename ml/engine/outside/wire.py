"""What crosses between the engine and a detector from outside.

The engine sends pickles of plain values; the detector's process answers with one letter, a length
and so many bytes of JSON, of which nothing is believed (`answers.py`).
"""

from __future__ import annotations

import struct

PREFIX = struct.Struct("<cI")
MAX_ANSWER = 1024 * 1024

MEDIA, VIEW, CONCLUDE = "media", "view", "conclude"

ADVANCE = b"A"
WHY_NOT = b"N"
FINDING = b"F"
TROUBLE = b"X"
