"""Objects of a bucket become submissions: real servers of S3 and SQS (moto), used through boto3."""

from __future__ import annotations

import json
import os
import signal
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import ApiKey, Role, Scope, ServiceAccount, Team
from accounts.services.keys import issue_key, revoke_key
from media_analysis.batches.bucket_models import BucketObject
from media_analysis.batches.services import bucket, notifications
from media_analysis.batches.services.bucket import End, Found
from media_analysis.submissions.models import KeyMonthCount, Submission
from media_analysis.submissions.services import intake
from tests.factories import ServiceAccountFactory, TeamFactory
from tests.partners.test_errors_listed import erase
from tests.people import *  # noqa: F403 - the people are fixtures
from tests.people import Person, member, picture

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto.server")
BUCKET = "newsroom-media"


class Amazon:
    """S3 and SQS on this machine."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.s3, self.sqs = (boto3.client(name, **self.where) for name in ("s3", "sqs"))
        self.s3.create_bucket(Bucket=BUCKET)

    @property
    def where(self) -> dict[str, str]:
        return {"endpoint_url": self.address, "region_name": "us-east-1"}

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def tags(self, key: str) -> dict[str, str]:
        found = self.s3.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"]
        return {one["Key"]: one["Value"] for one in found}

    def queue(self) -> str:
        """One that the bucket tells of what arrives in it."""
        url: str = self.sqs.create_queue(QueueName=f"q{uuid.uuid4().hex}")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        configuration = {
            "QueueArn": attributes["Attributes"]["QueueArn"],
            "Events": ["s3:ObjectCreated:*"],
        }
        self.s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [configuration]}
        )
        return url

    def waiting(self, url: str) -> list[int]:
        """How many messages nobody has read yet, and how many were read and not deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return [int(found[name]) for name in names]


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Amazon]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "touchstone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    httpx.post(f"{address}/moto-api/reset").raise_for_status()  # its servers share what they hold
    yield Amazon(address)
    server.stop()


@pytest.fixture
def key(team: Team) -> ApiKey:
    admin, partner = member(team, Role.ADMIN), ServiceAccountFactory(team=team)
    return issue_key(admin.actor, partner, "bucket", [Scope.SUBMISSIONS_WRITE]).key


Run = Callable[..., str]


@pytest.fixture
def run(amazon: Amazon, key: ApiKey) -> Run:
    def _run(**options: Any) -> str:
        output = StringIO()
        call_command(
            "ingest_s3", BUCKET, key=key.prefix, region="us-east-1", endpoint_url=amazon.address,
            stdout=output, stderr=output, **options,
        )  # fmt: skip
        return output.getvalue()

    return _run


def test_each_object_is_submitted_once_for_the_partner_however_often_it_is_listed(
    amazon: Amazon, run: Run, key: ApiKey, charlie: Person
) -> None:
    for number in range(3):
        amazon.put(f"in/photo {number}.png", picture(number))
    amazon.put("in/folder/", b"")
    amazon.put("out/other.png", picture(9))
    assert "3 submitted" in run(prefix="in/") and "3 known" in run(prefix="in/")
    sent = list(Submission.objects.order_by("filename"))
    assert [one.filename for one in sent] == [f"photo {number}.png" for number in range(3)]
    assert all(one.submitted_by_service == key.service and one.team == key.service.team
               for one in sent)  # fmt: skip
    etag = amazon.s3.head_object(Bucket=BUCKET, Key="in/photo 0.png")["ETag"].strip('"')
    assert sent[0].external_id == f"in/photo 0.png#{etag}"
    with intake.viewed(member(key.service.team, Role.LEAD).actor, sent[0]) as file:
        assert file.read() == picture(0)
    assert not Submission.objects.for_actor(charlie.actor).exists()
    amazon.put("in/photo 0.png", picture(77))  # other bytes under the same key
    assert "2 known, 1 submitted" in run(prefix="in/") and Submission.objects.count() == 4


def test_what_is_refused_is_refused_as_any_upload_and_not_tried_again(
    amazon: Amazon, run: Run, settings: Any
) -> None:
    settings.MAX_UPLOAD_BYTES = 20_000
    amazon.put("a-text.txt", b"no media at all")
    amazon.put("b-empty.png", b"")
    amazon.put("c-large.png", os.urandom(30_000))
    amazon.put("d-fine.png", picture())
    output = run()
    for name, code in (("a-text.txt", "type_not_allowed"), ("b-empty.png", "empty"),
                       ("c-large.png", "too_large")):  # fmt: skip
        assert f"refused  {code}  {name}" in output
    assert "3 refused, 1 submitted" in output and "4 known" in run()
    assert Submission.objects.get().filename == "d-fine.png"


def test_a_tag_says_what_became_of_it_and_other_tags_stay(amazon: Amazon, run: Run) -> None:
    amazon.put("good.png", picture())
    amazon.put("bad.txt", b"no media")
    desk = {"TagSet": [{"Key": "desk", "Value": "sports"}]}
    amazon.s3.put_object_tagging(Bucket=BUCKET, Key="good.png", Tagging=desk)
    run()
    assert amazon.tags("good.png") == {"desk": "sports"}  # the object is left alone
    run(tag=True)  # also what was submitted before
    sent = str(Submission.objects.get().pk)
    assert amazon.tags("good.png") == {"desk": "sports", "touchstone": sent}
    assert amazon.tags("bad.txt") == {"touchstone": "refused:type_not_allowed"}


def test_an_erased_submission_does_not_come_again(amazon: Amazon, run: Run) -> None:
    amazon.put("a.png", picture())
    run()
    erase(Submission.objects.get())
    assert "1 known" in run() and not Submission.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_eight_that_run_at_once_submit_each_object_once(amazon: Amazon) -> None:
    admin = member(TeamFactory(name="Newsroom"), Role.ADMIN)
    partner = ServiceAccountFactory(team=admin.team)
    key = issue_key(admin.actor, partner, "bucket", [Scope.SUBMISSIONS_WRITE]).key
    for number in range(6):
        amazon.put(f"{number}.png", picture(number))
    objects = list(notifications.listed(amazon.s3, BUCKET, ""))

    def once(worker: int) -> list[End]:
        try:
            return [bucket.ingest(amazon.s3, key.prefix, one).end for one in objects]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        ends = [end for found in pool.map(once, range(8)) for end in found]
    assert ends.count(End.SUBMITTED) == 6 == Submission.objects.count()
    assert set(ends) <= {End.SUBMITTED, End.KNOWN, End.BUSY}


def test_after_a_kill_in_the_middle_the_object_is_taken_up_again(
    amazon: Amazon, run: Run, key: ApiKey
) -> None:
    amazon.put("a.png", picture())
    found = next(notifications.listed(amazon.s3, BUCKET, ""))
    row = BucketObject.objects.create(service=key.service, digest=found.digest)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE batches_bucketobject SET holder = gen_random_uuid(), "
                       "busy_until = clock_timestamp() + interval '1 minute'")  # fmt: skip
    with pytest.raises(CommandError):  # another one has it, as far as anybody knows
        run()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE batches_bucketobject SET busy_until = now() - interval '1 minute'")
    assert "1 submitted" in run()
    row.refresh_from_db()
    assert row.submission == Submission.objects.get().pk and row.busy_until is None


def test_a_store_that_is_away_keeps_the_object_for_the_next_run(
    amazon: Amazon, run: Run, settings: Any, tmp_path: Any
) -> None:
    amazon.put("a.png", picture())
    blocked = tmp_path / "a file where the spool's folder should be"
    blocked.write_text("")
    settings.UPLOAD_SPOOL_DIR = str(blocked)
    with pytest.raises(CommandError, match="Run the command again"):
        run()
    settings.UPLOAD_SPOOL_DIR = str(tmp_path / "spool")
    assert not Submission.objects.exists() and "1 submitted" in run()


def test_a_key_that_may_not_send_submits_nothing(
    amazon: Amazon, run: Run, key: ApiKey, admin: Person
) -> None:
    amazon.put("a.png", picture())
    reads = issue_key(admin.actor, key.service, "reads", [Scope.SUBMISSIONS_READ]).key
    for prefix, sentence in ((reads.prefix, "does not include"),
                             ("tsk_nobody", "key")):  # fmt: skip
        with pytest.raises(CommandError, match=sentence):
            call_command("ingest_s3", BUCKET, key=prefix, region="us-east-1",
                         endpoint_url=amazon.address, stdout=StringIO())  # fmt: skip
    revoke_key(admin.actor, key)
    with pytest.raises(CommandError, match="revoked"):
        run()
    assert not Submission.objects.exists()


@pytest.mark.parametrize("versions", [False, True])
def test_notifications_from_a_queue_are_followed_and_deleted_once_done(
    amazon: Amazon, run: Run, versions: bool
) -> None:
    if versions:
        state = {"Status": "Enabled"}
        amazon.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=state)
    url = amazon.queue()
    amazon.put("in/grüße & co +1.png", picture(1))
    amazon.put("in/two.png", picture(2))
    amazon.put("elsewhere/three.png", picture(3))
    amazon.sqs.send_message(QueueUrl=url, MessageBody="nonsense")
    done = threading.Event()

    def stop() -> None:
        """As an operator would, when nothing but the nonsense is left."""
        for _ in range(300):
            if done.wait(0.2) or amazon.waiting(url) == [0, 1]:
                break
        os.kill(os.getpid(), signal.SIGTERM)

    watching = threading.Thread(target=stop)
    watching.start()
    try:
        output = run(queue_url=url, prefix="in/")
    finally:
        done.set()
        watching.join()
    assert "2 submitted" in output and "not an S3 notification" in output
    names = set(Submission.objects.values_list("filename", flat=True))
    assert names == {"grüße & co +1.png", "two.png"}
    assert amazon.waiting(url) == [0, 1]  # what nobody could read stays for whoever looks after it
    assert "2 known" in run(prefix="in/")  # a list knows them too


def test_an_object_that_is_gone_by_then_is_said_so(amazon: Amazon, key: ApiKey) -> None:
    gone = Found(BUCKET, "gone.png", "0" * 32)
    first = bucket.ingest(amazon.s3, key.prefix, gone, tag=True)
    assert (first.end, first.code) == (End.REFUSED, "object_gone")


def test_a_message_of_sns_and_a_test_event_are_understood() -> None:
    thing = {"key": "a+b.png", "eTag": "e", "size": 5, "versionId": "v"}
    one = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": BUCKET}, "object": thing}}
    message = json.dumps({"Records": [one, {**one, "eventName": "ObjectRemoved:Delete"}]})
    wanted = [Found(BUCKET, "a b.png", "e", "v", 5)]
    assert notifications.parse(message, BUCKET, "") == wanted
    assert notifications.parse(json.dumps({"Message": message}), BUCKET, "a") == wanted
    assert notifications.parse(message, "another", "") == []
    assert notifications.parse(json.dumps({"Event": "s3:TestEvent"}), BUCKET, "") == []
    for body in ("", "[]", "{}", "null", '{"Records": [{}]}', "[" * 100_000):
        with pytest.raises(notifications.Unreadable):
            notifications.parse(body, BUCKET, "")


def test_the_external_id_of_a_long_key_keeps_its_end_and_version() -> None:
    found = Found(BUCKET, "x" * 500 + "/photo.png", "e" * 32)
    assert len(found.external_id) == 200 and found.external_id.endswith("/photo.png#" + "e" * 32)


def test_objects_beyond_the_quota_of_the_key_wait_too(
    amazon: Amazon, run: Run, key: ApiKey
) -> None:
    for number in range(2):
        amazon.put(f"{number}.png", picture(number))
    ApiKey.objects.update(quota=1)
    with pytest.raises(CommandError, match="Run the command again"):
        run()
    assert Submission.objects.count() == KeyMonthCount.objects.get(key=key).used == 1


def test_objects_beyond_the_quota_wait_in_the_bucket(amazon: Amazon, run: Run) -> None:
    """A run says so once and stops; a queue keeps its messages until there is room."""
    url = amazon.queue()
    for number in range(4):
        amazon.put(f"{number}.png", picture(number))
    ServiceAccount.objects.update(quota=1)
    with pytest.raises(CommandError, match="Run the command again"):
        run()
    assert Submission.objects.count() == 1
    assert list(BucketObject.objects.filter(ended_at=None).values_list("busy_until")) == [(None,)]
    stopping = threading.Timer(3, os.kill, (os.getpid(), signal.SIGTERM))
    stopping.start()
    output = run(queue_url=url)
    assert output.count("quota of the partner is reached: 1") == 1
    assert amazon.waiting(url) == [5, 0]  # one for each object, and one that tests the queue
    assert Submission.objects.count() == 1
    ServiceAccount.objects.update(quota=4)
    assert "1 known, 3 submitted" in run()
