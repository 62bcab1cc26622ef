"""The page of a screen, straight from the server: /screen, and its files under /page; files of
versions before under /page-at.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, request
from werkzeug.security import safe_join

from playlists.ids import Sha256, sha256
from playlists.wire.page_tree import page_kind, page_version
from server.api.requests import actor, authenticate, check_address, context
from server.config import Settings
from server.errors import NotFound
from server.services.screens.pages import page_file, page_folder

blueprint = Blueprint("page", __name__)

CACHE_S = 10
"""A file of the page is asked for again after this long: soon after an update."""
WORKER = "sw.js"
KEPT_S = 365 * 24 * 3_600
"""A file of a version is never another one."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as last read: when it was changed (ns), its bytes, its tag."""

    changed: int
    data: bytes
    tag: Sha256


_READ: dict[Path, _Read] = {}


@blueprint.get("/screen")
def screen() -> Response:
    """The document of a screen that a browser shows; it pairs itself."""
    settings = context().settings
    document = _file("index.html").data.decode()
    told = {"source": "direct", "door": settings.door_url, "page": _version()}
    for name, value in told.items():
        document = re.sub(
            rf'(<meta name="enseigne-{name}" content=")[^"]*',
            lambda found, value=value: found[1] + html.escape(value),  # type: ignore[misc]
            document,
        )
    data = document.encode()
    return _answer(data, sha256(data), page_kind("index.html") or "")


@blueprint.get("/page/<path:name>")
def bundle(name: str) -> Response:
    """A file of the page."""
    read = _file(name)
    answer = _answer(read.data, read.tag, page_kind(name) or "")
    if name == WORKER:
        answer.headers["Service-Worker-Allowed"] = "/"
    return answer


@blueprint.get("/page-at/<version>/<path:name>")
def bundle_then(version: str, name: str) -> Response:
    """A file of a version of the page that is kept, to draw with the code of then."""
    check_address()
    authenticate()
    actor().require("read")
    with context().db.read() as session:
        data = page_file(session, version, name)
    answer = Response(data, content_type=page_kind(name))
    answer.headers["Cache-Control"] = f"private, max-age={KEPT_S}, immutable"
    # Code for the studio's pages: no document of its own.
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def policy(settings: Settings) -> str:
    """What the page may load: its own files, its assets, and the door."""
    door = settings.door_url
    socket = re.sub("^http", "ws", door)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            "img-src 'self' blob: data:",
            "media-src 'self' blob:",
            "worker-src 'self'",
            f"connect-src 'self' {door} {socket}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        )
    )


def _answer(data: bytes, tag: str, kind: str) -> Response:
    answer = Response(data, content_type=kind)
    answer.set_etag(tag)
    answer.headers["Cache-Control"] = f"public, max-age={CACHE_S}"
    answer.headers["Content-Security-Policy"] = policy(context().settings)
    answer.make_conditional(request)
    return answer


def _file(name: str) -> _Read:
    """A file of the bundle, read anew where it changed. Raises NotFound."""
    found = safe_join(str(page_folder()), name)
    path = Path(found) if found is not None else None
    if path is None or page_kind(path.name) is None or not path.is_file():
        raise NotFound("The page of the screens has no such file.")
    changed = path.stat().st_mtime_ns
    read = _READ.get(path)
    if read is None or read.changed != changed:
        data = path.read_bytes()
        read = _READ[path] = _Read(changed, data, sha256(data))
    return read


def _version() -> str:
    """A hash of all of the bundle: another one whenever a file changed, came or went."""
    folder = page_folder()
    found = (path for path in folder.rglob("*.*") if path.is_file() and page_kind(path.name))
    names = (path.relative_to(folder).as_posix() for path in found)
    return page_version({name: _file(name).tag for name in names})
