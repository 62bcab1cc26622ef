"""A QR code for the screen, drawn by segno where Debian's python3-segno is there."""

from __future__ import annotations

import base64
import io
from functools import lru_cache

QUIET_ZONE = 4
"""Modules of empty border (ISO/IEC 18004, 5.3.8)."""


@lru_cache(maxsize=2)
def qr_of(address: str) -> str | None:
    """The code of an address as a data: URI; None without the library: people type then."""
    try:
        import segno
    except ImportError:
        return None
    out = io.BytesIO()
    made = segno.make(address, error="m", boost_error=False, micro=False)
    made.save(
        out, kind="svg", border=QUIET_ZONE, dark="#0C222A", light="#FFFFFF", omitsize=True, nl=False
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(out.getvalue()).decode()}"
