"""Compile every wish and every fact that concern a screen into its days: the public door of
resolving.

    resolve(profile, reader, days) -> manifest, deck, day chunks, and the keys of all that was read

Pure: the same inputs give the same bytes, in whatever order rows come, ten minutes later too.
Nothing that moves on refresh (an age, an instant of now) is in what is hashed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from playlists.cards import encode_card
from playlists.codec import encode_chunk
from playlists.errors import Invalid
from playlists.ids import CardId, ChannelId, Sha256, ZoneId, sha256
from playlists.localtime import LocalDay
from playlists.manifest import Day, DeckCard, Manifest, Plan
from playlists.resolving.binding import slots_of
from playlists.resolving.joining import join
from playlists.resolving.lead import Lead, lead_from_json, lead_of, lead_to_json
from playlists.resolving.memo import Memo
from playlists.resolving.packing import Bound, Zones, chunk_bytes, deck_bytes, zones_text
from playlists.resolving.profile import Profile, Wishes, profile_of, wishes_of
from playlists.resolving.reading import AssetState, Reader, Tracking
from playlists.resolving.reporting import Note, Shortfall, notes_of
from playlists.resolving.rotation import unfold
from playlists.resolving.situation import Gatherer, Situation
from playlists.resolving.timeline import Edges, segments_of

__all__ = [
    "DAYS",
    "AssetState",
    "Lead",
    "Memo",
    "Note",
    "Profile",
    "Reader",
    "Resolved",
    "Tracking",
    "Wishes",
    "lead_from_json",
    "lead_of",
    "lead_to_json",
    "profile_of",
    "replan",
    "resolve",
    "unfold",
    "wishes_of",
]

DAYS = 35
"""Store-local days in a manifest."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A profile's days. `chunks` and `deck` are canonical bytes; `reads` the keys of all that was
    read. `lead` is the lead-in that was used, None without: stored with the result
    (lead_to_json), it gives the same bytes again."""

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
    same = resolve(profile, reader, days, lead, memo)
    if playing is None or _today(playing.manifest, now_ms) == _today(same.manifest, now_ms):
        return same
    return resolve(profile, reader, days, lead_of(playing, now_ms, reader), memo)


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
    memo = Memo() if memo is None else memo
    memo.trim()
    tracking = Tracking(reader)
    store = tracking.store(profile.store)
    if store is None:
        raise Invalid("No such store.", "store")
    situation = Gatherer(profile, store, tracking, memo).situation(days)
    compiled = _Compiler(situation, lead, memo)
    planned = tuple(
        Day(day.date, day.from_ms, day.until_ms, compiled.chunk(number))
        for number, day in enumerate(days)
    )
    deck = deck_bytes(compiled.bodies)
    manifest = Manifest(
        store=store.id,
        language=profile.language,
        time_zone=store.calendar.zone,
        size=profile.size,
        layout=profile.layout,
        brand=store.brand,
        channels=_channels(compiled.cards),
        deck=sha256(deck),
        days=planned,
    )
    return Resolved(
        manifest=manifest,
        chunks=compiled.chunks,
        deck=deck,
        cards=compiled.cards,
        reads=frozenset(tracking.keys),
        report=notes_of(situation, compiled.shortfall),
        lead=compiled.lead,
    )


class _Compiler:
    """Makes the chunks of one situation, day by day, and gathers what they use."""

    def __init__(self, situation: Situation, lead: Lead | None, memo: Memo) -> None:
        self.chunks: dict[Sha256, bytes] = {}
        self.bodies: dict[CardId, bytes] = {}
        self.cards: dict[CardId, DeckCard] = {}
        self.shortfall = Shortfall()
        self.lead: Lead | None = None
        self._situation = situation
        self._lead = lead
        self._memo = memo
        self._stages = {zone: plan.stage for zone, plan in situation.zones.items()}
        self._slots = {zone: slots_of(plan, memo) for zone, plan in situation.zones.items()}

    def chunk(self, number: int) -> Sha256:
        """Make the chunk of a day, by its number, and keep it."""
        day = self._situation.days[number]
        length_ms = day.until_ms - day.from_ms
        edges = {zone: plan.edges(number) for zone, plan in self._situation.zones.items()}
        if self._lead is not None and self._lead.date == day.date:
            data = self._joined(edges, length_ms, self._lead)
        else:
            data = self._fresh(edges, length_ms)
        name = sha256(data)
        self.chunks[name] = data
        return name

    def _fresh(self, edges: Mapping[ZoneId, Edges], length_ms: int) -> bytes:
        """A day with nothing played yet. Its long part is shared by all stores with the same
        edges."""
        key = (
            "zones",
            length_ms,
            *((self._memo.mark(self._stages[zone]), rows) for zone, rows in edges.items()),
        )
        zones = self._memo.keep(key, lambda: self._zones(edges, length_ms))
        used = [self._slots[zone][place] for zone, place in zones.used]
        self._use(used)
        self.shortfall.aired.update(zones.used)
        self.shortfall.silent |= zones.silent
        self.shortfall.inexact |= zones.inexact
        return chunk_bytes(length_ms, zones, used)

    def _joined(self, edges: Mapping[ZoneId, Edges], length_ms: int, lead: Lead) -> bytes:
        """A day that begins with what was played."""
        zones = {
            zone: (self._stages[zone], rows, self._slots[zone]) for zone, rows in edges.items()
        }
        joined = join(lead, length_ms, zones)
        self._use(joined.used)
        self.lead = replace(lead, until=joined.until)
        for name in {card for slot in joined.chunk.slots for card in (slot.card, slot.fallback)}:
            if name is not None and name not in self.cards and name in lead.cards:
                self.cards[name] = lead.cards[name]
                self.bodies[name] = encode_card(lead.cards[name])
        return encode_chunk(joined.chunk)

    def _zones(self, edges: Mapping[ZoneId, Edges], length_ms: int) -> Zones:
        return zones_text(
            [
                (zone, segments_of(self._stages[zone], rows, length_ms))
                for zone, rows in edges.items()
            ]
        )

    def _use(self, used: Iterable[Bound]) -> None:
        for slot in used:
            for card in slot.cards:
                self.bodies[card.id] = card.body
                self.cards[card.id] = card.card


def _today(manifest: Manifest, now_ms: int) -> Sha256 | None:
    days = (day.chunk for day in manifest.days if day.from_ms <= now_ms < day.until_ms)
    return next(days, None)


def _channels(cards: Mapping[CardId, DeckCard]) -> tuple[ChannelId, ...]:
    """The channels whose offers the cards need."""
    return tuple(sorted({good.channel for card in cards.values() for good in card.goods}))
