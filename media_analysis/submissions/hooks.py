"""What others want to do when somebody asks for deletion, or the request is answered or taken back,
and which of their rows go when a submission is erased.

They append to these lists in their `ready()`; each call is inside the transaction of the verb.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import QuerySet

if TYPE_CHECKING:
    from accounts.actors import Actor
    from audit.verbs import Verb
    from media_analysis.submissions.models import DeletionRequest, Submission

beside_result: list[Callable[[Submission, Actor], dict[str, Any]]] = []
"""What else the result page shows, by names in its template."""

received_in_test: list[Callable[[Submission], None]] = []
"""For what a test key sent, inside the transaction that writes it."""

deletion_changed: list[Callable[[DeletionRequest, Verb], None]] = []

erasure_begins: list[Callable[[Submission, str], None]] = []
"""With the reason, in the transaction that deletes the rows: copies are ordered to go, too."""

erased_with: list[Callable[[UUID], list[QuerySet[Any]]]] = []
"""Every row of an app that is about one submission: erasing deletes all of them."""

blobs_erased_with: list[Callable[[UUID], set[str]]] = []
"""The hashes of media that such rows hold; erasing deletes it unless somebody else needs it."""
