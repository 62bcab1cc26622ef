"""A row of a feed in whichever format, and what its fields are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from server.ports import PermanentError, TemporaryError

MAX_FIELD_CHARACTERS = 5_000
"""Kept of one field."""
MAX_NAME_CHARACTERS = 100
MONEY = frozenset({"id", "store_code", "price", "sale_price", "sale_price_effective_date"})
"""Fields that may not be there twice and differ."""
READ = MONEY | {
    "title",
    "description",
    "link",
    "image_link",
    "availability",
    "availability_date",
    "expiration_date",
    "sold_since",
    "brand",
    "product_type",
    "google_product_category",
    "item_group_id",
    "unit_pricing_measure",
    "unit_pricing_base_measure",
    "quantity",
}
"""Fields that anything is made of."""

_ALIASES = {
    "itemid": "id",
    "item_id": "id",
    "offer_id": "id",
    "offerid": "id",
    "storecode": "store_code",
    "saleprice": "sale_price",
    "sale_price_effective_dates": "sale_price_effective_date",
    "unit_pricing_base": "unit_pricing_base_measure",
}
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number (the line or the item, from 1), its fields by name, and why it may not
    be believed as it stands, as a code.
    """

    number: int
    fields: Mapping[str, str]
    problem: str = ""


@lru_cache(maxsize=2_048)
def field_name(name: str) -> str:
    """What Merchant Center calls a field that is written `g:price`, `Sale Price` or `storeCode`."""
    plain = name[:MAX_NAME_CHARACTERS].strip().removeprefix("g:").strip()
    plain = re.sub(r"[\s_\-]+", "_", _CAPITAL.sub("_", plain)).lower()
    return _ALIASES.get(plain, plain)


def web_page() -> TemporaryError:
    """What stands in the place of a feed that is a web page."""
    words = (
        "The answer is a web page, not a feed. Check the address; if it is the feed’s own, the "
        "shop is closed for repairs or asks us to sign in."
    )
    return TemporaryError(words, unread="html")


def nothing() -> TemporaryError:
    """What stands in the place of one that is empty."""
    return TemporaryError(
        "The answer is empty or no feed. Open the address in a browser: it lists every product, as "
        "XML or as a table."
    )


def too_many(most: int) -> PermanentError:
    """What stands in the place of one with over `most` rows."""
    return PermanentError(f"The feed has over {most} items (ENSEIGNE_FEED_MAX_ROWS).")
