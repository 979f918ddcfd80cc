"""The training of synthetic_image without PyTorch: how pairs are made, and how figures are
counted."""

from __future__ import annotations

import numpy as np
import pytest

from lab.synthetic_image import degrade, report, rows
from lab.synthetic_image.matched import matched, softened, with_colours_of, with_spectrum_of


def picture(seed: int, softness: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    pixels = np.clip(random.normal(120, 40, (96, 96, 3)), 0, 255).astype(np.uint8)
    return degrade.blurred(pixels, softness) if softness else pixels


@pytest.mark.parametrize("seed", range(12))
def test_a_pair_keeps_its_size_and_both_pictures_go_the_same_way(seed: int) -> None:
    random = np.random.default_rng(seed)
    real, fake = matched(picture(seed), picture(seed, 0.6), random)
    assert real.shape == fake.shape == (96, 96, 3)
    chain = degrade.after(random, 0.7)
    assert chain(real).shape == chain(fake).shape
    assert np.array_equal(chain(real), chain(real))
    assert softened(real, random).shape == real.shape


def test_a_sharp_picture_gets_the_softness_of_the_other() -> None:
    sharp, soft = picture(1), picture(1, 1.0)
    step = np.abs(np.diff(sharp.astype(int), axis=1)).mean()
    wanted = np.abs(np.diff(soft.astype(int), axis=1)).mean()
    found = np.abs(np.diff(with_spectrum_of(soft, sharp).astype(int), axis=1)).mean()
    assert wanted < 0.5 * step
    assert abs(found - wanted) < 0.05 * (step - wanted)


def test_a_tint_is_evened_out() -> None:
    plain = picture(2)
    tinted = np.clip(plain.astype(int) + np.array((9, 0, -7)), 0, 255).astype(np.uint8)
    assert np.abs(with_colours_of(plain, tinted).mean((0, 1)) - plain.mean((0, 1))).max() < 0.5


def scored(
    row: str, *scores: float, fake: bool = False, unfit: bool = False
) -> list[report.Scored]:
    return [report.Scored(row, row, fake, f"{row}{n}", () if unfit else ((s,),))
            for n, s in enumerate(scores)]  # fmt: skip


def test_every_genuine_row_counts_alike_in_the_bound() -> None:
    """A large calm row does not hide a small loud one, of which no more than 5 in 100 lie above the
    bound. A row of a few pictures cannot say that of itself."""
    genuine = [*scored("calm", *([0.0] * 900)), *scored("loud", *np.linspace(1, 2, 100))]
    loud = [item.score for item in genuine[900:]]
    assert np.mean(np.array(loud) >= report.bound(genuine, 0.02)) == pytest.approx(0.04)
    assert np.mean(np.array(loud) >= report.bound(genuine, 0.5)) == pytest.approx(0.05)
    few = scored("few", *([9.0] * (report.FEWEST - 1)))
    assert report.bound([*genuine, *few], 0.5) < 9


def test_shares_are_of_all_pictures_judged_or_not() -> None:
    val = scored("imagenet", *np.linspace(-1, 1, 101))
    test = [
        *scored("imagenet", *np.linspace(-1, 1, 20)),
        *scored("some generator", 3.0, 3.0, fake=True),
        *scored("some generator", 3.0, 3.0, fake=True, unfit=True),
    ]
    row = report.figures(val, test, 0.03)["generated"]["some generator"]
    assert (row["pictures"], row["not_judged"], row["found"]) == (4, 0.5, 0.5)
    assert row["auc_against_photographs"] == 1.0


def test_generators_are_named_and_those_that_nothing_met_stay_out_of_calibration() -> None:
    assert rows.generator("comfy/flux2_flux2_example.png") == "flux2"
    assert rows.generator("comfy/area_composition_x.png") == "sd15"
    assert not {"comfy", "stylegan"} & set(rows.MET)
