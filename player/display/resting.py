"""The picture of a display on which nothing plays: the brand's slate, a night until that is known.

No price, no card and no text but the brand's own is ever in it: it may stand for a while, and what
it shows can not end. Pictures are blue, green, red, opaque, row by row.
"""

from __future__ import annotations

import math
import zlib
from pathlib import Path

BYTES_A_PIXEL = 4
STAMP_BYTES = 32
_NAME = "resting-"
Colour = tuple[int, int, int]

# As page/look draws the slate of a brand that says no colours (tokens.css, screen.css).
_SKY: tuple[Colour, Colour] = (5, 15, 20), (13, 40, 49)
_SOIL: tuple[Colour, Colour] = (7, 26, 33), (4, 13, 17)
_SUN: tuple[Colour, Colour] = (138, 106, 18), (91, 74, 28)
_LINE: Colour = (48, 64, 70)


class Resting:
    """Pictures by their size; the brand's own is kept in `folder`, which is the kiosk's alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def paint(self, width: int, height: int) -> bytes:
        """The brand's, where one of just this size is kept."""
        return self._kept(width, height)[1] or night(width, height)

    def stamp(self, width: int, height: int) -> bytes:
        """Of what the picture of this size that is kept was drawn, b"" where none is."""
        return self._kept(width, height)[0]

    def keep(self, width: int, height: int, stamp: bytes, packed: bytes) -> None:
        """Keep this one alone, deflated. Raises OSError."""
        path = self._folder / f"{_NAME}{width}x{height}"
        for other in self._folder.glob(f"{_NAME}*"):
            if other != path:
                other.unlink()
        new = path.with_name(f"{path.name}.new")
        new.write_bytes(stamp + packed)
        new.replace(path)

    def _kept(self, width: int, height: int) -> tuple[bytes, bytes]:
        """Stamp and picture; of one that is damaged nothing."""
        size = width * height * BYTES_A_PIXEL
        try:
            data = (self._folder / f"{_NAME}{width}x{height}").read_bytes()
            picture = zlib.decompressobj().decompress(data[STAMP_BYTES:], size + 1)
        except (OSError, zlib.error):
            return b"", b""
        return (data[:STAMP_BYTES], picture) if len(picture) == size else (b"", b"")


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
