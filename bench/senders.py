"""The clients that send and read, for locust: each sends one request a second, at a moment of the
second that is its own. Otherwise all would send at once and wait for one another."""

from __future__ import annotations

import os
import random
import time
from typing import Any, ClassVar

from locust import HttpUser, task

from bench.noise import noise

HEADERS = {"Authorization": f"Bearer {os.environ['LOAD_KEY']}"}
UPLOADS = int(os.environ.get("LOAD_UPLOADS", "5"))
LIST = "/api/v1/submissions/"


class Caller(HttpUser):
    abstract = True
    next_at = 0.0

    def on_start(self) -> None:
        time.sleep(random.random())
        self.next_at = time.perf_counter()

    def wait_time(self) -> float:
        """locust's own pacing counts from when a user was made, which is the same for all."""
        self.next_at += 1
        return max(self.next_at - time.perf_counter(), 0)


class Sender(Caller):
    fixed_count = UPLOADS

    @task
    def upload(self) -> None:
        files = {"file": ("noise.png", noise(), "image/png")}
        answer = self.client.post(LIST, files=files, headers=HEADERS, name="upload")
        if answer.ok:
            Reader.known.append(answer.json()["id"])


class Reader(Caller):
    known: ClassVar[list[str]] = []

    @task(1)
    def find(self) -> Any:
        return self.client.get(LIST, headers=HEADERS, name="list")

    @task(1)
    def look(self) -> Any:
        if not self.known:
            return self.find()
        one = random.choice(self.known)
        return self.client.get(f"{LIST}{one}/", headers=HEADERS, name="one submission")
