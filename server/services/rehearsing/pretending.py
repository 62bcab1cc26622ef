"""What a screen would show in a pretended situation: another instant, weather, crowd or stock,
prices that have lapsed, drafts as if they were on air.

It is resolved as the real thing is, over a view that answers with what is pretended; nothing is
stored, and the shop floor does not change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.codec import decode_own_chunk
from playlists.facts import KINDS, FactKey, FactLine, FactSpan, FactValue, fact_key
from playlists.ids import (
    ItemId,
    OverrideId,
    PlaylistId,
    ScreenId,
    SourceId,
    StoreId,
    ZoneId,
)
from playlists.localtime import local_days
from playlists.manifest import FOREVER_MS, Plan
from playlists.model import MAIN, Campaign, Card, Item, Override, Playlist, Screen, Store
from playlists.model_json import campaign_from_json, playlist_from_json
from playlists.resolve import Profile, gather, profile_of, wishes_of
from playlists.resolving.rotation import MAX_ENTRIES
from playlists.schedule import ALWAYS
from playlists.wire.freshness import LiveText
from server.db.mappers import screen_from
from server.db.models import ScreenRow
from server.errors import BadInput, NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import as_bad_input
from server.services.drafting import drafts
from server.services.drafting.drafts import Kind
from server.services.observed.live_texts import live_text
from server.services.publishing.reading import Snapshot, shop_of
from server.services.publishing.viewing import View
from server.services.rehearsing.overlay import library_of, overlaid
from server.services.showing.holding import Head, Holding
from server.services.showing.titles import Titles, Told
from server.services.showing.worlds import Playing, World

PRETENCE = SourceId("pretence")
MAX_FACTS = 64
"""Facts that one pretence may name."""
MAX_DRAFTS = 50
MAX_TURNS = 60
AHEAD_MS = 2 * 3_600_000
"""How far one look goes on from its instant."""
ONLY = PlaylistId("pretended")
"""The override that a turn of `Pretence.only` names as its source."""


@dataclass(frozen=True, slots=True)
class Pretence:
    """What is pretended. `at_ms` None: now. `facts` by key, or by kind for all of that kind.
    `drafts` are shown as if they were on air; of `only` (playlist draft, item) nothing but that
    item, whenever it would play, or without an item nothing but that playlist.
    """

    at_ms: int | None = None
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    prices: Literal["as_they_are", "expired"] = "as_they_are"
    drafts: Sequence[tuple[Kind, str]] = ()
    only: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a zone, as people are told of it, and the live texts that its card shows then."""

    playing: Playing
    told: Told
    texts: Mapping[str, LiveText]


@dataclass(frozen=True, slots=True)
class Pretended:
    """What each zone of a screen shows one after another from `at_ms` (unix ms) on."""

    at_ms: int
    screen: Screen
    zones: Mapping[ZoneId, tuple[Turn, ...]]


def pretend(
    ctx: Context, actor: Actor, screen_id: str, pretence: Pretence, limit: int = 8
) -> Pretended:
    """What a screen would show. Raises NotFound, Forbidden (drafts that are not the actor's to
    read), BadInput (a fact that is none, an instant beyond what is planned).
    """
    actor.require("read")
    now = ctx.clock()
    at = now if pretence.at_ms is None else pretence.at_ms
    _check_facts(pretence.facts)
    over = _drafted(ctx, actor, pretence)
    with ctx.db.read() as session:
        row = session.get(ScreenRow, screen_id)
        if row is None or not actor.sees(row.store_id):
            raise NotFound("There is no such screen among your stores.")
        snapshot = _snapshot(session, over, pretence, StoreId(row.store_id), now, at)
        store = snapshot.store(row.store_id)
        if store is None:
            raise NotFound("There is no such store among your stores.")
        _check_instant(snapshot, store, at)
        snapshot.prepare(shop_of(store.channel or ""))
        screen = screen_from(row)
        view = _Pretending(snapshot, _profile(session, snapshot, store, screen), pretence.facts)
        plan = _plan(view, store, at, now + ctx.settings.head_life_ms)
        held = Holding("plan", Head(0, now, "", plan.expires_at, None))
        world = World.of(session, [plan], held, at)
        if pretence.prices == "expired":
            world = _lapsed(world)
        zones = world.coming(plan, held, at, at + AHEAD_MS, min(limit, MAX_TURNS))
        titles = Titles(session, [one for turns in zones.values() for one in turns])

        def turn(one: Playing) -> Turn:
            return Turn(one, titles.told(one, screen.language), _texts(view, store, one, at))

        found = {zone: _from_it(tuple(map(turn, turns))) for zone, turns in zones.items()}
    return Pretended(at, screen, found)


def _from_it(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Turns from the first of `Pretence.only` on: it begins when the one then playing has ended."""
    whys = [turn.told.why for turn in turns]
    first = next((n for n, why in enumerate(whys) if why is not None and why.source == ONLY), 0)
    return turns[first:]


class _Pretending(View):
    """The record's view, with the pretended facts in the place of the observed ones."""

    def __init__(
        self, snapshot: Snapshot, profile: Profile, facts: Mapping[str, FactValue]
    ) -> None:
        super().__init__(snapshot, profile)
        self.profile = profile
        self._pretended = facts

    def fact(self, key: FactKey) -> FactLine | None:
        """See Reader."""
        kind = key.partition(":")[0]
        value = self._pretended.get(key, self._pretended.get(kind))
        if value is None:
            return super().fact(key)
        span = FactSpan(0, FOREVER_MS, value)
        return FactLine(key, PRETENCE, KINDS[kind].max_age_ms, (span,))


def _check_facts(facts: Mapping[str, FactValue]) -> None:
    if len(facts) > MAX_FACTS:
        raise BadInput(f"Pretend at most {MAX_FACTS} facts at once.", field="facts")
    for name in facts:
        if name not in KINDS:
            with as_bad_input("facts"):
                fact_key(name)


@dataclass(frozen=True, slots=True)
class _Drafted:
    """Drafts as wishes."""

    playlists: dict[str, Playlist] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)


def _drafted(ctx: Context, actor: Actor, pretence: Pretence) -> _Drafted:
    """The drafts to show. One that cannot be read yet as a wish is BadInput at its field."""
    wanted: list[tuple[Kind, str]] = list(dict.fromkeys(pretence.drafts))
    if pretence.only is not None and ("playlist", pretence.only[0]) not in wanted:
        wanted.append(("playlist", pretence.only[0]))
    if len(wanted) > MAX_DRAFTS:
        raise BadInput(f"Pretend at most {MAX_DRAFTS} drafts at once.", field="drafts")
    found = _Drafted()
    for kind, subject in wanted:
        body = drafts.read(ctx, actor, kind, subject).body
        with as_bad_input():
            if kind == "playlist":
                found.playlists[subject] = playlist_from_json(body)
            else:
                found.campaigns[subject] = campaign_from_json(body)
    return found


def _snapshot(
    session: Session, over: _Drafted, pretence: Pretence, store: StoreId, now: int, at: int
) -> Snapshot:
    """The record now, with drafts in the place of what is on air."""
    library = library_of(session)
    library.snapshot(session, now)  # brings what is kept of the record to the present
    wishes: list[Playlist | Campaign] = [*over.playlists.values(), *over.campaigns.values()]
    hands: list[Override] = []
    if pretence.only is not None:
        kept = {name: one.value for name, one in library.playlists.wishes.items()}
        alone = _only(over.playlists[pretence.only[0]], pretence.only[1])
        wishes += _by_rows(alone, {**kept, **over.playlists})
        until = at + AHEAD_MS
        hands.append(Override(OverrideId(ONLY), store, "show", at - 1, until, ONLY, zone=MAIN))
    return overlaid(library, session, now, wishes, hands)


def _only(playlist: Playlist, item: str) -> Playlist:
    """A playlist of nothing but one item, whatever its schedule and condition; without an item the
    whole one. Raises NotFound.
    """
    if not item:
        return replace(playlist, id=ONLY)
    found = next((one for one in playlist.items if one.id == item), None)
    if found is None:
        raise NotFound("There is no such item in this playlist.")
    always = replace(found, id=ItemId(item), schedule=ALWAYS, condition=None)
    items: tuple[Item, ...] = (always,)
    return Playlist(ONLY, playlist.name, items)


def _by_rows(playlist: Playlist, lists: Mapping[str, Playlist]) -> list[Playlist]:
    """A playlist with copies of the lists that it holds, in which every turn bears the name of the
    playlist's own row that it comes through.
    """
    made: list[Playlist] = []

    def held(item: Item, row: ItemId, path: tuple[str, ...]) -> Item:
        inner = None if isinstance(item.content, Card) else lists.get(item.content)
        if inner is None or inner.id in path or len(made) == MAX_ENTRIES:  # as resolving says
            return replace(item, id=row)
        name = PlaylistId(f"{ONLY}-{len(made)}")
        made.append(inner)
        place = len(made) - 1
        items = tuple(held(one, row, (*path, inner.id)) for one in inner.items)
        made[place] = replace(inner, id=name, items=items)
        return replace(item, id=row, content=name)

    rows = tuple(held(item, item.id, ()) for item in playlist.items)
    return [replace(playlist, items=rows), *made]


def _check_instant(snapshot: Snapshot, store: Store, at: int) -> None:
    days = snapshot.days(store)
    if not days[0].from_ms <= at < days[-1].until_ms:
        message = f"Choose an instant of the {len(days)} days from today on."
        raise BadInput(message, field="at")


def _profile(session: Session, snapshot: Snapshot, store: Store, screen: Screen) -> Profile:
    names = session.scalars(select(ScreenRow.id).where(ScreenRow.store_id == store.id))
    nobody = Profile(StoreId(store.id), (1, 1), "fr", (), "", frozenset(), None)
    asking = View(snapshot, nobody)
    return profile_of(screen, wishes_of(asking, store.id, [ScreenId(name) for name in names]))


def _plan(view: _Pretending, store: Store, at: int, expires_at: int) -> Plan:
    """The plan of the day of `at` and of the next."""
    days = local_days(store.calendar.zone, at, 2)
    resolved = gather(view.profile, view, days).resolved(None)
    chunks = {sha: decode_own_chunk(data) for sha, data in resolved.chunks.items()}
    later = max(expires_at, at + AHEAD_MS * 2)
    return Plan(resolved.manifest, resolved.cards, chunks, later)


def _lapsed(world: World) -> World:
    """The same with every lease long over."""
    channels = {name: replace(lease, as_of=0) for name, lease in world.freshness.channels.items()}
    states = {
        name: replace(
            state,
            offers={sku: replace(one, confirmed_at=0) for sku, one in state.offers.items()},
        )
        for name, state in world.states.items()
    }
    return replace(world, states=states, freshness=replace(world.freshness, channels=channels))


def _texts(view: View, store: Store, playing: Playing, at: int) -> dict[str, LiveText]:
    """The live texts of a card, of what is pretended too."""
    names = sorted(set(playing.card.live.values())) if playing.card is not None else []
    moment = max(at, playing.shown.since)
    found = {name: live_text(name, view.fact, store.calendar.zone, moment) for name in names}
    return {name: text for name, text in found.items() if text is not None}
