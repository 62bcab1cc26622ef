"""Keeps the reports of a long feed on disk, so that reading it costs the memory of a few rows."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import fields
from io import SEEK_END
from operator import attrgetter
from typing import Any

from server.ports import ProductReport

IN_MEMORY_BYTES = 4 * 1024 * 1024
"""Of a feed, before it goes to a file that nobody else can open."""
TOGETHER = 20
"""Reports written at once."""
_FIELDS = attrgetter(*(field.name for field in fields(ProductReport)))


class Spool(Collection[ProductReport]):
    """Reports that were added, in order, to be gone over as often as one likes, one pass at a time.

    The file has no name and is gone with the object; only this process reads it, so pickle is safe.
    """

    def __init__(self, in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=in_memory_bytes)  # noqa: SIM115
        self._waiting: list[tuple[Any, ...]] = []
        self._written = 0

    def add(self, report: ProductReport) -> None:
        """One more, at the end."""
        self._waiting.append(_FIELDS(report))
        if len(self._waiting) == TOGETHER:
            self._write()

    def __len__(self) -> int:
        return self._written + len(self._waiting)

    def __iter__(self) -> Iterator[ProductReport]:
        self._write()
        self._file.seek(0)
        read = 0
        while read < self._written:
            some = pickle.load(self._file)
            read += len(some)
            for values in some:
                yield ProductReport(*values)

    def __contains__(self, report: object) -> bool:
        return any(one == report for one in self)

    def _write(self) -> None:
        if self._waiting:
            self._file.seek(0, SEEK_END)
            pickle.dump(self._waiting, self._file, pickle.HIGHEST_PROTOCOL)
            self._written += len(self._waiting)
            self._waiting = []
