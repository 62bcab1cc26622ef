"""The one pure function: what is on screen at an instant, since when, until when, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from playlists.ids import CardId, ChannelId, Sku, SourceId, ZoneId
from playlists.manifest import Why

PRICE_MARGIN_MS = 1_000
"""A price stops this long before its end, or by the clock's uncertainty where that is more."""


@dataclass(frozen=True, slots=True)
class Now:
    """An instant in unix milliseconds. `uncertainty_ms` None means that no trusted time was ever had."""

    ms: int
    uncertainty_ms: int | None = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """What freshness last said of a channel: its version, when the shop confirmed it, how long that holds."""

    version: int
    as_of: int
    lease_ms: int


@dataclass(frozen=True, slots=True)
class Freshness:
    """Leases by channel, and for each fact source the instant that it was last known good."""

    channels: Mapping[ChannelId, Lease] = field(default_factory=dict)
    sources: Mapping[SourceId, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocalOverride:
    """A hand on this very screen, `[from_ms, until_ms)`: show a card of the deck, or pause a card (its fallback plays).

    Locked zones ignore it. Of several that show, the later `from_ms` wins, then the greater `id`.
    """

    id: str
    zone: ZoneId
    kind: Literal["show", "pause"]
    card: CardId
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Priced:
    """A price that may show: which step of which offer at which channel version, and when it must be gone."""

    sku: Sku
    channel: ChannelId
    version: int
    step: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What one zone shows. `card` None is the slate.

    `[since, until)`: since the slot (or override) began; until anything here would change by itself.
    `variant` says whether the planned card, its fallback or the slate shows; `because` gives the reasons
    for anything short of plan, each `code` or `code:subject`: no_plan, no_day, empty, asset_missing:sha,
    gate_stale:source, paused:id, price_lost (with price_loss "fallback"), and for prices that are off while
    the card shows: no_time, head_expired, no_offer:sku, no_step:sku, lease_over:channel,
    version_differs:channel.
    """

    zone: ZoneId
    card: CardId | None
    since: int
    until: int
    why: Why | None
    variant: Literal["planned", "fallback", "slate", "override"]
    because: tuple[str, ...] = ()
    prices: tuple[Priced, ...] = ()
