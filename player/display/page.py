"""The page's bundle as it is served here: read once, hashed, told that the agent is its source."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

_META = re.compile(rb'<meta\s+name="enseigne-source"\s+content="[^"]*"\s*/?>')
_AGENT = b'<meta name="enseigne-source" content="agent">'
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
"""Suffixes that are served; any other file is not."""
_DOCUMENTS = ("/", "/screen")
_ROOT = "/page/"


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the bundle, ready to send."""

    data: bytes
    kind: str
    etag: str


class Page:
    """The bundle under `folder`. `digest` names this version of it."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            _ROOT + path.relative_to(folder).as_posix(): _found(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix in _KINDS
        }
        names = "\n".join(f"{name} {found.etag}" for name, found in self._files.items())
        self.digest = hashlib.sha256(names.encode()).hexdigest()

    def find(self, path: str) -> Found | None:
        """The file behind a request's path."""
        return self._files.get(_ROOT + "index.html" if path in _DOCUMENTS else path)


def _found(path: Path) -> Found:
    data = path.read_bytes()
    if path.name == "index.html":
        data = _for_agent(data)
    return Found(data, _KINDS[path.suffix], f'"{hashlib.sha256(data).hexdigest()[:32]}"')


def _for_agent(document: bytes) -> bytes:
    if _META.search(document):
        return _META.sub(_AGENT, document)
    return document.replace(b"<head>", b"<head>" + _AGENT, 1)
