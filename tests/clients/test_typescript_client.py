"""The TypeScript client: built from the server's schema, and run against the server itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import Role, Scope, Team
from accounts.services.keys import issue_key
from tests.clients.conftest import receiving
from tests.clients.contract.driven import install
from tests.factories import ServiceAccountFactory
from tests.media_bucket import MediaBucket
from tests.partners.served import served
from tests.partners.test_api_changes import shape
from tests.people import member

HOME = Path(__file__).resolve().parents[2] / "clients" / "typescript"
SCHEMA = HOME / "openapi.json"
INSTALLED = "detector"
"""A filter whose values are the checks of this installation."""
needs_node = pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm")), reason="node and npm are not installed"
)


def settled(value: Any) -> Any:
    """The schema without what differs between installations, and without examples."""
    if isinstance(value, list):
        return [settled(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "schema" in value:
        value = {name: one for name, one in value.items() if name not in ("example", "examples")}
    if value.get("name") == INSTALLED and value.get("in") == "query":
        return {**value, "schema": {"type": "string"}}
    return {name: settled(one) for name, one in value.items()}


def test_the_committed_schema_is_the_servers(client: Client, db: None) -> None:
    """But for words. After `WRITE_SCHEMA=1` comes `npm run generate` in clients/typescript."""
    now = settled(client.get("/api/v1/schema/?format=json").json())
    if os.environ.get("WRITE_SCHEMA"):
        SCHEMA.write_text(json.dumps(now, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    assert shape(now) == shape(json.loads(SCHEMA.read_text())), "WRITE_SCHEMA=1 writes it anew"


def run(*command: str, **env: str) -> str:
    done = subprocess.run(
        command, cwd=HOME, env={**os.environ, **env}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def installed() -> None:
    """Its libraries, in the versions of its lock."""
    if reason := install():
        pytest.skip(reason)


@needs_node
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_its_types_are_those_of_the_schema(installed: None, tmp_path: Path) -> None:
    made = tmp_path / "schema.ts"
    run("npx", "openapi-typescript", "openapi.json", "--output", str(made))
    assert made.read_text() == (HOME / "src" / "schema.ts").read_text(), "npm run generate"


@needs_node
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_does_what_it_promises(
    installed: None, tmp_path: Path, transactional_db: None, team: Team, media_bucket: MediaBucket
) -> None:
    """Its own tests, on the built package, against the product's web server with media on S3."""
    admin = member(team, Role.ADMIN)
    service = ServiceAccountFactory(team=team)
    key = issue_key(admin.actor, service, "ts", list(Scope), test=True).secret
    run("npm", "run", "build")
    with served(tmp_path, None, **media_bucket.environment) as port, receiving():
        output = run(
            "npm", "test", TOUCHSTONE_URL=f"http://127.0.0.1:{port}", TOUCHSTONE_TEST_KEY=key
        )
    assert "fail 0" in output and "skipped 0" in output, output


@needs_node
@pytest.mark.slow
def test_the_package_holds_the_build_and_nothing_else(installed: None) -> None:
    run("npm", "run", "build")
    (packed,) = json.loads(run("npm", "pack", "--dry-run", "--json", "--ignore-scripts"))
    files = {one["path"] for one in packed["files"]}
    beside = {"README.md", "LICENSE", "package.json"}
    assert {"dist/index.js", "dist/index.d.ts", *beside} <= files
    assert all(name.startswith("dist/") for name in files - beside)


@needs_node
@pytest.mark.slow
def test_its_readme_installs_it_from_a_checkout(installed: None, tmp_path: Path) -> None:
    """The commands as they stand, where nothing was built before."""
    copy = tmp_path / "clients/typescript"
    shutil.copytree(HOME, copy, ignore=shutil.ignore_patterns("node_modules", "dist"))
    block = re.findall(r"```\n(.*?)```", (HOME / "README.md").read_text(), re.S)[0]
    assert "npm install ./clients/typescript" in block
    use = 'import { Touchstone } from "touchstone-client"; console.log(Touchstone.name)'
    (tmp_path / "use.mjs").write_text(use)
    done = subprocess.run(
        ["bash", "-ec", f"{block}\nnode use.mjs"], cwd=tmp_path, text=True, capture_output=True
    )
    assert done.returncode == 0 and done.stdout.endswith("Touchstone\n"), done.stdout + done.stderr
