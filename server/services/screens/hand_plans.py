"""What each device is told of people who may act on it while the server is away: who, what they may
show, for how long.

Only what a screen can show by itself is offered: cards without a condition or a schedule, whose
files may be on air everywhere and show no price of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, islice
from weakref import WeakKeyDictionary
from zlib import crc32

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.cards import card_json
from playlists.ids import CardId, PlaylistId, StoreId, canonical
from playlists.manifest import DeckCard
from playlists.model import Card, Playlist, Store
from playlists.resolve import Memo, Profile
from playlists.resolving.carding import Ready, bind_card
from playlists.schedule import ALWAYS
from playlists.signing import b64
from playlists.wire.hands import (
    MAX_CHOICES,
    MAX_PEOPLE,
    MAX_PLAN_BYTES,
    MAX_SCREENS,
    MAX_TURNS,
    Choice,
    HandsPlan,
    Person,
    ShopScreen,
)
from server.db.engine import Database
from server.db.models import DeviceRow, HandCodeRow, ScreenRow, StoreRow
from server.errors import Unauthenticated
from server.services.base.context import Context
from server.services.base.editing import MESSAGE_ID
from server.services.entry import tokens
from server.services.publishing.reading import Library, Snapshot
from server.services.publishing.viewing import View
from server.services.wishes.local_use import local_playlists
from server.services.wishes.reach import Reach

MINUTE_MS = 60_000
NAME_SAID = 40
"""Characters of a screen's name in a plan."""
SCREENS_BYTES = MAX_PLAN_BYTES // 2
"""Of a plan, for the store's screens: the rest is for what may be shown."""
LOOK_EVERY_MS = 10 * MINUTE_MS
"""What a store may show is looked at this often, each at a time of its own; who may, and on which
screens, each time.
"""
NOBODY = HandsPlan()

_Key = tuple[str, str, tuple[int, int]]
_Looked = dict[_Key, tuple[int, tuple[Person, ...], tuple[ShopScreen, ...], str]]
"""In which turn a plan was last made, for whom, of which screens, and which one it was."""
_LOOKED: WeakKeyDictionary[Database, _Looked] = WeakKeyDictionary()


class Plans:
    """What each screen is to know, read once in the caller's session."""

    def __init__(self, ctx: Context, session: Session, now: int) -> None:
        self._longest_ms = ctx.settings.hands_longest_minutes * MINUTE_MS
        self._session, self._now = session, now
        codes: dict[str, list[HandCodeRow]] = {}
        rows = select(HandCodeRow).where(HandCodeRow.until_ms > now)
        for row in session.scalars(rows.order_by(HandCodeRow.actor_id)):
            codes.setdefault(row.store_id, []).append(row)
        self._people = {store: self._may(store, rows) for store, rows in codes.items()}
        self._made: dict[_Key, HandsPlan] = {}
        self._memo = Memo()
        self._snapshot: Snapshot | None = None
        self._reaches: list[tuple[Playlist, frozenset[str]]] = []
        self._screens: dict[str, dict[str, _Key]] = {}
        self._players_of: dict[str, tuple[ShopScreen, ...]] = {}
        self._looked = _LOOKED.setdefault(ctx.db, {})

    def news(self, has: str, screen: str, store: str) -> HandsPlan | None:
        """A screen's plan; None where its device goes by that one, as was found a moment ago."""
        people = self._people.get(store, ())
        key = self._keys(store).get(screen) if people else None
        if key is None:
            return NOBODY
        turn = (self._now + crc32(store.encode())) // LOOK_EVERY_MS
        screens = self._players(store)
        if self._looked.get(key) == (turn, people, screens, has):
            return None
        made = self.of(screen, store)
        self._looked[key] = (turn, people, screens, made.id)
        return made

    def of(self, screen: str, store: str) -> HandsPlan:
        """A screen's plan; an empty one where nobody may."""
        people = self._people.get(store, ())
        key = self._keys(store).get(screen) if people else None
        if key is None:
            return NOBODY
        if key not in self._made:
            self._made[key] = self._plan(key, people)
        return self._made[key]

    def _keys(self, store: str) -> dict[str, _Key]:
        """What decides a plan, by the store's screens."""
        if store not in self._screens:
            rows = select(ScreenRow).where(ScreenRow.store_id == store)
            self._screens[store] = {
                row.id: (store, row.language, (row.width, row.height))
                for row in self._session.scalars(rows)
            }
        return self._screens[store]

    def _may(self, store: str, rows: list[HandCodeRow]) -> tuple[Person, ...]:
        """Those of them that still have the right."""
        found = []
        for row in rows:
            try:
                actor = tokens.actor(self._session, row.actor_id)
            except Unauthenticated:
                continue
            if actor.may("override", store):
                code = (row.tag, row.salt, row.hash, row.until_ms, row.key)
                found.append(Person(actor.id, actor.name, *code))
        return tuple(found[:MAX_PEOPLE])

    def _plan(self, key: _Key, people: tuple[Person, ...]) -> HandsPlan:
        store, language, size = key
        row = self._session.get_one(StoreRow, store)
        choices: list[Choice] = []
        cards: dict[CardId, DeckCard] = {}
        screens = self._players(store)
        said = [*(one.to_json() for one in people), *(one.to_json() for one in screens)]
        left = MAX_PLAN_BYTES - len(canonical(said))
        for choice, its in self._offered(store, language, size):
            new = {name: card for name, card in its.items() if name not in cards}
            bodies = {str(name): card_json(card) for name, card in new.items()}
            left -= len(canonical([choice.to_json(), bodies]))
            if left < 0 or len(choices) >= MAX_CHOICES:
                break
            choices.append(choice)
            cards |= new
        return HandsPlan(row.name, people, tuple(choices), cards, self._longest_ms, screens)

    def _players(self, store: str) -> tuple[ShopScreen, ...]:
        """The store's screens whose devices may be asked by each other."""
        if store not in self._players_of:
            rows = (
                select(ScreenRow.id, ScreenRow.name, DeviceRow.public_key, DeviceRow.caps)
                .join(DeviceRow, DeviceRow.screen_id == ScreenRow.id)
                .where(ScreenRow.store_id == store)
                .order_by(ScreenRow.name, ScreenRow.id)
            )
            found = [
                ShopScreen(id_, name[:NAME_SAID], b64(key))
                for id_, name, key, caps in self._session.execute(rows)
                if caps.get("agent")
            ]
            ends = accumulate(len(canonical(one.to_json())) for one in found)
            said = [one for one, end in zip(found, ends, strict=True) if end < SCREENS_BYTES]
            self._players_of[store] = tuple(said[:MAX_SCREENS])
        return self._players_of[store]

    def _offered(
        self, store: str, language: str, size: tuple[int, int]
    ) -> Iterator[tuple[Choice, dict[CardId, DeckCard]]]:
        """What a store may show, those for every store's use first, then by name."""
        snapshot = self._read()
        made = snapshot.store(store)
        if made is None:
            return
        view = View(snapshot, Profile(StoreId(store), size, language, (), "", frozenset(), None))
        for playlist, stores in self._reaches:
            if stores and store not in stores:
                continue
            turns: list[tuple[CardId, int]] = []
            cards: dict[CardId, DeckCard] = {}
            for ready, length in islice(self._ready(view, made, playlist.id, language), MAX_TURNS):
                cards[ready.id] = ready.card
                turns.append((ready.id, length))
            if turns:
                yield Choice(playlist.id, playlist.name, tuple(turns)), cards

    def _read(self) -> Snapshot:
        """The record, and each playlist with the stores that it reaches; none for every store's
        use: those come first.
        """
        if self._snapshot is None:
            self._snapshot = Library().snapshot(self._session, self._now)
            reach, local = Reach(self._session), local_playlists(self._session)
            every = [it for it in reach.playlists.values() if not it.id.startswith(MESSAGE_ID)]
            for playlist in sorted(every, key=lambda it: (it.id not in local, it.name, it.id)):
                stores = frozenset().union(*(use.stores for use in reach.uses(playlist.id)))
                if playlist.id in local or stores:
                    self._reaches.append(
                        (playlist, frozenset() if playlist.id in local else stores)
                    )
        return self._snapshot

    def _ready(
        self, view: View, store: Store, playlist: PlaylistId, language: str
    ) -> Iterator[tuple[Ready, int]]:
        """The cards of a playlist that a screen can show by itself, bound to the store."""
        found: Playlist | None = view.playlist(playlist)
        for item in found.items if found else ():
            plain = item.condition is None and item.schedule == ALWAYS
            if not plain or not isinstance(item.content, Card):
                continue
            ready = bind_card(item.content, language, store, self._memo)
            if not isinstance(ready, Ready):
                continue
            if not any(sha in view.drawn or view.asset(sha) != "showable" for sha in ready.files):
                yield ready, item.duration_ms
