"""Plans as they lie on the disk: opened from their objects, and the files that they need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass

from player.cache.store import Store
from playlists.cards import files_of
from playlists.codec import decode_chunk, decode_deck, decode_manifest
from playlists.ids import CardId, Sha256
from playlists.manifest import BRAND_DRAWINGS, Chunk, DeckCard, Manifest, Plan

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


def files_in_order(plan: Plan, now_ms: int) -> tuple[Sha256, ...]:
    """Every file that the plan's cards name, those of the days nearest to come first."""
    order = dict.fromkeys(brand_files(plan.manifest))
    days = plan.manifest.days
    for day in sorted(days, key=lambda day: (day.until_ms <= now_ms, day.from_ms)):
        chunk = plan.chunks.get(day.chunk)
        for slot in chunk.slots if chunk else ():
            for name in (slot.card, slot.fallback):
                card = plan.cards.get(name) if name else None
                order |= dict.fromkeys(files_of(card) if card else ())
    for card in plan.cards.values():
        order |= dict.fromkeys(files_of(card))
    return tuple(order)
