"""The files in `docker/` fit the schemas of Compose and Kubernetes, and the code."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
BIN = Path(sys.executable).parent


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    return found


def helm() -> str:
    own = ROOT / ".touchstone" / "tools" / "helm"
    found = str(own) if own.exists() else shutil.which("helm")
    if not found:
        pytest.skip("Helm is not here: `make chart` fetches it")
    return found


def rendered(*values: str) -> list[dict[str, Any]]:
    sets = [word for value in values for word in ("--set", value)]
    done = subprocess.run(
        [helm(), "template", "t", str(DOCKER / "chart"), *sets],
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


EVERYTHING = (
    "worker.keda.enabled=true", "secrets.keys=k", "blobs.credentialsSecret=b",
    "monitoring.serviceMonitor.enabled=true", "monitoring.rules.enabled=true",
    "monitoring.dashboard.enabled=true",
)  # fmt: skip


def test_compose_fits_its_schema() -> None:
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec",
         str(DOCKER / "compose.yaml")],
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_compose_names_secrets_volumes_and_networks_that_are_there() -> None:
    whole = compose()
    for name, service in whole["services"].items():
        for secret in service.get("secrets", []):
            source = secret["source"] if isinstance(secret, dict) else secret
            assert source in whole["secrets"], (name, source)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in whole["volumes"] or (DOCKER / source).exists(), (name, source)
        assert set(service["networks"]) <= set(whole["networks"])
        for other in service.get("depends_on", {}):
            assert other in whole["services"]


def test_make_secrets_makes_every_secret_once(tmp_path: Path) -> None:
    script = ["sh", str(DOCKER / "make-secrets.sh"), str(tmp_path)]
    first = subprocess.run(script, text=True, capture_output=True, check=True).stdout
    wanted = {Path(one["file"]).name for one in compose()["secrets"].values()}
    made = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert set(made) == wanted and all(made.values())
    assert first.count("made ") == len(wanted)
    assert subprocess.run(script, text=True, capture_output=True, check=True).stdout == ""
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == made


def test_no_secret_stands_in_compose() -> None:
    text = (DOCKER / "compose.yaml").read_text()
    secret = r"""(?i)(password|secret|token)\w*:\s*["']?(?!/run/)[A-Za-z0-9+/]{12,}"""
    assert not re.search(secret, text)


def test_nginx_reads_its_configuration(tmp_path: Path) -> None:
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(nginx).exists():
        pytest.skip("nginx is not here")
    text = (DOCKER / "config" / "nginx.conf").read_text()
    own = tmp_path / "nginx.conf"
    own.write_text(text.replace("/tmp/nginx.pid", str(tmp_path / "pid")))
    done = subprocess.run(
        [nginx, "-t", "-c", str(own)], text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_front_server_takes_no_more_than_the_product() -> None:
    """MAX_UPLOAD_BYTES and the form round it, in the front servers too."""
    most = int(compose()["x-touchstone"]["environment"]["MAX_UPLOAD_BYTES"].removesuffix("MB"))
    nginx = (DOCKER / "config" / "nginx.conf").read_text()
    front = int(re.findall(r"client_max_body_size (\d+)m", nginx)[0])
    assert most < front * 1.048576 <= most + 30


@pytest.mark.parametrize("name", ["web", "worker@", "migrate", "backup"])
def test_systemd_reads_its_units(name: str, tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if not verify:
        pytest.skip("systemd-analyze is not here")
    for unit in (DOCKER / "systemd").glob("*.service"):
        # The programs are there once Touchstone is installed under /opt.
        text = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", unit.read_text())
        (tmp_path / unit.name).write_text(re.sub(r"EnvironmentFile=\S+\n", "", text))
    target = tmp_path / (f"touchstone-{name}.service".replace("@.service", "@1.service"))
    if "@" in name:
        shutil.copy(tmp_path / "touchstone-worker@.service", target)
    done = subprocess.run(
        [verify, "verify", "--recursive-errors=no", str(target)],
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "touchstone" in line]
    assert not [line for line in ours if "Unknown" in line or "Failed" in line], ours


def test_helm_lints_the_chart() -> None:
    done = subprocess.run(
        [helm(), "lint", "--strict", str(DOCKER / "chart")],
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("values", [(), EVERYTHING], ids=["default", "everything"])
def test_what_the_chart_renders_fits_the_schemas_of_kubernetes(values: tuple[str, ...]) -> None:
    import kubernetes_validate

    ours = ("keda.sh", "monitoring.coreos.com")
    for one in rendered(*values):
        if not one["apiVersion"].startswith(ours):  # of these no schema is shipped
            kubernetes_validate.validate(one, "1.31", strict=True)


def test_pods_are_locked_down_and_scaled_by_the_database() -> None:
    found = rendered(*EVERYTHING)
    kinds = {one["kind"] for one in found}
    assert {"Deployment", "HorizontalPodAutoscaler", "ScaledObject", "PodDisruptionBudget",
            "ServiceMonitor", "PrometheusRule", "NetworkPolicy", "Job"} <= kinds  # fmt: skip
    for one in found:
        if one["kind"] not in ("Deployment", "Job"):
            continue
        pod = one["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsUser"] == 10001
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
    both = {one["metadata"]["name"]: one for one in found if one["kind"] == "ScaledObject"}
    assert both.keys() == {"t-worker", "t-film-worker"}
    for name, waits_for in (("t-worker", "('image', 'audio')"), ("t-film-worker", "('video')")):
        scaled = both[name]["spec"]
        assert scaled["scaleTargetRef"]["name"] == name
        assert len(scaled["triggers"]) == 2
        for trigger in scaled["triggers"]:
            assert trigger["type"] == "postgresql" and trigger["authenticationRef"]["name"]
            assert trigger["metadata"]["query"].endswith(f"AND kind IN {waits_for}")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["backlog.sql", "oldest.sql"])
def test_the_questions_of_the_autoscaler_are_answered_by_the_database(name: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        query = (DOCKER / "chart" / "files" / name).read_text()
        cursor.execute(f"{query} AND kind IN ('image', 'audio')")
        assert cursor.fetchall() == [(0,)]


def test_the_image_holds_no_laboratory_and_no_tensorflow() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    kept = {line[1:].strip("/") for line in ignored if line.startswith("!")}
    assert ignored[1] == "**" and not kept & {"lab", "tests", "bench", ".venv", ".touchstone"}
    assert "tensorflow" not in (ROOT / "requirements" / "serve.txt").read_text()
    text = (DOCKER / "Dockerfile").read_text()
    copied = set(re.findall(r"^COPY (?!--from)(\S+)", text, re.MULTILINE))
    for source in copied:
        assert source.split("/")[0] in {name.split("/")[0] for name in kept}, source
