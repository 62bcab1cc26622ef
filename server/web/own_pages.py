"""A screen's own page, where its player, this server and the reader's browser share one machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import request


def own_page(port: int | None) -> str:
    """Its address; empty where there is none, or the reader sits elsewhere."""
    return f"http://127.0.0.1:{port}/" if port is not None and is_loopback(request.host_url) else ""


def is_loopback(url: str) -> bool:
    """Whether an address counts on its own machine alone."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
