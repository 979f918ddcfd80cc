"""The image's bill of materials as CycloneDX 1.6: `python docker/sbom.py ROOT > sbom.json`.

ROOT is the mounted image. Python packages, Debian packages and the model files of others, each with
its version; model files with their digest.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from ml.engine.model_files import FILES


def python_packages(root: Path) -> Iterator[Component]:
    for folder in sorted(root.glob("opt/venv/lib/python3*/site-packages")):
        for found in distributions(path=[str(folder)]):
            name, version = found.metadata["Name"], found.version
            purl = PackageURL("pypi", None, name.lower().replace("_", "-"), version)
            yield Component(name=name, version=version, purl=purl, bom_ref=str(purl))


def debian_packages(root: Path) -> Iterator[Component]:
    text = (root / "var/lib/dpkg/status").read_text()
    for entry in text.split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Architecture|Status): (.+)$", entry, re.M))
        if fields.get("Status", "").endswith(" installed"):
            purl = PackageURL(
                "deb", "debian", fields["Package"], fields["Version"],
                {"arch": fields["Architecture"]},
            )  # fmt: skip
            yield Component(name=fields["Package"], version=fields["Version"], purl=purl,
                            bom_ref=str(purl))  # fmt: skip


def model_files(root: Path) -> Iterator[Component]:
    for one in FILES.values():
        if (root / "app/models" / one.name).exists():
            yield Component(
                name=one.name, version=one.version, type=ComponentType.MACHINE_LEARNING_MODEL,
                bom_ref=f"model:{one.name}", description=f"From the wheel {one.package}",
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one.sha256)],
            )  # fmt: skip


def main() -> int:
    root = Path(sys.argv[1])
    bom = Bom()
    bom.metadata.component = Component(
        name="touchstone", type=ComponentType.CONTAINER, bom_ref="touchstone"
    )
    for component in (*python_packages(root), *debian_packages(root), *model_files(root)):
        bom.components.add(component)
    bom.register_dependency(bom.metadata.component, [*bom.components])
    print(JsonV1Dot6(bom).output_as_string(indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
