"""Every second of every screen can be explained: reckoned from its inputs, it is what plays."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest
from sqlalchemy import select

from playlists.cards import files_of
from playlists.explain import explain as reckon
from playlists.ids import ChannelId
from playlists.manifest import Plan, Why
from playlists.model import MAIN
from playlists.pricing import ChannelState
from playlists.resolve import lead_from_json
from playlists.slot import Freshness, Lease, Now, Shown, slot_at
from server.db.models import HeadRow
from server.demo.screens import SCREENS
from server.services.base.actors import SYSTEM
from server.services.base.objects import Plans
from server.services.publishing.inputs import Recalled, recall
from server.services.showing.explaining import explain
from tests.acceptance.conftest import HOUR_MS, Lived

FEW, MANY = 100, 1_000
FUTURE_MS = 34 * 24 * HOUR_MS


class Record:
    """What was in the record, read as a player would come to it: head, plan, offers."""

    def __init__(self, lived: Lived) -> None:
        self.ctx, self.plans, self.told = lived.ctx, Plans(), lived.told
        self.inputs = cache(self._recall)

    def channels_at(self, at: int) -> dict[ChannelId, ChannelState]:
        """What the channels said at an instant."""
        since, said = next(one for one in reversed(self.told) if one[0] <= at)
        return {
            ChannelId(name): ChannelState(ChannelId(name), since, offers)
            for name, offers in said.items()
        }

    def head_at(self, screen: str, at: int) -> HeadRow:
        """The newest head issued by then."""
        rows = select(HeadRow).where(HeadRow.screen_id == screen, HeadRow.issued_at <= at)
        with self.ctx.db.read() as session:
            return session.scalars(rows.order_by(HeadRow.revision.desc()).limit(1)).one()

    def plan(self, head: HeadRow, at: int) -> Plan:
        """Its plan at an instant; a head of the future was renewed by then."""
        renewed = at + self.ctx.settings.head_life_ms if at > self.ctx.clock() else 0
        with self.ctx.db.read() as session:
            plan = self.plans.plan(session, head.manifest, max(head.expires_at, renewed))
        assert plan is not None
        return plan

    def plays(self, head: HeadRow, at: int) -> Shown:
        """slot_at of what a player under this head holds, all of it fresh."""
        plan = self.plan(head, at)
        gates = {gate for day in plan.chunks.values() for slot in day.slots for gate in slot.gates}
        channels = self.channels_at(at)
        leases = {
            name: Lease(channel.version, at, self.ctx.settings.lease_ms)
            for name, channel in channels.items()
        }
        fresh = Freshness(leases, {source: at for source, _ in gates})
        held = {sha for card in plan.cards.values() for sha in files_of(card)}
        return slot_at(plan, channels, fresh, held, (), Now(at))[MAIN]

    def reckoned(self, head: HeadRow, at: int) -> tuple[Why | None, int]:
        """The winner and its turn's begin, from the inputs of the head alone: not from its plan."""
        inputs = self.inputs(head.inputs or "")
        lead = lead_from_json(inputs.lead, self.plan(head, at)) if inputs.lead else None
        found = reckon(inputs.profile, inputs, inputs.days, at, lead=lead)
        return found.winner, found.since

    def _recall(self, inputs: str) -> Recalled:
        with self.ctx.db.read() as session:
            return recall(session, inputs)


@pytest.mark.parametrize(
    "instants",
    [FEW, pytest.param(MANY, marks=[pytest.mark.slow, pytest.mark.timeout(600)])],
)
def test_any_instant_is_explained_as_it_plays(lived: Lived, instants: int) -> None:
    dice, record = random.Random(instants), Record(lived)
    seen: Counter[str] = Counter()
    for number in range(instants):
        screen = dice.choice(SCREENS).id
        begin, end = (lived.now, lived.now + FUTURE_MS) if number % 2 else (lived.began, lived.now)
        at = dice.randrange(begin, end)
        head = record.head_at(screen, at)
        told = explain(lived.ctx, SYSTEM, screen, at)
        played = told.playing.shown
        assert told.revision == head.revision
        expected = record.plays(head, at)
        assert replace(played, prices=()) == replace(expected, prices=()), (screen, at)
        channels = record.channels_at(at)
        prices = [
            (one.sku, channels[one.channel].offers[one.sku].steps[one.step].price)
            for one in expected.prices
        ]
        assert [(one.sku, one.price) for one in told.prices if not one.off] == prices
        assert all(one.ledger is not None for one in told.prices if not one.off)
        seen["prices"] += len(prices)
        assert told.explanation.winner == played.why
        assert record.reckoned(head, at) == (played.why, played.since), (screen, at)
        losers = {loser.wish for loser in told.explanation.losers if not loser.item}
        assert played.why is None or played.why.source not in losers
        seen[played.why.layer if played.why else "slate"] += 1
        seen["losers"] += bool(losers)
    assert {"campaign", "takeover", "base"} <= seen.keys()
    assert seen["slate"] < instants // 20
    assert seen["losers"] > instants // 2
    assert seen["prices"] > instants // 2
