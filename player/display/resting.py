"""The picture of a display on which nothing plays: the brand's slate, a night until that is known.

No price, no card and no text but the brand's own is ever in it: it may stand for a while, and what
it shows can not end. Pictures are blue, green, red, opaque, row by row.
"""

from __future__ import annotations

import math
import zlib
from pathlib import Path

BYTES_A_PIXEL = 4
Colour = tuple[int, int, int]

# As page/look draws the slate of a brand that says no colours (tokens.css, screen.css).
_SKY: tuple[Colour, Colour] = (5, 15, 20), (13, 40, 49)
_SOIL: tuple[Colour, Colour] = (7, 26, 33), (4, 13, 17)
_SUN: tuple[Colour, Colour] = (138, 106, 18), (91, 74, 28)
_LINE: Colour = (48, 64, 70)


class Resting:
    """Pictures by their size; the brand's own are kept in `folder`, which is the kiosk's alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def paint(self, width: int, height: int) -> bytes:
        """The brand's, where one of just this size is kept."""
        size = width * height * BYTES_A_PIXEL
        try:
            unpack = zlib.decompressobj()
            kept = unpack.decompress(self._file(width, height).read_bytes(), size + 1)
        except (OSError, zlib.error):
            kept = b""
        return kept if len(kept) == size else night(width, height)

    def _file(self, width: int, height: int) -> Path:
        return self._folder / f"resting-{width}x{height}"


def night(width: int, height: int) -> bytes:
    """A sun that goes down: the slate without a brand."""
    upright = height > width
    unit = min(width, height, max(width, height) * 0.5625) / 100
    horizon = round(height * (0.64 if upright else 0.71))
    middle = width * 0.5 + 19 * unit if upright else width * 0.664
    rows = []
    for y in range(height):
        down = y - horizon
        if down < 0:
            ground, bright = _mix(_SKY, y / horizon), _mix(_SUN, 1 + down / (26 * unit))
            half = _leg(26 * unit, -down)
        else:
            ground = _mix(_SOIL, min(1, down / (0.7 * (height - horizon))))
            fade = 0.55 * (1 - down / (16 * unit)) if down % (1.9 * unit) < 0.35 * unit else 0
            bright = _mix((ground, _SUN[0]), max(0, fade))
            half = 10 * unit + _leg(16 * unit, down)
            if down < 0.22 * unit:
                ground = _LINE
        row = bytearray(_pixel(ground) * width)
        begin, end = max(0, round(middle - half)), min(width, round(middle + half))
        if half and begin < end:
            row[begin * BYTES_A_PIXEL : end * BYTES_A_PIXEL] = _pixel(bright) * (end - begin)
        rows.append(row)
    return b"".join(rows)


def _leg(radius: float, other: float) -> float:
    return math.sqrt(max(0.0, radius * radius - other * other))


def _mix(ends: tuple[Colour, Colour], part: float) -> Colour:
    one, other = ends
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _pixel(colour: Colour) -> bytes:
    red, green, blue = colour
    return bytes((blue, green, red, 255))
