"""The minimum versions of the decoders that process untrusted files.

Each minimum is the release that fixed the relevant vulnerabilities; see docs/sandbox.md. Exactly
one distribution may own the `cv2` folder: two overwrite each other, and either may be the old one.
"""

from __future__ import annotations

from importlib import metadata

FLOORS = {
    "pillow": (13, 0, 0),
    "pillow-heif": (1, 8, 1),
    "av": (18, 1, 0),
    "opencv-python-headless": (4, 14, 0),
    "imagecodecs": (2026, 3, 6),
    "c2pa-python": (0, 38, 1),
}
LIBAV_FLOORS = {"libavcodec": (62, 28), "libavformat": (62, 12)}
CV2_OWNERS = {
    "opencv-python", "opencv-python-headless", "opencv-contrib-python",
    "opencv-contrib-python-headless",
}  # fmt: skip


def _numbers(version: str) -> tuple[int, ...]:
    parts = []
    for part in version.split("."):
        digits = ""
        for char in part:
            if not char.isdigit():
                break
            digits += char
        if not digits:
            break
        parts.append(int(digits))
    return tuple(parts)


def problems() -> list[str]:
    """Sentences for what is too old or there twice; empty when all is well."""
    found = []
    for name, floor in FLOORS.items():
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            found.append(f"{name} is not installed.")
            continue
        if _numbers(version) < floor:
            wanted = ".".join(map(str, floor))
            found.append(f"{name} {version} is older than {wanted}: known holes are open.")
    owners = sorted({(d.metadata["Name"] or "").lower() for d in metadata.distributions()})
    cv2 = [name for name in owners if name in CV2_OWNERS]
    if len(cv2) != 1:
        found.append(f"Exactly one package may provide cv2; found {', '.join(cv2) or 'none'}.")
    return found


def libav_problems() -> list[str]:
    """The FFmpeg libraries inside PyAV, which are what the sandbox really decodes with."""
    import av

    found = []
    for name, floor in LIBAV_FLOORS.items():
        version = av.library_versions.get(name, (0,))
        if tuple(version) < floor:
            current = ".".join(map(str, version))
            found.append(f"{name} {current} is older than {'.'.join(map(str, floor))}.")
    return found
