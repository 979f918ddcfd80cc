"""What others want to do when somebody asks for deletion, or the request is answered or taken back,
and which of their rows go when a submission is erased.

They append to these lists in their `ready()`; each call is inside the transaction of the verb.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Exists, Q, QuerySet

if TYPE_CHECKING:
    from accounts.actors import Actor
    from audit.rows import Row
    from audit.verbs import Verb
    from media_analysis.submissions.models import DeletionRequest, Submission
    from media_analysis.submissions.services.quota_notices import Notice

beside_result: list[Callable[[Submission, Actor], dict[str, Any]]] = []
"""What else the result page shows, by names in its template."""

received_in_test: list[Callable[[Submission], None]] = []
"""For what a test key sent, inside the transaction that writes it."""

quota_noticed: list[Callable[[Notice], None]] = []
"""When 80 % or all of a monthly quota is used: once, with the submission that was counted."""

deletion_changed: list[Callable[[DeletionRequest, Verb], None]] = []

erasure_begins: list[Callable[[Submission, str], None]] = []
"""With the reason, in the transaction that deletes the rows: copies are ordered to go, too."""

erased_with: list[Callable[[UUID], list[QuerySet[Any]]]] = []
"""Every row of an app that is about one submission: erasing deletes all of them."""

keeps_media: list[Callable[[], Q | Exists]] = []
"""Conditions on a submission (`OuterRef("pk")`) under which no rule removes a part of it."""

copies_removed: list[Callable[[UUID], tuple[list[Row], set[str]]]] = []
"""Removes the copies of the media that an app made: the rows that are gone, and their media."""

text_removed: list[Callable[[UUID], int]] = []
"""Removes the personal text that an app keeps of a submission; returns the number of rows."""

needs_bytes: list[Callable[[str], bool]] = []
"""Whether an app needs the media of this hash for something else than a submission."""

blobs_erased_with: list[Callable[[UUID], set[str]]] = []
"""The hashes of media that such rows hold; erasing deletes it unless somebody else needs it."""
