"""`python -m ml.engine.image_encoders`: build the image encoders that are missing.

`--remove-outdated` deletes those that no check asks for, for an image.
"""

from __future__ import annotations

import logging
import os
import sys

from ml.engine.image_encoders.building import build_missing, missing, outdated


def main(argv: list[str]) -> int:
    if argv == ["--remove-outdated"]:
        for file in outdated():
            file.unlink()
        return 0
    if missing():
        print("Building the image encoder (about a minute)", flush=True)
    _quieten_tensorflow()
    failures = build_missing()
    for sentence in failures:
        print(sentence, file=sys.stderr)
    return 1 if failures else 0


def _quieten_tensorflow() -> None:
    """It reports at length that there is no graphics card, as if set-up had failed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    logging.getLogger("absl").setLevel(logging.ERROR)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
