"""What a vendor's stand-in must be able to do, so that every kind of shop passes one contract.

An adapter is a real HTTP peer that speaks its vendor's own shapes, and says how a connector of its
kind is set up against it. The contract (tests/server/connectors/test_shop_contract.py) changes the
shop through the adapter, lets the server read it (`run_due`) and its calls come in, and asks of the
record alone what came of it: equal for every vendor.

Write one in a file of your own beside this one, a class with the methods of `Adapter`, and add it
to `ADAPTERS` in tests/server/connectors/shops/__init__.py by its kind's name. Goods that the shop
sells from the start are `GOODS`; stores are codes of tests/server/connectors/conftest.py
(`OUR_STORES`), which the vendor calls by whatever it calls them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

COAT, BAG, SCARF = "COAT-01", "BAG-02", "SCARF-03"
GOODS: Mapping[str, int] = {
    COAT: 14_900, BAG: 11_990, SCARF: 4_900, **{f"SOCK-{n:02}": 900 + n for n in range(4, 24)}
}  # fmt: skip
"""SKUs and prices in euro cents: enough for pages, and for one suspect to be under 5 %."""

Fault = Literal["429", "500", "401", "html", "truncated", ""]
"""How a shop answers when it is read: too many requests (`Retry-After: 90`), an error, a token that
expired, a web page, half an answer; "" is well again. Shops without tokens answer 401 all the same.
"""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that the shop made: headers and body as they go over the wire."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Ability:
    """What a kind of shop can say. The contract leaves out what it cannot."""

    read: bool = True
    """It is read as a whole (a kind that is only called is not)."""
    calls: bool = False
    """It calls us at each change; otherwise a change is seen at the next read."""
    dated_sale: bool = True
    """Its sales carry the instants at which they begin and end."""
    stock: bool = False
    """It says how many pieces a store has."""
    tokens: bool = False
    """It is read with a token, that can expire."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """A connector as a person sets it up."""

    kind: str
    config: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)


class Adapter(Protocol):
    """A vendor's stand-in. Changes return the calls that the shop makes because of them, in order;
    none where the vendor does not call. `at` is the shop's own clock: no two changes are made at
    the same instant.
    """

    able: Ability

    def start(self) -> None:
        """Serve `GOODS` on the loopback address."""

    def stop(self) -> None:
        """Serve nothing more."""

    def set_up(self) -> SetUp:
        """How a connector is set up against this shop (shop word `pluvier`, currency EUR)."""

    def opening(self, at: datetime) -> list[Call]:
        """The calls by which a shop that is not read (`able.read` False) says what it sells; none
        where it is read.
        """

    def price(self, sku: str, minor: int, at: datetime) -> list[Call]:
        """Another price, no sale."""

    def sale(
        self, sku: str, minor: int, begin: datetime, end: datetime, at: datetime
    ) -> list[Call]:
        """A sale price beside the price, within its dates; a vendor without dates (`dated_sale`
        False) says it from now on, until `price` is called.
        """

    def blank(self, sku: str, at: datetime) -> list[Call]:
        """No price, or zero: what no screen may believe."""

    def delete(self, sku: str, at: datetime) -> list[Call]:
        """It is sold no more."""

    def stock(self, sku: str, store: str, pieces: int, at: datetime) -> list[Call]:
        """How many pieces one of our stores has (only where `able.stock`)."""

    def break_with(self, fault: Fault) -> None:
        """How it answers reads from now on."""
