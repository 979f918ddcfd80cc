"""From the layout that a set's makers gave it to labels, groups, methods and splits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.evaluation.protocols import adapters, gathering, reading
from ml.evaluation.protocols.adapters import Found
from ml.evaluation.protocols.changes import QUARTER
from ml.evaluation.protocols.reading import ProtocolRefused, SetOfMedia, TableAdapter
from tests.evaluation import trees


def facts(root: Path, protocol: str) -> dict[str, dict[str, tuple[bool, str, str, str]]]:
    """By set and path: fake, method, group, split."""
    found = {}
    for one in reading.read(protocol).sets:
        here = adapters.found_in(one, [root / "nowhere", root])
        if here is not None:
            found[one.name] = {f.path: (f.fake, f.method, f.group, f.split) for f in here.files}
    return found


def test_celeb_df_has_its_test_list_and_people_across_labels(tmp_path: Path) -> None:
    trees.celeb_df(tmp_path)
    found = facts(tmp_path, "celeb-df-v2")
    assert found["celeb_synthesis"] == {
        "Celeb-synthesis/id0_id16_0004.mp4": (True, "Celeb-DF v2 swap", "celeb-df id0", "test"),
        "Celeb-synthesis/id1_id2_0001.mp4": (True, "Celeb-DF v2 swap", "celeb-df id1", "train"),
    }
    assert found["celeb_real"]["Celeb-real/id0_0004.mp4"] == (False, "", "celeb-df id0", "test")
    assert found["celeb_real"]["Celeb-real/id5_0000.mp4"][3] == "train"
    assert [f[3] for f in found["celeb_youtube"].values()] == ["test", "train"]


def test_faceforensics_has_its_methods_and_splits_at_c23(tmp_path: Path) -> None:
    trees.faceforensics(tmp_path)
    found = facts(tmp_path, "faceforensics")
    fakes = {path.split("/")[1]: items for path, items in found["ff_manipulated"].items()}
    assert fakes == {
        "Deepfakes": (True, "Deepfakes", "ff 000", "test"),
        "Face2Face": (True, "Face2Face", "ff 003", "test"),
        "NeuralTextures": (True, "NeuralTextures", "ff 555", "train"),
    }
    assert {items[2:] for items in found["ff_youtube"].values()} == {
        ("ff 000", "test"), ("ff 003", "test"),
    }  # fmt: skip
    assert [items[:3] for items in found["dfd_manipulated"].values()] == [
        (True, "DeepFakeDetection", "dfd 01")
    ]
    assert [items[:3] for items in found["dfd_actors"].values()] == [(False, "", "dfd 01")]


def test_df40_has_a_method_a_folder_and_each_file_once(tmp_path: Path) -> None:
    trees.df40(tmp_path)
    found = facts(tmp_path, "df40")
    assert {items[1] for items in found["df40_ff"].values()} == {"simswap", "sadtalker"}
    assert {items[2] for items in found["df40_ff"].values()} == {"ff 001"}
    assert [items[:3] for items in found["df40_cdf"].values()] == [
        (True, "simswap", "celeb-df id0")
    ]
    assert {items[1] for items in found["df40_own"].values()} == {"heygen", "stargan"}
    assert len(found["df40_own_real"]) == 2
    assert [items[2] for items in found["df40_ff_real"].values()] == ["ff 001"]
    assert [items[2] for items in found["df40_cdf_real"].values()] == ["celeb-df id0"]
    paths = [path for files in found.values() for path in files]
    assert len(paths) == len(set(paths)) == 9


def test_fakeavceleb_is_read_by_its_table_with_the_nameless_column(tmp_path: Path) -> None:
    trees.fakeavceleb(tmp_path)
    one = reading.read("fakeavceleb").sets[0]
    items = adapters.listed(one, tmp_path / "FakeAVCeleb_v1.2")
    assert [(f.fake, f.method, f.group) for f in items.files] == [
        (False, "", "fakeavceleb id00076"), (True, "fsgan-wav2lip", "fakeavceleb id03781"),
    ]  # fmt: skip
    assert items.missing == 1


def test_asvspoof_5_is_read_without_a_head_and_by_spaces(tmp_path: Path) -> None:
    trees.asvspoof5(tmp_path)
    found = facts(tmp_path, "asvspoof5")
    assert found["asvspoof5_eval"] == {
        "flac_E_eval/E_01.flac": (True, "A17", "asvspoof5_eval E_1", ""),
        "flac_E_eval/E_02.flac": (False, "", "asvspoof5_eval E_2", ""),
    }
    assert found["asvspoof5_dev"]["flac_D/D_01.flac"][3] == "dev"
    gathered = gathering.gather(reading.read("asvspoof5"), [tmp_path])
    assert {item.case.name for item in gathered.report} == set(found["asvspoof5_eval"])
    assert [item.case.name for item in gathered.fit] == ["flac_D/D_01.flac"]


def test_in_the_wild_has_speakers_as_groups(tmp_path: Path) -> None:
    trees.in_the_wild(tmp_path)
    assert facts(tmp_path, "in-the-wild")["in_the_wild"] == {
        "0.wav": (True, "unknown systems", "in_the_wild Alec Guinness", ""),
        "4.wav": (False, "", "in_the_wild Christopher Hitchens", ""),
    }


def test_mnw_has_a_generator_a_folder_and_leaves_out_what_has_no_sure_label(
    tmp_path: Path,
) -> None:
    trees.mnw(tmp_path)
    found = facts(tmp_path, "mnw")
    assert {items[1] for items in found["mnw_images"].values()} == {
        "Adobe_Firefly_v2",
        "Midjourney",
    }
    assert all(items[0] for files in found.values() for items in files.values())
    assert sum(len(files) for files in found.values()) == 5


def test_deepfake_eval_2024_keeps_to_its_test_part_and_leaves_out_unknown_truth(
    tmp_path: Path,
) -> None:
    trees.deepfake_eval(tmp_path)
    gathered = gathering.gather(reading.read("deepfake-eval-2024"), [tmp_path])
    fakes = {item.case.name: item.case.fake for item in gathered.report}
    assert fakes == {"image-data/a.webp": True, "audio-data/a.mp3": False, "video-data/a.mp4": True}
    assert [item.case.name for item in gathered.fit] == ["image-data/b.jpg"]
    assert {one.of.name: one.unlabelled for one in gathered.sets}["de24_images"] == 1


def test_pictures_leave_inputs_out_quarter_sheets_and_read_archives(tmp_path: Path) -> None:
    trees.pictures(tmp_path)
    gathered = gathering.gather(reading.read("pictures"), [tmp_path])
    items = {item.case.name: item for item in gathered.report}
    assert "gpt4o/cases_10_input.png" not in items and "comfy/lora_lora.png" not in items
    assert items["comfy/flux2_flux2_example.png"].case.method == "comfy flux.2"
    assert items["comfy/sd3_sd3_simple_example.png"].case.method == "comfy sd3"
    assert {items[f"sd21_faces/allImages_anB-107_{n}.jpg"].case.group for n in (3, 4)} == {
        "sd21_faces anB-107"
    }
    assert items["sd15_art/img_Abigail.webp"].before is QUARTER
    assert items["kodak/1.png"].before is None and items["kodak/1.png"].of.professional
    face = items["ffhq-real.zip:a.jpg"].case
    assert (face.path, face.member, face.group) == (
        tmp_path / "faces" / "ffhq-real.zip", "a.jpg", "ffhq p1",
    )  # fmt: skip
    by_name = {one.of.name: one for one in gathered.sets}
    assert by_name["ffhq"].missing == 1 and not by_name["bsds"].here
    assert by_name["kodak"].as_promised is False, "other files than the protocol names"


def test_sets_may_lie_in_several_folders_with_a_table_of_the_same_name(tmp_path: Path) -> None:
    """A second folder, laid out later, is not hidden by the first one's manifest."""
    first, second = tmp_path / "first", tmp_path / "second"
    for root, name in ((first, "kodak"), (second, "bsds")):
        trees.lay(root, [f"{name}/1.png"])
        (root / "manifest.csv").write_text(
            f"path,label,source,method,split,sha256\n{name}/1.png,real,{name},,test,x\n"
        )
    gathered = gathering.gather(reading.read("pictures"), [first, second])
    assert {item.case.path for item in gathered.report} == {
        first / "kodak" / "1.png", second / "bsds" / "1.png",
    }  # fmt: skip


def test_no_file_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProtocolRefused, match="None of the files"):
        gathering.gather(reading.read("celeb-df-v2"), [tmp_path])


@pytest.mark.parametrize("path", ["../secret.wav", "/etc/passwd", "a/../../b.wav"])
def test_a_table_names_no_file_outside_its_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "t.csv").write_text(f"file,label\n{path},real\n")
    one = SetOfMedia("mine", TableAdapter("t.csv", "{file}", label="{label}"), "mine")
    with pytest.raises(ProtocolRefused, match="not in its folder"):
        adapters.listed(one, tmp_path)


def test_a_table_without_the_column_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("name,label\na,real\n")
    one = SetOfMedia("mine", TableAdapter("t.csv", "{file}", label="{label}"), "mine")
    with pytest.raises(ProtocolRefused, match="no column 'file'"):
        adapters.listed(one, tmp_path)


def test_the_list_digest_knows_names_and_sizes_and_no_order() -> None:
    files = [a_file(f"{n}.png", size=n) for n in range(5)]
    digest = adapters.listing(files)
    assert digest == adapters.listing(files[::-1])
    assert digest != adapters.listing(files[1:])
    assert digest != adapters.listing([*files[1:], a_file("0.png", size=9)])


def a_file(path: str, method: str = "m", size: int = 1) -> Found:
    return Found(path, Path(path), "", size, True, "s", method, path, "")


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 500)), unique=True, min_size=1),
    st.integers(0, 40),
    st.randoms(),
)
def test_a_sample_is_the_same_for_everybody_and_takes_kinds_in_turn(
    names: list[tuple[str, int]], most: int, random: object
) -> None:
    """Whatever the order on disk: the same files, never more than asked for, and no kind has two
    more than another that still has files left."""
    files = [a_file(f"{kind}{number}", method=kind) for kind, number in names]
    taken = gathering.chosen(files, "set", most)
    mixed = list(files)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert {f.path for f in gathering.chosen(mixed, "set", most)} == {f.path for f in taken}
    assert len(taken) == (min(most, len(files)) if most else len(files))
    counts = {kind: sum(f.method == kind for f in taken) for kind in "abc"}
    left = {kind: sum(f.method == kind for f in files) - counts[kind] for kind in "abc"}
    for kind in "abc":
        if left[kind]:
            assert max(counts.values()) - counts[kind] <= 1


SETS: list[Callable[[Path], None]] = [
    trees.celeb_df, trees.faceforensics, trees.df40, trees.fakeavceleb, trees.asvspoof5,
    trees.in_the_wild, trees.mnw, trees.deepfake_eval, trees.pictures,
]  # fmt: skip


def test_every_file_counts_once_and_every_fake_has_a_method(tmp_path: Path) -> None:
    """Over all protocols: no path stands under two sets of one protocol."""
    for number, make in enumerate(SETS):
        root = tmp_path / str(number)
        root.mkdir()
        make(root)
    for name in reading.offered():
        for number in range(len(SETS)):
            found = facts(tmp_path / str(number), name)
            paths = [path for files in found.values() for path in files]
            assert len(paths) == len(set(paths))
            for files in found.values():
                assert all(bool(method) == fake for fake, method, _, _ in files.values())
