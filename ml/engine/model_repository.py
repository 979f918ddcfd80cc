"""`python -m ml.engine.model_repository FOLDER`: the networks as an inference server wants them.

Each lies in `NAME/1/NAME.tflite`; `config.json` lists them for OpenVINO Model Server. Other servers
take the same folders once the networks are converted to a format of theirs.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import ml.engine.detectors
from ml.engine import model_files


def networks() -> dict[str, Path]:
    """Each network that runs on a runtime, by the name that an inference server has it under."""
    found = [
        file for root in ml.engine.detectors.__path__ for file in Path(root).glob("*/*.tflite")
    ]
    found += model_files.folder().glob("image-encoder-*.tflite")
    return {file.stem: file for file in sorted(found)}


def write(folder: Path) -> list[str]:
    for name, file in networks().items():
        version = folder / name / "1"
        version.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, version / file.name)
    names = list(networks())
    listed = [{"config": {"name": name, "base_path": f"/models/{name}"}} for name in names]
    (folder / "config.json").write_text(json.dumps({"model_config_list": listed}, indent=1) + "\n")
    return names


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write("".join(f"{name}\n" for name in write(Path(sys.argv[1]))))
