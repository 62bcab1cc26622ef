"""What still holds, signed for each store about every minute: leases, sources, live texts.

One message per store with everything that its screens read, also of other stores; the same bytes
for all its screens. It is sent at once where a channel has a new version or a source is back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from playlists.facts import HAND, Fact, FactKey, FactLine, fact_line
from playlists.ids import ChannelId, SourceId, StoreId
from playlists.slot import Lease
from playlists.wire.freshness import FreshnessMessage, LiveText
from server.db.mappers import fact_from
from server.db.models import ChannelRow, ConnectorRow, FactRow, ProfileRow, StoreRow
from server.services.base.kept import MAX_IN, batched
from server.services.base.keys import Keys
from server.services.observed.live_texts import HORIZON_MS, facts_in, live_text

STOCK, PAST_STOCK = "stock:", "stock;"
"""The keys of stock, as a range that an index answers: `;` comes after `:`."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What the screens of a store read that must be kept fresh."""

    zone: str
    channels: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    live: frozenset[str] = frozenset()


class FreshnessMaker:
    """Makes freshness messages. What each store needs is remembered until `forget`."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._needs: dict[str, Needs] = {}
        self._issued: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        self._names: set[str] = set()

    def forget(self, stores: Iterable[str]) -> None:
        """The plans of these stores changed: ask anew what they need."""
        for store in stores:
            self._needs.pop(store, None)

    def stores(self, session: Session) -> list[str]:
        """All stores."""
        return list(session.scalars(select(StoreRow.id)))

    def needs_of(self, stores: Iterable[str]) -> dict[str, Needs]:
        """What these stores are remembered to need."""
        return {store: self._needs[store] for store in stores if store in self._needs}

    def needs_now(self, session: Session, stores: Iterable[str]) -> dict[str, Needs]:
        """What these stores need, asked anew where it was forgotten."""
        names = list(stores)
        self._load(session, names)
        return self.needs_of(names)

    def readers_of(self, session: Session, channels: Collection[str]) -> set[str]:
        """The stores whose screens read any of these channels."""
        self._load(session)
        wanted = set(channels)
        return {store for store, needs in self._needs.items() if needs.channels & wanted}

    def back(self, session: Session, now: int) -> list[str]:
        """The channels whose lease was over when it was told last, and holds again."""
        over = [name for name, ends in self._ends.items() if ends <= now]
        held = leases_of(session, over) if over else {}
        return [name for name, lease in held.items() if lease.as_of + lease.lease_ms > now]

    def issued_at(self, store: str) -> int:
        """The instant of the last message made for a store, unix ms; 0: there was none."""
        return self._issued.get(store, 0)

    def make(
        self, session: Session, now: int, stores: Collection[str] | None = None
    ) -> list[tuple[str, str]]:
        """(store, JWS) for `stores`, None for all that have screens. `now` is unix milliseconds."""
        self._load(session, stores)
        names = list(self._needs if stores is None else stores)
        needs = {store: self._needs[store] for store in names if store in self._needs}
        leases = leases_of(session, {name for need in needs.values() for name in need.channels})
        self._ends.update((name, held.as_of + held.lease_ms) for name, held in leases.items())
        sources = self._sources(session, None if stores is None else needs, now)
        texts = _Texts(session, needs.values(), now)
        made: list[tuple[str, str]] = []
        for store, need in needs.items():
            issued_at = max(now, self._issued.get(store, 0) + 1)
            self._issued[store] = issued_at
            message = FreshnessMessage(
                StoreId(store),
                issued_at,
                {ChannelId(name): leases[name] for name in sorted(need.channels & leases.keys())},
                _sources_for(store, need, sources),
                texts.of(need),
            )
            made.append((store, self._keys.sign_freshness(message)))
        return made

    def _sources(
        self, session: Session, needs: Mapping[str, Needs] | None, now: int
    ) -> dict[str, int]:
        """The sources that stores need, and their own; `needs` None is every source that there is.

        A store's own are looked up by the names that sources have, the same in all stores: to look
        through every fact for one store's would take a large chain half a second.
        """
        if needs is None:
            found: dict[str, int] = dict(session.execute(_as_of(now)).all())
            self._names.update(_name(source) for source in found)
            return found
        read = {source for need in needs.values() for source in need.sources}
        names = {HAND, *self._names, *session.scalars(select(ConnectorRow.id))}
        names.update(_name(source) for source in read)
        return sources_of(
            session, {*read, *(f"{name}@{store}" for name in names for store in needs)}, now
        )

    def _load(self, session: Session, stores: Collection[str] | None = None) -> None:
        """Ask what `stores` (None: all) need, where it is not known or was forgotten."""
        placed = select(StoreRow.id, StoreRow.zone)
        if stores is not None:
            placed = placed.where(StoreRow.id.in_(list(stores)))
        zones = dict(session.execute(placed).all())
        asked = self._needs.keys() if stores is None else self._needs.keys() & set(stores)
        for store in asked - zones.keys():
            del self._needs[store]
        for some in batched(sorted(zones.keys() - self._needs.keys()), MAX_IN):
            bodies: dict[str, list[dict[str, list[str]]]] = {store: [] for store in some}
            rows = select(ProfileRow.store_id, ProfileRow.body).where(ProfileRow.store_id.in_(some))
            for store, body in session.execute(rows):
                bodies[store].append(body)
            self._needs.update(
                {store: _needs(zones[store], found) for store, found in bodies.items()}
            )


def _name(source: str) -> str:
    """The connector of a source `connector@store`."""
    return source.partition("@")[0]


def _needs(zone: str, bodies: list[dict[str, list[str]]]) -> Needs:
    return Needs(
        zone,
        frozenset(name for body in bodies for name in body["channels"]),
        frozenset(name for body in bodies for name in body["sources"]),
        frozenset(name for body in bodies for name in body["live"]),
    )


def leases_of(session: Session, channels: Collection[str]) -> dict[str, Lease]:
    """The lease of each channel that has a version."""
    found: dict[str, Lease] = {}
    for some in batched(sorted(channels), MAX_IN):
        rows = select(
            ChannelRow.id, ChannelRow.version, ChannelRow.as_of, ChannelRow.lease_ms
        ).where(ChannelRow.id.in_(some), ChannelRow.version > 0)
        found.update((name, Lease(*rest)) for name, *rest in session.execute(rows))
    return found


def sources_of(session: Session, names: Collection[str], now: int = 0) -> dict[str, int]:
    """When each of these sources was last known good, unix milliseconds; what is not believed any
    more at `now` is left out.
    """
    found: dict[str, int] = {}
    for some in batched(sorted(names), MAX_IN):
        rows = _as_of(now).where(FactRow.source.in_(some))
        found.update(session.execute(rows).all())
    return found


def _as_of(now: int) -> Select[str, int]:
    """Sources with when they were last known good: what a source said last, but for one of stock
    the oldest of what it said and may still be believed. Stock is also said product by product
    (a shop's call), which makes nothing else that the source said before any younger.
    """
    stock = and_(FactRow.key >= STOCK, FactRow.key < PAST_STOCK, FactRow.expires_at > now)
    oldest = func.min(FactRow.observed_at).filter(stock)
    said = func.coalesce(oldest, func.max(FactRow.observed_at))
    return select(FactRow.source, said).group_by(FactRow.source)


def _sources_for(store: str, need: Needs, sources: Mapping[str, int]) -> dict[SourceId, int]:
    """Those that the store's plans read, and its own: stock texts inside offers hang on them."""
    own = f"@{store}"
    return {
        SourceId(name): as_of
        for name, as_of in sorted(sources.items())
        if name in need.sources or name.endswith(own)
    }


class _Texts:
    """Live texts, each made once for all the stores of a time zone that show it."""

    def __init__(self, session: Session, needs: Iterable[Needs], now: int) -> None:
        self._now = now
        keys = sorted({key for need in needs for name in need.live for key in facts_in(name)})
        self._rows: dict[str, list[Fact]] = {key: [] for key in keys}
        for some in batched(keys, MAX_IN):
            rows = select(FactRow.__table__).where(FactRow.key.in_(some))
            for row in session.execute(rows):
                self._rows[row.key].append(fact_from(row))
        self._made: dict[tuple[str, str], LiveText | None] = {}

    def of(self, need: Needs) -> dict[str, LiveText]:
        """The live texts of one store."""
        made = {name: self._text(name, need.zone) for name in sorted(need.live)}
        return {name: text for name, text in made.items() if text is not None}

    def _text(self, name: str, zone: str) -> LiveText | None:
        if (name, zone) not in self._made:
            self._made[name, zone] = live_text(name, self._line, zone, self._now)
        return self._made[name, zone]

    def _line(self, key: FactKey) -> FactLine | None:
        return fact_line(self._rows.get(key, ()), key, self._now, self._now + HORIZON_MS)
