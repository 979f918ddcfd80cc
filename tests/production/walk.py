"""A new operator walks docs/install/systemd.md: `make walk-production`.

Every command is taken from the page of a fresh clone, in its order. What is put in or stands in for
something is printed first. It ends when photographs that were sent through nginx were examined on
both machines, `doctor` finds nothing and /ready is green. All of it happens in a throw-away copy of
this machine (elsewhere.py), which ends with it.
"""

from __future__ import annotations

import io
import json
import os
import ssl
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.request import HTTPSHandler, Request, build_opener

from tests.production import elsewhere
from tests.production.page import DOWNLOADS, PAGE, SECOND, VALUES, Block, blocks, with_values

ROOT = Path(__file__).resolve().parents[2]
HOST = "touchstone.example.com"
S3_PORT = 9000
OURS = {
    "HOST": HOST,
    "REPOSITORY": f"file://{ROOT}",
    "S3_URL": f"http://127.0.0.1:{S3_PORT}",
    "BUCKET": "walk-media",
    "S3_KEY": "walk",
    "S3_SECRET": "walk-secret",
    "CERTIFICATE": "/root/walk.crt",
    "CERTIFICATE_KEY": "/root/walk.key",
}
SHIMS = Path("/usr/local/walk")
MOST_PHOTOGRAPHS, PATIENCE_SECONDS = 60, 300
SETTINGS = "set -a; . /etc/touchstone/touchstone.env; set +a"
KEY_SCRIPT = """
from accounts.actors import SHELL_ACTOR, actor_for_user
from accounts.roles import Scope
from accounts.services import keys, people, teams
person = people.create_admin("walk@example.com", password=None, reset=False).user
team = teams.create_team(SHELL_ACTOR, "Walk", first_admin=person)
actor = actor_for_user(person, via="password")
service = keys.create_service_account(actor, team, "walk")
print("KEY", keys.issue_key(actor, service, "walk", list(Scope.values)).secret)
"""
WHERE = """SELECT convert_from(payload, 'UTF8')::jsonb -> 'where' ->> 'host', count(*)
FROM audit_event WHERE verb = 'analysis.finished' GROUP BY 1"""


def report(title: str, fact: object = "") -> None:
    print(f"{time.strftime('%H:%M:%S')}  {title:42} {fact}".rstrip(), flush=True)


def prepare() -> None:
    """What an operator has before the first command: names, a certificate, an S3 server."""
    report("put in", "the values of the page's first block:")
    for name, value in OURS.items():
        print(f"{'':12}{name}={value}")
    report("stands in: systemctl", "reads the units, without their restrictions; no systemd here")
    report("stands in: the S3 server", "moto")
    report("stands in: certificate", "self-signed, and curl trusts it")
    report("stands in: names", "/etc/hosts")
    names = f"{HOST} {os.uname().nodename} second"
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost {names}\n::1 localhost\n")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
         "-keyout", OURS["CERTIFICATE_KEY"], "-out", OURS["CERTIFICATE"], "-subj", f"/CN={HOST}",
         "-addext", f"subjectAltName=DNS:{HOST}"],
        check=True, capture_output=True,
    )  # fmt: skip
    SHIMS.mkdir()
    shim = SHIMS / "systemctl"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/tests/production/systemctl.py "$@"\n')
    shim.chmod(0o755)


def operator(downloads: bool = False) -> dict[str, str]:
    """A login shell's environment; for downloads also what this machine says of package indexes."""
    env = {"PATH": f"{SHIMS}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
           "HOME": "/root", "WALK_STATE": os.environ.get("WALK_STATE", "/run/walk"),
           "LANG": "C.UTF-8", "CURL_CA_BUNDLE": OURS["CERTIFICATE"]}  # fmt: skip
    if downloads:  # packages' own scripts must find the real systemctl
        ways = ("PIP_", "UV_", "SSL_", "REQUESTS_", "HTTP", "http", "NO_PROXY", "no_proxy")
        env = {k: v for k, v in os.environ.items() if k.startswith(ways)} | env
        env["PATH"] = env["PATH"].removeprefix(f"{SHIMS}:")
        env.pop("CURL_CA_BUNDLE")
        env |= {"DEBIAN_FRONTEND": "noninteractive"}
    return env


def run(block: Block, values: str) -> str:
    """The block as one shell would run it that stops at the first failure."""
    began = time.monotonic()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", values + block.text], cwd="/root", text=True,
        env=operator(block.title == DOWNLOADS), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    commands = sum(1 for line in block.text.splitlines() if line and not line.startswith(" "))
    report(block.title, f"{commands} lines, {time.monotonic() - began:.0f} s")
    if done.returncode:
        print(f"--- the page's commands\n{block.text}--- said\n{done.stdout[-6000:]}")
        logs()
        raise SystemExit(f"The page fails under {block.title!r}, with {done.returncode}.")
    return done.stdout


def logs() -> None:
    for log in sorted(Path("/run").glob("walk*/*.log")):
        print(f"--- {log}\n{log.read_text(errors='replace')[-4000:]}")


def second(found: list[Block], values: str) -> None:
    """A machine beside the first: a name, a home and settings of its own; the network is shared."""
    elsewhere.mount("--make-rprivate", "/")
    subprocess.run(["hostname", "second"], check=True)
    for folder in ("/var/lib/touchstone", "/etc/touchstone"):
        elsewhere.mount("-t", "tmpfs", "second", folder)
    for block in found:
        clean(run(block, values))


def clean(text: str) -> None:
    if "Nothing is wrong." not in text:
        raise SystemExit(f"doctor is not content:\n{text}")
    report("doctor", "Nothing is wrong.")


def photograph(number: int) -> bytes:
    """A different one each time: the same bytes need no second look."""
    import matplotlib.cbook
    from PIL import Image

    file = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    with Image.open(str(file)) as sample:
        picture = sample.resize((sample.width + number, sample.height + number))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92)
    return out.getvalue()


class Site:
    def __init__(self, key: str) -> None:
        self.key = key
        trust = ssl.create_default_context(cafile=OURS["CERTIFICATE"])
        self.opener = build_opener(HTTPSHandler(context=trust))

    def ask(self, path: str, body: bytes | None = None, kind: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self.key}"} | ({"Content-Type": kind} if kind else {})
        request = Request(f"https://{HOST}{path}", data=body, headers=headers)
        with self.opener.open(request, timeout=90) as answer:
            return json.loads(answer.read())

    def send(self, number: int) -> str:
        edge = uuid.uuid4().hex
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{number}.jpg"'
        body = f"{head}\r\n\r\n".encode() + photograph(number) + f"\r\n--{edge}--\r\n".encode()
        return str(
            self.ask("/api/v1/submissions/", body, f"multipart/form-data; boundary={edge}")["id"]
        )

    def verdict(self, submission: str) -> str:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = self.ask(f"/api/v1/submissions/{submission}/?wait=30")
            if found["state"] == "done":
                return str(found["outcome"])
            if found["state"] in ("parked", "cancelled") or time.monotonic() > deadline:
                raise SystemExit(f"no verdict: {json.dumps(found)}")


def as_user(user: str, *command: str) -> str:
    done = subprocess.run(
        ["bash", "-euc", f'{SETTINGS}; exec runuser -u "$0" -- "$@"', user, *command],
        cwd="/opt/touchstone", text=True, capture_output=True, env=operator(),
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def photographs() -> None:
    """Sent through nginx, a few at a time, until both machines have examined some."""
    python = "/opt/touchstone/.venv/bin/python"
    output = as_user("touchstone", python, "manage.py", "shell", "-c", KEY_SCRIPT)
    site = Site(output.rpartition("KEY ")[2].strip())
    began, sent = time.monotonic(), 0
    hosts: dict[str, str] = {}
    while len(hosts) < 2 and sent < MOST_PHOTOGRAPHS:
        waiting = [site.send(number) for number in range(sent, sent + 8)]
        sent += len(waiting)
        verdicts = {site.verdict(submission) for submission in waiting}
        rows = as_user("postgres", "psql", "-d", "touchstone", "-Atc", WHERE).split()
        hosts = dict(row.split("|") for row in rows)
    report("photographs with a verdict", f"{sent}, in {time.monotonic() - began:.0f} s: {verdicts}")
    report("examined on each machine", ", ".join(hosts.values()))
    if len(hosts) < 2:
        raise SystemExit("One machine examined nothing.")
    report("/ready", subprocess.run(
        ["curl", "-fsS", "http://127.0.0.1:8000/ready"], text=True, capture_output=True, check=True,
    ).stdout.strip()[:300])  # fmt: skip
    clean(as_user("touchstone", python, "manage.py", "doctor"))


def walk() -> None:
    began = time.monotonic()
    elsewhere.copy_on_write()
    prepare()
    found = [b for b in blocks(PAGE.read_text()) if b.title != VALUES]
    [page_values] = [b for b in blocks(PAGE.read_text()) if b.title == VALUES]
    values = with_values(page_values.text, OURS)
    for block in [b for b in found if b.title == DOWNLOADS]:
        run(block, values)
    if Path("/opt/touchstone/docs/install/systemd.md").read_text() != PAGE.read_text():
        report("note", "the page here is not committed; the one here is walked")
    elsewhere.own_network()
    report("from here on", "a network of its own, without a way out")
    moto = str(Path(sys.executable).with_name("moto_server"))
    with Path("/run/s3.log").open("wb") as log:
        subprocess.Popen(
            [moto, "-H", "127.0.0.1", "-p", str(S3_PORT)],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    for block in [b for b in found if b.title not in (DOWNLOADS, SECOND)]:
        output = run(block, values)
        if "manage.py doctor" in block.text:
            clean(output)
    beside = subprocess.run(
        ["unshare", "--mount", "--uts", sys.executable, "-m", "tests.production.walk", "--second"],
        env={**os.environ, "WALK_STATE": "/run/walk-second"}, check=False,
    )  # fmt: skip
    if beside.returncode:
        logs()
        raise SystemExit("The second machine did not come up.")
    try:
        photographs()
    except BaseException:
        logs()
        raise
    report("walked the whole page", f"{(time.monotonic() - began) / 60:.1f} minutes")


def main() -> int:
    if not os.environ.get(elsewhere.INSIDE):
        return elsewhere.enter("tests.production.walk")
    if sys.argv[1:] == ["--second"]:
        both = blocks(PAGE.read_text())
        [values] = [b for b in both if b.title == VALUES]
        second([b for b in both if b.title == SECOND], with_values(values.text, OURS))
        return 0
    walk()
    return 0


if __name__ == "__main__":
    sys.exit(main())
