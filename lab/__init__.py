"""The training room: trains what `ml` serves. Needs PyTorch (lab/README.md)."""

import sys


def say(sentence: str) -> None:
    """To whoever runs a command of this room."""
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()
