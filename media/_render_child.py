"""Helper process behind `media.renditions`: make one picture or video."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from media import _child, _ffmpeg, _video
from media._images import frame_count, frames, opened, orientation
from media._pixels import for_screen
from media.errors import Reason, Refused
from media.limits import Limits
from media.specs import ImageSpec, VideoSpec

_WEBP_EFFORT = 4
_ENCODER_THREADS = "2"
_BARE = ("-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn", "-fflags", "+bitexact")
_AS_PNG = ("-c:v", "png", "-f", "image2", "-update", "1")
_AS_AAC = ("-c:a", "aac", "-b:a", "128k", "-ac", "2", "-flags:a", "+bitexact")
_AS_H264 = (
    *("-c:v", "libx264", "-profile:v", "high", "-pix_fmt", "yuv420p", "-preset", "veryfast"),
    *("-flags:v", "+bitexact", *_BARE, "-movflags", "+faststart", "-f", "mp4"),
)
_SQUARE_PIXELS = "scale=iw*sar:ih,setsar=1"


def work(job: dict[str, Any]) -> dict[str, Any]:
    """Write the rendition to ``job["result"]``; return its width, height and duration."""
    path, mime, result = Path(job["path"]), job["mime"], Path(job["result"])
    limits = Limits(**job["limits"])
    if job["work"] == "video":
        return _video_file(path, mime, VideoSpec(**job["spec"]), result, limits)
    spec = ImageSpec(**job["spec"])
    if job["work"] == "poster":
        path, mime = _one_frame(path, mime, job["at_ms"], result, limits), "image/png"
    return _image_file(path, mime, spec, result, limits)


def _image_file(
    path: Path, mime: str, spec: ImageSpec, result: Path, limits: Limits
) -> dict[str, Any]:
    with opened(path, mime, limits) as image:
        moving = frame_count(image) > 1 and spec.format == "webp" and not spec.still
        decode_no_more_than_needed(image, spec)
        shown = [
            (for_screen(frame, spec.width, spec.height), shown_ms)
            for frame, shown_ms in islice(frames(image), None if moving else 1)
        ]
    first, durations = shown[0][0], [shown_ms for _, shown_ms in shown]
    if moving:
        _save_animation([picture for picture, _ in shown], durations, spec, result)
    else:
        _save(first, spec, result)
    duration_ms = sum(durations) if moving else None
    return {"width": first.width, "height": first.height, "duration_ms": duration_ms}


def decode_no_more_than_needed(image: Image.Image, spec: ImageSpec) -> None:
    """Let libjpeg decode at a fraction of the size; other decoders do not know how."""
    sideways = orientation(image) >= 5
    box = (spec.height, spec.width) if sideways else (spec.width, spec.height)
    image.draft(None, box)


def _save(image: Image.Image, spec: ImageSpec, result: Path) -> None:
    if spec.format == "webp":
        image.save(result, "WEBP", quality=spec.quality, method=_WEBP_EFFORT)
    elif spec.format == "png":
        image.save(result, "PNG", optimize=True)
    else:
        opaque = _on_white(image)
        opaque.save(result, "JPEG", quality=spec.quality, optimize=True, progressive=True)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _save_animation(
    pictures: list[Image.Image], durations: list[int], spec: ImageSpec, result: Path
) -> None:
    pictures[0].save(
        result,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=durations,
        loop=0,
        quality=spec.quality,
        method=_WEBP_EFFORT,
    )


def _one_frame(path: Path, mime: str, at_ms: int, result: Path, limits: Limits) -> Path:
    """Extract the wanted picture of a video as PNG, beside the result."""
    last_second_ms = max(0, _video.examine(path, mime, limits)["duration_ms"] - 1000)
    still = result.with_suffix(".png")
    to_png = ["-map", "0:V:0", "-vf", _SQUARE_PIXELS, *_BARE, *_AS_PNG, f"file:{still}"]
    one = ("-frames:v", "1")
    # Past the end: the pictures of the last second over one another; at worst the first of all.
    for from_ms, count in ((at_ms, one), (last_second_ms, ()), (0, one)):
        start = f"{from_ms // 1000}.{from_ms % 1000:03d}"
        inputs = ["-threads", "1", "-ss", start, *_ffmpeg.source(path, mime)]
        _ffmpeg.run([*inputs, *count, *to_png])
        if still.exists():
            return still
    raise Refused(Reason.UNREADABLE)


def _video_file(
    path: Path, mime: str, spec: VideoSpec, result: Path, limits: Limits
) -> dict[str, Any]:
    _video.examine(path, mime, limits)
    fit = (
        f"{_SQUARE_PIXELS},scale=w=min({spec.width}\\,iw):h=min({spec.height}\\,ih)"
        ":force_original_aspect_ratio=decrease:force_divisible_by=2,setsar=1,"
        f"fps=min({spec.fps}\\,source_fps)"
    )
    sound = ["-map", "0:a:0?", *_AS_AAC] if spec.audio else ["-an"]
    inputs = ["-threads", _ENCODER_THREADS, *_ffmpeg.source(path, mime), "-map", "0:V:0"]
    quality = ["-crf", str(spec.crf), "-threads", _ENCODER_THREADS]
    _ffmpeg.run([*inputs, *sound, "-vf", fit, *quality, *_AS_H264, f"file:{result}"])
    made = _video.examine(result, "video/mp4", _unbounded_duration(limits))
    return {key: made[key] for key in ("width", "height", "duration_ms")}


def _unbounded_duration(limits: Limits) -> Limits:
    """A whole last frame may carry the result just past the limit its source met."""
    return replace(limits, max_video_ms=limits.max_video_ms + 1000)


if __name__ == "__main__":
    _child.main(work)
