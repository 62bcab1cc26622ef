"""A small JSON file that survives a killed process: it holds the old content or the new."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class JsonFile:
    """One JSON object in one file; without a path it keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def read(self) -> dict[str, Any] | None:
        """The stored object; None when there is none. An unreadable file is put aside, not lost."""
        if self._path is None or not self._path.exists():
            return None
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            if not isinstance(kept, dict):
                raise ValueError("the file holds no JSON object")
        except ValueError as error:
            aside = self._path.with_suffix(".unreadable")
            self._path.replace(aside)
            log.warning(
                "%s is unreadable (%s): kept as %s, starting anew", self._path, error, aside
            )
            return None
        return kept

    def write(self, content: dict[str, Any]) -> None:
        """Replace the file's content in one step."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        draft.replace(self._path)
