"""Call ffprobe and ffmpeg on one local file of a known container, inside a helper process."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from media.errors import Reason, Refused

_DEMUXERS = {"video/mp4": "mov", "video/quicktime": "mov", "video/webm": "matroska"}
_OVER_LIMITS = (signal.SIGXFSZ, signal.SIGXCPU, signal.SIGKILL)
_AS_JSON = ("-show_format", "-show_streams", "-of", "json")


def require() -> None:
    """Raise `Refused` (with what to install) unless both tools are on the path."""
    if not (shutil.which("ffprobe") and shutil.which("ffmpeg")):
        raise Refused(Reason.NO_FFMPEG)


def source(path: Path, mime: str) -> list[str]:
    """Input arguments: the demuxer is forced, so that no file can pose as a playlist of URLs."""
    return ["-protocol_whitelist", "file", "-f", _DEMUXERS[mime], "-i", f"file:{path.absolute()}"]


def describe(path: Path, mime: str) -> dict[str, Any]:
    """The container and its streams as ffprobe's JSON; `Refused` when it cannot read them."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", *_AS_JSON, *source(path, mime)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise Refused(Reason.UNREADABLE)
    described: dict[str, Any] = json.loads(done.stdout)
    return described


def run(arguments: Sequence[str]) -> bytes:
    """Run ffmpeg and return its standard output; `Refused` when it fails."""
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-y", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if -done.returncode in _OVER_LIMITS:
        raise Refused(Reason.TOO_HEAVY)
    if done.returncode != 0:
        raise Refused(Reason.UNREADABLE)
    return done.stdout
