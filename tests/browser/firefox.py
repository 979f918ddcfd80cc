"""Debian's Firefox, driven over WebDriver BiDi. Firefox speaks the protocol itself, so no driver
program is needed. Playwright drives Chromium only: it asks this protocol for media features that
Firefox ESR does not offer.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from websocket import WebSocket, create_connection

from tests.browser import programs

_NAMES = ("firefox-esr", "firefox")
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
WITHIN = 20.0
QUIET = {  # Firefox asks its maker for updates and lists otherwise
    "app.update.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}
KEYS = {"Enter": "\ue007", "Tab": "\ue004", "Control": "\ue009", "ArrowDown": "\ue015"}


def find_or_install() -> str | None:
    return programs.find_or_install("FIREFOX", _NAMES, "firefox-esr")


@contextmanager
def launched(executable: str) -> Iterator[Firefox]:
    """A headless Firefox with an empty profile of its own."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder)
        (profile / "user.js").write_text(
            "".join(f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in QUIET.items())
        )
        command = [executable, "--headless", "--remote-debugging-port", "0"]
        with subprocess.Popen(
            [*command, "--profile", folder, "--no-remote"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "HOME": folder, "MOZ_CRASHREPORTER_DISABLE": "1"},
            text=True,
        ) as process:
            try:
                with closing(
                    create_connection(_address(process), timeout=60, suppress_origin=True)
                ) as socket:
                    yield Firefox(socket)
            finally:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := _LISTENING.search(line):
            return f"{found[1]}/session"
    raise RuntimeError("Firefox ended before it was ready.")


class BidiError(Exception):
    """Firefox refused a command."""


class Firefox:
    """One tab, and what its pages complained of."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.complaints: list[str] = []
        self._numbers = itertools.count(1)
        self._send("session.new", capabilities={})
        self._send("session.subscribe", events=["log.entryAdded"])
        self.tab: str = self._send("browsingContext.create", type="tab")["context"]
        self.size(1440, 900)

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv())
            if message.get("method") == "log.entryAdded" and message["params"]["level"] == "error":
                self.complaints.append(str(message["params"]["text"]))
            if message.get("id") == number:
                break
        if message["type"] == "error":
            raise BidiError(f"{method}: {message['error']}: {message['message']}")
        result: dict[str, Any] = message["result"]
        return result

    def size(self, width: int, height: int) -> None:
        self._send(
            "browsingContext.setViewport",
            context=self.tab,
            viewport={"width": width, "height": height},
        )

    def goto(self, url: str) -> None:
        self._send("browsingContext.navigate", context=self.tab, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression that is a string, a number, a boolean or nothing."""
        result = self._send(
            "script.evaluate",
            expression=expression,
            target={"context": self.tab},
            awaitPromise=True,
        )
        if result["type"] == "exception":
            raise BidiError(result["exceptionDetails"]["text"])
        return result["result"].get("value")

    def wait_until(self, expression: str, *, within: float = WITHIN) -> None:
        """Asks again while the page changes: a navigation may take the script's realm away."""
        self._until(lambda: bool(self.evaluate(expression)), expression, within)

    def sees(self, text: str, *, within: float = WITHIN) -> None:
        self.wait_until(f"document.body.innerText.includes({json.dumps(text)})", within=within)

    def _until(self, holds: Callable[[], bool], what: str, within: float) -> None:
        end = time.monotonic() + within
        while True:
            try:
                if holds():
                    return
            except BidiError:
                pass
            if time.monotonic() > end:
                text = self.evaluate("document.location + ' ' + document.body.innerText")
                raise AssertionError(f"{what} did not come true within {within} s on {text}")
            time.sleep(0.1)

    def find(self, role: str, name: str) -> dict[str, Any]:
        """The first visible element of that role and accessible name."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            found[:] = self._located(role, name)
            return bool(found)

        self._until(there, f"a {role} named {name!r}", WITHIN)
        return found[0]

    def _located(self, role: str, name: str) -> Sequence[dict[str, Any]]:
        nodes: Sequence[dict[str, Any]] = self._send(
            "browsingContext.locateNodes",
            context=self.tab,
            locator={"type": "accessibility", "value": {"role": role, "name": name}},
        )["nodes"]
        return nodes

    def choose_files(self, css: str, files: Sequence[Path]) -> None:
        nodes = self._send(
            "browsingContext.locateNodes",
            context=self.tab,
            locator={"type": "css", "value": css},
        )["nodes"]
        self._send(
            "input.setFiles",
            context=self.tab,
            element={"sharedId": nodes[0]["sharedId"]},
            files=[str(file) for file in files],
        )

    def click(self, role: str, name: str) -> None:
        element = {"type": "element", "element": {"sharedId": self.find(role, name)["sharedId"]}}
        self._call(element, "element => element.scrollIntoView({block: 'center'})")
        self._act(
            "pointer",
            "mouse",
            [
                {"type": "pointerMove", "x": 0, "y": 0, "origin": element},
                {"type": "pointerDown", "button": 0},
                {"type": "pointerUp", "button": 0},
            ],
        )

    def _call(self, element: dict[str, Any], function: str) -> None:
        self._send(
            "script.callFunction",
            functionDeclaration=function,
            arguments=[element["element"]],
            target={"context": self.tab},
            awaitPromise=False,
        )

    def type(self, text: str) -> None:
        """Into whatever has the focus, one key after the other."""
        self._act("key", "keyboard", [step for key in text for step in _pressed(key)])

    def press(self, *keys: str) -> None:
        """Keys held down together, named as in `KEYS` or by their letter."""
        values = [KEYS.get(key, key) for key in keys]
        down = [{"type": "keyDown", "value": value} for value in values]
        up = [{"type": "keyUp", "value": value} for value in reversed(values)]
        self._act("key", "keyboard", [*down, *up])

    def _act(self, kind: str, device: str, steps: list[dict[str, Any]]) -> None:
        actions = [{"type": kind, "id": device, "actions": steps}]
        self._send("input.performActions", context=self.tab, actions=actions)


def _pressed(key: str) -> list[dict[str, Any]]:
    return [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
