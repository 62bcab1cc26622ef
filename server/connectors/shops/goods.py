"""What a shop's rows say of its goods, whichever format they came in: fields of Merchant Center's
names as product reports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import TypedDict
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from server.connectors.numbers import Numbers, number
from server.connectors.shops import values
from server.connectors.shops.rows import Row
from server.connectors.shops.values import Unreadable
from server.connectors.source import Setup, ShopConfig
from server.connectors.spool import Spool
from server.ports import ProductReport

LANGUAGE = r"^[a-z]{2}$"
MAX_CATEGORIES = 200
KEPT = 500
"""Characters of a text that many rows say alike, and that is remembered."""


class GoodsConfig(ShopConfig):
    """How a shop's rows are to be read."""

    language: str = Field(default="fr", pattern=LANGUAGE, description="Of the feed’s words.")
    time_zone: str = Field(
        default="",
        description="Of dates without an offset (IANA). Empty: the one that most of its stores go "
        "by.",
    )
    tax_percent: str = Field(
        default="",
        pattern=r"^([0-9]{1,2}([.,][0-9]{1,2})?)?$",
        description="The tax rate in its prices, such as 20 or 5.5. Empty: not said.",
    )
    perishable: tuple[str, ...] = Field(
        default=(),
        max_length=MAX_CATEGORIES,
        description="Categories of goods that spoil soon, as the feed writes them or how they "
        "begin: “Food > Bakery”.",
    )

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        return known_zone(name) if name else ""


def known_zone(name: str) -> str:
    """Return `name` if it is a time zone. Raises ValueError."""
    try:
        return ZoneInfo(name).key
    except (KeyError, OSError, ValueError):
        raise ValueError("Write an IANA time zone, such as Europe/Paris.") from None


class Money(TypedDict, total=False):
    """What a row says of its price, as a report's fields."""

    price: int
    currency: str
    sale_price: int
    sale_from: int | None
    sale_until: int | None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows as a shop's configuration says. `now` (unix ms) is when."""

    zone: ZoneInfo
    language: str
    tax_permyriad: int | None
    perishable: tuple[str, ...]
    now: int

    @classmethod
    def of(cls, setup: Setup) -> Reader:
        """As a connector is set up."""
        config: GoodsConfig = setup.config
        tax = config.tax_percent.replace(",", ".")
        return cls(
            zone=ZoneInfo(config.time_zone or usual_zone(setup)),
            language=config.language,
            tax_permyriad=int(Decimal(tax) * 100) if tax else None,
            perishable=tuple(_folded(one) for one in config.perishable if one.strip()),
            now=setup.clock(),
        )

    def report(
        self, row: Row, more_words: Mapping[str, Mapping[str, str]] | None = None
    ) -> ProductReport:
        """One row as read, with its words in more languages. What can be read but not believed is
        said in `problem`.
        """
        item = row.fields
        words = self.words(item)
        category = item.get("product_type", "") or item.get("google_product_category", "")
        category = "" if category.isdecimal() else category
        money, problem = self.money(item)
        return ProductReport(
            sku=item["id"],
            **money,
            availability=values.availability(item.get("availability", "")),
            names={**({self.language: words} if words["name"] else {}), **(more_words or {})},
            link=values.link(item.get("link", "")),
            picture_url=values.link(item.get("image_link", "")),
            maker=_repeated(item.get("brand", "")[:KEPT], values.MAX_MAKER_CHARACTERS),
            category=_repeated(category[:KEPT], values.MAX_CATEGORY_CHARACTERS),
            group=_repeated(item.get("item_group_id", "")[:KEPT], values.MAX_GROUP_CHARACTERS),
            measure=_measure(item.get("unit_pricing_measure", "")),
            base=_measure(item.get("unit_pricing_base_measure", "")),
            tax_permyriad=self.tax_permyriad,
            perishable=bool(self.perishable) and self._spoils(item),
            sold_since=self._since(item),
            problem=row.problem or problem,
        )

    def money(self, item: Mapping[str, str]) -> tuple[Money, str]:
        """Price, currency and sale as a report's fields, and what is wrong with them, if anything:
        a code.
        """
        read = Money()
        if not item.get("price"):
            return read, ""
        try:
            price = values.price(item["price"])
            read["price"], read["currency"] = price.minor, price.currency
            if item.get("sale_price"):
                sale = values.price(item["sale_price"])
                if sale.currency != price.currency:
                    raise Unreadable("currency")
                dates = item.get("sale_price_effective_date", "")
                since, until = values.period(dates, self.zone)
                read["sale_price"] = sale.minor
                read["sale_from"], read["sale_until"] = since, until
        except Unreadable as error:
            return read, error.reason
        return read, ""

    def words(self, item: Mapping[str, str]) -> dict[str, str]:
        """Name and lead."""
        return {
            "name": values.words(item.get("title", ""), values.MAX_NAME_CHARACTERS),
            "lead": values.words(item.get("description", ""), values.MAX_LEAD_CHARACTERS),
        }

    def expires(self, item: Mapping[str, str]) -> int | None:
        """When the shop means to stop selling it here (unix ms), where it says so."""
        return self._moment(item.get("expiration_date", ""), end_of_day=True)

    def _spoils(self, item: Mapping[str, str]) -> bool:
        categories = (item.get("product_type", ""), item.get("google_product_category", ""))
        return any(_folded(one).startswith(self.perishable) for one in categories if one)

    def _since(self, item: Mapping[str, str]) -> int | None:
        return self._moment(item.get("sold_since", "") or item.get("availability_date", ""))

    def _moment(self, text: str, *, end_of_day: bool = False) -> int | None:
        """A date that is no price's: one that cannot be read is as if it were not said."""
        if not text:
            return None
        try:
            return values.instant(text, self.zone, end_of_day=end_of_day)
        except Unreadable:
            return None


def usual_zone(setup: Setup) -> str:
    """The time zone that most of a connector's stores go by; UTC where it has none."""
    zones = Counter(store.zone for store in setup.stores if store.zone)
    return min(zones, key=lambda zone: (-zones[zone], zone)) if zones else "UTC"


class Listing:
    """Gathers the reports of a feed on disk, one for each SKU and store. Where two do not agree,
    neither is believed.
    """

    def __init__(self) -> None:
        self._spool = Spool()
        self._digests = Numbers()
        self._doubled: set[int] = set()

    def add(self, product: ProductReport) -> None:
        """One more report."""
        key = _key(product)
        digest = _digest(product)
        place = self._digests.place(key)
        if not self._digests.holds(place):
            self._digests.add(key, digest)
            self._spool.add(product)
        elif self._digests.values[place] != digest:
            self._doubled.add(key)

    def products(self) -> Spool:
        """What was gathered."""
        if not self._doubled:
            return self._spool
        settled = Spool()
        for product in self._spool:
            doubled = _key(product) in self._doubled
            settled.add(replace(product, problem="duplicate") if doubled else product)
        return settled


def _key(product: ProductReport) -> int:
    return number(repr((product.sku, product.store)).encode("utf-8", "surrogatepass"))


def _digest(product: ProductReport) -> int:
    """Of all that a price depends on."""
    return hash(
        (
            product.price,
            product.currency,
            product.sale_price,
            product.sale_from,
            product.sale_until,
            product.problem,
            product.measure,
            product.base,
        )
    )


_repeated = lru_cache(maxsize=values.REMEMBERED)(values.words)
"""For what many rows say alike."""


def _measure(text: str) -> str:
    return " ".join(text.split()) if len(text) <= values.MAX_MEASURE_CHARACTERS else ""


def _folded(text: str) -> str:
    """A category as it compares: small letters, no space around what parts its levels."""
    return ">".join(part.strip() for part in text.casefold().split(">"))
