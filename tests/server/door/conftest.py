"""A door and its worker, in both ways of sending, in a folder with a short path."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.door.peers import Door, Worker, door_and_worker


@pytest.fixture
def folder() -> Iterator[Path]:
    """A bus's socket needs a path of about 100 characters at most, so tmp_path will not do."""
    with tempfile.TemporaryDirectory(prefix="ens-door-") as name:
        yield Path(name)


@pytest.fixture(params=["framed", "plain"])
def both(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[Door, Worker]]:
    """Once with frames straight to the sockets, once the library's own way."""
    framed = request.param == "framed"
    with door_and_worker(folder, {"ENSEIGNE_DOOR_FRAMED": str(int(framed))}) as pair:
        assert pair[0].health()["framed"] is framed
        yield pair


@pytest.fixture
def pair(folder: Path) -> Iterator[tuple[Door, Worker]]:
    """A door as it is, and its worker."""
    with door_and_worker(folder) as found:
        yield found
