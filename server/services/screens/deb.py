"""Writes Debian packages (deb(5)), the same bytes for the same files wherever it is done.

A package is an `ar` of three members; so little is written here rather than by dpkg-deb, so that a
server on any system serves it. Debian's own tools read it in the tests.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

ROOT_NAME = "root"
BLOCK = 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a package: where it is put (`usr/lib/…`), its bytes, whether it is run."""

    path: str
    data: bytes
    runs: bool = False
    is_setting: bool = False
    """A conffile: what an administrator changed in it is kept at an update."""


def installed_kib(entries: Iterable[Entry]) -> int:
    """What they take on a disk, by Debian's rule (policy 5.6.20)."""
    return sum(-(-len(entry.data) // BLOCK) for entry in entries) + len(_folders(entries))


def write_deb(control: str, scripts: Sequence[Entry], entries: Sequence[Entry], at_s: int) -> bytes:
    """The package. `scripts` are its maintainer scripts, `at_s` (unix) the time of every file."""
    entries = sorted(entries, key=lambda entry: entry.path)
    settings = "".join(f"/{entry.path}\n" for entry in entries if entry.is_setting)
    about = [
        Entry("control", control.encode()),
        Entry("md5sums", "".join(_md5(entry) for entry in entries).encode()),
        *([Entry("conffiles", settings.encode())] if settings else []),
        *scripts,
    ]
    members = (
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", _tar(sorted(about, key=lambda entry: entry.path), at_s)),
        ("data.tar.gz", _tar(entries, at_s)),
    )
    return b"!<arch>\n" + b"".join(_member(name, data, at_s) for name, data in members)


def _member(name: str, data: bytes, at_s: int) -> bytes:
    head = f"{name:<16}{at_s:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
    return head + data + b"\n" * (len(data) % 2)


def _tar(entries: Sequence[Entry], at_s: int) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for folder in _folders(entries):
            tar.addfile(_about(f"{folder}/" if folder != "." else "./", 0o755, at_s, 0, True))
        for entry in entries:
            mode = 0o755 if entry.runs else 0o644
            about = _about(entry.path, mode, at_s, len(entry.data))
            tar.addfile(about, io.BytesIO(entry.data))
    return gzip.compress(made.getvalue(), mtime=0)


def _about(path: str, mode: int, at_s: int, size: int, folder: bool = False) -> tarfile.TarInfo:
    about = tarfile.TarInfo(path if path == "./" else f"./{path}")
    about.mode, about.mtime, about.size = mode, at_s, size
    about.uname = about.gname = ROOT_NAME
    about.type = tarfile.DIRTYPE if folder else tarfile.REGTYPE
    return about


def _folders(entries: Iterable[Entry]) -> list[str]:
    """Every folder that holds something, the outer before the inner."""
    paths = (PurePosixPath(entry.path) for entry in entries)
    return sorted({str(folder) for path in paths for folder in path.parents})


def _md5(entry: Entry) -> str:
    digest = hashlib.md5(entry.data, usedforsecurity=False).hexdigest()
    return "" if entry.is_setting else f"{digest}  {entry.path}\n"
