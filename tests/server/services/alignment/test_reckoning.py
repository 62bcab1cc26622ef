"""How screens and shop agreed is reckoned from records, offers and ledger; here the truth is known
by construction.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import select

from playlists.ids import ChannelId, ItemId, Sha256, Sku, ZoneId
from playlists.model import Card, Good, Item
from playlists.runs import GENESIS, Play, Run, append
from playlists.signing import SigningKey, kid_of
from playlists.wire.commands import PowerRun
from playlists.wire.http import PairingRequest
from server.db.models import AlignedDayRow, AlignedRow, ChannelRow, OfferRow, RepricedRow
from server.services.alignment.reckoning import LATE_MS, Reckoner, settle_ms
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.screens import offs, pairing, proof
from server.services.screens.devices import Viewer
from server.services.showing.explaining import explain
from server.services.wishes import content
from tests.support.record import TestClock
from tests.support.shops import heads
from tests.support.small_shop import CHANNEL, lay_out, publish, set_price

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
SETTLE_MS = settle_ms(HOUR)
SCREEN = "lille-window"
BAG = Good(Sku("BAG"))


@dataclass
class Window:
    """A window of Lille's that shows a picture and the bag in turn, ten seconds each, and what it
    records.
    """

    ctx: Context
    clock: TestClock
    viewer: Viewer
    runs: list[Run] = field(default_factory=list)
    manifest: str = ""

    @property
    def version(self) -> int:
        with self.ctx.db.read() as session:
            return session.get_one(ChannelRow, CHANNEL).version

    def plays(self, from_ms: int, until_ms: int, version: int, **short: object) -> None:
        """It records a stretch with these offers."""
        play = Play(
            *(ZoneId("main"), heads(self.ctx)[SCREEN], Sha256(self.manifest), from_ms, until_ms),
            {ChannelId(CHANNEL): version},
            **short,  # type: ignore[arg-type]
        )
        prev = self.runs[-1].hash if self.runs else GENESIS
        self.runs.append(append(len(self.runs) + 1, prev, play))

    def posts(self) -> None:
        """It sends what it recorded."""
        proof.take(self.ctx, self.viewer, self.runs)

    def reckoned(self) -> AlignedRow:
        """Post, let the time pass that it takes, and reckon; the bag's sums of the day."""
        self.posts()
        self.clock.now = max(run.play.until_ms for run in self.runs)
        self.clock.advance(SETTLE_MS + HOUR)
        reckon(self.ctx)
        return self.sums

    @property
    def sums(self) -> AlignedRow:
        with self.ctx.db.read() as session:
            return session.scalars(select(AlignedRow)).one()

    @property
    def changes(self) -> list[RepricedRow]:
        with self.ctx.db.read() as session:
            return list(session.scalars(select(RepricedRow).order_by(RepricedRow.at_ms)))


def reckon(ctx: Context) -> None:
    reckoner = Reckoner(ctx)
    while reckoner():
        pass


@pytest.fixture
def window(any_ctx: Context, clock: TestClock) -> Window:
    lay_out(any_ctx)
    key = SigningKey.generate()
    given = pairing.begin(any_ctx, PairingRequest(key.x, "Pi", (1080, 1920)))
    pairing.claim(any_ctx, SYSTEM, code=given.code, screen_id=SCREEN)
    clock.advance(MINUTE - clock.now % MINUTE)
    made = Window(any_ctx, clock, Viewer((SCREEN,), kid_of(key.public)))
    made.manifest = explain(any_ctx, SYSTEM, SCREEN, clock.now).held.head.manifest
    return made


def test_an_hour_to_plan_is_all_the_shop_s(window: Window) -> None:
    began = window.clock.now
    window.plays(began, began + HOUR, window.version)
    found = window.reckoned()
    assert (found.store_id, found.day, found.sku) == ("lille", "2026-10-15", "BAG")
    assert found.shown_ms == found.equal_ms == HOUR // 2
    assert (found.late_ms, found.other_ms, found.bare, found.free) == (0, 0, {}, {})
    assert window.changes == []


def test_where_players_end_their_records_each_minute_figures_follow_in_minutes(
    window: Window,
) -> None:
    settings = window.ctx.settings.model_copy(update={"play_records_every_s": 60})
    window.ctx = replace(window.ctx, settings=settings)
    began = window.clock.now
    for minute in range(20):
        window.plays(began + minute * MINUTE, began + (minute + 1) * MINUTE, window.version)
    window.posts()
    shown = []
    for minutes in (2, 1, 1, 16, 60):
        window.clock.advance(minutes * MINUTE)
        reckon(window.ctx)
        with window.ctx.db.read() as session:
            shown.append(session.scalar(select(AlignedRow.shown_ms)) or 0)
    assert shown == [0, 0, MINUTE // 2, 17 * MINUTE // 2, 20 * MINUTE // 2]
    assert window.sums.equal_ms == shown[-1]


def test_no_price_is_counted_while_the_display_was_off(window: Window) -> None:
    began = window.clock.now
    window.plays(began, began + HOUR, window.version)
    window.clock.now = began + HOUR
    off = PowerRun(1, GENESIS, began + 10 * MINUTE, began + 40 * MINUTE, "law", "page", "")
    with window.ctx.db.write() as session:
        offs.take_power(session, window.viewer, (off,), window.clock.now)
    found = window.reckoned()
    assert found.shown_ms == found.equal_ms == HOUR // 4


def test_a_product_under_words_shows_no_price_to_be_compared(window: Window) -> None:
    said = Card("message", texts={"headline": {"fr": "Au coin", "en": "Near"}}, goods=(BAG,))
    turns = (Item(ItemId("words"), said), Item(ItemId("bag"), Card("price", goods=(BAG,))))
    lille = content.get_playlist(window.ctx, SYSTEM, "lille").value
    content.update_playlist(window.ctx, SYSTEM, replace(lille, items=turns))
    publish(window.ctx)
    began = window.clock.now
    window.manifest = explain(window.ctx, SYSTEM, SCREEN, began).held.head.manifest
    window.plays(began, began + HOUR, window.version)
    # The first turn may be one that began before.
    assert window.reckoned().shown_ms == pytest.approx(HOUR // 2, abs=10 * SECOND)


def test_a_record_of_a_time_that_no_calendar_has_stops_no_reckoning(window: Window) -> None:
    window.plays(2**53 - 2, 2**53 - 1, window.version)
    window.posts()
    assert Reckoner(window.ctx)() == 0


def test_a_late_paint_is_late_for_a_minute_then_wrong_and_its_delay_is_told(
    window: Window,
) -> None:
    began, before = window.clock.now, window.version
    window.clock.advance(10 * MINUTE)
    changed = window.clock.now
    set_price(window.ctx, 9_990)
    painted = changed + 2 * MINUTE
    window.plays(began, painted, before)
    window.plays(painted, began + HOUR, window.version)
    found = window.reckoned()
    assert (found.late_ms, found.other_ms) == (MINUTE // 2, MINUTE // 2)
    assert found.equal_ms == HOUR // 2 - MINUTE
    (change,) = window.changes
    assert (change.at_ms, change.screens, change.waiting) == (changed, 1, 0)
    assert change.delay_ms == 2 * MINUTE


def test_a_screen_that_never_hears_of_a_change_is_waited_for(window: Window) -> None:
    began, before = window.clock.now, window.version
    window.clock.advance(10 * MINUTE)
    set_price(window.ctx, 9_990)
    window.plays(began, began + HOUR, before)
    found = window.reckoned()
    assert found.other_ms == (50 - 1) * MINUTE // 2
    (change,) = window.changes
    assert (change.waiting, change.delay_ms) == (1, None)


def test_a_lapse_is_price_free_not_wrong(window: Window) -> None:
    began = window.clock.now
    window.plays(began, began + HOUR, window.version)
    turns = (explain(window.ctx, SYSTEM, SCREEN, began + at * SECOND) for at in range(0, 60, 5))
    bag = next(one for one in turns if one.prices)
    why = bag.playing.shown.why
    assert why is not None
    window.plays(
        *(began, began + 30 * MINUTE, window.version),
        card=bag.playing.shown.card,
        because=(f"lease_over:{CHANNEL}",),
        slot=(why.layer, why.source, why.item),
    )
    found = window.reckoned()
    assert found.shown_ms == found.equal_ms == 15 * MINUTE
    assert found.free == {"lease_over": 15 * MINUTE}


def test_a_price_that_was_held_back_is_price_free_and_says_why(window: Window) -> None:
    began, before = window.clock.now, window.version
    window.clock.advance(30 * MINUTE)
    set_price(window.ctx, 12)
    window.plays(began, window.clock.now, before)
    window.plays(window.clock.now, began + HOUR, window.version)
    found = window.reckoned()
    assert (found.shown_ms, found.other_ms) == (15 * MINUTE, 0)
    assert found.free == {"suspect:jump": 15 * MINUTE}


def test_a_wrong_price_planted_by_hand_is_counted(window: Window) -> None:
    began = window.clock.now
    with window.ctx.db.write() as session:
        row = session.get_one(OfferRow, (CHANNEL, "BAG"))
        steps = [list(step) for step in row.body["st"]]
        steps[0][2] = 11_980
        row.body = {**row.body, "st": steps}
    window.plays(began, began + HOUR, window.version)
    found = window.reckoned()
    assert (found.equal_ms, found.other_ms) == (0, HOUR // 2)


def test_records_that_come_a_day_late_are_reckoned_once_more(window: Window) -> None:
    began = window.clock.now
    window.plays(began, began + HOUR, window.version)
    window.clock.advance(SETTLE_MS + 2 * HOUR)
    reckon(window.ctx)
    with window.ctx.db.read() as session:
        assert not session.scalars(select(AlignedRow)).all()
    window.posts()
    reckon(window.ctx)
    window.clock.advance(2 * LATE_MS)
    reckon(window.ctx)
    assert window.sums.shown_ms == HOUR // 2
    with window.ctx.db.read() as session:
        days = session.scalars(
            select(AlignedDayRow)
            .where(AlignedDayRow.store_id == "lille")
            .order_by(AlignedDayRow.day)
        )
        assert [day.settled for day in days] == [True, False, False]
