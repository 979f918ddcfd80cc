"""The code of an earlier release on the tables of this one: `make test-upgrade BASE=v0.2.0`.

The earlier code makes the site and examines a photograph. This code migrates. Then the earlier code
takes in and examines another, while its processes are from before: what a rolling upgrade is like.
At last this code takes over: it reads both, examines a third, and finds the record whole.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests

from local import postgres
from tests.faults.brokers import free_port
from tests.faults.house import ROOT, House
from tests.production.walk import KEY_SCRIPT, photograph

PATIENCE_SECONDS = 300


def print_step(what: str, fact: object = "") -> None:
    print(f"{what:52} {fact}".rstrip(), flush=True)


class Site:
    """One site, which processes of either checkout serve."""

    def __init__(self, house: House) -> None:
        self.house, self.key, self.sent = house, "", 0
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        house.env |= {
            "DJANGO_SETTINGS_MODULE": "config.settings", "PUBLIC_URL": self.url,
            "MODELS_DIR": str(ROOT / "models"),
        }  # fmt: skip

    def env(self, code: Path) -> dict[str, str]:
        return {**self.house.env, "PYTHONPATH": f"{code / 'platform'}:{code}"}

    def manage(self, code: Path, *args: str, owner: bool = False) -> str:
        env = self.env(code)
        if owner:
            env["DATABASE_URL"] = self.house.pg.url(postgres.OWNER)
        done = subprocess.run(
            [sys.executable, "manage.py", *args], cwd=code, env=env, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"{code}: {args} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def served_by(self, code: Path) -> Iterator[None]:
        serving = ["-m", "gunicorn", "config.wsgi", "--config", "platform/config/serving.py",
                   "--workers", "1", "--bind", f"127.0.0.1:{self.port}"]  # fmt: skip
        working = ["manage.py", "worker", "--concurrency", "1"]
        log = (self.house.home / "upgrade.log").open("ab")
        started = [
            subprocess.Popen([sys.executable, *words], cwd=code, env=self.env(code), stdout=log,
                             stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
            for words in (serving, working)
        ]  # fmt: skip
        try:
            self._wait_for("/ready")
            yield
        except BaseException:
            print((self.house.home / "upgrade.log").read_text(errors="replace")[-4000:])
            raise
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(60)

    def _wait_for(self, path: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                if requests.get(self.url + path, timeout=30).status_code == 200:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.5)
        raise SystemExit(f"{path} did not become 200 in {PATIENCE_SECONDS} s")

    def ask(self, method: str, path: str, **how: Any) -> Any:
        head = {"Authorization": f"Bearer {self.key}"}
        answer = requests.request(method, self.url + path, headers=head, timeout=90, **how)
        answer.raise_for_status()
        return answer.json()

    def examine(self) -> str:
        """A photograph, sent in and waited for; its submission."""
        self.sent += 1
        file = ("photo.jpg", io.BytesIO(photograph(self.sent)), "image/jpeg")
        pk = str(self.ask("POST", "/api/v1/submissions/", files={"file": file})["id"])
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.ask("GET", f"/api/v1/submissions/{pk}/"))["state"] != "done":
            if time.monotonic() > deadline or found["state"] in ("parked", "cancelled"):
                raise SystemExit(f"no verdict: {found}")
            time.sleep(0.5)
        return pk


@contextmanager
def checkout(base: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="touchstone-upgrade-") as folder:
        archive = subprocess.run(
            ["git", "archive", "--format=tar", base], cwd=ROOT, check=True, capture_output=True
        )
        code = Path(folder) / "earlier"
        code.mkdir()
        subprocess.run(["tar", "-x", "-C", str(code)], input=archive.stdout, check=True)
        yield code


def run(base: str, stop: bool) -> None:
    house = House()
    house.env |= {"REQUIRE_SANDBOX": "1", "DEBUG": "0"}
    house.pg = replace(house.pg, is_durable=False)
    try:
        with checkout(base) as earlier:
            postgres.start(house.pg)
            site = Site(house)
            site.manage(earlier, "migrate", "--noinput", owner=True)
            site.manage(earlier, "keys", "init")
            site.key = site.manage(earlier, "shell", "-c", KEY_SCRIPT).rpartition("KEY ")[2].strip()
            with site.served_by(earlier):
                first = site.examine()
            print_step(f"{base}: a site and a photograph", first)
            site.manage(ROOT, "migrate", "--noinput", owner=True)
            print_step("this code: the migrations", "applied")
            if not stop:
                with site.served_by(earlier):
                    site.ask("GET", f"/api/v1/submissions/{first}/")
                    print_step(f"{base}, on the tables of this code", site.examine())
        site.manage(ROOT, "keys", "init")
        with site.served_by(ROOT):
            found = site.ask("GET", f"/api/v1/submissions/{first}/")
            print_step("this code reads the first", found["outcome"])
            print_step("and examines another", site.examine())
        site.manage(ROOT, "audit", "seal")
        print_step("audit verify", site.manage(ROOT, "audit", "verify").strip().splitlines()[-1])
    finally:
        house.tear_down()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", required=True, help="a tag or commit of the earlier release")
    parser.add_argument(
        "--stop", action="store_true",
        help="its processes were stopped for the migrations, as its notes say",
    )  # fmt: skip
    options = parser.parse_args()
    run(options.base, options.stop)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
