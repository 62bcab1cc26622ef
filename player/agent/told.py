"""What the agent says: to the page beside it, and to the server in its report. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from player.cache.kept import Memory
from playlists.admission import Trusted
from playlists.credentials import fingerprint
from playlists.ids import ChannelId, Json, Sha256, StoreId
from playlists.manifest import Plan
from playlists.slot import Freshness, LocalOverride, Now, Shown, slot_at
from playlists.wire.door import MAX_BECAUSE, MAX_TROUBLES, Playing, Report
from playlists.wire.offers import offer_to_json


@dataclass(frozen=True, slots=True)
class Scene:
    """All that the agent speaks from."""

    memory: Memory
    plan: Plan | None
    held: Set[Sha256]
    """Files that are complete."""
    files: Set[Sha256]
    """Files that the plan names."""
    server: str
    notice: str
    page: str
    """The hash of the page's code."""
    troubles: Mapping[str, int] = field(default_factory=dict)
    """What is wrong, since when (unix ms)."""
    hands: tuple[LocalOverride, ...] = ()
    """What people have this screen show without the server."""


def sections_of(scene: Scene) -> dict[str, Any]:
    """The state as the page reads it (player/page/engine/source_agent.js), and who this is."""
    memory, plan = scene.memory, scene.plan
    trusted = memory.trusted
    sections: dict[str, Any] = {
        "server": scene.server,
        "screen": trusted.screen if trusted else None,
        "pairing": _pairing(scene),
        "plan": _plan(scene),
        "offers": _offers(scene),
        "freshness": [],
        "held": sorted(scene.files & scene.held),
        "notice": scene.notice,
    }
    if trusted and plan:
        fresh = trusted.freshness.get(StoreId(plan.manifest.store))
        sections["freshness"] = [fresh.message.to_json()] if fresh else []
    return sections


def report_of(scene: Scene, now: Now, nonce: str) -> Report:
    """What is held and shown now."""
    memory, plan = scene.memory, scene.plan
    trusted = memory.trusted
    offers = trusted.offers if trusted else {}
    freshness = Freshness()
    issued_at = 0
    if trusted and plan:
        store = StoreId(plan.manifest.store)
        freshness = trusted.freshness_of(store)
        issued_at = trusted.freshness[store].message.issued_at if store in trusted.freshness else 0
    shown = slot_at(plan, offers, freshness, scene.held, scene.hands, now)
    return Report(
        # The marks, even of what is not complete: a server that fell behind must go above them.
        revision=trusted.head.head.revision if trusted and trusted.head else 0,
        channels=_marks(trusted),
        freshness=issued_at,
        missing=len(scene.files - scene.held),
        uncertainty_ms=now.uncertainty_ms,
        playing={
            zone: Playing(it.card, it.since, it.until, _because(it)[:MAX_BECAUSE])
            for zone, it in shown.items()
        },
        page=scene.page,
        nonce=nonce,
        troubles=dict(islice(scene.troubles.items(), MAX_TROUBLES)),
    )


def _because(shown: Shown) -> tuple[str, ...]:
    """As the page records it (player/page/engine/zone.js)."""
    if shown.variant != "override" or shown.why is None:
        return shown.because
    return (f"by_hand:{shown.why.source}", *shown.because)


def _marks(trusted: Trusted | None) -> dict[ChannelId, int]:
    if trusted is None:
        return {}
    held = trusted.channels
    return {channel: held[channel].version for channel in trusted.wanted if channel in held}


def _pairing(scene: Scene) -> Json:
    given = scene.memory.pairing
    if given is None or scene.memory.trusted is not None:
        return None
    return {
        "code": given.code,
        "url": scene.server,
        # Of the key as it came: what a server says of itself proves nothing.
        "fingerprint": fingerprint(given.root.x),
        "server": scene.server,
        "qr": given.qr or None,
    }


def _plan(scene: Scene) -> Json:
    playing = scene.memory.playing
    if playing is None or scene.plan is None:
        return None
    return {
        "revision": playing.revision,
        "manifest": playing.manifest,
        "expires_at": playing.expires_at,
        "chunks": sorted(scene.plan.chunks),
    }


def _offers(scene: Scene) -> Json:
    trusted, plan = scene.memory.trusted, scene.plan
    if trusted is None or plan is None:
        return {}
    named: dict[str, set[str]] = {}
    for card in plan.cards.values():
        for good in card.goods:
            named.setdefault(good.channel, set()).add(good.sku)
    offers = trusted.offers
    return {
        str(channel): {
            "version": offers[channel].version,
            "lease": [offers[channel].as_of, offers[channel].lease_ms],
            "offers": [
                offer_to_json(offer)
                for sku, offer in sorted(offers[channel].offers.items())
                if sku in named.get(channel, ())
            ],
        }
        for channel in plan.manifest.channels
        if channel in offers
    }
