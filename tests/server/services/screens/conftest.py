"""Players in shops on a clock of their own, and the version of this server."""

from __future__ import annotations

import pytest

from server.services.base.context import Context
from server.services.screens import packages
from tests.support.fleet import NEW, Fleet
from tests.support.record import TestClock


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """This server's own package, which an upgrade replaces."""
    mine: list[object] = [NEW]
    monkeypatch.setattr(packages, "own", lambda: mine[0])
    return mine


@pytest.fixture
def fleet(ctx: Context, clock: TestClock, own: list[object]) -> Fleet:
    return Fleet(ctx, clock)
