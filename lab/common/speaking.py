"""Prints the progress of the laboratory's commands."""

import sys


def say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()
