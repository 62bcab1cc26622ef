"""Read what a video is, and prove that its first picture decodes, inside a helper process."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

from media import _ffmpeg
from media.errors import Reason, Refused
from media.limits import Limits

CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1"})
"""Picture codecs accepted in an upload (ffmpeg's names)."""

_TEST_SIDE = 16
_MAX_BOXES = 100_000


def examine(path: Path, mime: str, limits: Limits) -> dict[str, Any]:
    """The fields of `media.probe.Probed` for a video.

    Raises `Refused` for a container that is cut short, has no picture track, an unknown codec,
    no duration, too many pixels, or a first picture that does not decode.
    """
    _ffmpeg.require()
    if mime != "video/webm" and not boxes_are_whole(path):
        raise Refused(Reason.UNREADABLE)
    described = _ffmpeg.describe(path, mime)
    streams = described.get("streams", [])
    picture = _picture_track(streams)
    codec = str(picture.get("codec_name", "?"))
    if codec not in CODECS:
        raise Refused(Reason.CODEC, codec=codec[:20])
    width, height, turned = _shown_size(picture, limits)
    duration_ms = _duration_ms(picture, described.get("format", {}), limits)
    _decode_first_picture(path, mime)
    return {
        "kind": "video",
        "mime": mime,
        "width": width,
        "height": height,
        "duration_ms": duration_ms,
        "codec": codec,
        "frames": int(picture.get("nb_frames", 0)),
        "has_audio": any(s.get("codec_type") == "audio" for s in streams),
        "has_alpha": False,
        "orientation": turned,
    }


def boxes_are_whole(path: Path) -> bool:
    """Whether the top-level boxes cover the file to its end (ISO/IEC 14496-12, 4.2)."""
    size, at = path.stat().st_size, 0
    with path.open("rb") as file:
        for _ in range(_MAX_BOXES):
            if at == size:
                return True
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 0:
                return True
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length < 8 or at + length > size:
                return False
            at += length
    return False


def _picture_track(streams: list[dict[str, Any]]) -> dict[str, Any]:
    for stream in streams:
        cover = stream.get("disposition", {}).get("attached_pic")
        if stream.get("codec_type") == "video" and not cover:
            return stream
    raise Refused(Reason.NO_PICTURE)


def _shown_size(picture: dict[str, Any], limits: Limits) -> tuple[int, int, int]:
    """Width, height as shown (pixel shape and rotation applied), EXIF-style orientation."""
    width, height = int(picture.get("width", 0)), int(picture.get("height", 0))
    if width < 1 or height < 1:
        raise Refused(Reason.UNREADABLE)
    if width * height > limits.max_video_pixels:
        raise Refused(Reason.TOO_MANY_PIXELS, limit_mp=limits.max_video_pixels // 1_000_000)
    width = round(width * _pixel_shape(picture))
    turn = next((s["rotation"] for s in picture.get("side_data_list", []) if "rotation" in s), 0)
    turned = {0: 1, 90: 8, 180: 3, 270: 6}.get(int(turn) % 360, 1)
    return (height, width, turned) if turned in (6, 8) else (width, height, turned)


def _pixel_shape(picture: dict[str, Any]) -> Fraction:
    try:
        shape = Fraction(str(picture.get("sample_aspect_ratio", "1:1")).replace(":", "/"))
    except (ValueError, ZeroDivisionError):
        return Fraction(1)
    return shape if Fraction(1, 8) <= shape <= 8 else Fraction(1)


def _duration_ms(picture: dict[str, Any], container: dict[str, Any], limits: Limits) -> int:
    for said in (picture.get("duration"), container.get("duration")):
        try:
            duration_ms = int(Decimal(str(said)) * 1000)
        except (InvalidOperation, ValueError, OverflowError):
            continue
        if duration_ms > limits.max_video_ms:
            raise Refused(Reason.TOO_LONG, limit_s=limits.max_video_ms // 1000)
        if duration_ms > 0:
            return duration_ms
    raise Refused(Reason.DURATION_UNKNOWN)


def _decode_first_picture(path: Path, mime: str) -> None:
    inputs = ["-threads", "1", *_ffmpeg.source(path, mime), "-map", "0:V:0"]
    tiny = ["-frames:v", "1", "-vf", f"scale={_TEST_SIDE}:{_TEST_SIDE}", "-pix_fmt", "gray"]
    grey = _ffmpeg.run([*inputs, *tiny, "-f", "rawvideo", "pipe:1"])
    if len(grey) != _TEST_SIDE * _TEST_SIDE:
        raise Refused(Reason.UNREADABLE)
