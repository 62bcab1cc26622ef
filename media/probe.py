"""Say what an uploaded file is, or refuse it, without ever decoding it in this process."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from media import _sandbox
from media.errors import Reason, Refused
from media.limits import DEFAULT_LIMITS, MIB, Limits
from media.sniff import HEAD_BYTES, IMAGE_MIMES, sniff


@dataclass(frozen=True, slots=True)
class Probed:
    """What a file is. ``width`` and ``height`` are pixels as shown, once turned upright.

    ``duration_ms`` is None for a still picture. ``frames`` is 1 for a still and 0 for a video
    whose container does not count them. ``orientation`` is the EXIF value (1 to 8) found in the
    file. ``codec`` is ``png``, ``jpeg``, ``webp``, ``gif``, ``avif`` or ffmpeg's codec name.
    """

    kind: Literal["image", "video"]
    mime: str
    width: int
    height: int
    duration_ms: int | None
    codec: str
    frames: int
    has_audio: bool
    has_alpha: bool
    orientation: int
    size: int


def probe(path: Path, limits: Limits = DEFAULT_LIMITS) -> Probed:
    """Examine the file at ``path`` in a helper process and describe it.

    The kind comes from the first bytes, the size from the header, both before any decoding; then
    the pictures are decoded once (the first one only, for a video), so that a damaged file is
    refused here and not on a screen. Raises `media.errors.Refused`.
    """
    mime = checked_mime(path, limits)
    job = {"path": str(path), "mime": mime, "limits": asdict(limits)}
    budget = _sandbox.Budget(limits.probe_s, limits.memory_bytes, file_bytes=MIB)
    found = _sandbox.run("media._probe_child", job, budget)
    return Probed(**found, size=path.stat().st_size)


def checked_mime(path: Path, limits: Limits) -> str:
    """The MIME type by first bytes, of a regular file no larger than its kind may be."""
    if not path.is_file():
        raise Refused(Reason.NOT_A_FILE)
    with path.open("rb") as file:
        mime = sniff(file.read(HEAD_BYTES))
    most = limits.max_image_bytes if mime in IMAGE_MIMES else limits.max_video_bytes
    if path.stat().st_size > most:
        raise Refused(Reason.TOO_LARGE, limit_mib=most // MIB)
    return mime
