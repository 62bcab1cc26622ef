"""Keep files by the sha256 of their bytes, on a local directory or any fsspec filesystem."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from media.errors import AssetCorrupt, AssetMissing, Reason, Refused
from media.incoming import Incoming
from media.limits import MIB

CHUNK_BYTES = 256 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_INCOMING = "incoming"


@dataclass(frozen=True, slots=True)
class Stored:
    """An asset of the store: lowercase hex sha256 of its bytes, and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes received and hashed but not yet in the store: examine ``path``, then commit."""

    path: Path
    sha256: str
    size: int


class RangeReader:
    """Iterate over bytes ``start`` to ``stop`` (excluded) of an open file; close it after."""

    def __init__(self, file: IO[bytes], start: int, stop: int) -> None:
        self._file = file
        self._left = stop - start
        file.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self._file.read(min(CHUNK_BYTES, self._left)) if self._left > 0 else b""
        if not chunk:
            self.close()
            raise StopIteration
        self._left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Close the file; a WSGI server calls this when the client goes away."""
        self._file.close()

    def __enter__(self) -> RangeReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AssetStore:
    """A content-addressed store at an fsspec URL or a local directory.

    An asset is visible whole or not at all: on a local directory by write, fsync, rename, fsync
    of the directory; elsewhere the filesystem's put must itself be atomic, as it is on S3.
    ``options`` go to fsspec (credentials, endpoint).
    """

    def __init__(self, url: str, **options: Any) -> None:
        fs, root = fsspec.core.url_to_fs(url, **options)
        self._fs = fs
        self._root: str = str(root).rstrip("/")
        self._is_local = isinstance(fs, LocalFileSystem)
        if self._is_local:
            (Path(self._root) / _INCOMING).mkdir(parents=True, exist_ok=True)

    def put_stream(self, chunks: Iterable[bytes], max_bytes: int) -> Stored:
        """Write ``chunks``, hashing on the way; return what they are filed under.

        Raises `Refused` (too large) once they pass ``max_bytes``; nothing is then kept.
        """
        with self.staged(chunks, max_bytes) as staged:
            return self.commit(staged)

    @contextmanager
    def staged(self, chunks: Iterable[bytes], max_bytes: int) -> Iterator[Staged]:
        """Receive ``chunks`` aside, so that they can be examined before they are committed.

        Whatever is not committed when the block ends is deleted.
        """
        with self.scratch() as aside:
            path = aside / "received"
            yield Staged(path, *_write(path, chunks, max_bytes))

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder of one's own, on the store's disk where that is local, gone after the block.

        What a killed process leaves of it goes with `sweep`.
        """
        aside = Path(self._root) / _INCOMING if self._is_local else None
        with tempfile.TemporaryDirectory(prefix="enseigne-", dir=aside) as folder:
            yield Path(folder)

    @property
    def incoming(self) -> Incoming:
        """What arrives in pieces: on the store's disk where that is local."""
        local = Path(self._root) / _INCOMING
        away = Path(tempfile.gettempdir()) / "enseigne-incoming"
        return Incoming(local if self._is_local else away)

    def commit(self, staged: Staged) -> Stored:
        """Make staged bytes an asset; the same bytes twice are one asset."""
        target = self._path(staged.sha256)
        if self._is_local:
            _rename_durably(staged.path, Path(target), Path(self._root))
        else:
            self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._fs.put_file(str(staged.path), target)
        return Stored(staged.sha256, staged.size)

    def exists(self, sha256: str) -> bool:
        """Whether the asset is in the store."""
        return bool(self._fs.isfile(self._path(sha256)))

    def stat(self, sha256: str) -> Stored:
        """The asset's size; raises `AssetMissing`."""
        try:
            return Stored(sha256, int(self._fs.info(self._path(sha256))["size"]))
        except FileNotFoundError:
            raise AssetMissing(sha256) from None

    def open_range(
        self, sha256: str, start: int = 0, stop: int | None = None, *, verify: bool = False
    ) -> RangeReader:
        """Read bytes ``start`` to ``stop`` (excluded; None: the end), in chunks.

        With ``verify`` the whole asset is hashed first. Raises `AssetMissing`, `AssetCorrupt`,
        or ValueError for a range outside of the asset.
        """
        size = self.stat(sha256).size
        stop = size if stop is None else stop
        if not 0 <= start <= stop <= size:
            raise ValueError(f"bytes {start} to {stop} of {size}")
        if verify:
            self.verify(sha256)
        return RangeReader(self._open(sha256), start, stop)

    def verify(self, sha256: str) -> None:
        """Hash the stored bytes; raises `AssetMissing` or `AssetCorrupt`."""
        with self._open(sha256) as file:
            digest = hashlib.sha256()
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
        if digest.hexdigest() != sha256:
            raise AssetCorrupt(sha256)

    @contextmanager
    def local_copy(self, sha256: str) -> Iterator[Path]:
        """Yield a local path to the asset, for tools that need one; read it only."""
        if self._is_local:
            yield Path(self._root, self._path(self.stat(sha256).sha256))
            return
        with tempfile.TemporaryDirectory(prefix="enseigne-") as away:
            path = Path(away) / sha256
            with self.open_range(sha256) as chunks, path.open("wb") as file:
                file.writelines(chunks)
            yield path

    def delete(self, sha256: str) -> None:
        """Forget the asset; no error when it is not there."""
        try:
            self._fs.rm_file(self._path(sha256))
        except FileNotFoundError:
            return

    def sweep(self, before_ms: int) -> int:
        """Delete what killed writers left aside, last written before ``before_ms`` (unix ms).

        Returns how many went. Call it at start-up, with a time over an upload's length ago.
        """
        if not self._is_local:
            return 0
        gone = 0
        for path in (Path(self._root) / _INCOMING).iterdir():
            if path.stat().st_mtime_ns < before_ms * 1_000_000:
                shutil.rmtree(path, ignore_errors=True)
                gone += 1
        return gone

    def _path(self, sha256: str) -> str:
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"not a sha256 in lowercase hex: {sha256[:80]!r}")
        return f"{self._root}/{sha256[:2]}/{sha256[2:4]}/{sha256}"

    def _open(self, sha256: str) -> IO[bytes]:
        try:
            file: IO[bytes] = self._fs.open(self._path(sha256), "rb")
        except FileNotFoundError:
            raise AssetMissing(sha256) from None
        return file


def read_chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a local file, `CHUNK_BYTES` at a time."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _write(path: Path, chunks: Iterable[bytes], max_bytes: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > max_bytes:
                raise Refused(Reason.TOO_LARGE, limit_mib=max_bytes // MIB)
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), size


def _rename_durably(path: Path, target: Path, root: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    path.replace(target)
    for directory in (target.parent, target.parent.parent, root):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
