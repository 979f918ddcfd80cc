"""How the laboratory's commands speak to whoever runs them."""

import sys


def say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()
