"""What connectors hand in: reports and facts in batches, and the two ways in which they fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from playlists.facts import Fact

Clock = Callable[[], int]
"""The present in unix milliseconds, UTC. Only the edges hold one."""


@dataclass(frozen=True, slots=True)
class ProductReport:
    """What a shop says of one SKU now. Money in minor units of `currency`; instants in unix
    milliseconds.

    `store` is the shop's own store code where the price is a store's own, else None (all its
    stores). `names` is by language: name, lead; `maker` is whose brand it bears. `problem` is set
    where the row could be read but not believed.

    What the law of displayed prices asks: `measure` and `base` are the contents and the quantity
    that a unit price is of, as the shop writes them (`750 ml`, `1 l`); `tax_permyriad` the rate in
    the price, in hundredths of a percent; `perishable` that it spoils soon; `sold_since` when the
    shop first sold it. `comparison` is a price that is not the shop's own (a maker's
    recommendation), of `comparison_source`. `group` joins the variants of one product.
    """

    sku: str
    currency: str = ""
    price: int | None = None
    sale_price: int | None = None
    sale_from: int | None = None
    sale_until: int | None = None
    availability: str = ""
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    link: str = ""
    picture_url: str = ""
    maker: str = ""
    category: str = ""
    store: str | None = None
    version: str = ""
    gone: bool = False
    problem: str = ""
    group: str = ""
    measure: str = ""
    base: str = ""
    tax_permyriad: int | None = None
    perishable: bool = False
    sold_since: int | None = None
    comparison: int | None = None
    comparison_source: str = ""


@dataclass(frozen=True, slots=True)
class StockReport:
    """Pieces of one SKU in one store (the shop's own store code); `reserved` of them are promised
    to customers who collect them.
    """

    sku: str
    store: str
    quantity: int
    version: str = ""
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class TillReport:
    """The price of one SKU that a store's till charges since `at` (unix ms), minor units. `store`
    is the till's own code; `version` its own, which grows.
    """

    sku: str
    store: str
    price: int
    currency: str
    version: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """One answer of a source. `whole`: it lists everything, so what is absent is gone.

    `unchanged`: the source answered that nothing changed since (HTTP 304): leases renew, nothing
    else. `complete`: it lists all that changed since, so what it does not list renews too.
    `observed_at` is when the source answered; `state` is what the connector wants back next time.
    `products` may be gone over again and again; those of a long feed lie on disk
    (server.connectors.spool).
    """

    observed_at: int
    whole: bool = False
    unchanged: bool = False
    complete: bool = False
    products: Collection[ProductReport] = ()
    stock: tuple[StockReport, ...] = ()
    facts: tuple[Fact, ...] = ()
    tills: tuple[TillReport, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)
    """Rows that were ignored, counted by reason."""
    state: Mapping[str, Any] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    """What the source calls things in later calls, and what they are here; empty: forgotten. Kept
    with the connector; a whole batch with any names all that there are.
    """
    unknown_stores: tuple[str, ...] = ()
    """Stores that the source speaks of and that are none of ours, as it calls them."""


class TemporaryError(Exception):
    """A source failed in a way that may pass: try again, with backoff. `retry_after_s` where the
    source said so. `unread`: it did answer, but what it said cannot be read: html, truncated, or
    unread.
    """

    def __init__(
        self, message: str, retry_after_s: float | None = None, *, unread: str = ""
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.unread = unread


class AwaitedError(TemporaryError):
    """There is nothing to read yet, because nobody has brought it: no fault of a source that is
    new, an error of one that had it.
    """


class PermanentError(Exception):
    """A source failed in a way that a person must mend (wrong URL, wrong secret, wrong format).
    `unread` is as in TemporaryError.
    """

    def __init__(self, message: str, *, unread: str = "") -> None:
        super().__init__(message)
        self.unread = unread
