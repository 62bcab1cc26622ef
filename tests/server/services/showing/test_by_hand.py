"""What a screen showed by hand without its server is explained, to the second, with its person."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from playlists.explain import explanation_text
from playlists.ids import CardId, Sha256, ZoneId
from playlists.manifest import DeckCard
from playlists.runs import GENESIS, Play, append
from playlists.wire.hands import Acts
from server.db.models import HandActRow, ScreenHeadRow
from server.services.alignment.replaying import spells
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.base.objects import Plans
from server.services.screens import hand_acts, hand_codes, proof
from server.services.showing.by_hand import hand_of
from server.services.showing.explaining import explain, what_plays
from server.services.showing.spoken import names_for
from server.services.showing.whys import screen_why
from tests.server.services.screens.test_hands import (
    CASH,
    MIA,
    MINUTE_MS,
    SCREEN,
    STORE,
    VIEWER,
    act,
    chain,
)
from tests.support.record import TestClock

assert chain, "a fixture"
CARD = CardId("0123456789")
SAID = DeckCard("message", {"headline": "Espèces seulement", "sky": "mist"})


@pytest.fixture
def at(chain: Context, clock: TestClock) -> int:
    """The instant of which is asked: Mia had held the screen for a minute then."""
    clock.advance(20 * MINUTE_MS)
    one = act(chain, hand_codes.issue(chain, MIA, STORE))
    over = one.from_ms + 5 * MINUTE_MS
    told = replace(one, ended=over, how="hand")
    hand_acts.take(chain, VIEWER, Acts((told,), {CASH: {CARD: SAID}}))
    with chain.db.read() as session:
        head = session.scalar(select(ScreenHeadRow).where(ScreenHeadRow.screen_id == SCREEN))
        assert head is not None
        planned = Play(
            ZoneId("main"),
            head.revision,
            Sha256(head.manifest),
            one.from_ms - MINUTE_MS,
            chain.clock(),
        )
    by_hand = replace(
        planned,
        from_ms=one.from_ms,
        until_ms=over,
        card=CARD,
        because=(f"by_hand:{one.id}",),
        slot=("override", one.id, one.id),
    )
    first = append(1, GENESIS, planned)
    proof.take(chain, VIEWER, [first, append(2, first.hash, by_hand)])
    return one.from_ms + MINUTE_MS


def test_the_second_is_the_persons_hand(chain: Context, at: int) -> None:
    found = explain(chain, SYSTEM, SCREEN, at)
    winner = found.explanation.winner
    assert winner is not None
    with chain.db.read() as session:
        held = session.scalars(select(HandActRow.id)).one()
    assert (winner.layer, winner.source) == ("override", held)
    assert found.playing.card == SAID
    said = explanation_text(found.explanation, "en", names_for(chain, found, "en"))
    assert "a person showed this on the screen without the server" in "\n".join(said)
    assert "Espèces seulement" in said[0]
    assert screen_why(chain, SYSTEM, SCREEN, at).by == "Mia"


def test_before_and_after_it_the_plan_plays(chain: Context, at: int) -> None:
    for other in (at - 90_000, at + 5 * MINUTE_MS):
        winner = explain(chain, SYSTEM, SCREEN, other).explanation.winner
        assert winner is not None
        assert winner.layer == "base"


def test_no_price_is_counted_that_a_hand_covered(chain: Context, at: int) -> None:
    shown = Play(ZoneId("main"), 1, Sha256("0" * 64), at, at + 1, card=CARD)
    by_hand = replace(shown, because=("by_hand:hand-1",), slot=("override", "hand-1", "hand-1"))
    with chain.db.read() as session:
        head = session.scalar(select(ScreenHeadRow).where(ScreenHeadRow.screen_id == SCREEN))
        assert head is not None
        begin = at - at % 60_000 + 10 * MINUTE_MS
        end = begin + MINUTE_MS
        bare = spells(session, Plans(), head.manifest, (), begin, end)
        over = replace(by_hand, from_ms=begin, until_ms=end)
        assert bare
        assert spells(session, Plans(), head.manifest, (), begin, end, [over]) == []


def test_the_present_is_not_touched_by_it(chain: Context, at: int) -> None:
    (shown,) = what_plays(chain, SYSTEM, [SCREEN], chain.clock())[SCREEN]
    assert shown.shown.variant != "override"


def test_only_records_by_hand_name_a_hand() -> None:
    bare = Play(ZoneId("main"), 1, Sha256("0" * 64), 0, 1)
    assert hand_of(bare) is None
    assert hand_of(replace(bare, card="x", because=("price_lost",))) is None
    assert hand_of(replace(bare, because=("by_hand:hand-1",))) is None
