"""What Shopify says of a variant, from a call or from the Admin API, as a report.

A price under a `compare_at_price` is a reduction that the shop announces: the list price is the
compare-at price, the sale price is the price, without dates. What was really asked before, and so
any “was”, comes from the ledger alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from playlists.errors import Invalid
from playlists.ids import check_sku
from server.connectors.shops import values
from server.connectors.shops.values import Unreadable
from server.ports import ProductReport

ONLY_VARIANT = "Default Title"
"""What Shopify calls the variant of a product that has no options."""
SOLD = frozenset({"active", "unlisted"})
"""Statuses of products that customers can buy; drafts and archived ones they cannot."""
SEVERAL = "several"
"""Kept as the variant of a SKU that more than one variant bears."""
FREED = "freed"
"""Kept as the variant of a SKU whose variant is gone: the next one to bear it is another's."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant as Shopify says it. Ids are its numbers as text, prices are decimal text;
    `updated_at` is when its product last changed (unix ms).
    """

    id: str
    product: str
    item: str
    said_sku: str
    price: str
    compare_at: str
    updated_at: int
    title: str = ""
    lead: str = ""
    link: str = ""
    picture: str = ""
    maker: str = ""
    category: str = ""
    available: bool | None = None
    measure: str = ""
    base: str = ""

    @property
    def sku(self) -> str:
        """Its SKU; its number where it has none that can be one."""
        try:
            return check_sku(self.said_sku.strip())
        except Invalid:
            return self.id

    def aliases(self) -> dict[str, str]:
        """What calls name: the inventory item, the SKU's variant."""
        return {f"item:{self.item}": self.sku, f"sku:{self.sku}": self.id}

    def report(self, currency: str, language: str) -> ProductReport:
        """As a report. What can be read but not believed is said in `problem`."""
        stock = {True: "in_stock", False: "out_of_stock", None: ""}[self.available]
        name = values.words(self.title, values.MAX_NAME_CHARACTERS)
        lead = values.words(self.lead, values.MAX_LEAD_CHARACTERS)
        found = ProductReport(
            self.sku,
            availability=stock,
            names={language: {"name": name, "lead": lead}} if name else {},
            link=values.link(self.link),
            picture_url=values.link(self.picture),
            maker=values.words(self.maker, values.MAX_MAKER_CHARACTERS),
            category=values.words(self.category, values.MAX_CATEGORY_CHARACTERS),
            version=str(self.updated_at),
            group=self.product,
            measure=self.measure,
            base=self.base,
        )
        try:
            price = amount(self.price, currency)
            listed = amount(self.compare_at, currency) if self.compare_at else 0
        except Unreadable as error:
            return replace(found, problem=error.reason)
        if listed <= price:
            return replace(found, price=price, currency=currency)
        return replace(found, price=listed, sale_price=price, currency=currency)


def amount(text: str, currency: str) -> int:
    """Shopify's decimals as minor units: zeros at the end say nothing (`1000.0` yen). Raises
    Unreadable (`price`).
    """
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    return values.amount(plain, currency)


def titled(product: str, variant: str) -> str:
    """The name of a variant: the product's, and its own where it has one."""
    return product if variant in ("", ONLY_VARIANT) else f"{product} – {variant}"


def products_of(variants: Iterable[Variant]) -> dict[str, str]:
    """The SKUs of each product, for the day when a call names the product alone."""
    found: dict[str, list[str]] = {}
    for variant in variants:
        found.setdefault(f"product:{variant.product}", []).append(variant.sku)
    return {name: " ".join(skus) for name, skus in found.items()}
