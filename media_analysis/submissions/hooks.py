"""What others want to do when somebody asks for deletion, or the request is answered or taken back.

They append to this list in their `ready()`; each call is inside the transaction of the verb.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.verbs import Verb
    from media_analysis.submissions.models import DeletionRequest

deletion_changed: list[Callable[[DeletionRequest, Verb], None]] = []
