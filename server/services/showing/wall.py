"""The wall: every screen of some stores, how it stands, what it plays now and next."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args
from weakref import WeakKeyDictionary

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session

from playlists.facts import Fact, fact_line
from playlists.model import MAIN
from playlists.wire.freshness import LiveText
from server.db.engine import Database
from server.db.mappers import fact_from
from server.db.models import ChannelRow, FactRow, ScreenRow, StoreRow
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import Versioned
from server.services.base.kept import MAX_IN, batched
from server.services.base.objects import Plans
from server.services.base.paging import Cut, Page, paged
from server.services.chain.place_views import StoreView, store_view
from server.services.observed.live_texts import HORIZON_MS, facts_in, live_text
from server.services.showing import explaining
from server.services.showing.hands import Hand
from server.services.showing.proving import price_code
from server.services.showing.sought import screens_playing
from server.services.showing.standing import Alike, Roll, Standing, State
from server.services.showing.titles import Titles, Told, joined
from server.services.showing.worlds import Playing

MAX_STORES = 8
"""Stores on one page of the wall; the rest are on the pages after it."""
MAX_SCREENS = 40
"""Screens of one store on it; each is a stage that its reader's browser paints. The rest are on
the pages of that store alone."""
MAX_TAGS = 100
"""Tags that the wall offers to choose by."""
AHEAD_MS = 120_000
"""What comes next is told this far ahead."""
MAX_TURNS = 6
Key = TypeVar("Key")

Kind = Literal["", "plan", "hand", "offline", "unpaired", "prices", "trouble"]
"""Which screens are looked for; `prices`: those of stores whose shop is silent."""
KINDS: tuple[Kind, ...] = get_args(Kind)
KIND_OF: Mapping[State, Kind] = {
    "plan": "plan",
    "hand": "hand",
    "paused": "hand",
    "offline": "offline",
    "held": "offline",
    "unpaired": "unpaired",
}


@dataclass(frozen=True, slots=True)
class Look:
    """What a reader looks for: one `store` by id, those whose name or id has `named` in it and the
    screens that play something called so, screens with a tag, of a kind. `after` is the page
    before's `next`, `beyond` the last screen of the page before of one store.
    """

    store: str = ""
    named: str = ""
    tag: str = ""
    kind: Kind = ""
    after: str = ""
    beyond: str = ""

    @property
    def picks(self) -> bool:
        """Whether stores without such a screen are left out."""
        return bool(self.tag or self.kind)


EVERYTHING = Look()


@dataclass(frozen=True, slots=True)
class WallScreen:
    """A screen on the wall. `turns` begin with what plays now; `prices_off` is why prices are off
    (a code of slot_at, empty where none is); `confirmed_at` is when the shop last confirmed its
    prices (unix ms); `by_report`: it is cut off, the turns are what it plays by its last report.
    """

    id: str
    name: str
    width: int
    height: int
    language: str
    standing: Standing
    turns: tuple[Told, ...]
    prices_off: str
    confirmed_at: int | None
    by_report: bool

    @property
    def state(self) -> State:
        """How it stands."""
        return self.standing.state

    @property
    def hand(self) -> Hand | None:
        """The hand on it."""
        return self.standing.hand


@dataclass(frozen=True, slots=True)
class WallStore:
    """A rail of the wall: the store, its weather in words, its screens by id, how many more hang
    there.
    """

    store: StoreView
    weather: LiveText | None
    screens: tuple[WallScreen, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Wall:
    """One page of the wall; `counts` are of all of the actor's screens, by state, `kinds` of those
    with the tag in the stores that are looked for. `next` is the cursor of the page after, `beyond`
    the last screen where one store has more; both are empty at the end.
    """

    now: int
    counts: Mapping[State, int]
    kinds: Mapping[Kind, int]
    tags: tuple[str, ...]
    stores: tuple[WallStore, ...]
    next: str
    beyond: str


def wall(
    ctx: Context,
    actor: Actor,
    look: Look = EVERYTHING,
    screens: Collection[str] | None = None,
) -> Wall:
    """A page of the actor's wall, or of `screens` alone. Raises BadInput for a strange cursor."""
    actor.require("read")
    now = ctx.clock()
    with ctx.db.read() as session:
        roll = Roll(session, actor, now, ctx.settings.report_every_s)
        alike = roll.tally(tag=look.tag, screens=screens)
        silent = _silent_stores(session, now)
        called = _called(session, look)
        sought = _sought(ctx, session, look, now)
        placed = None if called is None else called | set(sought)
        here = [one for one in alike if (placed is None or one.store in placed) and one.tagged]
        having = {one.store for one in here if not look.kind or look.kind in _kinds(one, silent)}
        page = _stores(ctx, session, actor, look, having, placed)
        stores = [view.value for view in page.items]
        stand = roll.standings(screens=screens, stores=[store.id for store in stores])
        chosen = {
            name: one
            for name, one in stand.items()
            if _is_chosen(one, look, silent)
            and (called is None or one.store in called or name in sought.get(one.store, ()))
        }
        shown = _shown(chosen, stores, look)
        rows = _screen_rows(session, shown)
        leases = _confirmed(session, stores)
        weather = _weather(session, stores, now)
        tags = _tags(session, actor)
    coming = _coming(ctx, actor, shown, now)
    with ctx.db.read() as session:
        titles = Titles(session, [playing for turns in coming.values() for playing in turns])
    left = Counter(one.store for one in chosen.values() if one.screen > look.beyond)
    rails = []
    for store in stores:
        hung = []
        for row in rows.get(store.id, ()):
            playing = coming.get(row.id, ())
            turns = tuple(titles.told(one, row.language) for one in playing)
            hung.append(
                WallScreen(
                    id=row.id,
                    name=row.name,
                    width=row.width,
                    height=row.height,
                    language=row.language,
                    standing=stand[row.id],
                    turns=joined(turns),
                    prices_off=next(
                        (code for turn in turns if (code := price_code(turn.because))), ""
                    ),
                    confirmed_at=_last(playing, leases.get(store.channel or "")),
                    by_report=any(one.basis == "report" for one in playing),
                )
            )
        more = left[store.id] - len(hung)
        rails.append(WallStore(store, weather.get(store.id), tuple(hung), more))
    return Wall(
        now,
        _summed((one.state, one.count) for one in alike),
        _summed((kind, one.count) for one in here for kind in ("", *_kinds(one, silent))),
        tags,
        tuple(rails),
        page.next,
        shown[-1] if look.store and any(rail.more for rail in rails) else "",
    )


def _summed(counts: Iterable[tuple[Key, int]]) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for key, count in counts:
        found[key] = found.get(key, 0) + count
    return found


def _is_chosen(standing: Standing, look: Look, silent: Collection[str]) -> bool:
    """Whether a screen of a store that is looked for is looked for itself."""
    return (not look.tag or look.tag in standing.tags) and (
        not look.kind or look.kind in _kinds(standing, silent)
    )


def _tags(session: Session, actor: Actor) -> tuple[str, ...]:
    """Tags to choose by; many screens have the same."""
    kept = cast(ScreenRow.tags, String)
    statement = select(kept).distinct()
    if actor.stores is not None:
        statement = statement.where(ScreenRow.store_id.in_(actor.stores))
    found = {tag for text in session.scalars(statement) for tag in json.loads(text)}
    return tuple(sorted(found)[:MAX_TAGS])


def _kinds(standing: Standing | Alike, silent: Collection[str]) -> tuple[Kind, ...]:
    """All that a screen, or many alike, count as."""
    found = [KIND_OF[standing.state]]
    if standing.store in silent:
        found.append("prices")
    troubled = standing.troubled if isinstance(standing, Alike) else bool(standing.troubles)
    if troubled:
        found.append("trouble")
    return tuple(found)


def _silent_stores(session: Session, now: int) -> set[str]:
    """The stores whose shop has confirmed nothing for so long that no lease holds."""
    over = select(ChannelRow.store_id).where(
        ChannelRow.as_of > 0, ChannelRow.as_of + ChannelRow.lease_ms <= now
    )
    return set(session.scalars(over))


def _sought(ctx: Context, session: Session, look: Look, now: int) -> dict[str, set[str]]:
    """The screens that play what is looked for by name, by store."""
    if look.store or not look.named:
        return {}
    kept = _kept(ctx)
    with kept.lock:
        return screens_playing(session, kept.plans, look.named, now)


def _called(session: Session, look: Look) -> set[str] | None:
    """The ids of the stores that are looked for by id or name; None: all."""
    if look.store:
        return {look.store}
    if not look.named:
        return None
    wanted = look.named.strip()
    found = select(StoreRow.id).where(
        StoreRow.name.icontains(wanted, autoescape=True)
        | StoreRow.id.icontains(wanted, autoescape=True)
    )
    return set(session.scalars(found))


def _stores(
    ctx: Context,
    session: Session,
    actor: Actor,
    look: Look,
    having: Collection[str],
    placed: Collection[str] | None,
) -> Page[Versioned[StoreView]]:
    """A page of stores: those that are looked for, where a kind or a tag is asked for those having
    such a screen.
    """
    statement = select(StoreRow)
    if actor.stores is not None:
        statement = statement.where(StoreRow.id.in_(actor.stores))
    wanted = set(having) if look.picks else None if placed is None else set(placed)
    if wanted is not None and len(wanted) <= MAX_IN:
        statement = statement.where(StoreRow.id.in_(wanted))

    def make(row: StoreRow) -> Versioned[StoreView] | None:
        return store_view(row) if wanted is None or row.id in wanted else None

    cut = Cut(look.after, MAX_STORES)
    return paged(session, ctx.settings, statement, [StoreRow.id], cut, make)


def _last(turns: Sequence[Playing], channel: int | None) -> int | None:
    """When the shop last confirmed what is on: all of its prices, or one by itself."""
    alone = [held.offer.confirmed_at for turn in turns[:1] for held in turn.offers.values()]
    return max([channel or 0, *alone]) or None


def cut_off(ctx: Context, actor: Actor, screens: Collection[str], now: int) -> dict[str, Playing]:
    """What those of `screens` that are cut off play by their last report now (unix ms)."""
    coming = _coming(ctx, actor, sorted(set(screens)), now)
    return {
        screen: turns[0] for screen, turns in coming.items() if turns and turns[0].basis == "report"
    }


def _shown(chosen: Mapping[str, Standing], stores: Sequence[StoreView], look: Look) -> list[str]:
    """The screens that are drawn, store by store."""
    here: dict[str, list[str]] = {store.id: [] for store in stores}
    for name, standing in sorted(chosen.items()):
        mine = here.get(standing.store)
        if mine is not None and len(mine) < MAX_SCREENS and name > look.beyond:
            mine.append(name)
    return [name for names in here.values() for name in names]


def _screen_rows(session: Session, screens: Sequence[str]) -> dict[str, list[ScreenRow]]:
    found: dict[str, list[ScreenRow]] = {}
    for some in batched(list(screens), MAX_IN):
        rows = select(ScreenRow).where(ScreenRow.id.in_(some)).order_by(ScreenRow.id)
        for row in session.scalars(rows):
            found.setdefault(row.store_id, []).append(row)
    return found


def _confirmed(session: Session, stores: Sequence[StoreView]) -> dict[str, int]:
    """When the shop last confirmed the prices of each store's channel."""
    channels = [store.channel for store in stores if store.channel]
    rows = select(ChannelRow.id, ChannelRow.as_of).where(
        ChannelRow.id.in_(channels), ChannelRow.as_of > 0
    )
    return dict(session.execute(rows).all())


def _weather(session: Session, stores: Sequence[StoreView], now: int) -> dict[str, LiveText]:
    """The weather of each store that is known, in words."""
    keys = [key for store in stores for key in facts_in(f"weather:{store.id}")]
    rows: dict[str, list[Fact]] = {}
    for row in session.scalars(select(FactRow).where(FactRow.key.in_(keys))):
        rows.setdefault(row.key, []).append(fact_from(row))
    found: dict[str, LiveText] = {}
    for store in stores:
        said = live_text(
            f"weather:{store.id}",
            lambda key: fact_line(rows.get(key, ()), key, now, now + HORIZON_MS),
            store.zone,
            now,
        )
        if said is not None:
            found[store.id] = said
    return found


@dataclass(slots=True)
class _Kept:
    """Decoded plans of one record, for one reader at a time."""

    plans: Plans
    lock: threading.Lock


_KEPT: WeakKeyDictionary[Database, _Kept] = WeakKeyDictionary()
_KEPT_LOCK = threading.Lock()


def _kept(ctx: Context) -> _Kept:
    with _KEPT_LOCK:
        return _KEPT.setdefault(ctx.db, _Kept(Plans(), threading.Lock()))


def _coming(
    ctx: Context, actor: Actor, screens: Sequence[str], now: int
) -> dict[str, tuple[Playing, ...]]:
    kept = _kept(ctx)
    with kept.lock:
        found = explaining.what_comes(
            ctx, actor, screens, now, now + AHEAD_MS, MAX_TURNS, kept.plans
        )
    return {
        screen: zones[MAIN] if MAIN in zones else next(iter(zones.values()), ())
        for screen, zones in found.items()
    }
