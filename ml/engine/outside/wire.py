"""The protocol between the engine and an external detector.

The engine sends pickles of plain values. The detector's process answers with one letter, a length
and that many bytes of JSON, none of which is trusted (`answers.py`).
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
