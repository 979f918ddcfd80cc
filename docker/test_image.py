"""What the image must do, tried with buildah's chroot isolation (docker/image.sh test).

The walls, as the user 10001; three files from the shell; a whole house of web, worker and
PostgreSQL, with three submissions over REST to their verdict. What chroot isolation cannot show is
said at the end and in docs/install/docker.md.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from local import postgres

CONTAINER = os.environ["CONTAINER"]
USER = 10001
SAMPLES = ("grace_hopper.jpg", "clip.mp4", "tone.wav")
PATIENCE_SECONDS = 600
"""Of a machine that does much else."""
STEPS = ("identity", "walls", "files", "whole_house")
KEY_SCRIPT = """
from accounts.actors import SHELL_ACTOR, actor_for_user
from accounts.roles import Scope
from accounts.services import keys, people, teams
person = people.create_admin("image@example.com", password=None, reset=False).user
team = teams.create_team(SHELL_ACTOR, "Image test", first_admin=person)
actor = actor_for_user(person, via="password")
service = keys.create_service_account(actor, team, "image test")
print("KEY", keys.issue_key(actor, service, "image test", list(Scope.values)).secret)
"""


class Image:
    """Runs commands in the container, as the image's own user unless told otherwise."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.env: dict[str, str] = {}
        self.volumes = [scratch]

    def command(self, *args: str, user: str = f"{USER}:{USER}") -> list[str]:
        options = ["--isolation", "chroot", "--user", user]
        for folder in self.volumes:
            options += ["--volume", f"{folder}:{folder}:rw"]
        for name, value in self.env.items():
            options += ["--env", f"{name}={value}"]
        return ["buildah", "run", *options, CONTAINER, "--", *args]

    def run(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command("touchstone", *args), text=True, capture_output=True, timeout=900
        )
        if check and done.returncode:
            raise SystemExit(f"{args} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
        return done


def report(title: str, fact: object) -> None:
    print(f"{title:44} {fact}", flush=True)


def walls(image: Image) -> None:
    done = image.run("sandbox_selftest", "--json", check=False)
    selftest = json.loads(done.stdout)
    denied = sum(probe["denied"] for probe in selftest["probes"])
    report(f"sandbox_selftest as uid {USER}", f"{denied} of {len(selftest['probes'])} denied")
    report("  by", selftest["wall"])
    if done.returncode or denied != len(selftest["probes"]):
        raise SystemExit(f"The walls do not stand:\n{done.stdout}{done.stderr}")


def identity(image: Image) -> None:
    script = "import os, sys; print(os.getuid(), sys.version.split()[0])"
    done = subprocess.run(
        image.command("python", "-c", script), text=True, capture_output=True, check=True
    )
    uid, version = done.stdout.split()
    report("user and Python", f"{uid}, {version}")
    if int(uid) != USER:
        raise SystemExit("The image does not run as its own user.")
    probe = "import importlib.util as u; print([n for n in ('tensorflow','lab') if u.find_spec(n)])"
    found = subprocess.run(
        image.command("python", "-c", probe), text=True, capture_output=True, check=True
    ).stdout.strip()
    report("TensorFlow and laboratory in it", found)
    if found != "[]":
        raise SystemExit("The image holds what a server does not need.")


def files(image: Image) -> None:
    for name in SAMPLES:
        began = time.monotonic()
        done = image.run("verify", "--json", str(image.scratch / "media" / name))
        answer = json.loads(done.stdout)
        first = answer[0] if isinstance(answer, list) else answer
        outcome = first["verdict"]
        failed = [one["detector"] for one in first["findings"] if one["status"] == "failed"]
        report(f"verify {name}", f"{outcome} ({time.monotonic() - began:.1f} s)")
        if failed or not outcome:
            raise SystemExit(f"Failed checks: {failed}\n{done.stdout}{done.stderr}")


@contextmanager
def database(scratch: Path) -> Iterator[postgres.Server]:
    pg = postgres.server(scratch / "database")
    postgres.start(pg)
    pg.sockets.chmod(0o711)  # the image's user is not ours
    try:
        yield pg
    finally:
        postgres.stop(pg, "immediate")
        shutil.rmtree(pg.sockets, ignore_errors=True)


@contextmanager
def running(image: Image, *args: str) -> Iterator[subprocess.Popen[bytes]]:
    log = (image.scratch / f"{args[0]}.log").open("wb")
    process = subprocess.Popen(
        image.command("touchstone", *args), stdout=log, stderr=log, start_new_session=True
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(url: str, key: str = "", body: bytes | None = None, kind: str = "") -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if kind:
        headers["Content-Type"] = kind
    with urlopen(Request(url, data=body, headers=headers), timeout=60) as answer:
        text = answer.read().decode()
    return json.loads(text) if text.startswith(("{", "[")) else text


def form(name: str, content: bytes) -> tuple[bytes, str]:
    edge = uuid.uuid4().hex
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return head.encode() + content + f"\r\n--{edge}--\r\n".encode(), edge


def wait_for(url: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            ask(url)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit(f"{url} did not answer within {seconds:.0f} s") from None
            time.sleep(0.5)


def whole_house(image: Image) -> None:
    with database(image.scratch) as pg:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        image.volumes.append(pg.sockets)
        image.env |= {
            "SECRET_KEY": "x" * 60,
            "PUBLIC_URL": url,
            "TOUCHSTONE_HOME": str(image.scratch / "home"),
            "DATABASE_URL": pg.url(postgres.APP),
            "OWNER_DATABASE_URL": pg.url(postgres.OWNER),
            "BIND": f"127.0.0.1:{port}",
        }
        image.run("migrate")
        image.run("keys", "init")
        key = image.run("shell", "-c", KEY_SCRIPT).stdout.rpartition("KEY ")[2].strip()
        with running(image, "web"), running(image, "worker", "--concurrency", "1"):
            wait_for(f"{url}/live", PATIENCE_SECONDS)
            page = ask(f"{url}/accounts/login/")
            style = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
            report("sign-in page, and its style sheet", f"200, {len(ask(url + style))} characters")
            sent = {}
            for name in SAMPLES:
                body, edge = form(name, (image.scratch / "media" / name).read_bytes())
                kind = f"multipart/form-data; boundary={edge}"
                sent[name] = ask(f"{url}/api/v1/submissions/", key, body, kind)["id"]
            deadline = time.monotonic() + PATIENCE_SECONDS
            for name, submission in sent.items():
                while True:
                    found = ask(f"{url}/api/v1/submissions/{submission}/", key)
                    if found["state"] in {"done", "parked", "rejected"}:
                        break
                    if time.monotonic() > deadline:
                        raise SystemExit(f"{name} has no verdict: {found}")
                    time.sleep(0.3)
                verdict = found["outcome"]
                report(f"submission of {name}", f"{found['state']}, {verdict}")
                if found["state"] != "done":
                    raise SystemExit(json.dumps(found, indent=1))
            wait_for(f"{url}/ready", PATIENCE_SECONDS)
            report("/ready", "200")
            checked = image.run("doctor", check=False)
            report("doctor", checked.stdout.strip().splitlines()[-1])
            if checked.returncode:
                raise SystemExit(f"The doctor finds errors:\n{checked.stdout}{checked.stderr}")
            report("audit verify", image.run("audit", "verify").stdout.strip().splitlines()[-1])


def media(folder: Path) -> None:
    from media_analysis.submissions.services.samples import all_samples

    folder.mkdir()
    for sample in all_samples():
        (folder / sample.filename).write_bytes(sample.content)


def main() -> int:
    scratch = Path(tempfile.mkdtemp(prefix="touchstone-image-"))
    scratch.chmod(0o755)
    media(scratch / "media")
    (scratch / "home").mkdir()
    os.chown(scratch / "home", USER, USER)
    image = Image(scratch)
    image.env["SECRET_KEY"] = "x" * 60
    try:
        for step in sys.argv[1:] or STEPS:
            globals()[step](image)
    except BaseException:
        for log in scratch.glob("*.log"):
            print(f"--- {log.name}\n{log.read_text()[-3000:]}", file=sys.stderr)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(
        "Not shown here, because chroot isolation has none of it: a read-only root, separate\n"
        "networks, the engine's own seccomp profile, limits of memory, the health check's timer."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
