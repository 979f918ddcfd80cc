"""The pages of submissions, as a browser without JavaScript meets them."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from media_analysis.submissions.models import Submission
from tests.people import Answer, Person, Send, picture

PAGES = ["detail", "progress", "download"]
POSTS = ["again", "cancel"]


def without_tokens(answer: Answer) -> str:
    """CSRF tokens are masked anew for each page."""
    return re.sub(r'(content|value)="[A-Za-z0-9]{64}"', "", answer.content.decode())


def upload(person: Person, *files: SimpleUploadedFile, **headers: str) -> Answer:
    body = {"upload": list(files), "team": str(person.team.pk), "note": "n", "policy_context": ""}
    return person.client().post(reverse("submissions:submit"), body, headers=headers)


def photo(name: str = "photo.png", shade: int = 120) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture(shade), "image/png")


def test_a_quotation_mark_in_a_name_is_one_on_every_page(alice: Person) -> None:
    """Browsers write `%22` for it in a form; it is stored as it was and escaped once."""
    upload(alice, photo("the %22mayor%22.png"))
    sent = Submission.objects.get()
    assert sent.filename == 'the "mayor".png'
    for address in ("/", reverse("submissions:detail", args=[sent.pk])):
        page = alice.client().get(address).content.decode()
        assert "the &quot;mayor&quot;.png" in page
        assert "%22" not in page and "&amp;quot;" not in page


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["history", "submit"])
def test_strangers_are_sent_to_the_login(name: str) -> None:
    """Nothing is shown to somebody who is not signed in."""
    answer = Client().get(reverse(f"submissions:{name}"))
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]


@pytest.mark.parametrize("name", PAGES + POSTS)
def test_a_foreign_id_answers_like_a_missing_one(
    alice: Person, charlie: Person, send: Send, name: str
) -> None:
    """Charlie cannot tell Alice's submission from one that never was."""
    client = charlie.client()
    call = client.post if name in POSTS else client.get
    foreign = call(reverse(f"submissions:{name}", args=[send(alice).pk]))
    missing = call(reverse(f"submissions:{name}", args=[uuid.uuid4()]))
    assert foreign.status_code == missing.status_code == 404
    assert without_tokens(foreign) == without_tokens(missing)


@pytest.mark.parametrize("name", PAGES)
def test_a_team_mate_may_look(alice: Person, bob: Person, send: Send, name: str) -> None:
    """Bob sees what Alice sent."""
    assert (
        bob.client().get(reverse(f"submissions:{name}", args=[send(alice).pk])).status_code == 200
    )


def test_one_file_leads_to_its_result(alice: Person) -> None:
    """Upload without JavaScript: stored, queued, and on to the page that shows progress."""
    answer = upload(alice, photo())
    submission = Submission.objects.get()
    assert answer["Location"] == reverse("submissions:detail", args=[submission.pk])
    page = alice.client().get(answer["Location"]).content.decode()
    assert "photo.png" in page and "Waiting" in page and submission.blob_id in page


def test_several_files_become_several_submissions(alice: Person) -> None:
    """One bad file spoils nothing: the others are kept, the bad one is named."""
    bad = SimpleUploadedFile("bad.mp4", b"ffconcat version 1.0")
    answer = upload(alice, photo("a.png", 1), bad, photo("b.png", 2))
    assert answer["Location"] == reverse("submissions:history")
    assert {s.filename for s in Submission.objects.all()} == {"a.png", "b.png"}
    page = alice.client().get(reverse("submissions:history")).content.decode()
    assert "a.png" in page and "b.png" in page


def test_the_uploader_gets_json(alice: Person) -> None:
    """One file, one answer: 202 with the result's address; a duplicate names the earlier one."""
    first = upload(alice, photo(), accept="application/json")
    assert first.status_code == 202 and first.json()["earlier_url"] is None
    again = upload(alice, photo(), accept="application/json")
    assert again.json()["earlier_url"] == first.json()["url"]
    empty = upload(alice, SimpleUploadedFile("e.png", b""), accept="application/json")
    assert empty.status_code == 400 and empty.json()["code"] == "empty"


def test_no_file_at_all_is_told_at_the_field(alice: Person) -> None:
    """The form comes back with the sentence, not with an error page."""
    answer = upload(alice)
    assert answer.status_code == 400 and b"This field is required" in answer.content


def test_the_form_of_a_refused_file_can_send_again(alice: Person) -> None:
    """It has what its uploader reads: how many files to ask about, and the badges of verdicts."""
    fresh = alice.client().get(reverse("submissions:submit")).content.decode()
    refused = upload(alice, SimpleUploadedFile("bad.mp4", b"ffconcat version 1.0"))
    page = refused.content.decode()
    assert refused.status_code == 400
    for part in ("data-states-asked=", "data-badge="):
        expected = re.findall(f'{part}"[^"]*"', fresh)
        assert expected and re.findall(f'{part}"[^"]*"', page) == expected


def test_a_stranger_cannot_send_into_the_team(alice: Person, charlie: Person) -> None:
    """Another team is not on the list, so choosing it is a wrong choice."""
    body = {"upload": photo(), "team": str(alice.team.pk)}
    assert charlie.client().post(reverse("submissions:submit"), body).status_code == 400
    assert not Submission.objects.exists()


def test_polling_costs_nothing_while_nothing_changes(alice: Person, send: Send) -> None:
    """The same state answers 304; a cancelled analysis answers anew."""
    submission = send(alice)
    url = reverse("submissions:progress", args=[submission.pk])
    client = alice.client()
    tag = client.get(url)["ETag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    client.post(reverse("submissions:cancel", args=[submission.pk]))
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 200


def test_the_download_holds_everything(alice: Person, send: Send) -> None:
    """Submission, analysis and the events with their hashes, as one JSON file."""
    submission = send(alice, note="see the left eye")
    body = alice.client().get(reverse("submissions:download", args=[submission.pk])).json()
    assert body["submission"]["note"] == "see the left eye"
    assert [e["seq"] for e in body["events"]] == [1, 2]
    assert body["analysis"]["state"] == "queued"


@pytest.mark.parametrize("rows", [1, 12])
def test_the_history_asks_as_often_for_twelve_rows_as_for_one(
    alice: Person, send: Send, rows: int, django_assert_max_num_queries: Any
) -> None:
    """Query count does not grow with the rows."""
    for n in range(rows):
        send(alice, shade=n)
    client = alice.client()
    client.get(reverse("submissions:history"))
    with django_assert_max_num_queries(9):
        client.get(reverse("submissions:history"))
