"""Helper process behind `media.probe`: examine one picture or video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from media import _child, _video
from media._images import frame_count, frames, opened, orientation
from media.limits import Limits
from media.sniff import IMAGE_MIMES


def examine(job: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `media.probe.Probed`, without ``size``; raises `Refused`."""
    path, mime, limits = Path(job["path"]), job["mime"], Limits(**job["limits"])
    if mime in IMAGE_MIMES:
        return _examine_image(path, mime, limits)
    return _video.examine(path, mime, limits)


def _examine_image(path: Path, mime: str, limits: Limits) -> dict[str, Any]:
    if mime == "image/png":
        # Decoding does not look at the checksums, so a flipped bit would show.
        with opened(path, mime, limits) as image:
            image.verify()
    with opened(path, mime, limits) as image:
        turned, count = orientation(image), frame_count(image)
        width, height = image.size
        alpha, duration_ms = image.has_transparency_data, 0
        for frame, shown_ms in frames(image):
            alpha = alpha or frame.has_transparency_data
            duration_ms += shown_ms
    return {
        "kind": "image",
        "mime": mime,
        "width": height if turned >= 5 else width,
        "height": width if turned >= 5 else height,
        "duration_ms": duration_ms if count > 1 else None,
        "codec": mime.removeprefix("image/"),
        "frames": count,
        "has_audio": False,
        "has_alpha": alpha,
        "orientation": turned,
    }


if __name__ == "__main__":
    _child.main(examine)
