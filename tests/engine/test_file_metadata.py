"""The metadata of a file: read in the sandbox, limited in size, and harmless whatever it
contains."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ml.engine.media import file_metadata
from ml.engine.media.file_metadata import gathered
from sandbox.facts import manifest_tree
from sandbox.services import warden
from tests.bad_inputs import credentials
from tests.sandbox import media

PLACE = {1: "N", 2: (52.0, 31.0, 12.5), 3: "E", 4: (13.0, 24.0, 36.0)}


def read(data: bytes, tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "file"
    path.write_bytes(data)
    with path.open("rb") as file:
        return gathered(warden().facts(file))


def photograph(comment: str = "", artist: str = "Alice Example") -> bytes:
    """With a camera, a person and a place, and IPTC as agencies write it."""
    exif = Image.Exif()
    exif[0x010F], exif[0x013B] = "Camera maker", artist
    exif.get_ifd(0x8825).update(PLACE)
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (10, 90, 160)).save(out, "JPEG", exif=exif, comment=comment.encode())
    plain = out.getvalue()
    sets = b"".join(
        struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text
        for number, text in ((80, b"Bob Example"), (90, "Zürich".encode()))
    )
    block = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(sets)) + sets + b"\0" * (len(sets) % 2)
    body = b"Photoshop 3.0\0" + block
    return plain[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + plain[2:]


def values(found: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    return {(place, name): value for place, name, value in found["rows"]}


def test_exif_iptc_and_comments_are_rows(tmp_path: Path) -> None:
    rows = values(read(photograph("seen at the fair"), tmp_path))
    assert rows["exif", "Make"] == "Camera maker" and rows["exif", "Artist"] == "Alice Example"
    assert rows["exif", "GPSLatitude"] == "52.0, 31.0, 12.5"
    assert rows["iptc", "By-line"] == "Bob Example" and rows["iptc", "City"] == "Zürich"
    assert "seen at the fair" in rows.values()


def test_container_and_streams_of_a_video_are_rows(tmp_path: Path) -> None:
    found = read(media.video(), tmp_path)
    rows = values(found)
    assert rows["stream 1", "codec"] == "h264" and rows["stream 2", "type"] == "audio"
    assert rows["container", "brand"]


def test_hostile_values_are_visible_short_and_counted(tmp_path: Path) -> None:
    """Control characters, turned reading direction and a megabyte of text."""
    odd = "left\u202eright\x07\u200bend"
    rows = values(read(photograph(odd + "x" * 60_000), tmp_path))
    assert not set("\u202e\x07\u200b") & set("".join(rows.values()))
    assert any("left\\u202eright\\x07" in value for value in rows.values())
    assert max(map(len, rows.values())) <= file_metadata.MOST_TEXT + 10
    hostile = {
        "comments": ["y" * 1_000_000, "\u202ea"],
        "exif": {"claimed": {f"tag {n}": "z" * 900 for n in range(2000)}},
        "xmp": {"claimed": {"deep": json.loads("[" * 40 + "]" * 40)}},
        "c2pa": {"state": "valid", "signer": "a\u202eb", "problems": [1, None], "tree": None},
    }
    found = gathered(hostile)
    assert sum(len(row[2]) for row in found["rows"]) <= file_metadata.MOST_IN_ALL
    assert len(found["rows"]) <= file_metadata.MOST_ROWS and found["left_out"] > 0
    assert "\u202e" not in json.dumps(found, ensure_ascii=False)
    assert gathered({"comments": ["y" * 1_000_000]})["shortened"] == 1


@pytest.mark.parametrize(
    "facts", [{}, {"exif": 3, "c2pa": []}, {"streams": {"a": 1}}, {"xmp": None}, {"boxes": []}]
)
def test_facts_of_any_shape_are_survived(facts: dict[str, Any]) -> None:
    found = gathered(facts)
    assert found["credentials"]["state"] == "absent" and isinstance(found["rows"], list)
    assert all(value for _, _, value in found["rows"])


def test_credentials_are_a_tree_of_what_the_file_was_made_from(tmp_path: Path) -> None:
    """Claim, signer, actions, ingredients, and what the validator found wrong."""
    found = read(credentials.recursive(), tmp_path)["credentials"]
    node, depth = found["tree"]["manifest"], 0
    assert node["signature"]["issuer"] == "Touchstone tests"
    assert node["validation"]["failed"][0]["code"] == "signingCredential.untrusted"
    assert node["assertions"][0]["data"]["actions"][0]["action"] == "c2pa.created"
    while node and node.get("ingredients"):
        node, depth = node["ingredients"][0]["manifest"], depth + 1
    assert depth == manifest_tree.DEEPEST_MANIFEST  # the ninth is named and left out
    assert node["left_out"] and found["tree"]["cut"] == 1
    broken = read(credentials.altered(), tmp_path)["credentials"]
    assert broken["state"] == "invalid"
    codes = {one["code"] for one in broken["tree"]["manifest"]["validation"]["failed"]}
    assert "assertion.dataHash.mismatch" in codes


def test_a_tree_without_end_is_cut() -> None:
    """Two manifests that name each other, and more values than anybody reads."""
    loop = {"active_manifest": "b", "title": "t"}
    many = {"label": "x", "data": {"k": [{"v": "w" * 9000} for _ in range(5000)]}}
    manifests: dict[str, Any] = {
        "a": {"ingredients": [loop] * 500, "assertions": [many] * 500},
        "b": {"ingredients": [{"active_manifest": "a"}]},
    }
    tree = manifest_tree.build({}, manifests, "a")
    assert tree["cut"] > 400
    assert len(json.dumps(tree)) < 1024 * 1024


def test_facts_that_are_too_large_lose_the_tree_and_keep_the_state(tmp_path: Path) -> None:
    from dataclasses import replace

    from sandbox.types import Limits

    path = tmp_path / "file"
    path.write_bytes(credentials.recursive())
    with path.open("rb") as file:
        facts = warden().facts(file, limits=replace(Limits(), max_facts_bytes=6000))
    assert facts["c2pa"]["state"] == "valid" and "tree" not in facts["c2pa"]
