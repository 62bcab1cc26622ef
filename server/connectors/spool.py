"""Keeps the reports of a long feed on disk, so that reading it costs the memory of one row."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Collection, Iterator

from server.ports import ProductReport

IN_MEMORY_BYTES = 4 * 1024 * 1024
"""Of a feed, before it goes to a file that nobody else can open."""


class Spool(Collection[ProductReport]):
    """Reports that were added, in order, to be gone over as often as one likes, one pass at a time.

    The file has no name and is gone with the object; only this process reads it, so pickle is safe.
    """

    def __init__(self, in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=in_memory_bytes)  # noqa: SIM115
        self._rows = 0

    def add(self, report: ProductReport) -> None:
        """One more, at the end."""
        pickle.dump(report, self._file, pickle.HIGHEST_PROTOCOL)
        self._rows += 1

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[ProductReport]:
        self._file.seek(0)
        for _ in range(self._rows):
            yield pickle.load(self._file)

    def __contains__(self, report: object) -> bool:
        return any(one == report for one in self)
