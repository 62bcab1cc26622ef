"""What to know of a file before screens play it, by the kind of player.

Rules of thumb, never a refusal: screens play forms that were made for their size; the file itself
only until those are there.

A Raspberry Pi's Chromium plays H.264 up to 1920 × 1080 smoothly and decodes other codecs in
software (https://www.raspberrypi.com/documentation/computers/processors.html).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from media.limits import MIB

Code = Literal["codec_pi", "codec_browser", "over_pi", "soft", "shape", "heavy"]

PI_PIXELS = 1920 * 1088
"""The largest film that a Raspberry Pi plays without stutter; coders round 1080 up to 1088."""
HEAVY_BYTES_PER_S = 3 * MIB
"""Of a film: over this a shop's line is busy for long."""
HEAVY_IMAGE_BYTES = 20 * MIB
SOFT_PERCENT = 60
"""A file with a smaller share of a screen's width and height looks soft there."""
SHAPE_PERCENT = 25
"""A shape that differs more than this from a screen's leaves wide bars, or loses its edges."""

_BROWSERS_PLAY = frozenset({"h264", "vp8", "vp9", "av1"})


@dataclass(frozen=True, slots=True)
class File:
    """What is known of a file; `duration_ms` is None for a still picture."""

    kind: str
    codec: str
    width: int
    height: int
    size: int
    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to know; `width` and `height` are of the screens concerned, where some are."""

    code: Code
    width: int = 0
    height: int = 0


def advice(file: File, screens: Iterable[tuple[int, int]]) -> tuple[Advice, ...]:
    """What to know of a file for screens of these sizes (pixels)."""
    if file.kind == "drawing":
        return ()
    found: list[Advice] = []
    sizes = sorted(set(screens))
    if file.kind == "video":
        if file.codec and file.codec not in _BROWSERS_PLAY:
            found.append(Advice("codec_browser"))
        elif file.codec and file.codec != "h264":
            found.append(Advice("codec_pi"))
        large = [size for size in sizes if _shown(file, size) > PI_PIXELS]
        found += [Advice("over_pi", *size) for size in large[:1]]
        seconds = (file.duration_ms or 0) / 1000
        if seconds and file.size / seconds > HEAVY_BYTES_PER_S:
            found.append(Advice("heavy"))
    elif file.size > HEAVY_IMAGE_BYTES:
        found.append(Advice("heavy"))
    soft = [size for size in sizes if _is_soft(file, size)]
    found += [Advice("soft", *size) for size in soft[-1:]]
    if sizes and not any(_fits(file, size) for size in sizes):
        found.append(Advice("shape", *sizes[0]))
    return tuple(found)


def _shown(file: File, size: tuple[int, int]) -> int:
    """The pixels of the form that is made for a screen: it fits, and is never enlarged."""
    width = min(file.width, size[0], file.width * size[1] // file.height)
    return width * (width * file.height // file.width)


def _is_soft(file: File, size: tuple[int, int]) -> bool:
    return all(
        have * 100 < want * SOFT_PERCENT
        for have, want in zip((file.width, file.height), size, strict=True)
    )


def _fits(file: File, size: tuple[int, int]) -> bool:
    """Whether the file's shape is about the screen's: their ratios of width to height compared."""
    ours, theirs = file.width * size[1], size[0] * file.height
    return abs(ours - theirs) * 100 <= SHAPE_PERCENT * max(ours, theirs)
