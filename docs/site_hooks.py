"""MkDocs hooks: the documents at the root of the repository become pages of the site, and links to
source files become plain text, because the site contains no code. A dead link stays and fails the
strict build."""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
AT_THE_ROOT = {
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "THIRD_PARTY.md": "project/third-party.md",
    "THREAT_MODEL.md": "project/threat-model.md",
    "clients/python/README.md": "project/python-client.md",
    "clients/typescript/README.md": "project/typescript-client.md",
    "lab/README.md": "project/lab.md",
}
_IN_THE_REPOSITORY = {page: source for source, page in AT_THE_ROOT.items()}
CHECKS = "<!-- checks -->"
"""Becomes a table of the checks, made of their manifests."""
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any, **_: Any) -> Files:
    for source, page in AT_THE_ROOT.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    return files


def checks() -> str:
    """What each detector that ships says of itself."""
    lines = ["| Check | Measures | Looks at | Can clear |", "|---|---|---|---|"]
    for path in sorted((ROOT / "ml/engine/detectors").glob("*/manifest.json")):
        if (path.parent / "__init__.py").exists():  # else it is not offered
            manifest = json.loads(path.read_text(encoding="utf-8"))
            clears = "yes" if manifest.get("may_clear") else "no"
            looks_at = manifest.get("looks_at", "the whole file")
            lines.append(
                f"| {manifest['title']} | {manifest['measures']} | {looks_at} | {clears} |"
            )
    return "\n".join(lines)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    name = page.file.src_uri
    source = _IN_THE_REPOSITORY.get(name, f"docs/{name}")

    def rewritten(link: re.Match[str]) -> str:
        text, target, anchor = link[1], link[2], link[3] or ""
        if "://" in target or target.startswith(("mailto:", "/")):
            return link[0]
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if wanted.startswith("docs/") and (ROOT / wanted / "README.md").is_file():
            wanted += "/README.md"
        on_site = AT_THE_ROOT.get(wanted) or wanted.removeprefix("docs/")
        if wanted in AT_THE_ROOT or (
            wanted.startswith("docs/") and not wanted.endswith((".py", ".ipynb"))
        ):
            return f"[{text}]({posixpath.relpath(on_site, posixpath.dirname(name))}{anchor})"
        return text if (ROOT / wanted).exists() else link[0]

    return _LINK.sub(rewritten, markdown.replace(CHECKS, checks()))
