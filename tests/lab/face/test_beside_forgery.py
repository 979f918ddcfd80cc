"""The benefit of the image encoder over the small network is measured without fitting on the test
split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lab.common import heads
from lab.face.data import Item
from lab.image_encoders import beside_forgery, swapped_faces
from lab.image_encoders.beside_forgery import Part, as_text, auc, best_head, gain


def part(seed: int, *, tells: float, people: int = 20) -> Part:
    """The small network tells one half of the fakes, the encoder the other half."""
    random = np.random.default_rng(seed)
    fake = np.arange(8 * people) % 2 == 1
    by_small = fake & (random.random(len(fake)) < 0.5)
    features = random.normal(size=(len(fake), 6)).astype(np.float32)
    features[:, 0] += tells * (fake & ~by_small)
    person = np.array([f"p{number // 8}" for number in range(len(fake))])
    return Part(features, 4.0 * by_small + random.normal(size=len(fake)), fake, person)


def test_what_the_encoder_tells_beside_the_small_network_is_gained() -> None:
    text = as_text(*(part(seed, tells=5.0) for seed in range(3)))
    rows = [line.split("|")[1:4] for line in text.splitlines() if line.startswith("|")][2:]
    values = {name.strip(): float(value) for name, value, _ in rows[:3]}
    assert values["both"] > values["`face_forgery` alone"] + 0.1
    low, high = rows[3][1].split(" to ")
    assert 0 < float(low) < float(high)


def test_an_encoder_that_tells_nothing_gains_nothing() -> None:
    train, val, test = (part(seed, tells=0.0) for seed in range(3))
    head, _ = best_head(train, val)
    noise = test.small + 0.01 * heads.scores(head, test.features)
    low, high = gain(test, test.small, noise, auc)
    assert low <= 0.02 and high >= -0.02


def test_the_head_is_chosen_without_the_test_split() -> None:
    train, val, test = (part(seed, tells=5.0) for seed in range(3))
    spoilt = replace(test, features=-test.features, fake=~test.fake)
    first, other = (as_text(train, val, one).splitlines()[0] for one in (test, spoilt))
    assert first.split("Measured")[0] == other.split("Measured")[0]


def test_people_come_in_turn() -> None:
    """Few pictures show many people, and the same ones every time."""
    items = [
        Item("a.zip", f"{n}.webp", "fake", "val", "dfdc", "", f"person {n % 5}", "", False, str(n))
        for n in range(40)
    ]
    found = swapped_faces.chosen(items, "fake", 10)
    assert sorted(item.identity for item in found) == sorted([f"person {n}" for n in range(5)] * 2)
    assert found == swapped_faces.chosen(items[::-1], "fake", 10)
    assert swapped_faces.chosen(items, "real", 10) == []


def test_what_was_found_is_read_again(tmp_path: Path) -> None:
    item = Item("a.zip", "1.webp", "fake", "val", "dfdc", "", "someone", "", True, "0")
    examined = swapped_faces.Examined(item, 1.5, np.ones(4, np.float16))
    swapped_faces.write([examined, examined], tmp_path / "swapped-val.npz")
    read = Part.read(tmp_path, "val")
    assert read.fake.all() and read.person.tolist() == ["someone"] * 2
    assert read.small == pytest.approx([1.5, 1.5]) and read.features.shape == (2, 4)
    assert not list(tmp_path.glob("*.part*")) and beside_forgery.DRAWS > 100
