"""The rows that the check is measured on: genuine sources, named hard rows made from held-out
photographs, and generated pictures by generator.

`val` sets the operating points, `test` reports. Training and calibration use other pictures of the
generators in `MET`, and none of the ComfyUI examples and StyleGAN.
"""

from __future__ import annotations

import hashlib
import itertools
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from PIL import Image, ImageDraw

from lab.synthetic_image import degrade
from lab.synthetic_image.degrade import Pixels
from lab.synthetic_image.sources import (
    Folders,
    Picture,
    drawn,
    faces,
    frames,
    laid_out,
    photographs,
)

MET = ("gpt_images", "gpt4o", "sd21_faces")
"""Generators that training saw. Their validation pictures set the line from logit to ratio."""
NOT_GENERATED = (
    "workflow", "scribble", "pose_worship.png", "pose_present", "shark_depthmap", "inpain",
    "inpaint", "outpaint", "unclip_mountains", "unclip_sunset", "ltxv_fox", "ltxv_island",
    "image_to_video", "zero123_example", "controlnet_example.png", "controlnet_depth_controlnet",
    "depth_t2i_adapter", "mixing_controlnets", "gligen_textbox", "hypernetwork_example.png",
    "lora_lora", "model_merging", "revision_text", "revision_zero", "embedding_example",
    "unclip_unclip_example", "upscale_models", "input", "flux_fill",
)  # fmt: skip
"""Screenshots of a program, drawings that steer one, photographs that were only changed in part."""


@dataclass(frozen=True)
class Item:
    row: str
    source: str
    """Where the picture comes from: a set, or a generator."""
    fake: bool
    picture: Picture


def generator(name: str) -> str:
    """The generator of a ComfyUI example: its folder's name."""
    known = (
        "flux2", "flux", "sd3", "sdxl", "sdturbo", "stable_cascade", "hidream", "qwen_image",
        "chroma", "aura_flow", "cosmos_predict2", "hunyuan_dit", "hunyuan_video", "lcm", "lumina2",
        "omnigen", "z_image", "ltxv", "mochi", "wan", "video",
    )  # fmt: skip
    stem = name.rsplit("/", 1)[-1]
    return next((word for word in known if stem.startswith(word)), "sd15")


def generated(folders: Folders, most: int) -> Iterator[Item]:
    for picture in faces_of("sd21_faces", folders, "test"):
        yield Item("sd21 faces", "sd21", True, picture)
    for picture in thinned(faces(folders, "test", "fake", ("stylegan",)), most):
        yield Item("stylegan faces", "stylegan", True, picture)
    for picture in laid_out(folders, None, "fake", ("comfy",)):
        if not any(word in picture.name for word in NOT_GENERATED):
            films = picture.name.endswith(".webp") and "kontext" not in picture.name
            row = "comfy films, one frame" if films else "comfy pictures"
            yield Item(row, f"comfy {generator(picture.name)}", True, picture)
    for picture in faces_of("gpt4o", folders, "test"):
        yield Item("gpt-4o gallery", "gpt-4o", True, picture)


def faces_of(name: str, folders: Folders, split: str) -> Iterator[Picture]:
    return laid_out(folders, split, "fake", (name,))


def met(folders: Folders, most: int) -> Iterator[Item]:
    for name in MET:
        for picture in thinned(laid_out(folders, "val", "fake", (name,)), most):
            if "input" not in picture.name:
                yield Item(f"met {name}", name, True, picture)


def genuine(folders: Folders, split: str, most: int) -> Iterator[Item]:
    plain = {
        "imagenet": laid_out(folders, split, "real", ("imagenet_samples",)),
        "bsds": laid_out(folders, split, "real", ("bsds",)),
        "ffhq": faces(folders, split, "real", ("ffhq",)),
        "lfw": faces(folders, split, "real", ("lfw",)),
        "utkface": faces(folders, split, "real", ("utkface",)),
        "dfdc": faces(folders, split, "real", ("dfdc",)),
        "film frames": frames(folders, split),
    }
    for name, pictures in plain.items():
        for picture in thinned(pictures, most):
            yield Item(name, name, False, picture)
    if split == "test":
        for picture in laid_out(folders, None, "real", ("kodak",)):
            yield Item("kodak", "kodak", False, picture)


def thinned(pictures: Iterable[Picture], most: int) -> list[Picture]:
    """The same ones every time, spread by name."""
    return sorted(pictures, key=lambda p: zlib.crc32(p.name.encode()))[:most]


# --- hard rows: genuine pictures, and what happens to them -------------------------------------


def professional(pixels: Pixels, number: int) -> Pixels:
    """Downscaled and sharpened, as editors prepare a photograph for a page."""
    longest = (640, 1000, 1600)[number % 3]
    scale = min(1.0, longest / max(pixels.shape[:2]))
    smaller = degrade.resized(pixels, scale, cv2.INTER_CUBIC)
    return degrade.saved(degrade.sharpened(smaller, (0.0, 0.5, 0.9)[number // 3 % 3]), "JPEG", 92)


def night(pixels: Pixels, number: int) -> Pixels:
    dark = degrade.noisy(
        degrade.dark(pixels, 2.0 + 0.3 * (number % 3)), 5 + 3 * (number % 3), number
    )
    return degrade.saved(dark, "JPEG", 88)


def screenshot(pixels: Pixels, number: int) -> Pixels:
    height, width = pixels.shape[:2]
    sheet = Image.new("RGB", (width + 240, height + 160), (246, 246, 248))
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, width + 240, 44), fill=(52, 60, 80))
    for line in range(int((height + 100) / 18)):
        words = "the picture as it was shown on a page of news " * 2
        draw.text((12, 54 + 18 * line), words[line % 17 : line % 17 + 30], fill=(40, 40, 40))
    draw.text(
        (230, height + 70), "A caption stands below. Share  Like  Comment " * 3, fill=(20, 20, 20)
    )
    scaled = degrade.resized(pixels, (1.0, 0.8, 0.6)[number % 3], cv2.INTER_AREA)
    sheet.paste(Image.fromarray(scaled), (220, 60))
    return np.array(sheet)


def scan(pixels: Pixels, number: int) -> Pixels:
    random = np.random.default_rng(number)
    image = Image.fromarray(pixels).rotate(random.uniform(-1.5, 1.5), Image.Resampling.BICUBIC)
    inner = np.array(image)[8:-8, 8:-8]
    paper = cv2.GaussianBlur(random.normal(0, 9, inner.shape[:2]), (0, 0), 0.8)[..., None]
    faded = 18 + inner.astype(np.float32) * 0.86 + paper
    return degrade.saved(np.clip(faded, 0, 255).astype(np.uint8), "JPEG", 82)


def beauty(pixels: Pixels, number: int) -> Pixels:
    soft = cv2.bilateralFilter(pixels, 9, 40 + 20 * (number % 3), 7)
    return cast("Pixels", cv2.addWeighted(soft, 0.75, pixels, 0.25, 0))


def denoised(pixels: Pixels, number: int) -> Pixels:
    strength = 4 + 3 * (number % 3)
    return cast("Pixels", cv2.fastNlMeansDenoisingColored(pixels, None, strength, 6, 5, 11))


HARD: dict[str, Callable[[Pixels, int], Pixels]] = {
    "blur": lambda p, n: degrade.blurred(p, (0.8, 1.2, 1.8)[n % 3]),
    "night": night,
    "screenshot": screenshot,
    "scan": scan,
    "upscaled": lambda p, n: degrade.resized(
        p, (1.5, 2.0)[n % 2], (cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)[n // 2 % 2]
    ),
    "denoised": denoised,
    "sharpened": lambda p, n: degrade.sharpened(p, (0.8, 1.5)[n % 2]),
    "jpeg 50": lambda p, n: degrade.saved(p, "JPEG", 50),
    "webp 70": lambda p, n: degrade.saved(p, "WEBP", 70),
    "downscaled by half": lambda p, n: degrade.resized(
        p, 0.5, (cv2.INTER_AREA, cv2.INTER_CUBIC)[n % 2]
    ),
}
WIDTHS = (720, 1080, 1600)
"""Drawn wallpapers are shown at these sizes, the middle one saved as JPEG."""


def as_displayed(pixels: Pixels, number: int) -> Pixels:
    scale = WIDTHS[number] / max(pixels.shape[:2])
    scaled = degrade.resized(pixels, scale, cv2.INTER_CUBIC) if scale < 1 else pixels
    return degrade.saved(scaled, "JPEG", 85) if number == 1 else scaled


def drawn_by_people(folders: Folders) -> Iterator[Item]:
    """Wallpapers that people drew or rendered, of collections that did not train."""
    for picture, number in itertools.product(drawn(folders, "test"), range(len(WIDTHS))):
        yield Item("hard: drawn by people", "drawn", False, changed(picture, as_displayed, number))


LAUNDERED: dict[str, Callable[[Pixels, int], Pixels]] = {
    "jpeg 60": lambda p, n: degrade.saved(p, "JPEG", 60),
    "x.75 jpeg 80": lambda p, n: degrade.saved(
        degrade.resized(p, 0.75, cv2.INTER_AREA), "JPEG", 80
    ),
    "blur 1": lambda p, n: degrade.blurred(p, 1.0),
}


def hard(folders: Folders, split: str, most: int) -> Iterator[Item]:
    """Hard rows made from photographs of the same split: for the test from Kodak, BSDS, ImageNet
    and wallpapers."""
    base: list[Picture] = []
    if split == "test":
        base += laid_out(folders, None, "real", ("kodak",))
    for name in ("bsds", "imagenet_samples"):
        base += thinned(laid_out(folders, split, "real", (name,)), most)
    for name, change in HARD.items():
        chosen = sorted(base, key=lambda p: zlib.crc32((name + p.name).encode()))[:most]
        for number, picture in enumerate(chosen):
            yield Item(f"hard: {name}", picture.source, False, changed(picture, change, number))
    portraits = thinned(faces(folders, split, "real", ("ffhq",)), most)
    for number, picture in enumerate(portraits):
        row = "hard: beauty filter"
        yield Item(row, picture.source, False, changed(picture, beauty, number))
    originals = large(folders, split)
    for picture, number in itertools.product(originals, (0, 4, 8)):
        row = "hard: professional, downscaled"
        yield Item(row, picture.source, False, changed(picture, professional, number))
    for picture in originals:
        yield Item("hard: professional, as taken", picture.source, False, picture)


def large(folders: Folders, split: str) -> list[Picture]:
    """Professional photographs of many pixels, each once. One collection is not trained on: it sets
    bounds."""
    if split == "val":
        return list(laid_out(folders, None, "real", ("elementary",)))
    # Wallpapers come under one name for each size of a screen.
    found = {
        hashlib.sha256(one.read().tobytes()).digest(): one for one in photographs(folders, split)
    }
    return list(found.values())


def laundered(folders: Folders, most: int) -> Iterator[Item]:
    for name, change in LAUNDERED.items():
        for number, picture in enumerate(thinned(faces_of("sd21_faces", folders, "test"), most)):
            yield Item(f"sd21 faces, {name}", "sd21", True, changed(picture, change, number))


def changed(picture: Picture, change: Callable[[Pixels, int], Pixels], number: int) -> Picture:
    def read() -> Pixels:
        return np.ascontiguousarray(change(picture.read(), number))

    return Picture(f"{picture.name}#{number}", picture.source, read)
