"""What a person wrote into a form that was not taken: shown again, to be sent again, so that a lost
session or a page that has grown old costs nobody their words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request

from server.services.base.context import Context
from server.services.entry import sessions

NEVER = re.compile(r"password|secret|token|credential|^current$")
"""Fields that are never written into a page, by their names."""
STRANGERS = ("/sign-in", "/join", "/start", "/language", "/sign-out")
"""Forms that hold nothing worth keeping, or only what no page may repeat."""
MAX_FIELDS = 400
MAX_SHOWN = 60
MAX_CHARACTERS = 400_000
"""Of all fields together: more than any form of ours sends."""


@dataclass(frozen=True, slots=True)
class Written:
    """A form as it was sent: where to, each field with its value, which of them a person reads as
    words, and whether some are to be typed or chosen again.
    """

    action: str
    fields: tuple[tuple[str, str], ...]
    words: tuple[tuple[str, str], ...]
    again: bool


def written(ctx: Context) -> Written | None:
    """The form of this request, where a page of ours sent it; None for what scripts send, which
    keep it themselves, and for what may come from elsewhere.
    """
    ours = request.method == "POST" and not request.path.startswith(STRANGERS)
    if not ours or request.is_json or _scripted() or not _of_ours(ctx):
        return None
    sent = [(k, v) for k, v in request.form.items(multi=True) if k != "csrf"]
    kept = tuple((k, v) for k, v in sent if not NEVER.search(k))
    if not kept or len(kept) > MAX_FIELDS or sum(len(v) for _k, v in kept) > MAX_CHARACTERS:
        return None
    words = tuple((k, v) for k, v in kept if v.strip() and k not in ("was", "version"))[:MAX_SHOWN]
    files = any(file.filename for file in request.files.values())
    return Written(request.full_path.rstrip("?"), kept, words, files or len(kept) < len(sent))


def _scripted() -> bool:
    headers = request.headers
    return any(name in headers for name in (sessions.CSRF_HEADER, "HX-Request"))


def _of_ours(ctx: Context) -> bool:
    """Whether a page of this origin sent it: the browser says so (Fetch Metadata), or it bears the
    word of the session whose cookie is still there, though that is over.
    """
    if request.headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    secret = sessions.unseal(ctx, request.cookies.get(sessions.COOKIE, ""))
    return secret is not None and sessions.is_csrf(ctx, secret, request.form.get("csrf", ""))
