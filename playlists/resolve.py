"""Compile every wish and every fact that concern a screen into its days: the public door of
resolving.

    resolve(profile, reader, days) -> manifest, deck, day chunks, and the keys of all that was read

Pure: the same inputs give the same bytes, in whatever order rows come, ten minutes later too.
Nothing that moves on refresh (an age, an instant of now) is in what is hashed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from playlists.cards import encode_card
from playlists.errors import Invalid
from playlists.ids import CardId, ChannelId, Sha256, ZoneId, sha256
from playlists.localtime import LocalDay
from playlists.manifest import Chunk, Day, DeckCard, Manifest, Plan, Slot
from playlists.resolving.binding import Slots, cards_at
from playlists.resolving.joining import differs, join
from playlists.resolving.lead import (
    SWITCH_MARGIN_MS,
    Lead,
    lead_from_json,
    lead_of,
    lead_to_json,
)
from playlists.resolving.memo import Memo
from playlists.resolving.packing import Zones, chunk_bytes, deck_bytes, zones_text
from playlists.resolving.profile import Profile, Wishes, profile_of, wishes_of
from playlists.resolving.reading import AssetState, Reader, Tracking
from playlists.resolving.reporting import Note, Shortfall, notes_of
from playlists.resolving.rotation import unfold
from playlists.resolving.situation import Gatherer, Situation
from playlists.resolving.stage import Stage
from playlists.resolving.timeline import Edges, segments_of
from playlists.resolving.weighing import TooHeavy, weigh

__all__ = [
    "DAYS",
    "AssetState",
    "Gathered",
    "Lead",
    "Memo",
    "Note",
    "Profile",
    "Reader",
    "Resolved",
    "Situation",
    "TooHeavy",
    "Tracking",
    "Wishes",
    "gather",
    "gather_facts",
    "lead_from_json",
    "lead_of",
    "lead_to_json",
    "profile_of",
    "replan",
    "resolve",
    "unfold",
    "weigh",
    "wishes_of",
]

DAYS = 35
"""Store-local days in a manifest."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A profile's days. `chunks` and `deck` are canonical bytes, a chunk's written when asked for;
    `reads` the keys of all that was read. `lead` is the lead-in that was used, None without:
    stored with the result (lead_to_json), it gives the same bytes again."""

    manifest: Manifest
    chunks: Mapping[Sha256, bytes]
    deck: bytes
    cards: Mapping[CardId, DeckCard]
    reads: frozenset[str]
    report: tuple[Note, ...]
    lead: Lead | None = None


def replan(
    profile: Profile,
    reader: Reader,
    days: Sequence[LocalDay],
    playing: Plan | None,
    lead: Lead | None,
    now_ms: int,
    memo: Memo | None = None,
) -> Resolved:
    """Resolve anew for screens that play a plan at `now_ms`; `lead` is the one that plan was made
    with.

    Where today comes out as it is playing, the lead-in stays the same: nothing changed gives the
    same bytes. Otherwise the slot now playing leads the new day in. Raises Invalid as resolve.
    """
    return gather(profile, reader, days, memo).replanned(playing, lead, now_ms, reader)


def resolve(
    profile: Profile,
    reader: Reader,
    days: Sequence[LocalDay],
    lead: Lead | None = None,
    memo: Memo | None = None,
) -> Resolved:
    """What all screens of a profile play over `days` (at least one, of the store's own time zone).

    `lead` is the tail of the plan now playing, carried into the day that it names. `memo`
    remembers between calls; the result is the same without. A wish at fault plays nothing and is
    reported: it never stops the others. Raises Invalid where the store is not there.
    """
    return gather(profile, reader, days, memo).resolved(lead)


def gather(
    profile: Profile, reader: Reader, days: Sequence[LocalDay], memo: Memo | None = None
) -> Gathered:
    """Read everything that concerns a profile. Raises Invalid as resolve."""
    memo = Memo() if memo is None else memo
    memo.trim()
    tracking = Tracking(reader)
    store = tracking.store(profile.store)
    if store is None:
        raise Invalid("No such store.", "store")
    situation = Gatherer(profile, store, tracking, memo).situation(days)
    return Gathered(situation, frozenset(tracking.keys), memo)


def gather_facts(
    last: Situation, reads: frozenset[str], reader: Reader, moved: Set[str], memo: Memo
) -> Gathered:
    """What was gathered before, with only the facts `moved` read anew: right as long as no other
    key of its `reads` was marked since. The same facts are read, so `reads` stay the same."""
    memo.trim()
    situation = Gatherer(last.profile, last.store, reader, memo).again(last, moved)
    return Gathered(situation, reads, memo)


@dataclass(frozen=True, slots=True)
class _Made:
    """A day's chunk, the places whose cards it names, and what to report of its loops. `old` are
    the slots that it keeps of the day as it was."""

    name: Sha256
    write: Callable[[], bytes]
    used: Sequence[tuple[ZoneId, int]]
    zones: Zones | None = None
    lead: Lead | None = None
    old: Sequence[Slot] = ()


class _Chunks(Mapping[Sha256, bytes]):
    """Chunks by name, written when asked for: most are known where they are to go."""

    def __init__(self, made: Sequence[_Made]) -> None:
        self._write = {chunk.name: chunk.write for chunk in made}

    def __getitem__(self, name: Sha256) -> bytes:
        return self._write[name]()

    def __iter__(self) -> Iterator[Sha256]:
        return iter(self._write)

    def __len__(self) -> int:
        return len(self._write)


class Gathered:
    """All that concerns a profile. Days are made once, however many lead-ins are tried."""

    def __init__(self, situation: Situation, reads: frozenset[str], memo: Memo) -> None:
        self.situation = situation
        self.reads = reads
        self._memo = memo
        self._stages = {zone: plan.stage for zone, plan in situation.zones.items()}
        self._slots = {zone: Slots(plan, memo) for zone, plan in situation.zones.items()}
        self._days: dict[int, _Made] = {}

    def replanned(
        self,
        playing: Plan | None,
        lead: Lead | None,
        now_ms: int,
        reader: Reader,
        margin_ms: int = SWITCH_MARGIN_MS,
    ) -> Resolved:
        """See `replan`; `margin_ms` as for `lead_of`."""
        if playing is None or self._plays_on(playing, lead, now_ms):
            return self.resolved(lead)
        return self.resolved(lead_of(playing, now_ms, reader, margin_ms))

    def _plays_on(self, playing: Plan, lead: Lead | None, now_ms: int) -> bool:
        """Whether today comes out as it is playing; seen at the first turn that differs, where a
        lead-in would have the whole day written to be compared."""
        name = _today(playing.manifest, now_ms)
        number = self._number(now_ms)
        if lead is not None and number is not None and name is not None and name in playing.chunks:
            day = self.situation.days[number]
            if lead.date == day.date and self._differs(number, lead, playing.chunks[name]):
                return False
        return name == self.today(lead, now_ms)

    def _differs(self, number: int, lead: Lead, chunk: Chunk) -> bool:
        """Whether a day that begins with a lead-in surely differs from a chunk."""
        length_ms = self.situation.days[number].until_ms - self.situation.days[number].from_ms
        return differs(lead, length_ms, self._joining(number), chunk, self._memo)

    def resolved(self, lead: Lead | None) -> Resolved:
        """All days, beginning with `lead` on the day that it names."""
        situation = self.situation
        made = [self._day(number, day, lead) for number, day in enumerate(situation.days)]
        cards, bodies = self._cards(made, lead)
        deck = deck_bytes(bodies)
        profile, store = situation.profile, situation.store
        manifest = Manifest(
            store=store.id,
            language=profile.language,
            time_zone=store.calendar.zone,
            size=profile.size,
            layout=profile.layout,
            brand=store.brand,
            channels=_channels(cards),
            deck=sha256(deck),
            days=tuple(
                Day(day.date, day.from_ms, day.until_ms, chunk.name)
                for day, chunk in zip(situation.days, made, strict=True)
            ),
        )
        return Resolved(
            manifest=manifest,
            chunks=_Chunks(made),
            deck=deck,
            cards=cards,
            reads=self.reads,
            report=notes_of(situation, _shortfall(made), self._memo),
            lead=next((chunk.lead for chunk in made if chunk.lead is not None), None),
        )

    def today(self, lead: Lead | None, now_ms: int) -> Sha256 | None:
        """The name of the chunk that plays at an instant, None outside the days."""
        number = self._number(now_ms)
        return None if number is None else self._day(number, self.situation.days[number], lead).name

    def _number(self, now_ms: int) -> int | None:
        """Which of the days an instant lies in."""
        for number, day in enumerate(self.situation.days):
            if day.from_ms <= now_ms < day.until_ms:
                return number
        return None

    def _day(self, number: int, day: LocalDay, lead: Lead | None) -> _Made:
        length_ms = day.until_ms - day.from_ms
        if lead is not None and lead.date == day.date:
            return self._joined(number, length_ms, lead)
        if number not in self._days:
            self._days[number] = self._fresh(number, length_ms)
        return self._days[number]

    def _edges(self, number: int) -> dict[ZoneId, Edges]:
        return {zone: plan.edges(number) for zone, plan in self.situation.zones.items()}

    def _fresh(self, number: int, length_ms: int) -> _Made:
        """A day with nothing played yet. Its long part is shared by all stores with the same
        edges; a day as it was planned is found without looking at them."""
        plans = self.situation.zones.values()
        if any(number in plan.moved for plan in plans):
            zones = self._shared(number, length_ms)
        else:
            known = ("day", number, *(self._memo.mark(plan.grid) for plan in plans))
            zones = self._memo.keep(known, lambda: self._shared(number, length_ms))
        slots = [self._slots[zone][place] for zone, place in zones.used]

        def write() -> bytes:
            return chunk_bytes(length_ms, zones.text, slots)

        name = self._memo.keep(("chunk", zones, *slots), lambda: sha256(write()))
        return _Made(name, write, zones.used, zones)

    def _shared(self, number: int, length_ms: int) -> Zones:
        """A day's zones, once for all stores with the same edges."""
        edges = self._edges(number)
        stages = ((self._memo.mark(self._stages[zone]), rows) for zone, rows in edges.items())
        return self._memo.keep(("zones", length_ms, *stages), lambda: self._zones(edges, length_ms))

    def _joining(self, number: int) -> dict[ZoneId, tuple[Stage, Edges, Slots]]:
        """What each zone has to be joined."""
        return {
            zone: (self._stages[zone], rows, self._slots[zone])
            for zone, rows in self._edges(number).items()
        }

    def _joined(self, number: int, length_ms: int, lead: Lead) -> _Made:
        """A day that begins with what was played."""
        joined = join(lead, length_ms, self._joining(number), self._memo)
        led = replace(lead, until=joined.until)
        return _Made(
            sha256(joined.data), lambda: joined.data, joined.used, lead=led, old=joined.old
        )

    def _cards(
        self, made: Sequence[_Made], lead: Lead | None
    ) -> tuple[dict[CardId, DeckCard], dict[CardId, bytes]]:
        """The cards that the chunks name, and their bytes."""
        cards: dict[CardId, DeckCard] = {}
        bodies: dict[CardId, bytes] = {}
        used: set[tuple[ZoneId, int]] = set()
        used.update(*(chunk.used for chunk in made))
        for zone, place in sorted(used):
            for card in cards_at(self.situation.zones[zone], place):
                if card is not None:
                    cards[card.id] = card.card
                    bodies[card.id] = card.body
        old = (slot for chunk in made for slot in chunk.old)
        for name in sorted({name for slot in old for name in (slot.card, slot.fallback) if name}):
            if name not in cards and lead is not None and name in lead.cards:
                cards[name] = lead.cards[name]
                bodies[name] = encode_card(lead.cards[name])
        return cards, bodies

    def _zones(self, edges: Mapping[ZoneId, Edges], length_ms: int) -> Zones:
        return zones_text(
            [
                (zone, segments_of(self._stages[zone], rows, length_ms))
                for zone, rows in edges.items()
            ]
        )


def _shortfall(made: Sequence[_Made]) -> Shortfall:
    shortfall = Shortfall()
    for zones in {id(chunk.zones): chunk.zones for chunk in made}.values():
        if zones is not None:
            shortfall.aired.update(zones.used)
            shortfall.silent |= zones.silent
            shortfall.inexact |= zones.inexact
    return shortfall


def _today(manifest: Manifest, now_ms: int) -> Sha256 | None:
    days = (day.chunk for day in manifest.days if day.from_ms <= now_ms < day.until_ms)
    return next(days, None)


def _channels(cards: Mapping[CardId, DeckCard]) -> tuple[ChannelId, ...]:
    """The channels whose offers the cards need."""
    return tuple(sorted({good.channel for card in cards.values() for good in card.goods}))
