"""The language of media over REST, by whichever way it is sent."""

from __future__ import annotations

import pytest
from django.test import Client

from media_analysis.submissions.models import Submission
from tests.partners.test_api import URL, send_in
from tests.partners.test_uploads import code, create, meta
from tests.people import picture

KEPT = [("", ""), ("DE-at", "de-AT"), ("zh-hant", "zh-Hant")]
NO_TAGS = ["german", "de-x-mine", " de", "de_AT"]


@pytest.mark.parametrize(("language", "kept"), KEPT)
def test_a_language_is_kept_and_found_again(both: Client, language: str, kept: str) -> None:
    """In the usual letters, in the answer and in the list; a language finds its regions."""
    assert send_in(both, language=language).json()["language"] == kept
    if kept:
        found = both.get(URL, {"language": kept.partition("-")[0]}).json()["results"]
        assert [one["language"] for one in found] == [kept]
    assert both.get(URL, {"language": "fr"}).json()["results"] == []
    assert both.get(URL, {"language": ""}).json()["errors"][0]["field"] == "language"


@pytest.mark.parametrize("language", NO_TAGS)
def test_a_bad_language_has_one_code_and_keeps_nothing(both: Client, language: str) -> None:
    """In the form, in the list, in a batch and in an announcement, at its field."""
    refused = send_in(both, language=language)
    item = {"url": "https://media.example/a.png", "language": language}
    batch = both.post("/api/v1/batches/", {"items": [item]}, content_type="application/json")
    announced = both.post(
        "/api/v1/uploads/direct/",
        {"filename": "a.png", "size": 9, "language": language},
        content_type="application/json",
    )
    listed = both.get(URL, {"language": language})
    for answer in (refused, batch, announced, listed):
        assert answer.status_code == 400
        [error] = answer.json()["errors"]
        assert error["code"] == "language_malformed" and error["field"].endswith("language")
    assert not Submission.objects.exists()


def test_a_bad_language_of_an_upload_in_pieces_is_refused_at_its_beginning(both: Client) -> None:
    refused = create(both, len(picture()), meta(filename="a.png", language="german"))
    assert code(refused) == (400, "language_malformed")


def test_the_sentence_is_in_the_callers_language(both: Client) -> None:
    refused = both.get(URL, {"language": "german"}, headers={"Accept-Language": "de"})
    [error] = refused.json()["errors"]
    assert "„german“ ist kein Sprachkürzel" in error["detail"]


def test_a_key_that_was_used_before_there_were_languages_is_the_same_request(both: Client) -> None:
    """Its fingerprint knows no language; an empty one changes nothing."""
    first = send_in(both, key="k").json()
    again = send_in(both, key="k", language="")
    assert again.json()["id"] == first["id"] and again["Idempotent-Replayed"] == "true"
