"""Networks computed by a server of the Open Inference Protocol v2: Triton, KServe, MLServer, Ray
Serve or OpenVINO Model Server.

`TOUCHSTONE_INFERENCE_URL` names it. It holds each network under the name of its file
(`python -m ml.engine.model_repository` lays them out), and collects requests of all slots into
batches as it likes. It is taken only while it says what the worker's own runtime says.
"""

from __future__ import annotations

import http.client
import json
import logging
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from ml.engine import runtimes

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 60.0
"""After a failure the worker computes by itself for so long, and then tries the server again."""
HEAD_LENGTH = "Inference-Header-Content-Length"
BINARY = "binary_tensor_data"
"""The protocol's extension that sends numbers as bytes. A crop as JSON is ten times as long."""


class ServerUnusable(Exception):
    """What the server answered, or that it did not."""


class Connection:
    """To the server: one a thread, kept open."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServerUnusable(f"TOUCHSTONE_INFERENCE_URL is {url!r}, which is no http address")
        self._kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._place, self._path = parts.netloc.rpartition("@")[2], parts.path.rstrip("/")
        self._own = threading.local()

    def ask(
        self, path: str, body: bytes | None = None, head: int | None = None
    ) -> tuple[dict[str, Any], bytes]:
        """The answer's JSON, and the bytes behind it. A connection that the server closed
        meanwhile is opened anew."""
        headers = {"Content-Type": "application/json"}
        if head is not None:
            headers = {"Content-Type": "application/octet-stream", HEAD_LENGTH: str(head)}
        for attempt in (1, 2):
            try:
                return self._request(path, body, headers)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if attempt == 2 or isinstance(error, TimeoutError):
                    raise ServerUnusable(f"{path}: {type(error).__name__}: {error}") from error
        raise AssertionError

    def close(self) -> None:
        """That of this thread."""
        if link := getattr(self._own, "link", None):
            link.close()
        self._own.link = None

    def _request(
        self, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[dict[str, Any], bytes]:
        link = getattr(self._own, "link", None)
        if link is None:
            link = self._own.link = self._kind(self._place, timeout=PATIENCE_SECONDS)
        link.request("POST" if body else "GET", self._path + path, body, headers)
        response = link.getresponse()
        content = response.read()
        if response.status != 200:
            raise ServerUnusable(
                f"{path}: {response.status} {content[:200].decode(errors='replace')}"
            )
        length = int(response.getheader(HEAD_LENGTH) or len(content))
        try:
            data: dict[str, Any] = json.loads(content[:length] or b"{}")
        except ValueError as error:
            raise ServerUnusable(f"{path}: the answer is no JSON") from error
        return data, content[length:]


class AtServer:
    """One network on the server."""

    def __init__(self, url: str, file: Path) -> None:
        self._connection, self._model = Connection(url), f"/v2/models/{file.stem}"
        self.close = self._connection.close
        server, _ = self._connection.ask("/v2")
        self._binary = BINARY in server.get("extensions", ())
        self.name = f"open inference, {server.get('name', 'unnamed')} {server.get('version', '')}"
        described, _ = self._connection.ask(self._model)
        try:
            entry = described["inputs"][0]
            self._input = str(entry["name"])
            self.shape = tuple(int(number) for number in entry["shape"])[1:]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ServerUnusable(f"{self._model} does not describe its input") from error

    def __call__(self, picture: NDArray[np.float32]) -> runtimes.Outputs:
        numbers = np.ascontiguousarray(picture[None], "<f4")
        entry: dict[str, Any] = {
            "name": self._input, "shape": list(numbers.shape), "datatype": "FP32",
        }  # fmt: skip
        request: dict[str, Any] = {"inputs": [entry]}
        if self._binary:
            entry["parameters"] = {"binary_data_size": numbers.nbytes}
            request["parameters"] = {"binary_data_output": True}
            head = json.dumps(request).encode()
            answer = self._connection.ask(
                f"{self._model}/infer", head + numbers.tobytes(), len(head)
            )
        else:
            entry["data"] = numbers.reshape(-1).tolist()
            answer = self._connection.ask(f"{self._model}/infer", json.dumps(request).encode())
        try:
            return _outputs(*answer)
        except (KeyError, TypeError, ValueError) as error:
            raise ServerUnusable(f"{self._model}: the outputs cannot be read: {error}") from error


def _outputs(data: dict[str, Any], tail: bytes) -> runtimes.Outputs:
    found: runtimes.Outputs = {}
    for output in data["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is None:
            numbers = np.array(output["data"], np.float32).reshape(-1)
        else:
            numbers = np.frombuffer(tail[:size], "<f4").astype(np.float32)
            tail = tail[size:]
        found[len(numbers)] = numbers
    return found


class ServerOrOwn:
    """The server while it answers and says the same as our own runtime; our own runtime else."""

    def __init__(self, url: str, file: Path, own: runtimes.Runtime) -> None:
        self._url, self._file, self._own = url, file, own
        self.shape = own.shape
        self._server: AtServer | None = None
        self._lock = threading.Lock()
        self._not_before = 0.0

    @property
    def name(self) -> str:
        """Of what would compute now."""
        server = self._usable()
        return server.name if server else self._own.name

    def __call__(self, picture: NDArray[np.float32]) -> runtimes.Outputs:
        if server := self._usable():
            try:
                return server(picture)
            except ServerUnusable as error:
                self._leave(str(error))
        return self._own(picture)

    def _usable(self) -> AtServer | None:
        if self._server or time.monotonic() < self._not_before:
            return self._server
        with self._lock:
            if self._server is None and time.monotonic() >= self._not_before:
                try:
                    self._server = self._admitted()
                except ServerUnusable as error:
                    self._leave(str(error))
        return self._server

    def _admitted(self) -> AtServer:
        server = AtServer(self._url, self._file)
        if len(server.shape) != len(self.shape) or any(
            served not in (-1, own) for served, own in zip(server.shape, self.shape, strict=True)
        ):
            raise ServerUnusable(f"{self._file.stem} takes {server.shape}, not {self.shape}")
        apart = runtimes.disagreement(self._own, server)
        if not apart <= runtimes.TOLERANCE:
            raise ServerUnusable(f"{self._file.stem} differs from {self._own.name} by {apart:.4f}")
        return server

    def _leave(self, why: str) -> None:
        if self._server:
            self._server.close()
        self._server, self._not_before = None, time.monotonic() + PAUSE_SECONDS
        log.warning("The inference server is not used for %.0f s; %s computes: %s",
                    PAUSE_SECONDS, self._own.name, why)  # fmt: skip
