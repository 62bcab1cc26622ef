"""Open a picture under limits, inside a helper process: header first, pixels only after."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageSequence

from media.errors import Reason, Refused
from media.limits import Limits

_FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/avif": "AVIF",
}
_EXIF_ORIENTATION = 0x0112
_SHORTEST_FRAME_MS = 20
_BROWSER_FRAME_MS = 100


@contextmanager
def opened(path: Path, mime: str, limits: Limits) -> Iterator[Image.Image]:
    """Yield the picture with its header read and accepted, its pixels not yet decoded.

    Any failure of the decoder, here or while the caller decodes, comes out as `Refused`.
    """
    # Pillow refuses over twice this figure, before it allocates anything.
    Image.MAX_IMAGE_PIXELS = limits.max_pixels // 2
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    try:
        with Image.open(path, formats=[_FORMATS[mime]]) as image:
            _check_sides(image.width, image.height, limits)
            _check_frames(image, limits)
            yield image
    except (Refused, MemoryError):
        raise
    except Image.DecompressionBombError:
        megapixels = limits.max_pixels // 1_000_000
        raise Refused(Reason.TOO_MANY_PIXELS, limit_mp=megapixels) from None
    except Exception as error:  # decoders raise anything at all on hostile bytes
        raise Refused(Reason.UNREADABLE) from error


def frame_count(image: Image.Image) -> int:
    """How many frames are played; the extra pictures of a JPEG (MPO) are not frames."""
    if image.format == "MPO":
        return 1
    return int(getattr(image, "n_frames", 1))


def frames(image: Image.Image) -> Iterator[tuple[Image.Image, int]]:
    """Decode each frame in turn: the picture and how long it stays, in milliseconds.

    Frames shorter than 20 ms last 100 ms, as browsers play them. A still yields once, with 0.
    """
    if frame_count(image) == 1:
        image.load()
        yield image, 0
        return
    for frame in ImageSequence.Iterator(image):
        frame.load()
        shown = int(frame.info.get("duration", 0))
        yield frame, shown if shown >= _SHORTEST_FRAME_MS else _BROWSER_FRAME_MS


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8 (CIPA DC-008, 4.6.4); 1 when absent or nonsense."""
    try:
        value = image.getexif().get(_EXIF_ORIENTATION, 1)
    except Exception:  # a broken EXIF block does not make the picture unusable
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _check_sides(width: int, height: int, limits: Limits) -> None:
    if width < 1 or height < 1:
        raise Refused(Reason.UNREADABLE)
    if max(width, height) > limits.max_side:
        raise Refused(Reason.SIDE_TOO_LONG, width=width, height=height, limit=limits.max_side)


def _check_frames(image: Image.Image, limits: Limits) -> None:
    count = frame_count(image)
    area = image.width * image.height
    most = min(limits.max_frames, max(1, limits.max_animation_pixels // area))
    if count > most:
        raise Refused(
            Reason.TOO_MANY_FRAMES,
            frames=count,
            width=image.width,
            height=image.height,
            limit=most,
        )
