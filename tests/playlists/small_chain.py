"""A small chain of one or two stores as a Reader, for tests that say in a few lines what is
wished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from playlists.codec import decode_chunk, decode_deck
from playlists.facts import KINDS, FactKey, FactLine, FactSpan, FactValue
from playlists.ids import (
    CampaignId,
    ChannelId,
    ItemId,
    OverrideId,
    PlaylistId,
    ScreenId,
    Sha256,
    Sku,
    SourceId,
    StoreId,
    ZoneId,
)
from playlists.localtime import LocalDay, local_days
from playlists.manifest import Plan
from playlists.model import (
    Base,
    Campaign,
    Card,
    Emergency,
    Item,
    Override,
    Playlist,
    Screen,
    Store,
    Target,
)
from playlists.resolve import Lead, Memo, Resolved, profile_of, resolve, wishes_of
from playlists.resolving.reading import AssetState, Scope
from playlists.schedule import Calendar, Daypart, Edge, Schedule
from playlists.turns import Turn, turn_at

PARIS = "Europe/Paris"
MAIN = ZoneId("main")
LILLE = StoreId("lille")
EVERYONE = Target()


def at(text: str, zone: str = PARIS) -> int:
    """Unix milliseconds of a local `YYYY-MM-DDTHH:MM[:SS]`."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def card(name: str = "x", **more: Any) -> Card:
    """A message that says its own name."""
    return Card("message", texts={"headline": {"fr": name, "en": name}}, **more)


def item(name: str, seconds: int = 10, **more: Any) -> Item:
    """A card of its own name."""
    content = more.pop("content", card(name))
    return Item(ItemId(name), content, seconds * 1000, **more)


def between(start: str, end: str) -> Schedule:
    """Every day from one clock time to another."""
    first, last = (int(text[:2]) * 60 + int(text[3:]) for text in (start, end))
    return Schedule(dayparts=(Daypart(Edge("clock", first), Edge("clock", last)),))


@dataclass
class SmallChain:
    """The record, as plain lists that a test changes at will."""

    stores: dict[StoreId, Store] = field(default_factory=dict)
    campaign_rows: list[Campaign] = field(default_factory=list)
    override_rows: list[Override] = field(default_factory=list)
    emergency_rows: list[Emergency] = field(default_factory=list)
    base_rows: list[Base] = field(default_factory=list)
    playlists: dict[PlaylistId, Playlist] = field(default_factory=dict)
    lines: dict[FactKey, FactLine] = field(default_factory=dict)
    unknown_products: set[Sku] = field(default_factory=set)
    files: dict[Sha256, AssetState] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stores.setdefault(
            LILLE,
            Store(
                LILLE,
                "Lille",
                Calendar(PARIS, hours=(((540, 1140),),) * 7),
                lat_e6=50_637_000,
                lon_e6=3_063_000,
                regions=frozenset({"nord"}),
                channel=ChannelId("shop@lille"),
                brand={"name": "Pluvier"},
            ),
        )
        self.base("base", item("b1"), item("b2"))

    # What tests say.

    def playlist(self, name: str, *items: Item) -> PlaylistId:  # type: ignore[override]
        """Write a playlist."""
        key = PlaylistId(name)
        self.playlists[key] = Playlist(key, name, items)
        return key

    def base(self, name: str, *items: Item, scope: Scope = "chain", owner: str = "") -> None:
        """Write a base playlist."""
        self.base_rows.append(Base(scope, owner, self.playlist(name, *items)))

    def campaign(self, name: str, *items: Item, **more: Any) -> Campaign:
        """Write a campaign with a playlist of its own, of one item unless more are given."""
        playlist = self.playlist(f"of-{name}", *(items or (item(f"{name}1"),)))
        made = Campaign(CampaignId(name), name, playlist, **more)
        self.campaign_rows.append(made)
        return made

    def override(self, name: str, start: str, end: str, *items: Item, **more: Any) -> None:
        """Write an override that shows items, or a pause of a `subject`."""
        kind = "pause" if "subject" in more else "show"
        playlist = self.playlist(f"of-{name}", *items) if items else None
        self.override_rows.append(
            Override(OverrideId(name), LILLE, kind, at(start), at(end), playlist, **more)
        )

    def emergency(
        self, name: str, start: str, end: str, target: Target = EVERYONE, edited_at: int = 0
    ) -> None:
        """Write an emergency of one 8-second item."""
        playlist = self.playlist(f"of-{name}", item(f"{name}1", 8))
        self.emergency_rows.append(
            Emergency(OverrideId(name), playlist, target, at(start), at(end), edited_at)
        )

    def fact(self, key: str, *spans: tuple[str, str, FactValue]) -> None:  # type: ignore[override]
        """Write a fact's line from local times; it comes from `source@lille`."""
        name = FactKey(key)
        kind = key.partition(":")[0]
        source = SourceId(f"{kind.partition('.')[0]}@lille")
        rows = tuple(FactSpan(at(start), at(end), value) for start, end, value in spans)
        self.lines[name] = FactLine(name, source, KINDS[kind].max_age_ms, rows)

    def reader(self) -> ChainReader:
        """The record as resolving reads it."""
        return ChainReader(self)

    def played(
        self,
        first_day: str = "2026-10-05",
        days: int = 2,
        screen: Screen | None = None,
        lead: Lead | None = None,
        memo: Memo | None = None,
    ) -> Played:
        """Resolve for a screen."""
        screen = screen or a_screen()
        zone = self.stores[screen.store].calendar.zone
        reader = self.reader()
        profile = profile_of(screen, wishes_of(reader, screen.store, [screen.id]))
        span = local_days(zone, at(f"{first_day}T12:00", zone), days)
        return Played(resolve(profile, reader, span, lead, memo), span, zone)


class ChainReader:
    """A SmallChain as a Reader."""

    def __init__(self, chain: SmallChain) -> None:
        self._chain = chain

    def store(self, store: StoreId) -> Store | None:
        return self._chain.stores.get(store)

    def campaigns(self, store: StoreId) -> Sequence[Campaign]:
        return self._chain.campaign_rows

    def overrides(self, store: StoreId) -> Sequence[Override]:
        return [row for row in self._chain.override_rows if row.store == store]

    def emergencies(self) -> Sequence[Emergency]:
        return self._chain.emergency_rows

    def bases(self, scope: Scope, owner: str) -> Sequence[Base]:
        rows = self._chain.base_rows
        return [row for row in rows if (row.scope, row.id) == (scope, owner)]

    def playlist(self, playlist: PlaylistId) -> Playlist | None:
        return self._chain.playlists.get(playlist)

    def fact(self, key: FactKey) -> FactLine | None:
        return self._chain.lines.get(key)

    def product(self, sku: Sku, channel: ChannelId) -> bool:
        return sku not in self._chain.unknown_products

    def asset(self, sha: Sha256) -> AssetState:
        return self._chain.files.get(sha, "showable")


@dataclass
class Played:
    """A resolved profile as a screen would play it."""

    resolved: Resolved
    days: tuple[LocalDay, ...]
    zone: str

    @property
    def plan(self) -> Plan:
        """The plan as decoded from its bytes."""
        return Plan(
            self.resolved.manifest,
            decode_deck(self.resolved.deck),
            {name: decode_chunk(data) for name, data in self.resolved.chunks.items()},
            expires_at=2**53 - 1,
        )

    def turn(self, when: str, zone: ZoneId = MAIN) -> Turn:
        """The turn at a local time."""
        return turn_at(self.plan, zone, at(when, self.zone))

    def shows(self, when: str, zone: ZoneId = MAIN) -> str:
        """The item on screen at a local time, "" for the slate."""
        slot = self.turn(when, zone).slot
        return slot.why.item if slot else ""

    def sequence(self, start: str, turns: int, zone: ZoneId = MAIN) -> list[str]:
        """The items one after another from a local time on."""
        now, plan, seen = at(start, self.zone), self.plan, []
        for _ in range(turns):
            turn = turn_at(plan, zone, now)
            seen.append(turn.slot.why.item if turn.slot else "")
            now = turn.until
        return seen

    def airtime(self, start: str, end: str) -> dict[str, int]:
        """Milliseconds on air by what put it there (campaign, override, base playlist)."""
        now, last, plan = at(start, self.zone), at(end, self.zone), self.plan
        found: dict[str, int] = {}
        while now < last:
            turn = turn_at(plan, MAIN, now)
            source = turn.slot.why.source if turn.slot else ""
            found[source] = found.get(source, 0) + min(turn.until, last) - now
            now = turn.until
        return found

    def notes(self) -> set[tuple[str, str, str]]:
        """The report as (code, item, subject)."""
        return {(note.code, note.item, note.subject) for note in self.resolved.report}


def a_screen(name: str = "lille-1", **more: Any) -> Screen:
    """A screen in Lille."""
    made = Screen(ScreenId(name), LILLE, 1920, 1080, frozenset({"window"}), "window")
    return replace(made, **more)
