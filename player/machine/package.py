"""Which package this code is of, as the package itself wrote beside it."""

from __future__ import annotations

from pathlib import Path

FILE = "VERSION"


def package_version(code: Path = Path(__file__).parents[2]) -> str:
    """The package's version, "" where the code lies in a clone."""
    try:
        return (code / FILE).read_text().strip()
    except OSError:
        return ""


PACKAGE = package_version()
"""Of the code that runs: read when it began, since an update writes another under its feet."""
