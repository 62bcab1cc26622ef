"""Versions of the player for the devices that are to install them: /player/packages/<sha256>.deb.

For anybody, as the present one is: the bytes are no secret, and whoever installs them holds them
against the hash that the server signed.
"""

from __future__ import annotations

import re

from flask import Blueprint, Response, request

from media.serving import answer
from server.api.requests import asks_from, context, limits
from server.errors import NotFound
from server.services.screens.packages import data_of

blueprint = Blueprint("packages", __name__)

MIME = "application/vnd.debian.binary-package"
_SHA = re.compile(r"[0-9a-f]{64}")


@blueprint.get("/player/packages/<sha>.deb")
def package(sha: str) -> Response:
    """The package whole, or the part that was asked for."""
    limits().take("package", asks_from(), context().settings.stranger_per_minute)
    if not _SHA.fullmatch(sha):
        raise NotFound("There is no such package of the player here.")
    data = data_of(context(), sha)
    decided = answer(
        sha,
        len(data),
        MIME,
        public=True,
        range_header=request.headers.get("Range"),
        if_range=request.headers.get("If-Range"),
        if_none_match=request.headers.get("If-None-Match"),
    )
    headers = {**decided.headers, "X-Content-Type-Options": "nosniff"}
    if decided.span is None or request.method == "HEAD":
        return Response(status=decided.status, headers=headers)
    part = data[decided.span.start : decided.span.stop]
    return Response(part, decided.status, headers)
