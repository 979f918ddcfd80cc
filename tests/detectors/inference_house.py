"""A small server of the Open Inference Protocol v2 (REST), which computes with LiteRT."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from ml.engine.inference_server import BINARY, HEAD_LENGTH
from ml.engine.runtimes import LiteRT


class InferenceHouse:
    def __init__(self, files: list[Path], *, binary: bool = True) -> None:
        self.networks = {file.stem: LiteRT(file.read_bytes()) for file in files}
        self.binary, self.shifted_by, self.requests, self.broken = binary, 0.0, 0, False
        house = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None: ...

            def do_GET(self) -> None:
                self.answer(*house.described(self.path.strip("/").split("/")))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                head = int(self.headers.get(HEAD_LENGTH) or len(body))
                name = self.path.strip("/").split("/")[2]
                self.answer(*house.infer(name, json.loads(body[:head]), body[head:]))

            def answer(self, status: int, payload: Any, tail: bytes = b"") -> None:
                head = json.dumps(payload).encode()
                self.send_response(status)
                if tail:
                    self.send_header(HEAD_LENGTH, str(len(head)))
                self.send_header("Content-Length", str(len(head + tail)))
                self.end_headers()
                self.wfile.write(head + tail)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def described(self, path: list[str]) -> tuple[int, Any]:
        if path == ["v2"]:
            return 200, {"name": "house", "version": "1", "extensions": [BINARY] * self.binary}
        if path[:2] == ["v2", "models"] and path[2] in self.networks:
            shape = [-1, *self.networks[path[2]].shape]
            return 200, {"name": path[2], "inputs": [
                {"name": "input", "shape": shape, "datatype": "FP32"}]}  # fmt: skip
        return 404, {"error": f"no {'/'.join(path)}"}

    def infer(self, name: str, request: Any, tail: bytes) -> tuple[int, Any, bytes]:
        self.requests += 1
        if self.broken:
            return 500, {"error": "out of memory"}, b""
        [entry] = request["inputs"]
        numbers = np.frombuffer(tail, "<f4") if tail else np.array(entry["data"], np.float32)
        assert bool(tail) is self.binary
        outputs, parts = [], []
        for size, values in self.networks[name](numbers.reshape(entry["shape"][1:])).items():
            values = (values + self.shifted_by).astype("<f4")
            output: dict[str, Any] = {"name": f"o{size}", "shape": [1, size], "datatype": "FP32"}
            if self.binary:
                output["parameters"] = {"binary_data_size": values.nbytes}
                parts.append(values.tobytes())
            else:
                output["data"] = values.tolist()
            outputs.append(output)
        return 200, {"model_name": name, "outputs": outputs}, b"".join(parts)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
