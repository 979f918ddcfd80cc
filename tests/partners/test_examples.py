"""Every operation has an example of its request and of each answer, recorded from real calls."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Scope, ServiceAccount, Team
from accounts.refusals import CATALOGUE
from accounts.services.keys import issue_key
from docs.draw_api_errors import PAGE, drawn
from jobs.services import claim
from media_analysis.batches.models import BatchItem
from media_analysis.batches.services import fetching
from media_analysis.partners import errors_of
from media_analysis.partners.examples import RECORDED, REQUEST, codes_of
from media_analysis.uploads.models import DirectUpload
from media_analysis.uploads.services import receiving
from tests.media_bucket import MediaBucket
from tests.people import Person, picture
from tests.webhooks.receiving import Receiver
from tests.webhooks.test_delivering import deliver_all

ROOT = "/api/v1/"
HERE = "https://touchstone.example"
MEDIA = (
    "application/octet-stream", "application/pdf", "image/png", "image/webp", "text/plain",
)  # fmt: skip
pytestmark = pytest.mark.django_db
Ask = Callable[..., Any]


@pytest.fixture
def schema(client: Client) -> dict[str, Any]:
    made: dict[str, Any] = client.get(f"{ROOT}schema/?format=json").json()
    return made


def operations(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        operation["operationId"]: operation
        for methods in schema["paths"].values()
        for operation in methods.values()
        if operation["operationId"] in errors_of.OWN or "schema" not in operation["operationId"]
    }


class Recorder:
    def __init__(self, client: Client) -> None:
        self.client, self.kept = client, {}  # type: ignore[var-annotated]

    def __call__(
        self, name: str, method: str, path: str, body: Any = None, expect: int = 200
    ) -> Any:
        how = {} if body is None else {"data": body, "content_type": "application/json"}
        answer = getattr(self.client, method)(path, **how)
        return self.keep(name, answer, body, expect)

    def keep(self, name: str, answer: Any, body: Any, expect: int) -> Any:
        assert answer.status_code == expect, answer.content
        content = answer.json() if answer.content else None
        kept = {REQUEST: body} if body is not None else {}
        self.kept[name] = kept | ({str(expect): content} if content is not None else {})
        return content

    def stream(self, name: str, path: str) -> None:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.content
        text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
        event = text.split("\n\n")[1]  # behind the time after which to connect again
        self.kept[name] = {"200": dict(line.split(": ", 1) for line in event.splitlines())}

    def send(self, name: str, **fields: str) -> Any:
        file = SimpleUploadedFile(name, picture())
        answer = self.client.post(f"{ROOT}submissions/", {"file": file, **fields})
        body = {"file": "(the bytes)", **fields}
        return self.keep("submissions_create", answer, body, 202)


def recorded(client: Client, receiver: Receiver) -> dict[str, Any]:
    """A partner's program with a test key makes each call once."""
    ask = Recorder(client)
    hooks = f"{ROOT}webhooks/"
    wanted = {"url": receiver.url, "events": ["analysis.completed", "decision.made"],
              "description": "Newsroom desk"}  # fmt: skip
    added = ask("webhooks_add", "post", hooks, wanted, 201)
    one = f"{hooks}{added['id']}/"
    waiting = ask.send("queued.jpg")
    ask.stream("submissions_events", f"{waiting['url']}events/?until=ended")
    ask("submissions_cancel", "post", f"{waiting['url']}cancel/", expect=202)
    ask("usage_read", "get", f"{ROOT}usage/")
    ask.send("manipulation_found.jpg", external_id="order-4710")
    sent = ask.send("decision_changed.jpg", external_id="order-4711", note="Sent by a reader.",
                    language="de", policy_context="Election")  # fmt: skip
    ask("submissions_list", "get", f"{ROOT}submissions/?page_size=1")
    appealed = {"text": "open: the video was cut by our own editors before it was sent."}
    ask("submissions_appeal", "post", f"{sent['url']}appeal/", appealed, 201)
    ask("submissions_withdraw_appeal", "post", f"{sent['url']}appeal/withdraw/")
    appealed = {"text": "The shadow is from the building opposite. The camera file proves it."}
    ask("submissions_appeal", "post", f"{sent['url']}appeal/", appealed, 201)
    held = ask("submissions_hold", "post", f"{sent['url']}hold/",
               {"reason": "Case 12 C 345/26: keep as evidence."}, 201)  # fmt: skip
    ask("holds_list", "get", f"{ROOT}holds/?submission={held['submission']}")
    ask("submissions_lift_hold", "post", f"{sent['url']}hold/lift/",
        {"reason": "The case was closed."})  # fmt: skip
    ask("submissions_read", "get", sent["url"])
    ask("submissions_delete", "delete", sent["url"], expect=202)
    items = [{"url": "https://media.example/inconclusive.jpg", "external_id": "a"},
             {"url": "https://media.example/missing.jpg", "external_id": "b"}]  # fmt: skip
    content = {"external_id": "export-12", "items": items}
    batch = ask("batches_create", "post", f"{ROOT}batches/", content, 202)
    while taken := claim(BatchItem, worker="t"):
        fetching.run(taken)
    ask("batches_read", "get", batch["url"])
    ask.stream("batches_events", f"{batch['url']}events/?until=ended")
    body = picture()
    digest = hashlib.sha256(body).hexdigest()
    film = {"filename": "decided_unclear.png", "size": len(body), "sha256": digest,
            "external_id": "order-4712"}  # fmt: skip
    upload = ask("uploads_announce", "post", f"{ROOT}uploads/direct/", film, 201)
    httpx.put(upload["parts"][0]["url"], content=body).raise_for_status()
    there = ask("uploads_parts", "post", f"{upload['url']}parts/")
    parts = [{"number": 1, "etag": there["parts"][0]["etag"]}]
    ask("uploads_complete", "post", f"{upload['url']}complete/", {"parts": parts}, 202)
    while taken := claim(DirectUpload, worker="t"):
        receiving.run(taken)
    ask("uploads_read", "get", upload["url"])
    ask("uploads_delete", "delete", upload["url"], expect=204)
    deliver_all()
    ask("webhooks_list", "get", hooks)
    ask("webhooks_read", "get", one)
    log = ask("webhooks_log", "get", f"{one}deliveries/")
    ask("webhooks_deliver", "post", f"{one}deliver/", {"delivery": log["results"][0]["id"]}, 202)
    ask("webhooks_test", "post", f"{one}test/", expect=202)
    ask("webhooks_rotate", "post", f"{one}rotate/")
    ask("webhooks_change", "patch", one, {"events": ["decision.made"], "is_active": True})
    ask("webhooks_delete", "delete", one, expect=204)
    return _settled(dict(sorted(ask.kept.items())), receiver)


def _settled(kept: dict[str, Any], receiver: Receiver) -> dict[str, Any]:
    """With the same ids, times and secrets each time."""
    text = json.dumps(kept, indent=1)
    text = text.replace(receiver.url, "https://news.example/touchstone")
    text = text.replace("http://testserver", HERE)
    signed = "?uploadId=dXBsb2Fk&partNumber=1&X-Amz-Expires=3600&X-Amz-Signature=9f2c"
    text = re.sub(r"http://127[^\"?]*(/quarantine/[^\"?]*)\?[^\"]*",
                  rf"https://media.bucket.example\1{signed}", text)  # fmt: skip
    text = re.sub(r'(?<="id": ")[0-9a-f]{32}(?=")', "9f2c" * 8, text)
    text = re.sub(r"cursor=[\w-]+", "cursor=bmV4dA", text)
    text = re.sub(r"whsec_[\w+/=]+", "whsec_" + "c2VjcmV0" * 4, text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "2026-11-28T09:30:00.000000Z", text)
    for name, day in (("month", "2026-11-01"), ("starts", "2026-12-01")):
        text = re.sub(rf'"{name}": "[\d-]+"', f'"{name}": "{day}"', text)
    text = re.sub(r'"milliseconds": \d+', '"milliseconds": 42', text)
    text = re.sub(r'"id": \d+', '"id": 12', text)
    ids: dict[str, str] = {}

    def same(match: re.Match[str]) -> str:
        key = match[0].replace("-", "")
        ids.setdefault(key, f"0198c0de00007000800000000000{len(ids) + 1:04x}")
        plain = ids[key]
        if "-" not in match[0]:
            return plain
        return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))

    dashed = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    text = re.sub(rf"{dashed}|(?<=msg_)[0-9a-f]{{32}}", same, text)
    made: dict[str, Any] = json.loads(text)
    return made


@pytest.fixture
def program(team: Team, admin: Person) -> Client:
    service = ServiceAccount.objects.create(team=team, name="Acme")
    key = issue_key(admin.actor, service, "k", list(Scope), test=True).secret
    return Client(headers={"Authorization": f"Bearer {key}"})


def test_the_examples_are_what_the_server_answers(
    program: Client, receiver: Receiver, inside: None, media_bucket: MediaBucket
) -> None:
    """Calls that are made anew give the recorded answers, but for ids, times and secrets."""
    now = recorded(program, receiver)
    if os.environ.get("WRITE_EXAMPLES"):
        RECORDED.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n")
    assert now == json.loads(RECORDED.read_text()), "WRITE_EXAMPLES=1 writes them anew"


def media(operation: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Each body that an operation reads or gives, but for bytes, which have no example."""
    found = [("request", kind, content) for kind, content in
             operation.get("requestBody", {}).get("content", {}).items()]  # fmt: skip
    found += [
        (status, kind, content)
        for status, answer in operation["responses"].items()
        for kind, content in answer.get("content", {}).items()
    ]
    return [one for one in found if one[1] not in MEDIA]


def examples(content: dict[str, Any]) -> list[Any]:
    several = [one["value"] for one in content.get("examples", {}).values()]
    return several + ([content["example"]] if "example" in content else [])


def without(schema: dict[str, Any]) -> list[str]:
    return [
        f"{name} {where}"
        for name, operation in operations(schema).items()
        for where, _, content in media(operation)
        if not examples(content)
    ]


def test_each_operation_has_an_example_of_each_body(schema: dict[str, Any]) -> None:
    assert without(schema) == [] and len(operations(schema)) == len(errors_of.OWN)
    read = schema["paths"][f"{ROOT}batches/"]["post"]["requestBody"]["content"]
    del read["application/json"]["example"]
    assert without(schema) == ["batches_create request"], "a missing one is found"


def test_each_example_has_the_shape_that_the_schema_promises(schema: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator  # builds grammars for seconds: not at collection

    count = 0
    for name, operation in operations(schema).items():
        for where, _, content in media(operation):
            shape = {**content["schema"], "components": schema["components"]}
            check = Draft202012Validator(shape, format_checker=Draft202012Validator.FORMAT_CHECKER)
            for example in examples(content):
                wrong = [error.message for error in check.iter_errors(example)]
                assert wrong == [], (name, where)
                count += 1
    assert count > 200


def test_every_code_belongs_to_an_operation_that_lists_its_status(schema: dict[str, Any]) -> None:
    """No status without a code, no code of REST without a place, and none of another catalogue."""
    placed = {*errors_of.BEFORE, *errors_of.OF_UPLOADS}
    for name, operation in operations(schema).items():
        statuses = {int(status) for status in operation["responses"] if int(status) > 399}
        found = codes_of(operation)
        assert {CATALOGUE[code].status for code in found} == statuses, name
        lost = [code for code in errors_of.OWN[name] if code not in found]
        assert lost == [], (name, "lists no such status")
        placed |= set(found)
    assert placed == {code for code, entry in CATALOGUE.items() if entry.in_rest}


def test_the_page_of_errors_is_the_one_of_this_schema(schema: dict[str, Any]) -> None:
    assert PAGE.read_text() == drawn(schema), "Run `python docs/draw_api_errors.py`."
