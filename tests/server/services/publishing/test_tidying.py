"""The collector looks when it is told to, and finds what was left over."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from server.services.publishing import tidying


class Knot:
    """Something that only the collector can undo."""

    def __init__(self) -> None:
        self.me = self
        self.held = [[number] for number in range(tidying.YOUNG_OBJECTS)]


@pytest.fixture(autouse=True)
def _own_collector() -> Iterator[None]:
    gc.collect()
    tidying.begin()
    yield
    gc.unfreeze()
    gc.enable()


def knot() -> weakref.ref[Knot]:
    return weakref.ref(Knot())


def test_nothing_is_collected_inside_a_piece_of_work() -> None:
    left = knot()
    more = [[number] for number in range(200_000)]
    assert left() is not None
    assert len(more) == 200_000
    tidying.after_work()
    assert left() is None


def test_what_outlived_its_piece_of_work_is_collected_at_rest() -> None:
    made = Knot()
    left = weakref.ref(made)
    kept: list[list[int]] = []
    for _ in range(tidying.YOUNG_ROUNDS + 1):
        kept += ([number] for number in range(tidying.YOUNG_OBJECTS))
        tidying.after_work()
    del made
    assert left() is not None
    tidying.at_rest()
    assert left() is None
