"""What a screen is told to play: manifest, deck and day chunks, and their canonical bytes.

Three kinds of content-addressed objects, all canonical JSON (`playlists.ids.canonical`).

*Chunk*, one store-local day of one profile, every instant relative to the day's first (so that
equal weekdays are one object):

    {"v":1, "length":86400000,
     "slots":[{"c":card id, "d":duration ms, "w":[layer, source id, item id],
               "f":fallback card id?, "g":[gate index]?}],
     "gates":[[source id, max age ms]],
     "zones":{"main":{"loops":[[slot index, ...]], "segments":[[from ms, loop index], ...]}}}

A segment runs from its `from` to the next one's, or to the day's end; its epoch is its `from`; the
place in the loop is `(now - epoch) mod loop length`. Segments begin where a slot of the one before
ends. A slot that would outlast its segment is not begun: the one before it is held. (A segment's
very first slot has none before it: it is always begun, and cut.) An empty loop, and the time
before a zone's first segment, is the slate.

*Deck*, every card that the manifest's chunks name: `{"v":1, "cards":{card id: card}}`, a card being

    {"t":template, "p":{param: text or number},
     "s":[{"k":sku, "c":channel, "i":picture sha256?}],
     "l":{param: live text key}?, "a":[asset sha256]?, "q":qr sha256?, "n":"fallback"?}

*Manifest*:

    {"v":1, "store":.., "lang":.., "zone":IANA, "size":[w,h], "layout":[[id,x,y,w,h,locked 0/1]],
     "brand":{..}, "channels":[..], "deck":sha256,
     "days":[[date, from ms, until ms, chunk sha256], ...]}

Each object has exactly one byte form: `gates` and `loops` stand in the order of their first use
(zones by name), each once; empty optional members are left out. So `encode(decode(data)) == data`,
and anything else is refused. The codec is `playlists.codec`, for cards `playlists.cards`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from playlists.fields import MAX_WHOLE
from playlists.ids import CardId, ChannelId, ItemId, Sha256, Sku, SourceId, ZoneId
from playlists.model import ZoneBox

FORMAT = 1
FOREVER_MS = MAX_WHOLE
"""An `until` that never comes."""
LAYERS = ("emergency", "override", "takeover", "campaign", "base", "slate")
BRAND_DRAWINGS = ("mark", "mascot", "skyline")
"""The parts of a brand that are files: what signs every view, who walks on the slate and stands in
a crowd, the town behind. What a player does not know it leaves out."""


@dataclass(frozen=True, slots=True)
class Why:
    """Which wish put a slot there: the cascade's layer, the campaign's, playlist's or override's
    id, the item's id."""

    layer: str
    source: str
    item: ItemId


@dataclass(frozen=True, slots=True)
class Slot:
    """A turn of a loop. `gates` are (source, max age ms): it may show only while every source is
    that fresh."""

    card: CardId
    duration_ms: int
    why: Why
    fallback: CardId | None = None
    gates: tuple[tuple[SourceId, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """From `from_ms` (relative to the day) on, `loop` repeats with its epoch at `from_ms`."""

    from_ms: int
    loop: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """One store-local day of `length_ms` (23 to 25 hours). Loops are indices into `slots`."""

    length_ms: int
    slots: tuple[Slot, ...]
    zones: Mapping[ZoneId, tuple[Segment, ...]]
    _ends: dict[tuple[int, ...], tuple[int, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def ends(self, loop: tuple[int, ...]) -> tuple[int, ...]:
        """For each slot of `loop`, milliseconds from the loop's begin to that slot's end; kept."""
        known = self._ends.get(loop)
        if known is None:
            known = tuple(accumulate(self.slots[index].duration_ms for index in loop))
            self._ends[loop] = known
        return known


@dataclass(frozen=True, slots=True)
class DeckGood:
    """A product on a card, bound to the channel whose offer prices it."""

    sku: Sku
    channel: ChannelId
    picture: Sha256 | None = None


@dataclass(frozen=True, slots=True)
class DeckCard:
    """A card in one language, ready to paint but for offers and live texts."""

    template: str
    params: Mapping[str, str | int]
    goods: tuple[DeckGood, ...] = ()
    live: Mapping[str, str] = field(default_factory=dict)
    assets: tuple[Sha256, ...] = ()
    qr: Sha256 | None = None
    price_loss: str = "price_free"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the manifest: store-local date, `[from_ms, until_ms)` in unix ms, and its chunk."""

    date: str
    from_ms: int
    until_ms: int
    chunk: Sha256


@dataclass(frozen=True, slots=True)
class Manifest:
    """The whole plan of one profile: layout, deck and the days ahead."""

    store: str
    language: str
    time_zone: str
    size: tuple[int, int]
    layout: tuple[ZoneBox, ...]
    brand: Mapping[str, str]
    channels: tuple[ChannelId, ...]
    deck: Sha256
    days: tuple[Day, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A manifest with the objects it names, as far as they are at hand."""

    manifest: Manifest
    cards: Mapping[CardId, DeckCard]
    chunks: Mapping[Sha256, Chunk]
    expires_at: int
    """Of the signed head, unix milliseconds: from then on the plan plays without prices."""
