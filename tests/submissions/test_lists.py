"""Saved filters and CSV: one's own, shared or not, on record, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import gc
import io
import json
import tracemalloc

import pytest
from django.http import StreamingHttpResponse
from django.urls import reverse

from accounts.refusals import Refusal
from accounts.services.chains import team_chain
from audit.models import Event
from audit.verbs import Verb
from media_analysis.submissions.models import SavedFilter
from media_analysis.submissions.search import history
from media_analysis.submissions.services import export, saved_filters
from tests.people import Answer, Person, Send

HISTORY = "/"


def keep(person: Person, query: str, name: str = "Mine", team: str = "") -> Answer:
    body = {"name": name, "query": query, "team": team}
    return person.client().post(reverse("submissions:save_filter"), body)


def exported(person: Person, query: str = "") -> list[list[str]]:
    answer = person.client().post(f"{reverse('submissions:export')}?{query}")
    assert answer.status_code == 200 and isinstance(answer, StreamingHttpResponse)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_filter_is_kept_found_and_let_go(alice: Person, bob: Person, send: Send) -> None:
    """Saved under a name, on her page and on nobody else's; deleting asks first."""
    send(alice)
    answer = keep(alice, "q=holiday&outcome=inconclusive&cursor=abc&evil=1")
    assert answer["Location"] == "/?q=holiday&outcome=inconclusive"
    saved = SavedFilter.objects.get()
    assert b">Mine</a>" in alice.client().get(HISTORY).content
    assert b">Mine</a>" not in bob.client().get(HISTORY).content
    url = reverse("submissions:delete_filter", args=[saved.pk])
    assert "Delete the filter “Mine”?" in alice.client().get(url).content.decode()
    assert SavedFilter.objects.exists()
    assert bob.client().post(url).status_code == 404
    assert alice.client().post(url).status_code == 302
    assert not SavedFilter.objects.exists()


def test_sharing_is_seen_by_the_team_and_on_record(
    alice: Person, bob: Person, charlie: Person
) -> None:
    """Bob sees what Alice shared and cannot delete it; Charlie sees nothing."""
    keep(alice, "kind=video", team=str(alice.team.pk))
    saved = SavedFilter.objects.get()
    assert b">Mine</a>" in bob.client().get(HISTORY).content
    assert b">Mine</a>" not in charlie.client().get(HISTORY).content
    url = reverse("submissions:delete_filter", args=[saved.pk])
    assert bob.client().get(url).status_code == charlie.client().get(url).status_code == 404
    alice.client().post(url)
    verbs = Event.objects.filter(chain=team_chain(alice.team.pk)).values_list("verb", flat=True)
    assert list(verbs) == [Verb.FILTER_SHARED, Verb.FILTER_UNSHARED]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"name": "", "query": "kind=video"}, "This field is required"),
        ({"name": "x" * 81, "query": "kind=video"}, "at most 80"),
        ({"name": "new", "query": ""}, "Choose at least one filter"),
        ({"name": "MINE", "query": "kind=video"}, "You already have a filter with that name"),
    ],
)
def test_what_cannot_be_saved_is_told(alice: Person, body: dict[str, str], sentence: str) -> None:
    """The page comes back with the sentence at the field, and nothing is kept."""
    keep(alice, "kind=audio")
    answer = alice.client().post(reverse("submissions:save_filter"), body)
    assert answer.status_code == 400
    if body["query"]:
        assert sentence in answer.content.decode()
    assert SavedFilter.objects.count() == 1


def test_sharing_with_a_foreign_team_is_no_choice(alice: Person, charlie: Person) -> None:
    """She cannot put anything on Charlie's page."""
    assert keep(alice, "kind=audio", team=str(charlie.team.pk)).status_code == 400
    assert not SavedFilter.objects.exists()


def test_there_is_a_limit(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to do."""
    monkeypatch.setattr(saved_filters, "MOST", 1)
    keep(alice, "kind=audio")
    with pytest.raises(Refusal, match="Delete one first"):
        saved_filters.save(alice.actor, "other", "kind=audio", None)


def test_the_export_is_the_filtered_list(lead: Person, send: Send) -> None:
    """The same rows in the same order as the page, with a header, and an event of the team."""
    for n in range(3):
        send(lead, shade=n, name=f"{n}.png", note="zwei\nZeilen, größer" if n == 1 else "")
    rows = exported(lead, "sort=oldest")
    assert rows[0] == export.COLUMNS
    assert [row[3] for row in rows[1:]] == ["0.png", "1.png", "2.png"]
    assert rows[2][14] == "zwei\nZeilen, größer"
    assert [row[3] for row in exported(lead, "q=1.png")[1:]] == ["1.png"]
    events = Event.objects.filter(chain=team_chain(lead.team.pk), verb=Verb.SUBMISSIONS_EXPORTED)
    data = [json.loads(bytes(e.payload))["data"] for e in events.order_by("seq")]
    assert data == [
        {"filters": {"sort": "oldest"}, "searched": False},
        {"filters": {}, "searched": True},
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        "\n=1",
        "＝1",
        '=HYPERLINK("http://x")',
    ],
)
def test_no_cell_begins_like_a_formula(lead: Person, send: Send, hostile: str) -> None:
    """In name, note, context and external id: a quote before it makes it text."""
    send(lead, name=hostile, note=hostile, policy_context=hostile, external_id=hostile)
    for cell in exported(lead)[1]:
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))


def test_only_leads_export_and_only_their_teams(
    alice: Person, lead: Person, charlie: Person, send: Send
) -> None:
    """A moderator is refused and nothing is on record; a lead gets nothing of other teams."""
    send(alice, name="ours.png")
    send(charlie, name="theirs.png")
    assert alice.client().post(reverse("submissions:export")).status_code == 403
    assert not Event.objects.filter(verb=Verb.SUBMISSIONS_EXPORTED).exists()
    assert {row[3] for row in exported(lead)[1:]} == {"ours.png"}
    assert lead.client().post(f"/export/?team={charlie.team.pk}").status_code == 400


def test_a_filter_that_was_not_understood_exports_nothing(lead: Person, send: Send) -> None:
    """More than was meant would go out: the page says what is wrong."""
    send(lead)
    answer = lead.client().post("/export/?received_from=2026-02-30")
    assert answer.status_code == 400 and b"Enter a valid date" in answer.content


def test_memory_does_not_grow_with_the_list(
    lead: Person, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times as many rows, the same peak: batches are let go."""
    monkeypatch.setattr(history, "BATCH", 5)

    def peak(rows: int) -> int:
        for n in range(history.matching(lead.actor, {}).count(), rows):
            send(lead, shade=n, note="n" * 3000)
        gc.freeze()  # so that to collect takes no second for each row
        tracemalloc.start()
        for _ in export.export(lead.actor, {}, "http://x/"):
            gc.collect()
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(6)
    few = peak(6)
    assert peak(60) < 1.6 * few
