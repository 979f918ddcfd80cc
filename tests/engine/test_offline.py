"""Nothing leaves the machine: an analysis attempts no connection at all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

COUNTING = """
import os, signal, socket, sys
sys.path[:0] = [".", "platform"]
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
sys.argv = ["manage.py", "verify", "--json", *sys.argv[1:]]
import django
django.setup()  # one of its libraries asks at import whether there is IPv6; the engine comes later
from django.core.management import execute_from_command_line
from pyseccomp import ALLOW, Arg, Attr, EQ, KILL_PROCESS, SyscallFilter

# The kernel kills whoever asks for a network socket, in Python or in native code, here, in a thread
# or in a child: an attempt to connect anywhere begins with that and cannot pass unseen.
guard = SyscallFilter(ALLOW)
guard.set_attr(Attr.CTL_TSYNC, 1)
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_PACKET, socket.AF_VSOCK):
    guard.add_rule(KILL_PROCESS, "socket", Arg(0, EQ, family))
guard.add_rule(KILL_PROCESS, "io_uring_setup")
guard.load()

probe = os.fork()
if probe == 0:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    os._exit(0)
assert os.WTERMSIG(os.waitpid(probe, 0)[1]) == signal.SIGSYS, "the guard does not guard"
execute_from_command_line(sys.argv)
"""


def verify_guarded(paths: list[Path], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COUNTING, *map(str, paths)],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "TOUCHSTONE_HOME": str(tmp_path),
            "DATABASE_URL": "postgres://nobody@203.0.113.1:1/none",
        },
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_an_analysis_attempts_no_connection(clip: Path, portrait: Path, tmp_path: Path) -> None:
    """With a kernel filter that kills whoever asks for a network socket, in Python or in native
    code, parent or child, pictures and videos are examined to the end: 0 attempts."""
    done = verify_guarded([clip, portrait], tmp_path)
    assert done.returncode == 0, done.stderr
    items = json.loads(done.stdout)
    assert {item["verdict"] for item in items} <= {"inconclusive", "no_manipulation_found"}
    for item in items:
        ran = {f["detector"] for f in item["findings"] if f["status"] == "ran"}
        assert {"compression", "provenance"} <= ran, item["reason"]


def test_a_manifest_elsewhere_is_named_and_not_fetched(tmp_path: Path) -> None:
    """A picture that points at Content Credentials on a server makes nobody call that server."""
    from PIL import Image

    path = tmp_path / "remote.jpg"
    address = "http://127.0.0.1:9/manifest.c2pa"
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
        'syntax-ns#"><rdf:Description xmlns:dcterms="http://purl.org/dc/terms/" '
        f'dcterms:provenance="{address}"/></rdf:RDF></x:xmpmeta>'
    )
    Image.new("RGB", (200, 200), (90, 80, 70)).save(path, "JPEG", xmp=xmp.encode())
    done = verify_guarded([path], tmp_path)
    assert done.returncode == 0, done.stderr
    (item,) = json.loads(done.stdout)
    codes = {e["code"] for f in item["findings"] for e in f["evidence"]}
    assert "c2pa_remote" in codes


@pytest.mark.skipif(not shutil.which("unshare"), reason="there is no unshare here")
def test_it_works_where_there_is_no_network(portrait: Path, tmp_path: Path) -> None:
    """In a namespace of its own without any interface, where that is allowed."""
    command = ["unshare", "-rn", "true"]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("namespaces are not allowed here")
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, "manage.py", "verify", "--json", str(portrait)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin:/usr/sbin", "TOUCHSTONE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["verdict"] in {"inconclusive", "no_manipulation_found"}
