"""What the services refuse, each with a sentence for the person who asked."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied


class Refused(Exception):
    """The wish cannot be granted; nothing was changed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotAllowed(Refused, PermissionDenied):
    """The actor lacks the right; a view that lets it pass answers 403."""
