"""Every limit an uploaded picture or video is held to, with its unit."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost us.

    Sizes are bytes, sides and areas are pixels, ``_s`` are seconds, ``_ms`` are milliseconds.
    ``max_animation_pixels`` is the area of a frame times the number of frames: 192 in full HD.
    ``memory_bytes`` caps the address space of each helper process, not its resident memory.
    """

    max_image_bytes: int = 64 * MIB
    max_video_bytes: int = 512 * MIB
    max_pixels: int = 80_000_000
    max_side: int = 16_384
    max_frames: int = 600
    max_animation_pixels: int = 400_000_000
    max_video_pixels: int = 4096 * 2304
    max_video_ms: int = 15 * 60 * 1000
    probe_s: int = 20
    render_image_s: int = 120
    render_video_s: int = 1800
    memory_bytes: int = 3 * 1024 * MIB

    @property
    def max_upload_bytes(self) -> int:
        """The most bytes worth receiving before the kind of the file is known."""
        return max(self.max_image_bytes, self.max_video_bytes)


DEFAULT_LIMITS = Limits()
