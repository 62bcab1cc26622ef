"""The page of a screen, straight from the server: /screen, and its files under /page."""

from __future__ import annotations

import hashlib
import html
import mimetypes
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from server.api.requests import context
from server.config import Settings

blueprint = Blueprint("page", __name__)

CACHE_S = 10
"""A file of the page is asked for again after this long: soon after an update."""
WORKER = "sw.js"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as last read: when it was changed (ns), its bytes, its tag."""

    changed: int
    data: bytes
    tag: str


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
    return _answer(data, hashlib.sha256(data).hexdigest(), _TYPES[".html"])


@blueprint.get("/page/<path:name>")
def bundle(name: str) -> Response:
    """A file of the page."""
    read = _file(name)
    suffix = Path(name).suffix
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    answer = _answer(read.data, read.tag, kind)
    if name == WORKER:
        answer.headers["Service-Worker-Allowed"] = "/"
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
    found = safe_join(str(_folder()), name)
    path = Path(found) if found is not None else None
    if path is None or not path.is_file():
        raise NotFound
    changed = path.stat().st_mtime_ns
    read = _READ.get(path)
    if read is None or read.changed != changed:
        data = path.read_bytes()
        read = _READ[path] = _Read(changed, data, hashlib.sha256(data).hexdigest())
    return read


def _version() -> str:
    """A hash of all of the bundle: another one whenever a file changed, came or went."""
    folder = _folder()
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    listed = "\n".join(f"{name} {_file(name).tag}" for name in names if Path(name).suffix in _TYPES)
    return hashlib.sha256(listed.encode()).hexdigest()


@cache
def _folder() -> Path:
    """Where the page lies: beside the player's code, none of which is imported here."""
    spec = find_spec("player")
    if spec is None or not spec.submodule_search_locations:
        raise NotFound  # a server installed without the player has no page to show
    return Path(next(iter(spec.submodule_search_locations))) / "page"
