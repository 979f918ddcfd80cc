"""Webhooks to a receiver that fails half the time, while the processes that deliver are killed."""

from __future__ import annotations

import math
import os
import random
import signal
import time

import psutil
import pytest

from tests.faults.house import House
from tests.webhooks.receiving import Receiver, receiving

MANY = int(os.environ.get("WEBHOOKS", "0"))
KILLS = 10
BACKOFF = 0.005
LONGEST_PAUSE = 1440 * BACKOFF
IN_A_ROW = math.ceil(math.log2(max(MANY, 1))) + 10
"""Of `MANY` messages one fails more often in a row in one run of a thousand."""
LIMIT = 1.5 * sum(min(BACKOFF * 4.0**n, LONGEST_PAUSE) for n in range(IN_A_ROW)) + 60
"""Seconds without a message taken: the longest pauses of the schedule for such a message, and the
leases of the killed. How fast the others arrive is a matter of the machine."""
pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not MANY, reason="long: `make faults` sets WEBHOOKS=1000"),
]
SECRET_LINE = "secret:"
ADD = f"""
import django; django.setup()
from accounts.actors import SHELL_ACTOR, actor_for_user
from accounts.models import Membership, Role, Team, User
from media_analysis.webhooks.models import Event
from media_analysis.webhooks.services import emitting, endpoints
team = Team.objects.create(name="hooks")
user = User.objects.create(email="hooks@example.org", name="Hooks")
Membership.objects.create(team=team, user=user, role=Role.ADMIN)
actor = actor_for_user(user, via="password")
added = endpoints.add(actor, team, URL, ["decision.made"])
for number in range({MANY}):
    event = Event.objects.create(team=team, type="decision.made", body='{{"n":%d}}' % number)
    emitting.deliveries([event], [added.endpoint], by_hand=False)
print("{SECRET_LINE}" + added.secret)
"""


def couriers(house: House) -> list[psutil.Process]:
    found = []
    for worker in house.workers:
        for child in psutil.Process(worker.pid).children():
            name = house.sql("SELECT 1 FROM webhooks_delivery WHERE worker LIKE %s LIMIT 1",
                             f"%:courier:%:{child.pid}")  # fmt: skip
            if name:
                found.append(child)
    return found


def test_every_message_arrives_though_half_the_answers_fail_and_couriers_are_killed(
    house: House,
) -> None:
    """All taken, each under one id, each signature good by the specification's library; a message
    that a killed process had sent comes again under its own id, and no other."""
    dice = random.Random(7)

    def half(number: int) -> tuple[int, dict[str, str]]:
        time.sleep(0.02)
        return (500, {}) if dice.random() < 0.5 else (204, {})

    with receiving() as receiver:
        receiver.reply = half
        more = {
            "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
            "WEBHOOK_BACKOFF_SECONDS": str(BACKOFF),
            "WEBHOOK_SECONDS": "5",
            "JOBS_LEASE_SECONDS": "20",  # whoever is killed is noticed by its parent
        }
        add = ADD.replace("URL", repr(receiver.url))
        output = house.python("-c", add, env={**house.env, **more}).stdout
        receiver.secret = output.partition(SECRET_LINE)[2].strip()
        house.start_worker(**more)
        kills = 0
        began = time.monotonic()
        taken, since = 0, began
        while left(house) and time.monotonic() < since + LIMIT:
            if len(receiver.taken) > taken:
                taken, since = len(receiver.taken), time.monotonic()
            if kills < KILLS and len(receiver.taken) > kills * MANY // (2 * KILLS):
                for courier in couriers(house):
                    courier.send_signal(signal.SIGKILL)
                    kills += 1
            time.sleep(0.1 if kills < KILLS else 0.5)
        took = time.monotonic() - began
        check(receiver, kills, house, took)


def left(house: House) -> int:
    return int(house.one("SELECT count(*) FROM webhooks_delivery WHERE state <> 'done'"))


def check(receiver: Receiver, kills: int, house: House, took: float) -> None:
    states = dict(house.sql("SELECT state, count(*) FROM webhooks_delivery GROUP BY 1"))
    assert states == {"done": MANY}, (states, house.log())
    assert kills >= (KILLS if MANY >= 500 else KILLS // 2), kills
    taken = sum(receiver.taken.values())
    assert len(receiver.verified) == taken, "every signature was good when it arrived"
    assert {one["n"] for one in receiver.verified} == set(range(MANY))
    assert len(receiver.taken) == MANY
    repeated = sum(count - 1 for count in receiver.taken.values())
    failed = sum(one.status >= 500 for one in receiver.got)
    tries = house.one("SELECT max(tries) FROM webhooks_delivery")
    print(f"\n{MANY} messages, {len(receiver.got)} requests, {failed} refused, {kills} kills, "
          f"{repeated} taken twice under their own id, at most {tries} attempts each, "
          f"{took:.0f} s")  # fmt: skip
    assert repeated <= 4 * kills
