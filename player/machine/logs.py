"""A bundle of what happened, for whoever looks after this device: a bounded .tar.gz."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

from player.machine.tools import run

UNITS = ("enseigne-player", "enseigne-kiosk")
SINCE = "-3d"
MAX_LINES = 60_000
"""The journal's end that is read at all: a program that says one thing without end fills no memory.
"""
JOURNAL_BYTES = 12 * 1024 * 1024
"""The journal's end, before it is compressed."""
MAX_BYTES = 4 * 1024 * 1024
"""Of the bundle; a shorter end of the journal goes in where it would have more."""
_TIMEOUT_S = 60.0


def bundle(about: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The journal's end, and each thing of `about` as a JSON file of its name."""
    units = [part for unit in UNITS for part in ("-u", unit)]
    line = ["journalctl", "--no-pager", "-o", "short-iso-precise", "--since", SINCE, *units]
    line += ["--lines", str(MAX_LINES)]
    journal = run(line, _TIMEOUT_S).text.encode()[-JOURNAL_BYTES:]
    files = {f"{name}.json": json.dumps(body, indent=1).encode() for name, body in about.items()}
    while True:
        packed = _packed({**files, "journal.txt": journal})
        if len(packed) <= MAX_BYTES or not journal:
            return packed
        journal = journal[len(journal) // 2 + 1 :]


def _packed(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            tar.addfile(about, io.BytesIO(data))
    return out.getvalue()
