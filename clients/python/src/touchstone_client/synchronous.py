"""The synchronous client: every call waits for its answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any

import httpx
from httpx_sse import EventSource, ServerSentEvent

from touchstone_client import calls
from touchstone_client.calls import Call, Media, Progress, Steps
from touchstone_client.errors import Problem, TimedOut, Unreachable
from touchstone_client.models import Appeal, Batch, Submission, Usage, Webhook


class Touchstone:
    """`Touchstone("https://touchstone.example", key="tsk_...")`; also as a context manager.

    A request that was refused for the moment, or never answered, is repeated up to `retries` times
    with growing pauses. Sending carries an `Idempotency-Key`, so a repeat sends nothing twice.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str,
        retries: int = 5,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.retries = retries
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers={"Authorization": f"Bearer {key}", "User-Agent": "touchstone-client/0.1"},
            timeout=timeout,
            transport=transport,
        )
        self._store = httpx.Client(timeout=timeout, transport=transport)

    def __enter__(self) -> Touchstone:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()
        self._store.close()

    # --- sending and following --------------------------------------------------------------
    def submit(
        self,
        media: Media,
        *,
        filename: str | None = None,
        note: str = "",
        policy_context: str = "",
        external_id: str = "",
        language: str = "",
        batch: bool = False,
        team: str | None = None,
        idempotency_key: str | None = None,
        progress: Progress | None = None,
    ) -> Submission:
        """A path, bytes, or a file that is open for reading. `batch`: no hurry."""
        words = {"note": note, "policy_context": policy_context, "external_id": external_id,
                 "language": language, "batch": batch, "team": team}  # fmt: skip
        with calls.opened(media, filename, progress) as file:
            answer = self._send(calls.submit(file, idempotency_key, words))
        replayed = answer.headers.get("Idempotent-Replayed") == "true"
        return Submission.of(answer.json(), replayed=replayed)

    def upload(
        self,
        media: Media,
        *,
        filename: str | None = None,
        note: str = "",
        policy_context: str = "",
        external_id: str = "",
        language: str = "",
        batch: bool = False,
        team: str | None = None,
        progress: Progress | None = None,
        started: Callable[[str], None] | None = None,
        upload_url: str | None = None,
    ) -> str:
        """Sends a large file in pieces and returns the id of the submission. After a lost
        connection it resumes with the missing part.

        `started` receives the upload's address. Keep it, and pass it as `upload_url` to resume the
        same file after your program restarts. `progress` receives the number of bytes that arrived.
        """
        words = {"note": note, "policy_context": policy_context, "external_id": external_id,
                 "language": language, "batch": batch, "team": team}  # fmt: skip
        with calls.seekable(media, filename) as file:
            return self._follow(
                calls.upload(file, words, upload_url, self.retries, progress, started)
            )

    def upload_direct(
        self,
        media: Media,
        *,
        filename: str | None = None,
        note: str = "",
        policy_context: str = "",
        external_id: str = "",
        language: str = "",
        batch: bool = False,
        team: str | None = None,
        progress: Progress | None = None,
        started: Callable[[str], None] | None = None,
        upload_url: str | None = None,
    ) -> str:
        """As `upload`, straight into the media store. Not every server offers it: then it raises
        `Problem` with the code `direct_uploads_off`."""
        words = {"note": note, "policy_context": policy_context, "external_id": external_id,
                 "language": language, "batch": batch, "team": team}  # fmt: skip
        with calls.seekable(media, filename) as file:
            return self._follow(
                calls.direct(file, words, upload_url, self.retries, progress, started)
            )

    def send_addresses(
        self,
        items: Sequence[str | Mapping[str, str]],
        *,
        external_id: str = "",
        team: str | None = None,
        idempotency_key: str | None = None,
    ) -> Batch:
        """Up to 1,000 addresses for the server to fetch: each a text, or `url` with `external_id`,
        `note`, `policy_context`, `language`."""
        call = calls.send_addresses(items, idempotency_key, external_id, team)
        answer = self._send(call)
        replayed = answer.headers.get("Idempotent-Replayed") == "true"
        return Batch.of(answer.json(), replayed=replayed)

    def batch(self, batch: str) -> Batch:
        """How far it is, with each item."""
        return Batch.of((self._send(calls.batch(batch))).json())

    def get(self, submission: str, *, wait: float = 0) -> Submission:
        """With everything that is known. `wait`: up to so many seconds for the analysis to end."""
        answer = self._send(calls.read(submission, wait))
        return Submission.of(answer.json(), etag=answer.headers.get("ETag"))

    def news(self, known: Submission, *, wait: float = 0) -> Submission | None:
        """What is new since then; None when nothing is."""
        answer = self._send(calls.read(known.id, wait, known.etag))
        if answer.status_code == 304:
            return None
        return Submission.of(answer.json(), etag=answer.headers.get("ETag"))

    def wait(self, submission: str, *, timeout: float = 600) -> Submission:
        """Until the analysis has ended. Raises `TimedOut`."""
        until = time.monotonic() + timeout
        while True:
            began = time.monotonic()
            found = self.get(submission, wait=max(until - began, 0))
            if found.ended:
                return found
            self._breathe(began, until, f"{submission} is still {found.state}")

    def wait_for_decision(self, submission: str, *, timeout: float = 86_400) -> Submission:
        """Until a person's decision is in force. Raises `TimedOut`."""
        until = time.monotonic() + timeout
        found = self.get(submission)
        while found.decision is None:
            began = time.monotonic()
            found = self.news(found, wait=max(until - began, 0)) or found
            if found.decision is None:
                self._breathe(began, until, f"nobody has decided about {submission}")
        return found

    def follow(
        self, submission: str, *, until: str = "ended", timeout: float = 600
    ) -> Iterator[Submission]:
        """The submission each time it changes, as it happens, from what it is now. Ends with the
        analysis, or with `until="decided"` when a person's decision is in force. A cut stream goes
        on where it was. Raises `TimedOut`."""
        for event in self._events(f"submissions/{submission}", until, timeout):
            found = Submission.of(event.json(), etag=f'"{event.id}"')
            yield found
            if found.ended if until == "ended" else found.decision is not None:
                return

    def follow_batch(self, batch: str, *, timeout: float = 3600) -> Iterator[Batch]:
        """As `follow`, until the batch is complete. Without its items, which `batch` has."""
        for event in self._events(f"batches/{batch}", "ended", timeout):
            found = Batch.of(event.json())
            yield found
            if found.completed_at is not None:
                return

    def find(self, **filters: Any) -> Iterator[Submission]:
        """Every submission that fits, page after page: `outcome`, `decision`, `external_id`, `ids`,
        `updated_since`, `sort` and the others that docs/api.md names."""
        call: Call | None = calls.find(filters)
        while call is not None:
            page = self._send(call).json()
            yield from (Submission.of(one) for one in page["results"])
            call = Call("GET", calls.within(page["next"])) if page["next"] else None

    def cancel(self, submission: str) -> Submission:
        return Submission.of(self._send(calls.of_submission("POST", submission, "cancel/")).json())

    def request_deletion(self, submission: str) -> Submission:
        """Asks for it; a person answers."""
        return Submission.of(self._send(calls.of_submission("DELETE", submission)).json())

    # --- appeals ------------------------------------------------------------------------------
    def appeal(self, submission: str, text: str, *, idempotency_key: str | None = None) -> Appeal:
        """Objects to the decision in force; another person decides again. `wait_for_decision`
        then waits for that. Needs `appeals:write`."""
        answer = self._send(calls.appeal(submission, text, idempotency_key))
        replayed = answer.headers.get("Idempotent-Replayed") == "true"
        return Appeal.of(answer.json(), replayed=replayed)

    def withdraw_appeal(self, submission: str) -> Appeal:
        """The first decision stands again. Refused once somebody has concluded about it."""
        return Appeal.of((self._send(calls.withdraw_appeal(submission))).json())

    # --- media --------------------------------------------------------------------------------
    def media(self, submission: str) -> bytes:
        return self._send(calls.of_submission("GET", submission, "media/")).content

    def save_media(self, submission: str, path: str | PathLike[str]) -> int:
        """Into a file, piece by piece. Returns its size."""
        call = calls.of_submission("GET", submission, "media/")
        with self._http.stream(call.method, call.path) as answer:
            if answer.status_code >= 400:
                answer.read()
            calls.checked(answer)
            with Path(path).open("wb") as file:
                return sum(file.write(chunk) for chunk in answer.iter_bytes())

    def thumbnail(self, submission: str, name: str) -> bytes:
        part = f"thumbnails/{name}/"
        return self._send(calls.of_submission("GET", submission, part)).content

    # --- reports ------------------------------------------------------------------------------
    def report(self, submission: str, report: str, name: str = "report.pdf") -> bytes:
        """A file of an issued report, as it was signed. `reports` of a submission lists them.
        Needs `reports:read`."""
        part = f"reports/{report}/{name}/"
        return self._send(calls.of_submission("GET", submission, part)).content

    # --- usage --------------------------------------------------------------------------------
    def usage(self) -> Usage:
        """What this key and its partner have sent this month, their quotas and the rates."""
        return Usage.of(self._send(calls.usage()).json())

    # --- webhooks -----------------------------------------------------------------------------
    def webhooks(self) -> Sequence[Webhook]:
        page = self._send(calls.of_webhooks("GET")).json()
        return [Webhook.of(one) for one in page["results"]]

    def add_webhook(self, url: str, events: Sequence[str], description: str = "") -> Webhook:
        """The answer holds `secret`, which the server never shows again."""
        body = {"url": url, "events": list(events), "description": description}
        return Webhook.of(self._send(calls.of_webhooks("POST", json=body)).json())

    def change_webhook(self, webhook: str, **wanted: Any) -> Webhook:
        call = calls.of_webhooks("PATCH", f"{webhook}/", wanted)
        return Webhook.of(self._send(call).json())

    def delete_webhook(self, webhook: str) -> None:
        self._send(calls.of_webhooks("DELETE", f"{webhook}/"))

    def rotate_secret(self, webhook: str) -> str:
        call = calls.of_webhooks("POST", f"{webhook}/rotate/")
        return str(self._send(call).json()["secret"])

    def test_webhook(self, webhook: str) -> Mapping[str, Any]:
        call = calls.of_webhooks("POST", f"{webhook}/test/")
        result: Mapping[str, Any] = self._send(call).json()
        return result

    # --- asking, and asking again ---------------------------------------------------------------
    def _follow(self, steps: Steps) -> str:
        call = next(steps)
        while True:
            time.sleep(call.after)
            try:
                step = partial(steps.send, self._send(call))
            except (Problem, Unreachable) as error:
                step = partial(steps.throw, error)
            try:
                call = step()
            except StopIteration as end:
                return str(end.value)

    def _send(self, call: Call) -> httpx.Response:
        http = self._store if call.to_store else self._http
        for attempt in range(self.retries + 1):
            last = attempt == self.retries
            try:
                answer = http.request(call.method, call.path, **call.arguments())
            except httpx.TransportError as error:
                if last or not call.may_repeat:
                    raise Unreachable(calls.no_answer(error)) from error
                time.sleep(calls.pause(attempt, None))
                continue
            if last or not calls.wants_repeating(call, answer):
                return calls.checked(answer)
            time.sleep(calls.pause(attempt, answer))
        raise AssertionError("unreachable")

    def _events(self, address: str, until: str, timeout: float) -> Iterator[ServerSentEvent]:
        end, last, failures = time.monotonic() + timeout, "", 0
        while (left := end - time.monotonic()) > 0:
            call, answer = calls.events(address, until, last, left), None
            try:
                with self._http.stream(call.method, call.path, **call.arguments()) as answer:
                    if answer.status_code == 204:
                        return
                    if answer.status_code == 200:
                        failures = 0
                        for event in EventSource(answer).iter_sse():
                            if event.event == "message" and event.data:
                                last = event.id
                                yield event
                    else:
                        answer.read()
                        if failures >= self.retries or not calls.wants_repeating(call, answer):
                            calls.checked(answer)
            except httpx.TransportError as error:
                if failures >= self.retries:
                    raise Unreachable(f"The stream was cut: {error!r}") from error
            time.sleep(min(calls.pause(failures, answer), max(end - time.monotonic(), 0)))
            failures += 1
        raise TimedOut(f"{address} went on for longer than {timeout:g} seconds")

    @staticmethod
    def _breathe(began: float, until: float, what: str) -> None:
        """A server that cannot wait answers at once: it is not asked without a pause."""
        now = time.monotonic()
        if now >= until:
            raise TimedOut(what)
        time.sleep(min(max(1.0 - (now - began), 0.0), until - now))
