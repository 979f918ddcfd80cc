"""`Repr-Digest`: wrong bytes are refused and leave nothing; bytes that are sent out bear theirs."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.models import Scope
from accounts.refusals import Refusal
from blobs.models import Blob
from media_analysis.submissions.models import Submission
from media_analysis.uploads.digests import Expected
from media_analysis.uploads.models import Upload
from ml import pictures
from ml.engine.media import webp
from tests.partners.conftest import Partner
from tests.partners.test_api import URL, media, problem
from tests.partners.test_uploads import create, patch
from tests.people import Person, picture

NAMES = {"sha-256": "sha256", "sha-512": "sha512"}


def digest_header(body: bytes, *names: str) -> str:
    return ", ".join(
        f"{name}=:{base64.b64encode(hashlib.new(NAMES[name], body).digest()).decode()}:"
        for name in names or ("sha-256",)
    )


def form(shade: int = 120) -> bytes:
    return encode_multipart(BOUNDARY, {"file": media(shade)})


def post(client: Client, body: bytes, digest: str) -> Any:
    return client.generic("POST", URL, body, MULTIPART_CONTENT, headers={"Repr-Digest": digest})


def nothing_is_kept() -> bool:
    kept = [one for one in Path(settings.UPLOAD_SPOOL_DIR).rglob("*") if one.is_file()]
    return not (Submission.objects.exists() or Blob.objects.exists() or kept)


@pytest.mark.parametrize("names", [("sha-256",), ("sha-512",), ("sha-256", "sha-512")])
def test_a_form_with_its_own_digest_is_taken(both: Client, names: tuple[str, ...]) -> None:
    """Also beside a hash that is not read here, and with parameters."""
    answer = post(both, form(), digest_header(form(), *names) + ";x=1, md5=:AAAA:")
    assert answer.status_code == 202, answer.content


def test_a_form_with_another_digest_is_refused_and_leaves_nothing(both: Client) -> None:
    """One of two that differs is enough, for a key as for a person; the same key works after."""
    wrong = digest_header(form(), "sha-256") + ", " + digest_header(b"else", "sha-512")
    for digest in (digest_header(b"else"), wrong):
        problem(post(both, form(), digest), 422, "digest_differs")
    assert nothing_is_kept()
    assert post(both, form(), digest_header(form())).status_code == 202


def test_a_person_is_told_the_same(alice: Person) -> None:
    problem(post(alice.client(), form(), digest_header(b"else")), 422, "digest_differs")
    assert nothing_is_kept()
    assert post(alice.client(), form(), digest_header(form())).status_code == 202


@pytest.mark.parametrize(
    "header",
    ["", "sha-256", "sha-256=abc", "sha-256=:AAAA:", "sha-256=:%%:", "md5=:AAAA:", "=::", ","],
)
def test_a_digest_that_cannot_be_read_is_refused(both: Client, header: str) -> None:
    """Also where it names only hashes that anybody can forge."""
    problem(post(both, form(), header), 400, "digest_malformed")
    with pytest.raises(Refusal):
        Expected.by(header)
    if header:
        where = create(both, 10, **{"Repr-Digest": header})
        assert (where.status_code, where.json()["code"]) == (400, "digest_malformed")
    assert nothing_is_kept() and not Upload.objects.exists()


def test_an_upload_in_pieces_is_held_against_the_digest_of_the_file(both: Client) -> None:
    """Named when it begins, checked with the last piece; then the file and its upload are gone."""
    body = picture(7)
    where = create(both, len(body), **{"Repr-Digest": digest_header(b"else", "sha-512")})[
        "Location"
    ]
    assert patch(both, where, 0, body[:50]).status_code == 204
    last = patch(both, where, 50, body[50:])
    assert (last.status_code, last.json()["code"]) == (422, "digest_differs")
    assert nothing_is_kept() and not Upload.objects.exists()
    where = create(both, len(body), **{"Repr-Digest": digest_header(body, "sha-512")})["Location"]
    assert "Touchstone-Submission" in patch(both, where, 0, body)


def test_what_is_sent_out_bears_its_digest(partner: Partner) -> None:
    """The media, and a small picture as it is sent: PNG and WebP differ."""
    client = partner(Scope.SUBMISSIONS_WRITE, Scope.SUBMISSIONS_READ, Scope.MEDIA_READ)
    sent = post(client, form(), digest_header(form())).json()
    mine = Submission.objects.get(pk=sent["id"])
    frame = webp.photograph(np.full((48, 64, 3), 90, np.uint8))
    pictures.register(pictures.store({"frame": frame}), mine.analysis_id)
    found = set()
    for path, kind in (("media", "*/*"), ("thumbnails/frame", "image/png"),
                       ("thumbnails/frame", "image/webp")):  # fmt: skip
        answer = client.get(f"{sent['url']}{path}/", headers={"Accept": kind})
        body = b"".join(answer) if answer.streaming else answer.content
        assert answer["Repr-Digest"] == digest_header(body)
        found.add(answer["Repr-Digest"])
    assert len(found) == 3
