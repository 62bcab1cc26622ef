"""The page's bundle as it is served here: read once, hashed, told that the agent is its source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from playlists.ids import sha256
from playlists.wire.page_tree import page_kind, page_version

_META = re.compile(rb'(<meta name="enseigne-(source|page)" content=")[^"]*')
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
    """The bundle under `folder`. `digest` names this version of it, by the server's rule."""

    def __init__(self, folder: Path) -> None:
        found = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and page_kind(path.name) is not None
        }
        self.digest = page_version({name: sha256(data) for name, data in found.items()})
        read = {_ROOT + name: data for name, data in found.items()}
        told = {b"source": b"agent", b"page": self.digest.encode()}
        if _DOCUMENT in read:
            read[_DOCUMENT] = _META.sub(lambda it: it[1] + told[it[2]], read[_DOCUMENT])
        self._files = {
            name: Found(data, page_kind(name) or "", f'"{sha256(data)[:32]}"')
            for name, data in read.items()
        }

    def find(self, path: str) -> Found | None:
        """The file behind a request's path."""
        return self._files.get(_DOCUMENT if path in _DOCUMENTS else path)
