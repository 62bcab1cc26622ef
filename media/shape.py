"""Whether a picture has a shape of its own, which a screen can paint in one colour."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, UnidentifiedImageError

CLEAR = 250
"""Alpha below which a pixel counts as see-through, 0 to 255."""
SEEN_PX = 256
"""Side that a picture is brought down to before its alpha is looked at."""


def has_shape(path: Path) -> bool:
    """Whether some of the picture is see-through. The file passed the probe before, so its size is
    within limits; one that cannot be read has no shape.
    """
    try:
        with Image.open(path) as picture:
            picture.thumbnail((SEEN_PX, SEEN_PX))
            levels = picture.convert("RGBA").getchannel("A").histogram()
    except (UnidentifiedImageError, OSError, ValueError):
        return False
    return any(levels[:CLEAR])
