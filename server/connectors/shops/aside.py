"""Keeps on disk what belongs to a feed's rows and came apart from them: words of translations,
prices of single stores. They may be as many as the rows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

Value = Mapping[str, Any]


class Aside:
    """Values by SKU and a key (a language, a store), in a file that nobody else can open and that
    is gone at the end.
    """

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute("CREATE TABLE aside (sku, key, value, PRIMARY KEY (sku, key))")
        self.empty = True

    def __enter__(self) -> Aside:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, values: Iterable[tuple[str, str, Value]], twice: Value | None = None) -> None:
        """More values, by SKU and key. Of two for the same the later stands; where `twice` is
        given, that instead of two that differ.
        """
        kept = "excluded.value" if twice is None else "iif(value = excluded.value, value, ?)"
        more = () if twice is None else (json.dumps(twice),)
        self._file.execute("BEGIN")
        self._file.executemany(
            f"INSERT INTO aside VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = {kept}",
            ((sku, key, json.dumps(value), *more) for sku, key, value in values),
        )
        self._file.execute("COMMIT")
        found = self._file.execute("SELECT EXISTS (SELECT 1 FROM aside)").fetchone()
        self.empty = not found[0]

    def forget(self, key: str) -> None:
        """Drop all of one key, and what was being added."""
        if self._file.in_transaction:
            self._file.execute("COMMIT")
        self._file.execute("DELETE FROM aside WHERE key = ?", (key,))

    def of(self, sku: str) -> dict[str, dict[str, Any]]:
        """What there is of a SKU, by key."""
        if self.empty:
            return {}
        rows = self._file.execute("SELECT key, value FROM aside WHERE sku = ?", (sku,))
        return {key: json.loads(value) for key, value in rows}
