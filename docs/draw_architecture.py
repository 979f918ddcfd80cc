"""Draws docs/architecture.svg and its table from the current imports.

python docs/draw_architecture.py            # writes both
python docs/draw_architecture.py --check    # fails where they are out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PICTURE, PAGE = ROOT / "docs" / "architecture.svg", ROOT / "docs" / "architecture.md"
START, END = "<!-- rooms:start -->", "<!-- rooms:end -->"
PACKAGES = (
    "accounts", "audit", "blobs", "config", "jobs", "lab", "media_analysis", "ml", "outbound",
    "sandbox",
)  # fmt: skip
PARTS_OF_ML = {"engine", "evaluation"}
SPLIT = {"media_analysis": None, "ml": PARTS_OF_ML}
"""Packages whose parts are rooms of their own; None means all parts."""
WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 204, 54, 30, 50, 20


def room_of(module: str) -> str:
    head, _, rest = module.partition(".")
    part = rest.partition(".")[0]
    if head in SPLIT and part:
        wanted = SPLIT[head]
        if wanted is None or part in wanted:
            return f"{head}.{part}"
    return head


def arrows() -> tuple[set[str], set[tuple[str, str]]]:
    """All rooms, and which imports which."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    rooms, pairs = set(), set()
    for module in graph.modules:
        if ".migrations" in module:
            continue
        rooms.add(room_of(module))
        for imported in graph.find_modules_directly_imported_by(module):
            pair = room_of(module), room_of(imported)
            if pair[0] != pair[1]:
                pairs.add(pair)
    rooms.discard("media_analysis")  # the folder itself holds nothing
    return rooms, {pair for pair in pairs if set(pair) <= rooms}


def layers(rooms: Iterable[str], pairs: set[tuple[str, str]]) -> list[list[str]]:
    """Rooms by how far they stand above the ground; whoever imports stands higher."""
    height = dict.fromkeys(rooms, 0)
    for _ in height:
        for upper, lower in pairs:
            height[upper] = max(height[upper], height[lower] + 1)
        if max(height.values()) > len(height):
            raise SystemExit("There is a circle of imports; `lint-imports` names it.")
    top = max(height.values())
    return [
        sorted(room for room in height if height[room] == level) for level in range(top, -1, -1)
    ]


def telling(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows that no chain of other arrows implies: the rest only hides the picture."""

    def reached(room: str) -> set[str]:
        found: set[str] = set()
        waiting = [room]
        while waiting:
            here = waiting.pop()
            for upper, lower in pairs:
                if upper == here and lower not in found:
                    found.add(lower)
                    waiting.append(lower)
        return found

    below = {room: reached(room) for pair in pairs for room in pair}
    return {
        (upper, lower)
        for upper, lower in pairs
        if not any(lower in below[other] for up, other in pairs if up == upper and other != lower)
    }


def lines(room: str) -> int:
    folder = ROOT / room.replace(".", "/")
    if not folder.is_dir():
        folder = ROOT / "platform" / room
    own = [f for f in folder.rglob("*.py") if "migrations" not in f.parts]
    if room == "ml":
        own = [f for f in own if f.relative_to(folder).parts[0] not in PARTS_OF_ML]
    return sum(len(file.read_text().splitlines()) for file in own)


def drawn(floors: list[list[str]], pairs: set[tuple[str, str]]) -> str:
    """An SVG in neutral colours that read on a light and on a dark page."""
    widest = max(len(floor) for floor in floors)
    full = MARGIN * 2 + widest * WIDTH + (widest - 1) * GAP_X
    high = MARGIN * 2 + len(floors) * HEIGHT + (len(floors) - 1) * GAP_Y
    middle: dict[str, tuple[float, float]] = {}
    boxes = []
    for row, floor in enumerate(floors):
        taken = len(floor) * WIDTH + (len(floor) - 1) * GAP_X
        for column, room in enumerate(floor):
            x = (full - taken) / 2 + column * (WIDTH + GAP_X)
            y = MARGIN + row * (HEIGHT + GAP_Y)
            middle[room] = (x + WIDTH / 2, y)
            boxes.append(
                f'<rect x="{x:.0f}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" '
                f'fill="#f4f1ea" stroke="#5c564a"/><text x="{x + WIDTH / 2:.0f}" y="{y + 24}" '
                f'text-anchor="middle" fill="#221f1a">{escape(room)}</text>'
                f'<text x="{x + WIDTH / 2:.0f}" y="{y + 42}" text-anchor="middle" '
                f'font-size="11" fill="#5c564a">{lines(room):,} lines</text>'
            )
    paths = []
    for upper, lower in sorted(pairs):
        (x1, y1), (x2, y2) = middle[upper], middle[lower]
        start, bend = y1 + HEIGHT, (y2 - y1 - HEIGHT) / 2
        paths.append(
            f'<path d="M{x1:.0f},{start} C{x1:.0f},{start + bend:.0f} {x2:.0f},{y2 - bend:.0f} '
            f'{x2:.0f},{y2 - 5}" fill="none" stroke="#8a8373" marker-end="url(#tip)"/>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full:.0f} {high}" '
        f'font-family="system-ui, sans-serif" font-size="14" role="img" '
        f'aria-label="Which room imports which">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#8a8373"/></marker></defs>'
        + "".join(paths) + "".join(boxes) + "</svg>\n"
    )  # fmt: skip


def table(floors: list[list[str]], pairs: set[tuple[str, str]]) -> str:
    rows = ["| room | lines of Python | imports |", "|---|---|---|"]
    for floor in floors:
        for room in floor:
            below = ", ".join(f"`{lower}`" for upper, lower in sorted(pairs) if upper == room)
            rows.append(f"| `{room}` | {lines(room):,} | {below or '–'} |")
    return "\n".join(rows)


def main() -> int:
    sys.path[:0] = [str(ROOT), str(ROOT / "platform")]
    rooms, pairs = arrows()
    floors = layers(rooms, pairs)
    before, _, rest = PAGE.read_text().partition(START)
    page = f"{before}{START}\n{table(floors, pairs)}\n{END}{rest.partition(END)[2]}"
    picture = drawn(floors, telling(pairs))
    if "--check" in sys.argv:
        # Counts of lines change with every commit; the arrows are what must be true.
        def bare(text: str) -> str:
            return "\n".join(
                "|".join(cell for number, cell in enumerate(line.split("|")) if number != 2)
                for line in text.splitlines()
            )

        current = bare(PAGE.read_text()) == bare(page)
        if not current:
            sys.stderr.write("Run `python docs/draw_architecture.py`.\n")
        return 0 if current else 1
    PAGE.write_text(page)
    PICTURE.write_text(picture)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
