"""What a rendition should be, each with a stable name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MAX_SIDE = 8192
"""The longest side a rendition may be asked for, in pixels."""


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """A picture that fits ``width`` × ``height`` pixels, never enlarged.

    ``quality`` is 1 to 100 and means nothing for PNG. WebP keeps transparency and, unless
    ``still``, animation; PNG keeps transparency; JPEG puts the picture on white.
    """

    width: int
    height: int
    format: Literal["webp", "jpeg", "png"] = "webp"
    quality: int = 82
    still: bool = False

    def __post_init__(self) -> None:
        _check_box(self.width, self.height)
        if not 1 <= self.quality <= 100:
            raise ValueError(f"quality must be 1 to 100, not {self.quality}")

    @property
    def key(self) -> str:
        """A stable name, for instance ``1920x1080-webp-q82``."""
        quality = "" if self.format == "png" else f"-q{self.quality}"
        return f"{self.width}x{self.height}-{self.format}{quality}{'-still' if self.still else ''}"

    @property
    def mime(self) -> str:
        """The MIME type of the result."""
        return f"image/{self.format}"


@dataclass(frozen=True, slots=True)
class VideoSpec:
    """An H.264 MP4 that fits ``width`` × ``height`` pixels, at most ``fps`` frames a second.

    ``crf`` is x264's constant rate factor, 0 (lossless) to 51. Sound is dropped unless ``audio``.
    """

    width: int
    height: int
    fps: int = 30
    crf: int = 21
    audio: bool = False

    def __post_init__(self) -> None:
        _check_box(self.width, self.height)
        if not 1 <= self.fps <= 60:
            raise ValueError(f"fps must be 1 to 60, not {self.fps}")
        if not 0 <= self.crf <= 51:
            raise ValueError(f"crf must be 0 to 51, not {self.crf}")

    @property
    def key(self) -> str:
        """A stable name, for instance ``1920x1080-h264-crf21-30fps``."""
        sound = "-audio" if self.audio else ""
        return f"{self.width}x{self.height}-h264-crf{self.crf}-{self.fps}fps{sound}"


def _check_box(width: int, height: int) -> None:
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise ValueError(f"sides must be 1 to {MAX_SIDE} pixels, not {width} × {height}")


THUMBNAIL = ImageSpec(480, 270, "webp", quality=75, still=True)
"""What lists in the studio show."""
