"""The page's bundle as it is served here: read once, hashed, told that the agent is its source."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

_META = re.compile(rb'(<meta name="enseigne-(source|page)" content=")[^"]*')
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
_DOCUMENT = _ROOT + "index.html"


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the bundle, ready to send."""

    data: bytes
    kind: str
    etag: str


class Page:
    """The bundle under `folder`. `digest` names this version of it."""

    def __init__(self, folder: Path) -> None:
        read = {
            _ROOT + path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix in _KINDS
        }
        names = "\n".join(f"{name} {_hash(data)}" for name, data in read.items())
        self.digest = _hash(names.encode())
        told = {b"source": b"agent", b"page": self.digest.encode()}
        if _DOCUMENT in read:
            read[_DOCUMENT] = _META.sub(lambda it: it[1] + told[it[2]], read[_DOCUMENT])
        self._files = {
            name: Found(data, _KINDS[Path(name).suffix], f'"{_hash(data)[:32]}"')
            for name, data in read.items()
        }

    def find(self, path: str) -> Found | None:
        """The file behind a request's path."""
        return self._files.get(_DOCUMENT if path in _DOCUMENTS else path)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
