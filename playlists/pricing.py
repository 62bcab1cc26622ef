"""What a product costs and may say it costs: offers, price ledger, the lawful prior price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from playlists.ids import ChannelId, Sku, SourceId


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch `[from_ms, until_ms)` at one price; `until_ms` None is open-ended.

    `price` and `prior` are minor units. `texts` is by language, then: figures, cents, currency,
    currency_first ("1" or ""), was, reduction, legal, until, unit (the unit price), comparison
    (somebody else's price). The page formats nothing. `because` are the codes of why something
    stands beside the price or does not (playlists.law.display).
    """

    from_ms: int
    until_ms: int | None
    price: int
    prior: int | None
    texts: Mapping[str, Mapping[str, str]]
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StockText:
    """What may be said of stock while `gate` (source, max age ms) is fresh. `texts`: by language:
    text, figure.
    """

    gate: tuple[SourceId, int]
    texts: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Offer:
    """All that a screen may say of one SKU in one channel. No step at an instant: no price then.

    `names` is by language: name, lead, pricefree. `reason` says why there are no steps, for
    explain. `confirmed_at` (unix ms) is when the shop last confirmed this one price by itself: its
    lease runs from then where the channel's does not begin later.
    """

    sku: Sku
    currency: str
    steps: tuple[Step, ...]
    names: Mapping[str, Mapping[str, str]]
    stock: StockText | None = None
    reason: str = ""
    confirmed_at: int = 0


@dataclass(frozen=True, slots=True)
class ChannelState:
    """The offers of one channel as held at one version. Versions only grow.

    `as_of` and `lease_ms`: the lease that came with this version (0: none did); freshness renews
    it. So a changed price needs no second message before it may show.
    """

    channel: ChannelId
    version: int
    offers: Mapping[Sku, Offer] = field(default_factory=dict)
    as_of: int = 0
    lease_ms: int = 0


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One price as received, never changed: `[valid_from, valid_until)`, `price` in minor units of
    `currency`.

    `reduced` says that the shop announced it as a reduction (a sale price). `recorded_at` orders
    corrections. Without a currency it says that the product was not sold any more (`withdrawn`).
    """

    sku: Sku
    channel: ChannelId
    price: int
    currency: str
    valid_from: int
    valid_until: int | None
    reduced: bool
    recorded_at: int

    @property
    def withdrawn(self) -> bool:
        """Whether this is no price, but the end of them all."""
        return not self.currency
