"""Where else a product waits: for each store the nearest other that has some, and how far it is.

Derived facts, kept beside those that sources say: `nearest:SKU@STORE` is the other store's name
(empty: none near has any), `nearest.metres:SKU@STORE` the great-circle distance (then 0),
`nearest.pieces:SKU@STORE` how many it has (one more than MANY where it has more),
`nearest.hours:SKU@STORE` when it is open (openings.py). Each is said by the source that counted the
other store's stock, and is believed as long as that. They are kept for the products that a playlist
or draft asks them of.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, cast, delete, select
from sqlalchemy.orm import Session

from playlists.facts import KINDS, Fact, FactKey, FactValue, fact_line, value_at
from playlists.ids import SourceId
from playlists.resolving.targets import distance_m
from server.db.models import DraftRow, FactRow, PlaylistRow, StoreRow
from server.services.base import outbox
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.observed import facts, openings
from server.services.observed.live_texts import MANY

NEAR_M = 60_000
"""How far off a store may be that people are sent to, in metres."""
METRES = 100
"""Distances are kept in whole hundreds of metres."""
RENEW_MS = 1_800_000
"""What is said of no other store is said anew so often."""
NAME, FAR, PIECES, OPEN = "nearest", "nearest.metres", "nearest.pieces", "nearest.hours"
AT_ONCE = 200
"""Facts in one write transaction."""

_E6_A_METRE = 10
"""More millionths of a degree of latitude than a metre has: passes over what is far off."""
_ASKED = re.compile(rf'"{NAME}:([^\s"]+)@')
_PREFIX = f"{NAME}:"


@dataclass(frozen=True, slots=True)
class _Shop:
    id: str
    name: str
    lat: int
    lon: int
    zone: str
    hours: list[Any]
    special_hours: list[Any]


Has = tuple[Fact, int]
"""The youngest word on a store's stock, and the pieces."""
_Near = Mapping[str, Sequence[tuple[int, _Shop]]]
"""By store the others within reach, nearest first, each with its distance in metres."""


def keys_of(sku: str, store: str) -> tuple[FactKey, ...]:
    """The facts that say which store, how far, how many it has, and when it is open."""
    return tuple(FactKey(f"{kind}:{sku}@{store}") for kind in (NAME, FAR, PIECES, OPEN))


def follow(session: Session, said: Iterable[Fact], now: int) -> None:
    """Stock was said, in the caller's transaction: where else products wait follows from it, for
    those that are asked about.
    """
    places: dict[FactKey, tuple[str, str]] = {}
    for fact in said:
        kind, _, subject = fact.key.partition(":")
        sku, _, store = subject.rpartition("@")
        if kind == "stock":
            places[keys_of(sku, store)[0]] = (sku, store)
    asked: dict[str, set[str]] = {}
    for some in batched(sorted(places), MAX_IN):
        for key in session.scalars(select(FactRow.key).where(FactRow.key.in_(some))):
            sku, store = places[FactKey(key)]
            asked.setdefault(sku, set()).add(store)
    if asked:
        shops = _shops(session)
        for sku, stores in asked.items():
            told = {other.id for near in _near(shops, stores).values() for _, other in near}
            facts.derive(session, _derived(session, [sku], _near(shops, told), now), now)


def watch(ctx: Context, skus: Collection[str]) -> None:
    """From now on it is known of these products where else they wait, in every store."""
    now = ctx.clock()
    with ctx.db.read() as session:
        found = _derived(session, skus, _near(_shops(session)), now)
        held = facts.facts_for(session, [fact.key for fact in found])
    late = [fact for fact in found if _differs(held.get(fact.key, ()), fact)]
    for some in batched(late, AT_ONCE):
        with ctx.db.write() as session:
            facts.derive(session, some, now)
    if late:
        ctx.wake()


def keep(ctx: Context) -> None:
    """Know it of the products that playlists and drafts ask it of, and of no others."""
    with ctx.db.read() as session:
        wanted = _wanted(session)
        known = {
            key.removeprefix(_PREFIX).rpartition("@")[0]
            for key in session.scalars(
                select(FactRow.key).where(FactRow.key.startswith(_PREFIX, autoescape=True))
            )
        }
    if wanted:
        watch(ctx, wanted)
    for sku in sorted(known - wanted):
        with ctx.db.write() as session:
            _forget(session, sku, ctx.clock())


def _wanted(session: Session) -> set[str]:
    found: set[str] = set()
    for body in (PlaylistRow.body, DraftRow.body):
        said = cast(body, String)
        for text in session.scalars(select(said).where(said.contains(f'"{_PREFIX}'))):
            found.update(_ASKED.findall(text))
    return found


def _forget(session: Session, sku: str, now: int) -> None:
    keys = [key for shop in _shops(session) for key in keys_of(sku, shop.id)]
    for some in batched(keys, MAX_IN):
        session.execute(delete(FactRow).where(FactRow.key.in_(some)))
    outbox.mark(session, keys, now)


def _shops(session: Session) -> list[_Shop]:
    place = (StoreRow.id, StoreRow.name, StoreRow.lat_e6, StoreRow.lon_e6)
    rows = session.execute(select(*place, StoreRow.zone, StoreRow.hours, StoreRow.special_hours))
    return [_Shop(*row) for row in rows]


def _near(shops: Sequence[_Shop], of: Collection[str] | None = None) -> _Near:
    """The neighbours of some stores, None for all."""
    found: dict[str, list[tuple[int, _Shop]]] = {}
    for here in shops:
        if of is not None and here.id not in of:
            continue
        near = found[here.id] = []
        for other in shops:
            if other is here or abs(other.lat - here.lat) > NEAR_M * _E6_A_METRE:
                continue
            metres = distance_m(here.lat, here.lon, other.lat, other.lon)
            if metres <= NEAR_M:
                near.append((metres, other))
        near.sort(key=lambda one: (one[0], one[1].id))
    return found


def _derived(session: Session, skus: Collection[str], near: _Near, now: int) -> list[Fact]:
    places = {other.id for row in near.values() for _, other in row}
    keys = {(sku, place): FactKey(f"stock:{sku}@{place}") for sku in skus for place in places}
    rows = facts.facts_for(session, keys.values())
    having: dict[tuple[str, str], Has] = {}
    for place, key in keys.items():
        said = rows.get(key, ())
        pieces = value_at(fact_line(said, key, now, now + 1), now)
        if isinstance(pieces, int) and pieces > 0:
            having[place] = (max(said, key=lambda one: one.observed_at), pieces)
    found: list[Fact] = []
    open_at: dict[str, str] = {}
    for sku in sorted(skus):
        for store, others in near.items():
            first = next((one for one in others if (sku, one[1].id) in having), None)
            if first is None:
                found += _nowhere(sku, store, now)
                continue
            shop = first[1]
            if shop.id not in open_at:
                hours = shop.hours, shop.special_hours
                open_at[shop.id] = openings.stretches(shop.zone, *hours, now)
            found += _there(sku, store, first, having[sku, shop.id], open_at[shop.id], now)
    return found


def _nowhere(sku: str, store: str, now: int) -> list[Fact]:
    until = now + KINDS[NAME].max_age_ms
    nobody = (now, None, now, until, SourceId(f"{NAME}@{store}"))
    values: tuple[FactValue, ...] = ("", 0, 0, "")
    return [
        Fact(key, value, *nobody) for key, value in zip(keys_of(sku, store), values, strict=True)
    ]


def _there(
    sku: str, store: str, first: tuple[int, _Shop], has: Has, open_at: str, now: int
) -> list[Fact]:
    (metres, other), (said, pieces) = first, has
    rest = (now, None, said.observed_at, said.expires_at, said.source)
    hundreds = max(METRES, round(metres / METRES) * METRES)
    values: tuple[FactValue, ...] = (other.name, hundreds, min(pieces, MANY + 1), open_at)
    return [Fact(key, value, *rest) for key, value in zip(keys_of(sku, store), values, strict=True)]


def _differs(held: Sequence[Fact], fact: Fact) -> bool:
    """Whether a fact is to be written: another than the one held, or that one has aged."""
    if not held or (held[0].value, held[0].source) != (fact.value, fact.source):
        return True
    aged = fact.observed_at - held[0].observed_at
    return aged != 0 if fact.value else aged >= RENEW_MS
