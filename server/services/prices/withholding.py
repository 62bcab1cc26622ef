"""Keeps a price off the screens, or the one before on them, though the shop said another: recalls,
and tills that do not have it yet. Reads what is withheld, and turns what an offer would say into
what it says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, cast

from sqlalchemy import Table, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from playlists.ids import ChannelId, Sku
from playlists.manifest import FOREVER_MS
from playlists.pricing import Offer, Step
from playlists.wire.offers import offer_from_json
from server.db.models import ConnectorRow, RecallRow, TillMismatchRow, TillPriceRow
from server.services.base.kept import MAX_IN, batched
from server.services.prices import tilling
from server.services.prices.ledger import Pair
from server.services.prices.tilling import EMPTY, Rules, Said, State, Wanted

TILL = "till"
"""The kind of connector that speaks for a till."""
RECALLED, SILENT, APART = "recalled", "till:silent", "till:apart"
"""Why an offer says no price."""

_TILLS = cast(Table, TillPriceRow.__table__)
_PLAIN = tuple(one.name for one in fields(State) if one.name != "said")


@dataclass(frozen=True, slots=True)
class Withheld:
    """What is withheld of some SKUs in some channels: SKUs by the channels' stores that are
    `recalled`; the `rules` of each store's till; and how each price stands there.
    """

    recalled: frozenset[tuple[str, str]] = frozenset()
    rules: Mapping[str, Rules] = field(default_factory=dict)
    states: Mapping[Pair, State] = field(default_factory=dict)

    def within(self, channels: Mapping[ChannelId, str]) -> Withheld:
        """That of these channels, each with its store."""
        stores = set(channels.values())
        return Withheld(
            frozenset(one for one in self.recalled if one[0] in stores),
            {store: rules for store, rules in self.rules.items() if store in stores},
            {pair: state for pair, state in self.states.items() if pair[0] in channels},
        )


NOTHING = Withheld()


@dataclass(frozen=True, slots=True)
class TillWrite:
    """A till's price to keep; `differs`: what screens may show and its currency where the till is
    apart from it, else None.
    """

    channel: ChannelId
    sku: Sku
    store: str
    connector: str
    state: State
    look_at: int
    differs: tuple[int, str] | None


def rules_by_store(session: Session, stores: Collection[str]) -> dict[str, Rules]:
    """How the tills of those of `stores` that have one are minded."""
    query = select(ConnectorRow.id, ConnectorRow.config)
    tills = query.where(ConnectorRow.kind == TILL, ConnectorRow.enabled).order_by(ConnectorRow.id)
    found: dict[str, Rules] = {}
    for connector, config in session.execute(tills):
        only = config.get("only") or ()
        rules = rules_of(connector, config)
        found.update({store: rules for store in only if store in stores and store not in found})
    return found


def rules_of(connector: str, config: Mapping[str, Any]) -> Rules:
    """A till's rules as it is set up (server.connectors.tills.till)."""
    return Rules(
        connector,
        ordered=config.get("order", "both") == "both",
        calls=bool(config.get("release_url")),
        price_free=config.get("on_mismatch", "report") == "price_free",
        timeout_ms=int(config.get("timeout_s", 120)) * 1000,
        grace_ms=int(config.get("mismatch_s", 120)) * 1000,
    )


_ANYTHING = select(
    or_(
        select(RecallRow.id).where(RecallRow.lifted_at.is_(None)).exists(),
        select(ConnectorRow.id).where(ConnectorRow.kind == TILL).exists(),
        select(_TILLS.c.sku).exists(),
    )
)
"""Most chains have neither recalls nor tills: one question tells."""


def gather(session: Session, channels: Mapping[ChannelId, str], skus: Sequence[Sku]) -> Withheld:
    """What is withheld of `skus` in `channels`, each with its store."""
    if not session.scalar(_ANYTHING):
        return NOTHING
    stores = frozenset(channels.values())
    recalled = {
        (store, sku)
        for some in batched(sorted(skus), MAX_IN)
        for sku, only in session.execute(
            select(RecallRow.sku, RecallRow.stores).where(
                RecallRow.lifted_at.is_(None), RecallRow.sku.in_(some)
            )
        )
        for store in (stores if only is None else stores & set(only))
    }
    rules = rules_by_store(session, stores)
    return Withheld(frozenset(recalled), rules, states(session, list(channels), skus))


def states(
    session: Session, channels: Sequence[ChannelId], skus: Sequence[Sku]
) -> dict[Pair, State]:
    """How the prices of `skus` stand between tills and screens, where anything is known of that."""
    found: dict[Pair, State] = {}
    for some in batched(sorted(skus), MAX_IN):
        for few in batched(sorted(channels), MAX_IN):
            query = select(_TILLS).where(_TILLS.c.channel.in_(few), _TILLS.c.sku.in_(some))
            for row in session.execute(query):
                found[ChannelId(row.channel), Sku(row.sku)] = state_of(row)
    return found


def state_of(row: Any) -> State:
    """A row of till_price as its state."""
    said = None
    if row.price is not None:
        said = Said(row.price, row.currency, row.said_version, row.said_at)
    return State(said, **{name: getattr(row, name) for name in _PLAIN})


def columns_of(state: State) -> dict[str, Any]:
    """The state's part of a row of till_price."""
    said = state.said
    return {
        "price": said.price if said else None,
        "currency": said.currency if said else "",
        "said_version": said.version if said else "",
        "said_at": said.at if said else 0,
        **{name: getattr(state, name) for name in _PLAIN},
    }


def gated(
    withheld: Withheld,
    pair: Pair,
    store: str,
    offer: Offer,
    last: Mapping[str, Any] | None,
    version: int,
    now: int,
) -> tuple[Offer, TillWrite | None]:
    """What may be said at the channel's `version` where `offer` would be, after what was said
    `last` (wire JSON); and how the price then stands between till and screens, where it has one.
    """
    if (store, pair[1]) in withheld.recalled:
        offer = price_free(offer, RECALLED)
    rules, before = withheld.rules.get(store), withheld.states.get(pair, EMPTY)
    if rules is None and before == EMPTY:
        return offer, None
    was = None if last is None else _said(last, now)
    step = running(offer.steps, now)
    if rules is None:  # no till (any more) speaks for this store: nothing waits for it
        free = replace(EMPTY, said=before.said, same_at=now)
        return offer, TillWrite(*pair, store, "", free, FOREVER_MS, None)
    wanted = None
    if step is not None:
        until = FOREVER_MS if step.until_ms is None else step.until_ms
        wanted = Wanted(step.price, offer.currency, step.from_ms, until)
    shown = None if was is None else was.price
    out = tilling.decide(before, rules, shown, wanted, version, now)
    if replace(out.state, same_at=0) == EMPTY and pair not in withheld.states:
        return offer, None
    price = shown if out.show == "kept" else wanted.price if wanted else None
    differs = (price, offer.currency) if out.state.apart and price is not None else None
    write = TillWrite(*pair, store, rules.connector, out.state, out.look_at, differs)
    if out.show == "none":
        offer = price_free(offer, APART if out.state.apart else SILENT)
    elif out.show == "kept" and was is not None:
        end = out.state.deadline if was.until_ms is None else min(was.until_ms, out.state.deadline)
        offer = replace(offer, steps=(replace(was, until_ms=end),), reason="till:lowering")
    return offer, write


def _said(last: Mapping[str, Any], now: int) -> Step | None:
    """The step of an offer as it was told (wire JSON) that runs at an instant; no other is read."""
    for step in last["st"]:
        if step[0] <= now and (step[1] is None or now < step[1]):
            return offer_from_json({**last, "st": [step]}).steps[0]
    return None


def price_free(offer: Offer, reason: str) -> Offer:
    """The same without a price, and why."""
    return Offer(offer.sku, "", (), offer.names, offer.stock, reason)


def running(steps: Sequence[Step], now: int) -> Step | None:
    """The step that runs at an instant; None where none does."""
    for step in steps:
        if step.from_ms <= now and (step.until_ms is None or now < step.until_ms):
            return step
    return None


def store(session: Session, writes: Sequence[TillWrite], now: int) -> None:
    """Keep how prices stand between tills and screens, in the caller's transaction, and the
    stretches on which the two are apart.
    """
    keep(session, writes)
    for one in writes:
        _tell(session, one, now)


def keep(session: Session, writes: Sequence[TillWrite]) -> None:
    """Keep how prices stand between tills and screens, in the caller's transaction."""
    for one in writes:
        here = (_TILLS.c.channel == one.channel, _TILLS.c.sku == one.sku)
        values = {
            **columns_of(one.state),
            "look_at": one.look_at,
            "connector": one.connector,
        }
        idle = replace(one.state, same_at=0) == EMPTY
        if idle:
            session.execute(delete(_TILLS).where(*here))
        elif not session.execute(update(_TILLS).where(*here).values(values)).rowcount:  # type: ignore[attr-defined]
            session.execute(
                insert(_TILLS).values({"channel": one.channel, "sku": one.sku, **values})
            )


def move(session: Session, states: Mapping[Pair, State], now: int) -> None:
    """Write states that moved by themselves, to be looked at again at once."""
    for (channel, sku), state in states.items():
        here = (_TILLS.c.channel == channel, _TILLS.c.sku == sku)
        session.execute(update(_TILLS).where(*here).values(**columns_of(state), look_at=now))


def look_at(session: Session, pair: Pair) -> int:
    """When a price is to be looked at again; FOREVER_MS where nothing is known of it."""
    here = (_TILLS.c.channel == pair[0], _TILLS.c.sku == pair[1])
    found = session.scalar(select(_TILLS.c.look_at).where(*here))
    return FOREVER_MS if found is None else found


def _tell(session: Session, one: TillWrite, now: int) -> None:
    """Open the stretch on which a till and its screens are apart, or close it."""
    row = session.scalar(
        select(TillMismatchRow).where(
            TillMismatchRow.channel == one.channel,
            TillMismatchRow.sku == one.sku,
            TillMismatchRow.until_ms.is_(None),
        )
    )
    said = one.state.said
    here = (
        None if one.differs is None or said is None else (*one.differs, said.price, said.currency)
    )
    if row is not None:
        if here == (row.shown, row.shown_currency, row.charged, row.charged_currency):
            return
        row.until_ms = now
    if here is not None and said is not None:
        shown, shown_currency, charged, charged_currency = here
        session.add(
            TillMismatchRow(
                channel=one.channel,
                sku=one.sku,
                store_id=one.store,
                connector=one.connector,
                shown=shown,
                shown_currency=shown_currency,
                charged=charged,
                charged_currency=charged_currency,
                from_ms=one.state.apart_since if row is None else now,
                until_ms=None,
            )
        )
    session.flush()
