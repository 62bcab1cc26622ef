"""What slot_at is told beside the plan, and what it answers. Import these from `playlists.slot`."""

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
    """An instant in unix ms. `uncertainty_ms` None means that no trusted time was ever had."""

    ms: int
    uncertainty_ms: int | None = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """What freshness last said of a channel: its version, when the shop confirmed it, and for how
    long that holds."""

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
    """A hand on this very screen, `[from_ms, until_ms)`: show a card of the deck, or pause a card
    (its fallback plays).

    Locked zones ignore it. So does a planned emergency: no pause touches its cards, and no hand
    shows while it can. Of several that show, the later `from_ms` wins, then the greater `id`; one
    whose card may not show now gives way to the next. A paused card shows in no other role.
    """

    id: str
    zone: ZoneId
    kind: Literal["show", "pause"]
    card: CardId
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Priced:
    """A price that may show: which step of which offer at which channel version, and when it must
    be gone (`ends_at`, unix ms, all margins taken off)."""

    sku: Sku
    channel: ChannelId
    version: int
    step: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What one zone shows. `card` None is the slate.

    `[since, until)`: since the slot (or override) began; until the first instant at which anything
    else in here changes by itself (FOREVER_MS: never). `variant` says whether the planned card, its
    fallback, the slate or an override's card shows. `because` gives the reasons for anything short
    of plan, each `code` or `code:subject`: no_plan, no_day, empty, card_missing:card (not in the
    deck), asset_missing:sha, gate_stale:source, paused:id, price_lost (with price_loss "fallback"),
    not_shown:id (an override, after its own reasons), and for prices that are off: no_time,
    head_expired, no_offer:sku, no_step:sku, lease_over:channel, version_differs:channel.
    """

    zone: ZoneId
    card: CardId | None
    since: int
    until: int
    why: Why | None
    variant: Literal["planned", "fallback", "slate", "override"]
    because: tuple[str, ...] = ()
    prices: tuple[Priced, ...] = ()
