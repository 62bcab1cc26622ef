"""Which prices screens showed, and when: plans played again with the offers that screens named."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.manifest import FOREVER_MS
from playlists.runs import Play
from server.services.base.objects import Plans
from server.services.showing.by_hand import hands_in
from server.services.showing.holding import Head, Holding
from server.services.showing.proving import price_code
from server.services.showing.worlds import Playing, World
from server.services.wishes.templates import PRICED

MAX_TURNS = 20_000
"""Turns of one zone that are played again at once: an hour of the shortest."""
REGULAR = "prior:regular"

Versions = tuple[tuple[str, int], ...]
"""The channels' versions that a screen named, in order."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A SKU on screen, `[from_ms, until_ms)`: at `price`, or None for a card without it.

    `why` is the code for which there was none, or for which a reduction had no prior price.
    """

    from_ms: int
    until_ms: int
    zone: str
    channel: ChannelId
    sku: Sku
    price: int | None
    currency: str
    why: str


def spells(
    session: Session,
    plans: Plans,
    manifest: str,
    versions: Versions,
    from_ms: int,
    until_ms: int,
    exceptions: Collection[Play] = (),
) -> list[Spell]:
    """What screens with this plan and these offers showed of prices on `[from_ms, until_ms)`, but
    for what they recorded as short of plan. Nothing where the plan is not kept.
    """
    known = plans.manifest(session, manifest)
    if known is None:
        return []
    days = {day.date for day in known.days if day.from_ms < until_ms and from_ms < day.until_ms}
    # Of the head's end and of leases the screen's own records speak, as of all that it lacked.
    plan = plans.plan(session, manifest, FOREVER_MS, days)
    if plan is None:
        return []
    hands, cards = hands_in(session, exceptions)
    held = Holding(
        "run",
        Head(0, 0, manifest, FOREVER_MS, None),
        until_ms,
        versions,
        until_ms,
        exceptions=tuple(exceptions),
        hands=hands,
        hand_cards=cards,
    )
    world = World.of(session, [plan], held, until_ms)
    turns = world.coming(plan, held, from_ms, until_ms, MAX_TURNS)
    return [
        spell for found in turns.values() for one in found for spell in _of(one, from_ms, until_ms)
    ]


def _of(playing: Playing, from_ms: int, until_ms: int) -> Iterator[Spell]:
    shown = playing.shown
    begin, end = max(from_ms, shown.since), min(until_ms, shown.until)
    priced = {(one.channel, one.sku): one for one in shown.prices}
    card = playing.card
    if card is None or card.template not in PRICED or begin >= end:
        return
    for good in card.goods:
        place = begin, end, str(shown.zone), good.channel, good.sku
        said = playing.offers.get((good.channel, good.sku))
        on = priced.get((good.channel, good.sku))
        if said is None or on is None:
            code = price_code(shown.because) or ("no_offer" if said is None else "no_step")
            doubt = said.offer.reason if said is not None else ""
            yield Spell(*place, None, "", doubt if doubt and code == "no_step" else code)
            continue
        step = said.offer.steps[on.step]
        first = step.because[0] if step.because else REGULAR
        bare = first if first.startswith("prior:") and first != REGULAR else ""
        yield Spell(*place, step.price, said.offer.currency, bare)
