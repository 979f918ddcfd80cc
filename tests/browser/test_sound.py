"""The sound under the player: aligned with the lanes, clickable to seek, with segments to play."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from scipy.io import wavfile

from media_analysis.review.models import Case
from media_analysis.review.services import cases
from media_analysis.submissions.services.intake import submit
from ml.engine.contract import Finding, Kind, Segment, Status
from ml.engine.media import sound_pictures
from ml.engine.media.spectra import RATE
from tests.browser.screenshots import FOLDER
from tests.browser.watched import Watched
from tests.people import Person
from tests.previews.conftest import analysed, prepared

Open = Callable[..., Watched]
SECONDS = 6
SCORES = (0.02, 0.999, 0.03, 0.04, 0.9995, 0.05)


def spoken() -> np.ndarray:
    """Syllables of a buzzing voice that glides: something to see and to hear in every second."""
    at = np.arange(SECONDS * RATE) / RATE
    pitch = np.cumsum(120 + 25 * np.sin(2 * np.pi * 0.4 * at)) / RATE
    buzz = sum(np.sin(2 * np.pi * n * pitch) / n for n in range(1, 30))
    beat = np.clip(np.sin(2 * np.pi * 2.2 * at), 0, 1) * (0.4 + 0.3 * np.sin(2 * np.pi * 0.15 * at))
    return np.asarray(0.3 * buzz * beat, np.float32)


def a_voice(person: Person) -> Case:
    """A sound whose second and fifth second lie above the bound of the check of the voice."""
    samples, out = spoken(), BytesIO()
    wavfile.write(out, RATE, (samples * 32767).astype(np.int16))
    sent = submit(person.actor, person.team, BytesIO(out.getvalue()), "voice.wav").submission
    segments = tuple(Segment(n, n + 1.0, score) for n, score in enumerate(SCORES))
    finding = Finding("voice_spoof", "1", Status.RAN, "Segments of the voice sound made.",
                      score=2.0, segments=segments,
                      parameters={"found_at": 1.0, "segment_found_at": 0.9})  # fmt: skip
    drawn = sound_pictures.pictures(samples, float(SECONDS))
    analysed(sent, Kind.AUDIO, (finding,), drawn, duration=float(SECONDS), has_audio=True)
    prepared(sent)
    case = Case.objects.get(submission=sent)
    cases.claim(person.actor, case.pk)
    return case


def player(page: Page, what: str) -> Any:
    return page.evaluate(f"() => document.getElementById('player').{what}")


def places_during(page: Page, seconds: float) -> list[float]:
    """Where the player was, often, for so long."""
    places, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        places.append(player(page, "currentTime"))
        page.wait_for_timeout(60)
    return places


@pytest.mark.timeout(300)
def test_a_suspicious_segment_is_seen_and_listened_to(open_page: Open, alice: Person) -> None:
    """Both drawings are there and as wide as the lane of scores; a press seeks; a button and the
    keys play one marked segment again and again, and nothing beside it."""
    case = a_voice(alice)
    watched = open_page(user=alice.user, width=1440, height=900)
    page = watched.goto(reverse("review:case", args=[case.pk]))
    expect(page.locator("#player")).to_be_visible()
    page.wait_for_load_state("networkidle")
    lanes = {kind: page.locator(f".lane--{kind}") for kind in ("bars", "waveform", "spectrogram")}
    boxes = {kind: lane.bounding_box() for kind, lane in lanes.items()}
    assert len({(box["x"], box["width"]) for box in boxes.values() if box}) == 1
    for kind in ("waveform", "spectrogram"):
        assert lanes[kind].locator(".suspicious").count() == 2
        url = lanes[kind].locator("image").get_attribute("href")
        assert page.evaluate("async url => (await fetch(url)).status", url) == 200
    wide = boxes["spectrogram"]
    assert wide is not None
    lanes["spectrogram"].click(position={"x": wide["width"] * 0.5, "y": 20})
    assert player(page, "currentTime") == pytest.approx(SECONDS / 2, abs=0.1)

    first = page.locator("[data-listen] [data-stretch]").first
    first.click()
    expect(first).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(200)
    places = places_during(page, 3.0)
    assert all(0.95 <= place <= 2.1 for place in places), places
    assert sum(after < before for before, after in itertools.pairwise(places)) >= 1
    assert lanes["waveform"].locator(".loop").count() == 1

    page.locator("#player").focus()
    page.keyboard.press("n")
    page.wait_for_timeout(200)
    assert all(3.95 <= place <= 5.1 for place in places_during(page, 0.5))
    page.keyboard.press("p")
    page.wait_for_timeout(200)
    assert all(0.95 <= place <= 2.1 for place in places_during(page, 0.5))
    first.click()
    expect(first).to_have_attribute("aria-pressed", "false")
    assert player(page, "paused") and page.locator(".loop").count() == 0
    assert watched.axe_in_both_colours() == [] and watched.overflow() == []
    FOLDER.mkdir(parents=True, exist_ok=True)
    for width, height in ((1440, 900), (1920, 1080), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=FOLDER / f"sound-{width}-{scheme}.png")
    page.evaluate("""() => {
      const list = document.querySelector("[data-listen] ul");
      for (let n = 0; n < 4; n += 1) list.append(list.firstElementChild.cloneNode(true));
    }""")
    assert watched.overflow() == []  # of more segments than fit: the list scrolls, not the page
