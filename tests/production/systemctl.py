"""A stand-in for systemctl where no systemd runs: it reads the units and starts their commands.

It honours what decides whether a service works: user and group, folder, environment and its files,
the order of commands, state and runtime folders, the umask, what a unit requires, and readiness by
NOTIFY_SOCKET. It does not honour restrictions (ProtectSystem and its like), restarts or limits.
"""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

UNITS = [Path("/etc/systemd/system"), Path("/lib/systemd/system")]
STATE = Path(os.environ.get("WALK_STATE", "/run/walk"))
READY_SECONDS = 180.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Unit = dict[str, list[str]]


def read(name: str) -> Unit:
    stem, at, instance = name.partition("@")
    file = f"{stem}@.service" if at else f"{name}.service"
    for folder in UNITS:
        if (folder / file).exists():
            text = (folder / file).read_text()
            break
    else:
        sys.exit(f"Unit {name}.service not found.")
    text = text.replace("%i", instance).replace("%I", instance.replace("-", "/"))
    unit: Unit = defaultdict(list)
    for line in text.replace("\\\n", " ").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith(("#", ";")):
            unit[key.strip()].append(value.strip())
    return unit


def environment(unit: Unit, user: pwd.struct_passwd) -> dict[str, str]:
    env = {"PATH": PATH, "LANG": "C.UTF-8", "HOME": user.pw_dir, "USER": user.pw_name}
    for line in unit["Environment"]:
        env |= dict(word.split("=", 1) for word in shlex.split(line))
    for file in unit["EnvironmentFile"]:
        place = Path(file.removeprefix("-"))
        if file.startswith("-") and not place.exists():
            continue
        for line in place.read_text().splitlines():
            if line.strip() and not line.startswith(("#", ";")):
                name, _, value = line.partition("=")
                env[name] = "".join(shlex.split(value))
    return env


def folders(unit: Unit, user: pwd.struct_passwd) -> None:
    for key, root in (("StateDirectory", "/var/lib"), ("RuntimeDirectory", "/run")):
        mode = int((unit[f"{key}Mode"] or ["0755"])[-1], 8)
        for name in " ".join(unit[key]).split():
            place = Path(root, name)
            place.mkdir(parents=True, exist_ok=True)
            os.chown(place, user.pw_uid, user.pw_gid)
            place.chmod(mode)


def start(name: str) -> None:
    pid = STATE / f"{name}.pid"
    if pid.exists():
        return
    if name == "postgresql":  # Debian's own is empty: a generator wants one for each cluster
        for cluster in Path("/etc/postgresql").glob("*/*"):
            start(f"postgresql@{cluster.parent.name}-{cluster.name}")
        return
    unit = read(name)
    for other in " ".join(unit["Requires"]).split():
        if other.endswith(".service"):
            start(other.removesuffix(".service"))
    user = pwd.getpwnam((unit["User"] or ["root"])[-1])
    group = grp.getgrnam(unit["Group"][-1]).gr_gid if unit["Group"] else user.pw_gid
    folders(unit, user)
    kind = (unit["Type"] or ["simple"])[-1]
    env = environment(unit, user)
    STATE.mkdir(parents=True, exist_ok=True)
    ready = listen(name, env) if kind == "notify" else None
    for line in [*unit["ExecStartPre"], *unit["ExecStart"]]:
        with (STATE / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                shlex.split(line.lstrip("-")), env=env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=(unit["WorkingDirectory"] or ["/"])[-1], start_new_session=True,
                user=user.pw_uid, group=group, umask=int((unit["UMask"] or ["0022"])[-1], 8),
                extra_groups=os.getgrouplist(user.pw_name, group),
            )  # fmt: skip
        waits = kind in ("oneshot", "forking") or line in unit["ExecStartPre"]
        if waits and process.wait() and not line.startswith("-"):
            failed(name)
    if kind != "oneshot" or "yes" in unit["RemainAfterExit"]:
        pid.write_text(str(process.pid))
    if ready:
        wait_for(name, ready, process)


def listen(name: str, env: dict[str, str]) -> socket.socket:
    place = STATE / f"{name}.notify"
    place.unlink(missing_ok=True)
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind(str(place))
    place.chmod(0o777)
    ready.settimeout(1)
    env["NOTIFY_SOCKET"] = str(place)
    return ready


def wait_for(name: str, ready: socket.socket, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if b"READY=1" in ready.recv(4096):
                return
        except TimeoutError:
            continue
    failed(name)


def stop(name: str) -> None:
    pid = STATE / f"{name}.pid"
    if pid.exists():
        try:
            os.killpg(int(pid.read_text()), signal.SIGTERM)
            time.sleep(1)
        except ProcessLookupError:
            pass
        pid.unlink()


def failed(name: str) -> None:
    log = (STATE / f"{name}.log").read_text(errors="replace")[-3000:]
    sys.exit(f"Job for {name}.service failed:\n{log}")


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--now"]
    verb, names = words[0], [word.removesuffix(".service") for word in words[1:]]
    if verb == "daemon-reload":
        return
    if verb not in ("start", "restart", "enable"):
        sys.exit(f"This stand-in knows no `systemctl {verb}`.")
    if verb == "enable" and "--now" not in sys.argv:
        return
    for name in names:
        if name.endswith(".timer"):  # whoever walks does not wait for the night
            if not any((folder / name).exists() for folder in UNITS):
                sys.exit(f"Unit {name} not found.")
            continue
        if verb == "restart":
            stop(name)
        start(name)


if __name__ == "__main__":
    main()
