"""Draw the QR code of a web address as SVG."""

from __future__ import annotations

import io
from urllib.parse import urlsplit

import segno

from media.errors import Reason, Refused

MAX_URL_CHARS = 300
"""Longest address, in characters: beyond it the modules get too small to scan from a few metres."""

QUIET_ZONE_MODULES = 4
"""Empty border, in modules (ISO/IEC 18004, 5.3.8)."""

DARK = "#0C222A"
LIGHT = "#FFFFFF"
MIME = "image/svg+xml"


def svg(url: str) -> bytes:
    """The QR code of ``url`` as a standalone SVG, error correction level M; same input, same bytes.

    Raises `Refused` for an address that is too long or is not plain ASCII http(s) with a host.
    """
    if len(url) > MAX_URL_CHARS:
        raise Refused(Reason.URL_TOO_LONG, limit=MAX_URL_CHARS)
    if not _is_web_address(url):
        raise Refused(Reason.URL_NOT_WEB)
    out = io.BytesIO()
    code = segno.make(url, error="m", boost_error=False, micro=False)
    code.save(
        out, kind="svg", border=QUIET_ZONE_MODULES, dark=DARK, light=LIGHT, omitsize=True, nl=False
    )
    return out.getvalue()


def _is_web_address(url: str) -> bool:
    if not all("!" <= char <= "~" for char in url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    has_login = "@" in parts.netloc
    return parts.scheme in ("http", "https") and bool(host) and not has_login
