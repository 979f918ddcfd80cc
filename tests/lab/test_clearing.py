"""The conditions for clearing a file: set on one half, measured on the other, and strict enough."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lab.clearing import bounds, sampled
from lab.clearing.__main__ import as_text
from lab.clearing.bounds import (
    FROZEN_AT,
    MOST_COMPRESSED,
    Examined,
    chosen_groups,
    conditions_of,
    frozen,
    in_the_way,
    measured,
)
from lab.clearing.left_out import left_out
from ml.engine.contract import Kind
from ml.evaluation.manifest import Case

CHECKS = ("one", "other")
TOGETHER = [CHECKS]


def _file(method: str, split: str, scores: dict[str, float], *, clearable: bool = True) -> Examined:
    case = Case(0, "f", Path("f"), "", bool(method), "g", "camera", method)
    return Examined(case, split, scores, clearable, False)


def _files(split: str, *, seen: float) -> list[Examined]:
    """Two hundred genuine files and as many of a kind that stands out by so much to one check."""
    rng = np.random.default_rng(0 if split == "val" else 1)
    return [
        _file(method, split, {"one": float(rng.normal(high, 1)), "other": float(rng.normal(0, 1))})
        for method, high in (("", 0.0), ("swapped", seen))
        for _ in range(200)
    ]


def test_bounds_keep_what_the_checks_see_and_clear_what_is_genuine() -> None:
    """Of the fakes that bounds were not frozen on hardly any is cleared, of the genuine files many
    are, and the kind is said to be looked for."""
    every = _files("val", seen=3.5) + _files("test", seen=3.5)
    bounds = frozen(every, TOGETHER)
    assert bounds is not None and set(bounds) == set(CHECKS)
    figures = measured(every, bounds, "test")
    assert figures["fakes"]["swapped"]["cleared"] <= FROZEN_AT + 0.02
    assert figures["genuine"]["camera"]["cleared"] > 0.5
    line = conditions_of(Kind.IMAGE, every, TOGETHER)
    assert line is not None and line["looked_for"] == ["swapped"]


def test_strongly_compressed_files_have_no_part_in_the_bounds() -> None:
    """They are never cleared, so fakes among them make no bound stricter."""
    plain = _files("val", seen=3.5) + _files("test", seen=3.5)
    calm = [replace(one, too_compressed=True) for one in _files("val", seen=-9.0)]
    line = conditions_of(Kind.VIDEO, plain + calm, TOGETHER)
    assert line is not None and line["at_most"] == {
        name: round(bound, 4) for name, bound in (frozen(plain, TOGETHER) or {}).items()
    }
    assert line["quantiser_at_most"] == MOST_COMPRESSED
    figures = measured(plain + calm, line["at_most"], "val")
    assert figures["genuine"]["camera"]["cleared"] < 0.5, "half of these files are too compressed"
    assert figures["fakes"]["swapped"]["files"] == 200, "their share is that of fakes in question"


def test_what_no_check_sees_is_never_cleared_lightly() -> None:
    """Fakes that score as genuine files do leave no bound that clears many of them."""
    every = _files("val", seen=0.0) + _files("test", seen=0.0)
    bounds = frozen(every, TOGETHER)
    figures = measured(every, bounds, "val")
    assert figures["fakes"]["swapped"]["cleared"] <= FROZEN_AT


def test_a_file_that_a_check_did_not_judge_is_not_cleared() -> None:
    """A check that ran on nothing clears nothing; nor is a file cleared that a check asks about."""
    every = [
        *_files("val", seen=3.5),
        _file("", "test", {"one": -9.0}),
        _file("", "test", {"one": -9.0, "other": -9.0}, clearable=False),
        _file("swapped", "test", {"one": 9.0, "other": 9.0}),
    ]
    figures = measured(every, frozen(every, TOGETHER), "test")
    assert figures["genuine"]["camera"]["cleared"] == 0.0


def test_where_no_bounds_are_strict_enough_none_are_written() -> None:
    """Every fake looks more genuine than any genuine file: nothing is cleared, and it is said."""
    every = _files("val", seen=-9.0) + _files("test", seen=-9.0)
    line = conditions_of(Kind.IMAGE, every, TOGETHER)
    assert line is not None and line["at_most"] is None
    assert "swapped" in line["not_seen"]
    assert "no image is cleared" in as_text({"image": line})


def test_without_files_nothing_is_cleared() -> None:
    """No measurement, no clear answer."""
    assert conditions_of(Kind.VIDEO, [], TOGETHER) is None


def test_a_kind_that_is_left_out_has_no_part_in_the_bounds() -> None:
    """One kind stands out to a check that no other kind would make strict: without it, the bounds
    clear it. The figures of genuine files stand beside it."""
    every = _files("val", seen=3.5) + _files("test", seen=3.5)
    hidden = [
        _file("redrawn", split, {"one": 0.0, "other": 1.0})
        for split in ("val", "test")
        for _ in range(50)
    ]
    rows = left_out([*every, *hidden], TOGETHER)
    assert rows["redrawn"]["files"] == 100 and rows["redrawn"]["cleared"] > 0.5
    assert rows["redrawn"]["genuine_cleared"] > 0.5
    assert rows["swapped"]["cleared"] <= FROZEN_AT + 0.02
    assert left_out(every, TOGETHER) == {}


def test_pictures_that_a_check_learnt_from_are_not_drawn(tmp_path: Path) -> None:
    """The list beside a folder of generated pictures says which trained; others keep its split."""
    folder = tmp_path / "laid" / "made_faces"
    folder.mkdir(parents=True)
    lines = ["path,label,source,method,split,sha256"]
    for number, split in enumerate(("train", "val", "test", "train")):
        (folder / f"{number}.png").touch()
        lines.append(f"made_faces/{number}.png,fake,made_faces,x,{split},")
    (tmp_path / "laid" / "manifest.csv").write_text("\n".join(lines))
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "manifest.csv").write_text("archive,member,label,source,method,split\n")
    drawn = sampled.rows(tmp_path / "faces", [("generated", folder)])
    assert {(Path(row["path"]).name, row["split"]) for row in drawn} == {
        ("1.png", "val"), ("2.png", "test"),
    }  # fmt: skip


def test_it_is_told_which_check_stands_in_the_way() -> None:
    """Of genuine files only, by source, however many checks hinder one."""
    hindered = replace(_file("", "val", {}), in_the_way=("one", "other"))
    fake = replace(_file("swapped", "val", {}), in_the_way=("one",))
    hindering = in_the_way([hindered, _file("", "test", {}), fake])
    assert hindering == {"camera": {"files": 2, "one": 1, "other": 1}}


def _portraits(*, asks: float) -> list[Examined]:
    """Genuine files, and fakes that `face_forgery` tells; `diffusion_face` gives all the same."""
    rng = np.random.default_rng(4)
    return [
        _file(method, split, {
            "face_forgery": float(rng.normal(high, 1)),
            "mouth_forgery": float(rng.normal(high if asks else 0, 1)),
            "diffusion_face": float(rng.normal(0, 1)),
        })
        for split in ("val", "test")
        for method, high in (("", 0.0), ("swapped", 3.5))
        for _ in range(60)
    ]  # fmt: skip


def test_a_scenario_that_no_kind_of_fake_concerns_gets_no_bound() -> None:
    """A bound on checks that tell none of the fakes from genuine files would fit chance."""
    for groups in (chosen_groups(_portraits(asks=0.0)), chosen_groups(_portraits(asks=1.0))):
        names = {name for group in groups for name in group}
        assert "face_forgery" in names and "diffusion_face" not in names


def test_a_check_that_only_asks_gets_a_bound_where_that_clears_more() -> None:
    """`mouth_forgery` tells these fakes nothing, so a bound on it would keep genuine files open."""
    blind = chosen_groups(_portraits(asks=0.0))
    assert blind == [("face_forgery",)]
    line = conditions_of(Kind.IMAGE, _portraits(asks=0.0), blind)
    assert line is not None and line["asked"] == ["diffusion_face", "mouth_forgery"]


@pytest.mark.parametrize(("gained", "more"), [(0.01, False), (0.05, True)])
def test_more_bounds_are_taken_only_where_they_clear_clearly_more(
    gained: float, more: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def share(every: object, groups: list[tuple[str, ...]]) -> float:
        return 0.5 + gained * ("mouth_forgery" in groups[0])

    monkeypatch.setattr(bounds, "genuine_cleared", share)
    (group,) = chosen_groups(_portraits(asks=1.0))
    assert ("mouth_forgery" in group) == more
