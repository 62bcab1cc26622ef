"""Answers to requests for stored files: ranges, strong tags, kept for ever by whoever has them."""

from __future__ import annotations

from flask import Response, request

from media.serving import answer
from server.services.base.context import Context
from server.services.screens.delivery import File


def send_file(ctx: Context, file: File) -> Response:
    """The whole file or the part that was asked for (RFC 9110, sections 13 and 14)."""
    decided = answer(
        file.sha,
        file.size,
        file.mime,
        public=False,
        range_header=request.headers.get("Range"),
        if_range=request.headers.get("If-Range"),
        if_none_match=request.headers.get("If-None-Match"),
    )
    headers = dict(decided.headers)
    if decided.span is None or request.method == "HEAD":
        return Response(status=decided.status, headers=headers)
    body = ctx.media.open_range(file.sha, decided.span.start, decided.span.stop)
    return Response(body, decided.status, headers, direct_passthrough=True)
