"""Decide the HTTP answer to a request for an asset: whole, part, not modified, or refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

YEAR_S = 31_536_000
_SPEC = re.compile(r"([0-9]{0,19})-([0-9]{0,19})")


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``start`` to ``stop`` (excluded) of a file."""

    start: int
    stop: int


class RangeNotSatisfiable(Exception):
    """The one range asked for is malformed or lies outside of the file (status 416)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send: status, headers, and the bytes of the file (None: no body)."""

    status: Literal[200, 206, 304, 416]
    headers: Mapping[str, str]
    span: Span | None


def etag(sha256: str) -> str:
    """The strong validator of an asset (RFC 9110, 8.8.3)."""
    return f'"{sha256}"'


def parse_range(header: str | None, size: int) -> Span | None:
    """Read a ``Range`` header for a file of ``size`` bytes (RFC 9110, 14.1.2 and 14.2).

    None means: send the whole file (no header, another unit, or several ranges, which a server
    may answer whole). Raises `RangeNotSatisfiable`.
    """
    if header is None:
        return None
    unit, _, ranges = header.partition("=")
    if unit.strip().lower() != "bytes" or "," in ranges:
        return None
    match = _SPEC.fullmatch(ranges.strip(" \t"))
    if match is None or match[0] == "-":
        raise RangeNotSatisfiable
    first, last = match[1], match[2]
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    if start >= stop:
        raise RangeNotSatisfiable
    return Span(start, stop)


def answer(
    sha256: str,
    size: int,
    mime: str,
    *,
    public: bool,
    range_header: str | None = None,
    if_range: str | None = None,
    if_none_match: str | None = None,
) -> Answer:
    """Decide the answer to a GET of an asset that never changes under its address.

    ``public`` lets shared caches keep it. ``If-None-Match`` is weighed before ``Range``, and an
    ``If-Range`` that is not this asset's tag voids ``Range`` (RFC 9110, 13.1.5 and 13.2.2).
    """
    tag = etag(sha256)
    scope = "public" if public else "private"
    headers = {
        "ETag": tag,
        "Cache-Control": f"{scope}, max-age={YEAR_S}, immutable",
        "Accept-Ranges": "bytes",
    }
    if if_none_match is not None and _matches(if_none_match, tag):
        return Answer(304, headers, None)
    content = {"Content-Type": mime, "X-Content-Type-Options": "nosniff"}
    wanted = range_header if if_range is None or if_range.strip() == tag else None
    try:
        span = parse_range(wanted, size)
    except RangeNotSatisfiable:
        refusal = {"Accept-Ranges": "bytes", "Content-Range": f"bytes */{size}"}
        return Answer(416, refusal | {"Content-Length": "0", "Cache-Control": "no-store"}, None)
    if span is None:
        whole = headers | content | {"Content-Length": str(size)}
        return Answer(200, whole, Span(0, size))
    part = (
        headers
        | content
        | {
            "Content-Length": str(span.stop - span.start),
            "Content-Range": f"bytes {span.start}-{span.stop - 1}/{size}",
        }
    )
    return Answer(206, part, span)


def _matches(if_none_match: str, tag: str) -> bool:
    """Weak comparison against each tag of the list (RFC 9110, 8.8.3.2 and 13.1.2)."""
    tags = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return tag in tags or if_none_match.strip() == "*"
