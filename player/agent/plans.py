"""Plans as they lie on the disk: opened from their objects, and the files that they need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from player.cache.store import Store
from playlists.cards import files_of
from playlists.codec import decode_chunk, decode_deck, decode_manifest
from playlists.ids import CardId, Sha256
from playlists.manifest import BRAND_DRAWINGS, FOREVER_MS, Chunk, DeckCard, Manifest, Plan

_SHA = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Opened:
    """A plan as far as its objects are held; `lacking` names those that are not."""

    plan: Plan | None
    lacking: tuple[Sha256, ...]


class Plans:
    """Opens plans. What was decoded last is kept, for the next plan shares most of it."""

    def __init__(self, objects: Store) -> None:
        self._objects = objects
        self._manifests: dict[Sha256, Manifest] = {}
        self._decks: dict[Sha256, dict[CardId, DeckCard]] = {}
        self._chunks: dict[Sha256, Chunk] = {}

    def manifest(self, address: Sha256) -> Manifest | None:
        """The manifest, if it is held. Raises Refused where it cannot be understood."""
        if address not in self._manifests:
            data = self._objects.read(address)
            if data is None:
                return None
            self._manifests[address] = decode_manifest(data)
        return self._manifests[address]

    def open(self, address: Sha256, expires_at: int) -> Opened:
        """The plan of that manifest. There is one from manifest and deck on; days may be lacking.

        Raises Refused where an object cannot be understood.
        """
        manifest = self.manifest(address)
        if manifest is None:
            return Opened(None, (address,))
        lacking: list[Sha256] = []
        deck = self._deck(manifest.deck)
        if deck is None:
            lacking.append(manifest.deck)
        chunks: dict[Sha256, Chunk] = {}
        for name in dict.fromkeys(day.chunk for day in manifest.days):
            chunk = self._chunk(name)
            if chunk is None:
                lacking.append(name)
            else:
                chunks[name] = chunk
        plan = None if deck is None else Plan(manifest, deck, chunks, expires_at)
        return Opened(plan, tuple(lacking))

    def named_by(self, manifests: Iterable[Sha256]) -> frozenset[Sha256]:
        """The addresses of these manifests and, where they were read, of all that they name."""
        names = set(manifests)
        for address in tuple(names):
            manifest = self._manifests.get(address)
            if manifest is not None:
                names |= {manifest.deck, *(day.chunk for day in manifest.days)}
        return frozenset(names)

    def forget_but(self, names: Set[Sha256]) -> None:
        """Keep only these in memory."""
        for table in (self._manifests, self._decks, self._chunks):
            for address in [held for held in table if held not in names]:
                table.pop(address)

    def _deck(self, address: Sha256) -> dict[CardId, DeckCard] | None:
        if address not in self._decks:
            data = self._objects.read(address)
            if data is None:
                return None
            self._decks[address] = decode_deck(data)
        return self._decks[address]

    def _chunk(self, address: Sha256) -> Chunk | None:
        if address not in self._chunks:
            data = self._objects.read(address)
            if data is None:
                return None
            self._chunks[address] = decode_chunk(data)
        return self._chunks[address]


def brand_files(manifest: Manifest) -> tuple[Sha256, ...]:
    """The drawings that the brand needs on every view."""
    drawings = (manifest.brand.get(part) for part in BRAND_DRAWINGS)
    return tuple(Sha256(address) for address in drawings if address and _SHA.fullmatch(address))


def files_by_need(plan: Plan, now_ms: int) -> dict[Sha256, int]:
    """Every file that the plan's cards name and when it is first needed (unix ms), in that order.

    What no day to come shows, but the deck names, is needed at FOREVER_MS.
    """
    needs = dict.fromkeys(brand_files(plan.manifest), now_ms)
    for begin, names in sorted(_turns(plan, now_ms), key=lambda turn: turn[0]):
        for name in names:
            needs.setdefault(name, begin)
    for card in plan.cards.values():
        for name in files_of(card):
            needs.setdefault(name, FOREVER_MS)
    return needs


def _turns(plan: Plan, now_ms: int) -> Iterator[tuple[int, tuple[Sha256, ...]]]:
    """From when on (unix ms, not before now) each loop to come runs, and the files of its cards."""
    known: dict[tuple[Sha256, tuple[int, ...]], tuple[Sha256, ...]] = {}
    for day in plan.manifest.days:
        chunk = plan.chunks.get(day.chunk)
        if chunk is None or day.until_ms <= now_ms:
            continue
        for segments in chunk.zones.values():
            ends = [segment.from_ms for segment in segments[1:]] + [chunk.length_ms]
            for segment, end in zip(segments, ends, strict=True):
                if day.from_ms + end > now_ms:
                    key = (day.chunk, segment.loop)
                    if key not in known:
                        known[key] = _files_of_loop(plan, chunk, segment.loop)
                    yield max(now_ms, day.from_ms + segment.from_ms), known[key]


def _files_of_loop(plan: Plan, chunk: Chunk, loop: tuple[int, ...]) -> tuple[Sha256, ...]:
    slots = [chunk.slots[index] for index in dict.fromkeys(loop)]
    names = [name for slot in slots for name in (slot.card, slot.fallback) if name]
    cards = [plan.cards[name] for name in names if name in plan.cards]
    return tuple(dict.fromkeys(address for card in cards for address in files_of(card)))
