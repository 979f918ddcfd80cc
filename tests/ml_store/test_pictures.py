"""Small pictures lie in the media store, one sheet an analysis; those of earlier versions move."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.urls import reverse

import ml.pictures
from audit import sealer
from audit.checking import verify_database
from audit.models import Event
from audit.services import record
from audit.verbs import Verb
from audit.who import SYSTEM
from blobs import scrubbing, vault
from blobs.models import Blob
from jobs.services import claim_one
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import erasing
from ml import services
from ml.engine.contract import Outcome
from ml.engine.media import webp
from ml.models import Analysis, Thumbnail
from tests.audit.house import analysed
from tests.ml_store.conftest import a_result
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, Send, picture
from tests.submissions.test_erasing import ordered

pytestmark = pytest.mark.django_db
OLD = {"face-1": picture(7), "face-2": picture(8)}


PHOTO = webp.photograph(np.random.default_rng(2).integers(0, 256, (48, 64, 3)).astype(np.uint8))


@pytest.fixture
def sent(alice: Person, send: Send) -> Submission:
    return analysed(send(alice), Outcome.INCONCLUSIVE, frame=PHOTO)


@pytest.fixture
def old(sent: Submission) -> Submission:
    """With two pictures as earlier versions left them, and an event that states them."""
    with transaction.atomic():
        for name, png in OLD.items():
            Thumbnail.objects.create(analysis=sent.analysis, name=name, png=png)
        record(
            chain=sent.pk, verb=Verb.ANALYSIS_FINISHED, who=SYSTEM, object_type="analysis",
            object_id=str(sent.analysis_id), object_sha256=sent.blob_id, data={},
            rows=[sent.analysis],
        )  # fmt: skip
    return sent


def get(person: Person, submission: Submission, name: str = "frame") -> Any:
    return person.client().get(reverse("submissions:picture", args=[submission.pk, name]))


def record_is_whole() -> bool:
    """Of what this is about: the people of tests stand in no event."""
    sealer.seal(everything=True)
    report = verify_database([], None)
    ours = [one for one in report.problems if not str(one.table).startswith("accounts_")]
    assert ours == [], report.as_text()
    return report.rows > 0


def test_a_picture_lies_in_the_store_with_its_digest_and_size_in_the_row(
    sent: Submission, alice: Person
) -> None:
    row = Thumbnail.objects.get()
    assert row.png is None and row.sheet_id is not None
    answer = get(alice, sent)
    assert answer["Content-Type"] == "image/webp" and answer.content[8:12] == b"WEBP"
    assert (sha256(answer.content).hexdigest(), len(answer.content)) == (row.sha256, row.size)
    assert record_is_whole()


def test_all_pictures_of_an_analysis_are_one_object_and_one_event(
    alice: Person, send: Send
) -> None:
    submission = send(alice)
    claim = claim_one(Analysis, submission.analysis_id, worker="w")
    assert claim is not None
    before = Event.objects.filter(verb=Verb.BLOB_STORED).count()
    made = {"frame": PHOTO, "at-500": picture(1), "face-1": picture(2), "wave": picture(3)}
    services.run(claim, lambda file, **_: a_result(thumbnails=made))
    rows = Thumbnail.objects.filter(analysis=submission.analysis_id)
    assert rows.count() == 4 and rows.values("sheet").distinct().count() == 1
    assert Event.objects.filter(verb=Verb.BLOB_STORED).count() == before + 1
    contents = [get(alice, submission, name).content for name in made]
    assert [sha256(one).hexdigest() for one in contents] == [
        row.sha256 for row in rows.order_by("pk")
    ]


def test_a_sheet_is_no_media_that_anybody_can_send_in(sent: Submission) -> None:
    """Its bytes are of no known type, so a submission never shares a blob with it."""
    from sandbox.sniff import sniff
    from sandbox.types import Rejected

    with vault.opened(str(Thumbnail.objects.get().sheet_id), None) as file, pytest.raises(Rejected):
        sniff(file.read(4096))


def test_pictures_of_earlier_versions_show_while_they_are_not_moved(
    old: Submission, alice: Person
) -> None:
    answer = get(alice, old, "face-1")
    assert answer["Content-Type"] == "image/png" and answer.content == OLD["face-1"]
    assert record_is_whole()


def test_moving_changes_no_byte_and_the_record_stays_whole(
    old: Submission, alice: Person, capsys: Any
) -> None:
    """The digest of a picture is on record, so it is not compressed again."""
    call_command("pictures", "move")
    assert "2 pictures moved into the media store, 0 left." in capsys.readouterr().out
    assert not Thumbnail.objects.filter(png__isnull=False).exists()
    for name, png in OLD.items():
        answer = get(alice, old, name)
        assert answer["Content-Type"] == "image/png" and answer.content == png
    assert get(alice, old)["Content-Type"] == "image/webp"
    assert record_is_whole()


def test_moving_stops_where_it_is_told_and_goes_on_where_it_stopped(
    alice: Person, send: Send, capsys: Any
) -> None:
    for shade in range(3):
        analysis = send(alice, shade=shade).analysis
        Thumbnail.objects.create(analysis=analysis, name="frame", png=picture(shade))
    call_command("pictures", "move", "--most", "1")
    assert "1 pictures moved into the media store, 2 left." in capsys.readouterr().out
    call_command("pictures", "move")
    assert "2 pictures moved into the media store, 0 left." in capsys.readouterr().out
    assert {sha256(picture(shade)).hexdigest() for shade in range(3)} == set(
        Thumbnail.objects.values_list("sha256", flat=True)
    )
    assert list(ml.pictures.move()) == []


def test_a_store_that_is_away_stops_the_move_and_loses_nothing(
    old: Submission, own_home: Path, alice: Person
) -> None:
    from django.core.management import CommandError

    (own_home / "blobs").rename(own_home / "elsewhere")
    (own_home / "blobs").write_text("not a folder")
    with pytest.raises(CommandError, match="Run it again"):
        call_command("pictures", "move")
    (own_home / "blobs").unlink()
    (own_home / "elsewhere").rename(own_home / "blobs")
    assert get(alice, old, "face-1").content == OLD["face-1"]
    call_command("pictures", "move")
    assert record_is_whole()


@pytest.mark.parametrize(
    "change",
    [
        {"png": b"another"},
        {"png": None, "sha256": "0" * 64},
        {"png": None, "size": 1},
        {"png": None, "name": "face-9"},
    ],
)
def test_the_database_lets_a_picture_move_and_not_change(
    old: Submission, change: dict[str, Any]
) -> None:
    row = Thumbnail.objects.get(name="face-1")
    moved = {
        "sheet": Thumbnail.objects.get(name="frame").sheet, "offset": 22,
        "size": len(OLD["face-1"]), "sha256": sha256(OLD["face-1"]).hexdigest(),
    }  # fmt: skip
    with pytest.raises(DatabaseError), transaction.atomic():
        Thumbnail.objects.filter(pk=row.pk).update(**{**moved, **change})
    Thumbnail.objects.filter(pk=row.pk).update(**{**moved, "png": None})
    with pytest.raises(DatabaseError, match="final"), transaction.atomic():
        Thumbnail.objects.filter(pk=row.pk).update(offset=23)


def test_a_damaged_sheet_is_found_by_scrub_and_shown_to_nobody(
    sent: Submission, alice: Person
) -> None:
    row = Thumbnail.objects.get()
    file = Path(vault.storage().path(vault.name_of(str(row.sheet_id))))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    assert get(alice, sent).status_code == 503
    assert not Event.objects.filter(chain=sent.pk, verb=Verb.MEDIA_VIEWED).exists()
    (tally,) = list(scrubbing.scrub(list(Blob.objects.filter(pk=row.sheet_id))))
    assert tally.damaged == {row.sheet_id: "hash"}
    file.unlink()
    assert get(alice, sent).status_code == 503


def test_another_team_sees_no_picture(sent: Submission, charlie: Person) -> None:
    assert get(charlie, sent).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_erasing_takes_the_sheet_unless_another_submission_has_the_same(
    sent: Submission, alice: Person, send: Send
) -> None:
    """The same pictures of other bytes are the same sheet."""
    other = analysed(send(alice, shade=9), Outcome.INCONCLUSIVE, frame=PHOTO)
    sheet = str(Thumbnail.objects.filter(analysis=sent.analysis_id).get().sheet_id)
    assert erasing.carry_out(ordered(sent).pk)
    assert vault.exists(sheet) and get(alice, other).status_code == 200
    assert erasing.carry_out(ordered(other).pk)
    assert not vault.exists(sheet) and not Blob.objects.filter(pk=sheet).exists()
    assert record_is_whole()


@pytest.mark.django_db(transaction=True)
def test_erasing_takes_pictures_that_were_never_moved(old: Submission) -> None:
    assert erasing.carry_out(ordered(old).pk)
    assert not Thumbnail.objects.exists()
    assert record_is_whole()
