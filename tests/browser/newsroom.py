"""A newsroom at work, with media worth looking at, for the pictures of the documentation.

All media is drawn here, apart from the portrait in the public domain that matplotlib ships. Each
file is really analysed, each decision and delivery really made.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import soundfile
from django.urls import reverse
from playwright.sync_api import FilePayload, Page

from accounts.actors import Actor, actor_for_key
from accounts.models import Role, Scope, Team, User
from accounts.services import keys
from audit.sealer import seal
from jobs.services import claim as claim_due
from media_analysis.care.models import Kind
from media_analysis.care.services import veils
from media_analysis.reports.services import issuing
from media_analysis.review.models import Case, DecisionText, Policy
from media_analysis.review.services import cases, queues, reason_codes, rules
from media_analysis.submissions.models import Submission
from media_analysis.submissions.services import samples
from media_analysis.submissions.services.intake import submit
from media_analysis.webhooks.models import Delivery, Endpoint, EventType
from media_analysis.webhooks.services import delivering, endpoints
from tests.audit.helpers import triggers_off
from tests.browser.office import _figures
from tests.browser.walked import _analysed
from tests.factories import MembershipFactory, TeamFactory, UserFactory
from tests.lab.voice.voices import RATE, speech_like
from tests.media import drawn
from tests.people import Person
from tests.previews.conftest import prepared
from tests.webhooks.receiving import Receiver

CLIP = (960, 540)


@dataclass(frozen=True)
class Newsroom:
    lead: Person
    admin: Person
    moderator: Person
    operator: User
    addresses: dict[str, str]


def furnish(folder: Path, receiver: Receiver) -> Newsroom:
    team = TeamFactory(name="Newsroom")
    lead = _person(team, Role.LEAD, "Ines Alvarez")
    admin = _person(team, Role.ADMIN, "Jonas Weber")
    ada = _person(team, Role.MODERATOR, "Ada Okafor")
    ben = _person(team, Role.MODERATOR, "Ben Laurent")
    wire = keys.create_service_account(admin.actor, team, "Wire service")
    scopes = [Scope.SUBMISSIONS_READ, Scope.SUBMISSIONS_WRITE]
    partner = actor_for_key(keys.issue_key(admin.actor, wire, "production", scopes).key)
    _rules(lead)
    hook = _webhooks(admin, receiver)

    actors = {"ada": ada.actor, "ben": ben.actor, "wire": partner}
    seen = {name: _analysed(one) for name, one in _sent(_media(folder), team, actors).items()}
    copy = prepared(seen["harbour-statement.mp4"])
    assert copy.state == "done", (copy.state, copy.reason)
    _sent(_waiting(), team, actors)  # only now: a copy gives way to analyses that wait
    _decide(ada, seen["landscape_with_prompt.png"], "manipulated", "The file names its generator.")
    _decide(ben, seen["market-street.jpg"], "not_manipulated", "Found at its first source.")
    decided = _decide(ben, seen["quarry-hills.jpg"], "manipulated", "The slope is cloned.")
    issuing.issue(ben.actor, decided)
    _deliver(receiver)
    held = Case.objects.get(submission=seen["harbour-statement.mp4"])
    cases.claim(ada.actor, held.pk)
    _aged()
    _figures(team)
    seal()
    operator = UserFactory(email="operator@newsroom.example", name="Operator",
                           is_staff=True, is_superuser=True)  # fmt: skip
    return Newsroom(
        lead, admin, ada, operator,
        {
            "history": reverse("submissions:history"),
            "result-image": reverse("submissions:detail", args=[seen["quarry-hills.jpg"].pk]),
            "result-video": reverse("submissions:detail", args=[seen["harbour-statement.mp4"].pk]),
            "case": reverse("review:case", args=[held.pk]),
            "queue": reverse("review:queue"),
            "queues": reverse("teams:queues", args=[team.pk]),
            "dashboard": reverse("dashboard:overview"),
            "report": reverse("reports:of_case", args=[decided.pk]),
            "webhook": reverse("teams:webhook", args=[team.pk, hook.pk]),
            "members": reverse("teams:members", args=[team.pk]),
            "administration": reverse("admin:index"),
            "audit-record": reverse("admin:audit_event_changelist"),
            "intake": reverse("submissions:submit"),  # last: what it sends shows on other pages
        },
    )  # fmt: skip


def _person(team: Team, role: Role, name: str) -> Person:
    email = f"{name.split()[0].lower()}@newsroom.example"
    user = UserFactory(name=name, email=email)
    MembershipFactory(team=team, user=user, role=role)
    choices = dict.fromkeys(("blur", "grey", "small", "mute"), False)
    veils.choose_own(user, {kind: {part: choices[part] for part in veils.OF_KIND[kind]}
                            for kind in (Kind.IMAGE, Kind.VIDEO)})  # fmt: skip
    return Person(user, team)


def _rules(lead: Person) -> None:
    team = lead.team
    elections = rules.write_policy(lead.actor, team, "Elections", "No altered faces or voices.")
    rules.write_policy(lead.actor, team, "Disasters", "Place and date are confirmed.")
    for name in ("Cloned area", "Replaced face", "Old image in a new context"):
        reason_codes.add(lead.actor, team, name, elections if "face" in name else None)
    urgent = queues.make(lead.actor, team, "Breaking news", 2, [])
    sound = queues.make(lead.actor, team, "Voices", 24, [])
    queues.make(lead.actor, team, "Archive", 72, [])
    for rule in (
        {"name": "Election material first", "context": "election", "queue": urgent},
        {"name": "Sound goes to people who listen", "kinds": ["audio"], "queue": sound},
        {"name": "Manipulation found in a video", "kinds": ["video"],
         "outcomes": ["manipulation_found"], "queue": urgent, "hours": 1},
        {"name": "A tenth of what is clear", "outcomes": ["no_manipulation_found"], "share": 0.1},
    ):  # fmt: skip
        queues.write_rule(lead.actor, team, rule)
    rules.route(lead.actor, team, [one for one in rules.OUTCOMES if one != "rejected"])


def _webhooks(admin: Person, receiver: Receiver) -> Endpoint:
    added = endpoints.add(
        admin.actor, admin.team, receiver.url, EventType.values, description="Editorial system"
    )
    receiver.secret = added.secret
    return added.endpoint


Piece = tuple[str, str, bytes, str]
"""Who sends it, its name, its bytes, a note."""


def _media(folder: Path) -> list[Piece]:
    cloned = drawn.hills(5, "noon")
    cloned.paste(cloned.crop((120, 470, 420, 640)), (800, 520))
    return [
        ("ada", "harbour-morning.jpg", drawn.as_photograph(drawn.harbour(11, "morning"), 1), ""),
        ("wire", "market-street.jpg", drawn.as_photograph(drawn.street(8, "grey"), 2), ""),
        ("ben", "quarry-hills.jpg", drawn.as_photograph(cloned, 3), "Sent by a reader."),
        ("wire", "old-town-at-night.jpg", drawn.as_photograph(drawn.street(4, "dusk"), 4), ""),
        ("ada", "valley-flood.jpg", drawn.as_photograph(drawn.hills(9, "grey"), 5), ""),
        ("wire", "regatta.jpg", drawn.as_photograph(drawn.harbour(21, "dusk"), 6), "election"),
        ("ada", "landscape_with_prompt.png", samples.drawn_with_prompt(), ""),
        ("ben", "harbour-statement.mp4", _clip(folder), "Statement at the harbour."),
        ("ben", "voice-message.wav", _voice(folder), "Who speaks?"),
    ]  # fmt: skip


def _waiting() -> list[Piece]:
    return [
        ("wire", "evening-hills.jpg", drawn.as_photograph(drawn.hills(14, "dusk"), 7), ""),
        ("ada", "side-street.jpg", drawn.as_photograph(drawn.street(15, "noon"), 8), ""),
    ]


def _sent(pieces: list[Piece], team: Team, actors: dict[str, Actor]) -> dict[str, Submission]:
    return {
        name: submit(
            actors[who],
            team,
            BytesIO(content),
            name,
            note="" if note == "election" else note,
            policy_context="Local election" if note == "election" else "",
        ).submission
        for who, name, content, note in pieces
    }


def _clip(folder: Path) -> bytes:
    """Ten seconds of a harbour and of somebody who speaks before it."""
    seconds, (width, height) = 10.0, CLIP
    sound, path = folder / "statement.wav", folder / "statement.mp4"
    wave = np.concatenate([np.zeros(round(3.5 * RATE), np.float32), speech_like(6.5, seed=3)])
    soundfile.write(sound, wave, RATE)
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-f", "rawvideo",
        "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "25", "-i", "-", "-i", str(sound),
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-pix_fmt", "yuv420p",
        "-c:a", "aac", "-movflags", "+faststart", str(path),
    ]  # fmt: skip
    frames = b"".join(frame.tobytes() for frame in drawn.speaker(seconds, CLIP))
    subprocess.run(command, input=frames, check=True)
    return path.read_bytes()


def _voice(folder: Path) -> bytes:
    path = folder / "voice.wav"
    soundfile.write(path, speech_like(8.0, seed=5, pitch=170.0), RATE)
    return path.read_bytes()


def _decide(person: Person, sent: Submission, outcome: str, reason: str) -> Case:
    case = Case.objects.get(submission=sent)
    held = cases.claim(person.actor, case.pk)
    policy = Policy.objects.get(team=person.team, name="Disasters")
    cases.decide(
        person.actor, held.pk, held.fence, DecisionText(outcome, reason, policy_id=policy.pk)
    )
    case.refresh_from_db()
    return case


def _deliver(receiver: Receiver) -> None:
    """All but the last two are taken; those wait for their next attempt."""
    due = Delivery.objects.count()
    receiver.reply = lambda number: (204, {}) if number < due - 2 else (503, {"Retry-After": "60"})
    while taken := claim_due(Delivery, worker="courier"):
        delivering.run(taken)


def _aged() -> None:
    """Cases that wait since minutes and hours, as they do by noon."""
    now = datetime.now(UTC)
    with triggers_off():
        for number, case in enumerate(Case.objects.filter(state="open").order_by("opened_at")):
            waits = timedelta(minutes=11 + 37 * number)
            Case.objects.filter(pk=case.pk).update(opened_at=now - waits)


def staged(name: str, page: Page) -> None:
    """At the moment that the picture is about."""
    if name == "intake":
        page.get_by_label("Policy context").fill("Local election, report 4411")
        photos: list[FilePayload] = [
            FilePayload(name=f"photo-{n}.jpg", mimeType="image/jpeg", buffer=content)
            for n in range(1, 5)
            for content in [drawn.as_photograph(drawn.street(30 + n, "noon"), n)]
        ]
        page.locator("input[type=file]").set_input_files(photos)
        page.get_by_role("button", name="Submit", exact=True).click()
        page.wait_for_timeout(6000)
    if name in ("case", "result-video"):
        player = page.locator("#player")
        player.evaluate("e => { e.currentTime = 6.2; }")
        page.wait_for_function("() => document.querySelector('#player').readyState >= 2")
        page.wait_for_timeout(500)
