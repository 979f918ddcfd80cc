"""What others keep of a person alone, and forget with them, in the transaction of the erasure.

They append to this list in their `ready()`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import User

erased: list[Callable[[User], None]] = []
