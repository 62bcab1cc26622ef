"""Thirty days without a network, over the plans that the demo's chain really published."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from playlists.cards import files_of
from playlists.ids import ChannelId, SourceId
from playlists.manifest import Plan
from playlists.model import MAIN
from playlists.pricing import ChannelState
from playlists.slot import PRICE_MARGIN_MS, Freshness, Lease, Now, Shown, slot_at
from playlists.wire.offers import offer_from_json
from server.db.models import ChannelRow, HeadRow, OfferRow, ScreenHeadRow
from server.demo.screens import SCREENS
from server.services.base.context import Context
from server.services.base.objects import Plans
from server.services.prices.freshness import leases_of, sources_of
from tests.acceptance.conftest import HOUR_MS, Lived

DAYS = 30
LOOK_MS = 53 * 60_000 + 7_000
"""Not a part of a day, so that every hour of the day is looked at."""
STEP_MS = 61_000
DIFFERENT_CARDS = 3
WHOLE_DAY_LOOKS = 20


class CutOff:
    """A screen that holds what it had when the network went: nothing is told to it any more."""

    def __init__(self, ctx: Context, screen: str) -> None:
        self.ctx = ctx
        with ctx.db.read() as session:
            force = session.get_one(ScreenHeadRow, screen)
            head = session.get_one(HeadRow, (screen, force.revision))
            plan = Plans().plan(session, head.manifest, head.expires_at)
            assert plan is not None
            self.plan: Plan = plan
            self.channels = {
                name: ChannelState(
                    name,
                    session.get_one(ChannelRow, name).version,
                    {
                        row.sku: offer_from_json(row.body)
                        for row in session.scalars(select(OfferRow).where(OfferRow.channel == name))
                    },
                )
                for name in plan.manifest.channels
            }
            gates = {
                name
                for chunk in plan.chunks.values()
                for slot in chunk.slots
                for name, _ in slot.gates
            }
            self.leases: dict[ChannelId, Lease] = dict(leases_of(session, set(self.channels)))
            self.sources: dict[SourceId, int] = dict(sources_of(session, gates, ctx.clock()))
        self.held = {sha for card in plan.cards.values() for sha in files_of(card)}

    def shows(self, at: int, uncertainty_ms: int | None = 0) -> Shown:
        """What its one zone shows."""
        fresh = Freshness(self.leases, self.sources)
        now = Now(at, uncertainty_ms)
        return slot_at(self.plan, self.channels, fresh, self.held, (), now)[MAIN]

    def leases_end(self) -> int:
        """When the last price's lease is over: from its channel's or its own last confirmation."""
        return max(
            max(lease.as_of, offer.confirmed_at) + lease.lease_ms
            for name, lease in self.leases.items()
            for offer in self.channels[name].offers.values()
        )

    def instants(self, begin: int) -> list[int]:
        return list(range(begin, begin + DAYS * 24 * HOUR_MS, LOOK_MS))

    def day(self, at: int) -> date:
        zone = ZoneInfo(self.plan.manifest.time_zone)
        return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).date()


@pytest.mark.parametrize("screen", [screen.id for screen in SCREENS])
def test_a_screen_cut_off_plays_to_its_schedule_for_thirty_days(lived: Lived, screen: str) -> None:
    cut = CutOff(lived.ctx, screen)
    days: dict[date, list[Shown]] = defaultdict(list)
    for at in cut.instants(lived.now):
        shown = cut.shows(at)
        assert shown.since <= at < shown.until
        days[cut.day(at)].append(shown)
    assert len(days) >= DAYS
    for day, looks in days.items():
        dark = [shown.because for shown in looks if shown.card is None]
        assert not dark, (day, dark)
        if len(looks) >= WHOLE_DAY_LOOKS:
            assert len({shown.card for shown in looks}) >= DIFFERENT_CARDS, day


def test_what_hung_on_a_fact_gives_way_to_another_card_as_the_fact_ages(lived: Lived) -> None:
    stood_in = set()
    for screen in SCREENS:
        cut = CutOff(lived.ctx, screen.id)
        for at in range(lived.now, lived.now + 24 * HOUR_MS, STEP_MS):
            shown = cut.shows(at)
            if shown.variant == "fallback":
                assert shown.because[0].startswith("gate_stale:")
                stood_in.add((screen.id, shown.card))
            assert shown.card is not None, (screen.id, at, shown.because)
    assert stood_in


@pytest.mark.parametrize("screen", [screen.id for screen in SCREENS])
def test_its_prices_lapse_with_their_lease_and_never_come_back(lived: Lived, screen: str) -> None:
    cut = CutOff(lived.ctx, screen)
    over = cut.leases_end() - PRICE_MARGIN_MS
    soon = range(lived.now, over, 60_000)
    assert any(cut.shows(at).prices for at in soon)
    assert all(price.ends_at <= over for at in soon for price in cut.shows(at).prices)
    for at in cut.instants(over):
        assert cut.shows(at).prices == ()


def test_without_trusted_time_there_is_content_and_no_price(lived: Lived) -> None:
    for screen in SCREENS:
        cut = CutOff(lived.ctx, screen.id)
        looks = [cut.shows(at, None) for at in range(lived.now, lived.now + HOUR_MS, 7_000)]
        assert not [shown for shown in looks if shown.prices]
        assert [shown for shown in looks if shown.card is not None]
