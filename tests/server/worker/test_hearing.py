"""What the door told is written once the record can be written again."""

from __future__ import annotations

from typing import Any

import pytest

from playlists.signing import SigningKey
from playlists.wire.door import Report
from playlists.wire.http import PairingRequest
from server.db.models import DeviceRow, ScreenStateRow
from server.db.turns import Busy
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.screens.pairing import begin, claim
from server.worker import hearing
from server.worker.hearing import Hearing
from tests.support.small_shop import lay_out

SCREEN, OTHER = "lille-window", "prado-window"


def state(ctx: Context, screen: str) -> ScreenStateRow:
    with ctx.db.read() as session:
        return session.get_one(ScreenStateRow, screen)


@pytest.fixture
def heard(ctx: Context) -> Hearing:
    """Lille's window has a player, and is connected."""
    lay_out(ctx)
    given = begin(ctx, PairingRequest(SigningKey.generate().x, "Pi", (1, 1)))
    claim(ctx, SYSTEM, code=given.code, screen_id=SCREEN)
    made = Hearing(ctx, lambda published: None)
    made.take({"t": "links", "up": [SCREEN], "down": [], "all": True})
    made.flush()
    return made


def away(*_: Any, **__: Any) -> None:
    raise Busy


@pytest.mark.parametrize("failing", ["record_reports", "record_links"])
def test_who_left_while_the_record_was_away_is_not_taken_for_connected(
    ctx: Context, heard: Hearing, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    said = Report(0, {}, 0, 0, None, {}).to_json()
    heard.take({"t": "reports", "reports": [[OTHER, ctx.clock(), said]]})
    heard.take({"t": "links", "up": [OTHER], "down": [SCREEN]})
    with monkeypatch.context() as busy:
        busy.setattr(hearing, failing, away)
        with pytest.raises(Busy):
            heard.flush()
    heard.take({"t": "links", "up": [], "down": [OTHER]})
    heard.flush()
    assert not state(ctx, SCREEN).connected
    assert not state(ctx, OTHER).connected, "the later word counts"


def test_a_copied_key_is_held_once_the_record_is_back(
    ctx: Context, heard: Hearing, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard.take({"t": "clone", "screen": SCREEN})
    with monkeypatch.context() as busy:
        busy.setattr(hearing.devices, "hold", away)
        with pytest.raises(Busy):
            heard.flush()
    heard.flush()
    with ctx.db.read() as session:
        assert session.get_one(DeviceRow, SCREEN).held_reason == "cloned_key"
