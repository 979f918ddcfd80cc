"""`manage.py ingest_s3 BUCKET --key PREFIX`: submit the objects of an S3 bucket, once each."""

from __future__ import annotations

import signal
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.refusals import Refusal
from accounts.services.keys import working_key
from media_analysis.batches.services import bucket, notifications
from media_analysis.batches.services.bucket import End, Found
from media_analysis.submissions.services import intake

POLL_SECONDS = 20
"""SQS keeps an answer back so long, at most."""
HIDDEN_SECONDS = 900
"""A message that is being worked on is shown to nobody else."""
AGAIN_SECONDS = 10.0
FULL_SECONDS = 60.0
"""So often it is asked whether a quota that is reached has room again."""


class Command(BaseCommand):
    help = (
        "Submit the objects of an S3 bucket on behalf of a partner's key, once each. Lists the "
        "bucket once, or every so often, or follows its notifications in an SQS queue. Run it "
        "again after any failure: it goes on where it stood."
    )
    requires_system_checks = []
    stopping = Event()
    is_full = False
    """The quota is reached."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bucket")
        parser.add_argument("--prefix", default="", help="Only keys that begin like this.")
        parser.add_argument(
            "--key", required=True, metavar="PREFIX",
            help="The beginning of the partner's API key, as lists of keys show it.",
        )  # fmt: skip
        parser.add_argument("--queue-url", help="Follow the notifications in this SQS queue.")
        parser.add_argument(
            "--every", type=float, metavar="SECONDS", help="Repeat the listing at this interval."
        )
        parser.add_argument("--tag", action="store_true", help="Tag each object with its result.")
        parser.add_argument("--region")
        parser.add_argument("--endpoint-url", help="Of a server other than AWS.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stopping.clear()
        self.options, self.ends = options, Counter[End]()
        try:
            working_key(options["key"])
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        before = {one: signal.signal(one, self._stop) for one in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._run()
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
        output = ", ".join(f"{count} {end}" for end, count in sorted(self.ends.items()))
        self.stdout.write(output or "No objects.")

    def _stop(self, *args: Any) -> None:
        """Stops after the current object."""
        self.stopping.set()

    def _run(self) -> None:
        s3 = self._client("s3")
        if self.options["queue_url"]:
            self._follow(s3, self._client("sqs"))
            return
        while not self.stopping.is_set():
            began = time.monotonic()
            listed = notifications.listed(s3, self.options["bucket"], self.options["prefix"])
            self.is_full = False
            whole = self._all(s3, listed)
            if self.options["every"] is None:
                if not whole:
                    raise CommandError("Some objects remain. Run the command again.")
                return
            self.stopping.wait(max(0.0, began + self.options["every"] - time.monotonic()))

    def _follow(self, s3: Any, sqs: Any) -> None:
        queue = self.options["queue_url"]
        while not self.stopping.is_set():
            if not self._has_room():
                self.stopping.wait(FULL_SECONDS)
                continue
            try:
                answer = sqs.receive_message(
                    QueueUrl=queue, MaxNumberOfMessages=1, WaitTimeSeconds=POLL_SECONDS,
                    VisibilityTimeout=HIDDEN_SECONDS,
                )  # fmt: skip
                for message in answer.get("Messages", []):
                    if self._message(s3, message["Body"]):
                        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            except self.Failures as error:
                self._failed("The queue", error)

    def _has_room(self) -> bool:
        """Without room no message is taken: queues give up one that was taken too often."""
        self.is_full = False
        try:
            bucket.require_room(self.options["key"])
        except Refusal as refusal:
            self._refused(refusal)
        return not self.is_full

    def _message(self, s3: Any, body: str) -> bool:
        """Whether every object of it has ended."""
        try:
            found = notifications.parse(body, self.options["bucket"], self.options["prefix"])
        except notifications.Unreadable:
            self.stderr.write("A message is not an S3 notification. It stays in the queue.")
            return False
        return self._all(s3, found)

    def _all(self, s3: Any, found: Iterable[Found]) -> bool:
        whole, objects = True, iter(found)
        while not (self.stopping.is_set() or self.is_full):
            try:
                one = next(objects)
            except StopIteration:
                return whole
            except self.Failures as error:
                self._failed("The bucket", error)
                return False
            if not one.is_folder:
                whole = self._one(s3, one) and whole
        return False

    def _one(self, s3: Any, found: Found) -> bool:
        try:
            outcome = bucket.ingest(s3, self.options["key"], found, tag=self.options["tag"])
        except Refusal as refusal:
            self._refused(refusal)
            return False
        except self.Failures as error:
            self._failed("An object", error)
            return False
        self.ends[outcome.end] += 1
        if outcome.end in (End.SUBMITTED, End.REFUSED):
            what = outcome.submission or outcome.code
            self.stdout.write(f"{outcome.end}  {what}  {found.key}")
        return outcome.end is not End.BUSY

    def _refused(self, refusal: Refusal) -> None:
        if refusal.code == "quota_reached":
            self.is_full = True
            self.stderr.write(f"{refusal.sentence} The objects in the bucket wait.")
        elif refusal.code in intake.OUTAGES:
            self._failed("The media store", refusal)
        else:  # the key is revoked: nothing more can be sent
            raise CommandError(refusal.sentence) from refusal

    def _failed(self, what: str, error: Exception) -> None:
        self.stderr.write(f"{what} did not answer: {type(error).__name__}. Retrying.")
        self.stopping.wait(AGAIN_SECONDS if self.options["queue_url"] else 0)

    def _client(self, kind: str) -> Any:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError
        except ModuleNotFoundError as error:
            raise CommandError(
                "The package boto3 is missing. Install requirements/cloud.txt."
            ) from error
        self.Failures = (BotoCoreError, ClientError, OSError)
        return boto3.client(
            kind, region_name=self.options["region"], endpoint_url=self.options["endpoint_url"],
            config=Config(
                connect_timeout=5, read_timeout=POLL_SECONDS + 40,
                retries={"total_max_attempts": 3, "mode": "standard"},
            ),
        )  # fmt: skip
