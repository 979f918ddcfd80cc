"""`python -m ml.engine.image_encoders`: build the image encoders that are missing."""

from __future__ import annotations

import sys

from ml.engine.image_encoders.building import build_missing


def main() -> int:
    failures = build_missing()
    for sentence in failures:
        print(sentence, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
