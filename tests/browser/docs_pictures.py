"""The pictures of the documentation: `make docs-pictures` writes docs/pictures/.

Run by pytest for the sake of its fixtures; not collected by default, because it changes files.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.browser import newsroom
from tests.browser.screenshots import FOLDER as SCREENSHOTS
from tests.browser.watched import Watched
from tests.webhooks.conftest import inside, receiver  # noqa: F401 - fixtures
from tests.webhooks.receiving import Receiver

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
MOST_BYTES = 80 * 1024
SIZE = {"width": 1440, "height": 900}

pytestmark = [pytest.mark.timeout(900), pytest.mark.django_db(transaction=True)]


def test_pictures_of_the_documentation(
    open_page: Callable[..., Watched],
    tmp_path: Path,
    receiver: Receiver,  # noqa: F811
    inside: None,  # noqa: F811
) -> None:
    """One window of each main page, as those who use it see it."""
    room = newsroom.furnish(tmp_path, receiver)
    people = {
        "webhook": room.admin.user, "case": room.moderator.user,
        "administration": room.operator, "audit-record": room.operator,
    }  # fmt: skip
    for folder in (FOLDER, SCREENSHOTS / "docs"):
        folder.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.webp"):
        old.unlink()
    for name, path in room.addresses.items():
        watched = open_page(user=people.get(name, room.lead.user), **SIZE)
        page = watched.goto(path)
        page.wait_for_load_state("networkidle")
        newsroom.staged(name, page)
        png = page.screenshot()
        (SCREENSHOTS / "docs" / f"{name}.png").write_bytes(png)  # to look at
        (FOLDER / f"{name}.webp").write_bytes(as_webp(png))


def as_webp(png: bytes) -> bytes:
    """Without loss but for the number of colours: text stays sharp, and it is smaller than with
    loss."""
    with Image.open(BytesIO(png)) as opened:
        picture = opened.convert("RGB")
    for colours in (256, 128, 96, 64, 48, 32):
        out = BytesIO()
        fewer = picture.quantize(
            colours, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        )
        fewer.convert("RGB").save(out, "WEBP", lossless=True, method=6)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    raise AssertionError(f"larger than {MOST_BYTES} bytes with any number of colours")
