"""The code of a screen's page as a tree of files: which of them count, what its version is called.

Server and player agent name a version by the same rule, so that the one which a screen reports can
be matched to one that is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePosixPath

from playlists.ids import Sha256, sha256

KINDS: Mapping[str, str] = {
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
"""Suffixes of the files that a page is made of, with their media types; no other file is served."""


def page_kind(name: str) -> str | None:
    """The media type of a file of the page, None where it is none."""
    return KINDS.get(PurePosixPath(name).suffix)


def page_tree(files: Mapping[str, Sha256]) -> bytes:
    """The tree of a page: the hashes of its files as on disk, by name (relative, with slashes)."""
    kept = {name: sha for name, sha in files.items() if page_kind(name) is not None}
    return json.dumps({"v": 1, "files": kept}, sort_keys=True, separators=(",", ":")).encode()


def page_version(files: Mapping[str, Sha256]) -> Sha256:
    """What a page of these files is called: the hash of its tree."""
    return sha256(page_tree(files))


def files_of_tree(tree: bytes) -> Mapping[str, Sha256]:
    """Undo `page_tree`."""
    files: Mapping[str, Sha256] = json.loads(tree)["files"]
    return files
