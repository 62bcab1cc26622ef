"""Make what screens are given: clean, upright, sRGB, no larger than the screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from media import _sandbox
from media.errors import Reason, Refused
from media.limits import DEFAULT_LIMITS, Limits
from media.probe import checked_mime
from media.sniff import VIDEO_MIMES
from media.specs import ImageSpec, VideoSpec
from media.store import AssetStore, read_chunks


@dataclass(frozen=True, slots=True)
class Rendered:
    """A rendition, now in the store. Sizes are bytes and pixels; a still has no duration."""

    key: str
    sha256: str
    size: int
    mime: str
    width: int
    height: int
    duration_ms: int | None


def image(
    source: Path, spec: ImageSpec, store: AssetStore, limits: Limits = DEFAULT_LIMITS
) -> Rendered:
    """Render a picture: no metadata, upright, sRGB, fitted, re-encoded; store it.

    The same source, spec and library versions give the same bytes. Raises `Refused`.
    """
    mime = checked_mime(source, limits)
    if mime in VIDEO_MIMES:
        raise Refused(Reason.NOT_A_PICTURE)
    job = {"work": "image", "spec": asdict(spec)}
    return _render(source, mime, job, spec.key, spec.mime, store, limits)


def video(
    source: Path, spec: VideoSpec, store: AssetStore, limits: Limits = DEFAULT_LIMITS
) -> Rendered:
    """Render a video: H.264 High, 4:2:0, metadata removed, index first; store it.

    Raises `Refused`, also when ffmpeg is not installed.
    """
    job = {"work": "video", "spec": asdict(spec)}
    return _render(source, _video_mime(source, limits), job, spec.key, "video/mp4", store, limits)


def poster(
    source: Path,
    spec: ImageSpec,
    store: AssetStore,
    at_ms: int = 0,
    limits: Limits = DEFAULT_LIMITS,
) -> Rendered:
    """Render the picture that a video shows ``at_ms`` milliseconds in.

    Beyond the end it is the last picture, or the first where the file does not tell where its
    pictures end (WebM whose sound outlasts them).
    Raises `Refused`, also when ffmpeg is not installed.
    """
    if at_ms < 0:
        raise ValueError(f"at_ms must not be negative: {at_ms}")
    job = {"work": "poster", "spec": asdict(spec), "at_ms": at_ms}
    key = f"{spec.key}-at{at_ms}ms"
    return _render(source, _video_mime(source, limits), job, key, spec.mime, store, limits)


def _render(
    source: Path,
    mime: str,
    job: Mapping[str, Any],
    key: str,
    result_mime: str,
    store: AssetStore,
    limits: Limits,
) -> Rendered:
    is_video = mime in VIDEO_MIMES
    seconds = limits.render_video_s if is_video else limits.render_image_s
    with store.scratch() as folder:
        result = folder / "result"
        full_job = dict(job) | {
            "path": str(source),
            "mime": mime,
            "limits": asdict(limits),
            "result": str(result),
        }
        budget = _sandbox.Budget(seconds, limits.memory_bytes, limits.max_video_bytes)
        made = _sandbox.run("media._render_child", full_job, budget)
        stored = store.put_stream(read_chunks(result), limits.max_video_bytes)
    return Rendered(key, stored.sha256, stored.size, result_mime, **made)


def _video_mime(source: Path, limits: Limits) -> str:
    mime = checked_mime(source, limits)
    if mime not in VIDEO_MIMES:
        raise Refused(Reason.NOT_A_VIDEO)
    return mime
