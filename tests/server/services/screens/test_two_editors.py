"""Two people who set the first rule of a place at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from server.services.base import audit
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.base.editing import StaleEdit
from server.services.screens import displays, fetch_rules
from server.services.screens.displays import Display
from server.services.screens.fetch_rules import CHAIN, Pace
from tests.support.small_shop import lay_out

WHILE_S = 0.1
"""Enough for the other's, if it does not wait."""
WAYS: dict[str, Callable[[Context], None]] = {
    "display": lambda ctx: displays.set_display(ctx, SYSTEM, "store:lille", Display(), 0),
    "fetching": lambda ctx: fetch_rules.set_pace(ctx, SYSTEM, "lille", Pace(64), 0),
    "chain": lambda ctx: fetch_rules.set_pace(ctx, SYSTEM, CHAIN, Pace(64), 0),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_second_is_told_that_somebody_was_first(
    any_ctx: Context, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    lay_out(any_ctx)
    record, late, told = audit.record, list[threading.Thread](), list[StaleEdit]()

    def other() -> None:
        try:
            WAYS[way](any_ctx)
        except StaleEdit as stale:
            told.append(stale)

    def meanwhile(*given: Any) -> None:
        if not late:
            late.append(threading.Thread(target=other))
            late[0].start()
            late[0].join(WHILE_S)
        record(*given)

    monkeypatch.setattr(audit, "record", meanwhile)
    WAYS[way](any_ctx)
    late[0].join()
    assert [one.current > 0 for one in told] == [True]
