"""`python -m ml.engine.image_encoders`: build the image encoders that are missing.

`--remove-outdated` deletes those that no check asks for, for an image.
"""

from __future__ import annotations

import sys

from ml.engine.image_encoders.building import build_missing, outdated


def main(argv: list[str]) -> int:
    if argv == ["--remove-outdated"]:
        for file in outdated():
            file.unlink()
        return 0
    failures = build_missing()
    for sentence in failures:
        print(sentence, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
