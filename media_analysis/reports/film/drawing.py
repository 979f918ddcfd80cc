"""One frame of an evidence film: a strip of text, the picture with boxes and map, the scores."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from media_analysis.reports.film.scenes import Scene, Score

Picture = NDArray[np.uint8]
Color = tuple[int, int, int]
FONTS = Path(__file__).parents[1] / "fonts"
SIDE = 640
"""Pixels: the width of the film, and the longer side of the picture in it."""
LINE, MARGIN, TEXT = 17, 8, 12
PAPER: Color = (24, 24, 28)
INK: Color = (240, 240, 240)
SOFT: Color = (170, 170, 178)
ABOVE: Color = (255, 138, 76)
SEAM: Color = (0, 0, 0)
TRACKS: tuple[Color, ...] = ((255, 214, 10), (64, 200, 255), (190, 242, 100))
"""Colours of boxes by the number of the face."""
MAP: Color = (255, 0, 128)
MAP_SHARE = 0.6
"""How much of a map's strongest cell covers the picture."""
NAME, BAR, VALUE = 210, 250, 8
"""Widths in the strip of scores: the name of a check, its bar, the gap before its number."""


class Painter:
    """Paints onto pictures of any size; every frame of its film is of `size`."""

    def __init__(self, scene: Scene) -> None:
        scale = SIDE / max(scene.width, scene.height)
        self.scene = scene
        self.wide, self.tall = _even(scene.width * scale), _even(scene.height * scale)
        self.left = (SIDE - self.wide) // 2
        self.top = _even(len(scene.title) * LINE + 2 * MARGIN)
        lines = max(len(scene.lanes), 1) + 1
        self.size = SIDE, self.top + self.tall + _even(lines * LINE + 2 * MARGIN)
        self._blank = self._with_title()

    def painted(self, pixels: Picture, seconds: float) -> Picture:
        size = (self.wide, self.tall)
        scaled = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
        picture: Picture = scaled.astype(np.uint8, copy=False)
        self._maps(picture, seconds)
        self._boxes(picture, seconds)
        page = self._blank.copy()
        page[self.top : self.top + self.tall, self.left : self.left + self.wide] = picture
        return self._with_scores(page, seconds)

    def _with_title(self) -> Picture:
        page = Image.new("RGB", self.size, PAPER)
        draw = ImageDraw.Draw(page)
        for number, line in enumerate(self.scene.title):
            place = (MARGIN, MARGIN + number * LINE)
            draw.text(place, line, INK if number != 1 else SOFT, font=_font(number == 0))
        return np.asarray(page)

    def _at(self, x: float, y: float) -> tuple[int, int]:
        """A place in the media as one in the picture."""
        return (
            round(x / self.scene.width * self.wide),
            round(y / self.scene.height * self.tall),
        )

    def _maps(self, picture: Picture, seconds: float) -> None:
        for one in self.scene.maps_at(seconds):
            step_x, step_y = one["width"] / one["side"], one["height"] / one["side"]
            for cell in one["cells"]:
                x, y = one["left"] + cell["x"] * step_x, one["top"] + cell["y"] * step_y
                (left, top), (right, bottom) = self._at(x, y), self._at(x + step_x, y + step_y)
                part = picture[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
                share = MAP_SHARE * float(cell["much"])
                part[:] = (part * (1 - share) + np.array(MAP) * share).astype(np.uint8)

    def _boxes(self, picture: Picture, seconds: float) -> None:
        for box in self.scene.boxes(seconds):
            color = TRACKS[box.track % len(TRACKS)]
            left_top, right_bottom = self._at(box.left, box.top), self._at(box.right, box.bottom)
            cv2.rectangle(picture, left_top, right_bottom, SEAM, 4)
            cv2.rectangle(picture, left_top, right_bottom, color, 2)
            place = (left_top[0] + 6, left_top[1] + 18)
            for ink, width in ((SEAM, 4), (color, 2)):
                cv2.putText(
                    picture, str(box.track), place, cv2.FONT_HERSHEY_SIMPLEX, 0.55, ink, width
                )

    def _with_scores(self, page: Picture, seconds: float) -> Picture:
        whole = Image.fromarray(page)
        draw = ImageDraw.Draw(whole)
        y = self.top + self.tall + MARGIN
        draw.text((MARGIN, y), self.scene.clock(seconds), INK, font=_font(True))
        scores = self.scene.scores(seconds)
        caption = (
            "Scores from 0 to 1; the line is the bound" if scores else "No check scored over time"
        )
        draw.text((MARGIN + NAME, y), caption, SOFT, font=_font(False))
        for number, score in enumerate(scores, start=1):
            _score(draw, y + number * LINE, score)
        return np.asarray(whole)


def _score(draw: ImageDraw.ImageDraw, y: int, score: Score) -> None:
    left, right = MARGIN + NAME, MARGIN + NAME + BAR
    draw.text((MARGIN, y), _cut(score.name), INK, font=_font(False))
    draw.rectangle((left, y + 3, right, y + LINE - 5), outline=SOFT)
    color = ABOVE if score.flagged else INK
    if score.value is not None:
        draw.rectangle((left, y + 3, left + round(score.value * BAR), y + LINE - 5), fill=color)
    if score.bound is not None:
        at = left + round(score.bound * BAR)
        draw.line((at, y, at, y + LINE - 2), fill=SEAM, width=4)
        draw.line((at, y, at, y + LINE - 2), fill=ABOVE, width=2)
    text = "–" if score.value is None else f"{score.value:.2f}"
    text += ", above the bound" if score.flagged else ""
    draw.text((right + VALUE, y), text, color, font=_font(False))


def _cut(name: str) -> str:
    font = _font(False)
    while font.getlength(name) > NAME - VALUE:
        name = name[:-2].rstrip() + "…"
    return name


@cache
def _font(bold: bool) -> Any:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(FONTS / name, TEXT)


def _even(length: float) -> int:
    return max(round(length / 2) * 2, 2)
