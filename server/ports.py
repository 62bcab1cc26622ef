"""What connectors hand in: reports and facts in batches, and the two ways in which they fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


@dataclass(frozen=True, slots=True)
class StockReport:
    """Pieces of one SKU in one store (the shop's own store code)."""

    sku: str
    store: str
    quantity: int
    version: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """One answer of a source. `whole`: it lists everything, so what is absent is gone.

    `unchanged`: the source answered that nothing changed since (HTTP 304): leases renew, nothing
    else. `observed_at` is when the source answered; `state` is what the connector wants back next
    time.
    """

    observed_at: int
    whole: bool = False
    unchanged: bool = False
    products: tuple[ProductReport, ...] = ()
    stock: tuple[StockReport, ...] = ()
    facts: tuple[Fact, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)
    """Rows that were ignored, counted by reason."""
    state: Mapping[str, Any] = field(default_factory=dict)


class TemporaryError(Exception):
    """A source failed in a way that may pass: try again, with backoff. `retry_after_s` where the
    source said so.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PermanentError(Exception):
    """A source failed in a way that a person must mend (wrong URL, wrong secret, wrong format)."""
