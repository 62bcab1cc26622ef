"""What a held file is, by its first bytes, and which part of it was asked for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Protocol

SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""The content security policy of a file: an SVG opened by itself runs nothing."""
_BLOCK = 256 * 1024
_HEAD_BYTES = 512
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
_MAGIC = (
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"{", "application/json"),
)
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"qt  ": "video/quicktime"}


class Reads(Protocol):
    """A file to read."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes."""


class Writes(Protocol):
    """A file to write."""

    def write(self, data: bytes, /) -> object:
        """Write them all."""


def byte_range(header: str | None, size: int) -> tuple[int, int]:
    """`[begin, end)` of a single range (RFC 9110 section 14.1.2); anything else is the whole file.

    `begin >= end`: the range lies outside the file.
    """
    found = _RANGE.fullmatch(header or "")
    if not found or found[1] == found[2] == "":
        return 0, size
    if not found[1]:
        last = min(size, int(found[2]))
        return size - last, size if last else 0
    end = min(size, int(found[2]) + 1) if found[2] else size
    return int(found[1]), end


def kind_of(path: Path | None) -> str:
    """The media type of a held file."""
    head = b""
    if path is not None:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if b"<svg" in head:
        return "image/svg+xml"
    return "application/octet-stream"


def copy(source: Reads, out: Writes, length: int) -> None:
    """Copy `length` bytes."""
    while length > 0 and (block := source.read(min(_BLOCK, length))):
        out.write(block)
        length -= len(block)
