"""What the player's scenarios begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.player.bench import Bench, new_bench, paired


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """An unpaired player on an empty disk."""
    made = new_bench(tmp_path, monkeypatch)
    yield made
    made.parts.kept.close()
    made.parts.spool.close()


@pytest.fixture
def screen(bench: Bench) -> Bench:
    """A paired player that shows its plan with prices."""
    return paired(bench)
