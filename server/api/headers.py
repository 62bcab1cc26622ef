"""What every answer of the web process tells browsers, unless its own view said something else."""

from __future__ import annotations

from flask import Flask, Response, request

from server.api.requests import context

NOTHING = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
"""For what is no page: opened as one, it loads and runs nothing and stands in no frame."""
LATER = frozenset({429, 503})
LATER_S = 5
"""Whoever is asked to come later, and not said when, comes after so many seconds."""


def register(app: Flask) -> None:
    """Put them on every answer of the application."""
    app.after_request(guard)


def guard(response: Response) -> Response:
    """Add what is missing. Over https (as the one trusted proxy says, or in fact) browsers are told
    to stay with it.
    """
    headers = response.headers
    headers.setdefault("Content-Security-Policy", NOTHING)
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if response.status_code in LATER:
        headers.setdefault("Retry-After", str(LATER_S))
    hsts_s = context().settings.hsts_s
    if request.is_secure and hsts_s:
        headers["Strict-Transport-Security"] = f"max-age={hsts_s}"
    return response
