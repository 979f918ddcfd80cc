"""The arguments for the folders of the data, shared by all commands of this package."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from lab.synthetic_image.sources import Folders


def add_arguments(parser: argparse.ArgumentParser) -> None:
    data = Path(os.environ.get("LAB_DATA", "../shared/data"))
    laid = Path(os.environ.get("LAB_GEN", "../gen"))
    parser.add_argument("--gen", type=Path, default=laid, help="what lay_out.py wrote")
    parser.add_argument("--faces", type=Path, default=data / "faces")
    parser.add_argument("--clips", type=Path, default=data / "talking")
    parser.add_argument("--weights", type=Path, default=data / "weights", help="taef2_*.pth")
    photos = Path(os.environ.get("LAB_PHOTOS", "../photos"))
    parser.add_argument("--photos", type=Path, default=photos, help="unpacked Debian packages")
    drawn = Path(os.environ.get("LAB_DRAWN", "../drawn"))
    parser.add_argument("--drawn", type=Path, default=drawn, help="unpacked, drawn by people")


def folders(options: argparse.Namespace) -> Folders:
    return Folders(options.gen, options.faces, options.photos, options.clips, options.drawn)
