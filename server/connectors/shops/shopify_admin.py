"""Reads a whole shop through Shopify's Admin GraphQL API.

https://shopify.dev/docs/api/admin-graphql. Variants and inventory levels are listed apart and flat,
a cursor each, so that no page costs more than one query may; what a query costs and what is left
(`extensions.cost`) sets the pace, and a throttled query is asked again when it can be paid.
https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from server.connectors import http, vendor
from server.connectors.shops import values
from server.connectors.shops.shopify_goods import Variant, titled
from server.connectors.shops.values import Unreadable
from server.connectors.source import Limits
from server.connectors.vendor import Said, Wait
from server.ports import PermanentError, TemporaryError

PAGE_ROWS = 100
"""Rows of a page: a query may cost 1,000 points, and a variant with all that is asked costs 7."""
DEAR = "MAX_COST_EXCEEDED"
MAX_WAIT_S = 25.0
"""Longest single wait for points; a bucket is full within 20 s on every plan."""
MAX_SAID_CHARACTERS = 200

SHOP = "{ shop { currencyCode taxesIncluded } }"
LOCATIONS = """query ($first: Int!, $after: String) {
  locations(first: $first, after: $after) {
    nodes { id name }
    pageInfo { hasNextPage endCursor }
  }
}"""
VARIANTS = """query ($first: Int!, $after: String) {
  productVariants(first: $first, after: $after) {
    nodes {
      id title sku price compareAtPrice availableForSale
      inventoryItem { id }
      unitPriceMeasurement { quantityValue quantityUnit referenceValue referenceUnit }
      product {
        id title status description vendor productType updatedAt onlineStoreUrl
        featuredMedia { preview { image { url } } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}"""
LEVELS = """query ($first: Int!, $after: String, $location: ID!) {
  location(id: $location) {
    inventoryLevels(first: $first, after: $after) {
      nodes { updatedAt item { id } quantities(names: ["available"]) { quantity } }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""


@dataclass(frozen=True, slots=True)
class About:
    """The shop's own currency (ISO 4217), and whether its prices include taxes."""

    currency: str
    taxes_included: bool


@dataclass(frozen=True, slots=True)
class Level:
    """Pieces of an inventory item in one place; less than none is none."""

    item: str
    pieces: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A variant, whether its product is sold, and when Shopify said so (unix ms, its clock)."""

    variant: Variant
    status: str
    said_at: int


@dataclass(slots=True)
class Admin:
    """The Admin API of one shop at `url`, asked with `token`. `pages` bounds each listing where
    only a glance is wanted. Raises TemporaryError, PermanentError.
    """

    url: str
    version: str
    token: str
    limits: Limits
    now: int
    pages: int | None = None
    wait: Wait = time.sleep
    _rows: dict[str, int] = field(default_factory=dict)

    def about(self) -> About:
        """What the shop says of itself."""
        shop = self._ask(SHOP, {}).value["shop"]
        return About(str(shop["currencyCode"]), shop["taxesIncluded"] is True)

    def locations(self) -> dict[str, str]:
        """The names of all places that hold stock, by number."""
        found = self._listed(LOCATIONS, ("locations",), {})
        return {number(node["id"]): str(node["name"]) for node, _ in found}

    def variants(self) -> Iterator[Listed]:
        """All variants of all products, of whatever status."""
        for node, said_at in self._listed(VARIANTS, ("productVariants",), {}):
            yield Listed(_variant(node), str(node["product"]["status"]).lower(), said_at)

    def levels(self, location: str) -> Iterator[Level]:
        """What a place holds; items whose pieces nobody counts are left out."""
        place = {"location": f"gid://shopify/Location/{location}"}
        for node, _ in self._listed(LEVELS, ("location", "inventoryLevels"), place):
            pieces = [one["quantity"] for one in node["quantities"] or ()]
            if pieces and isinstance(pieces[0], int):
                item = number(node["item"]["id"])
                yield Level(item, max(0, pieces[0]), instant(node["updatedAt"]))

    def _listed(
        self, query: str, path: tuple[str, ...], given: Mapping[str, object]
    ) -> Iterator[tuple[dict[str, Any], int]]:
        """Each node of a listing with the instant of its page, to the listing's end."""
        after, asked, rows = None, 0, 0
        while True:
            said = self._page(query, given, after)
            listing: Any = said.value
            for name in path:
                listing = listing.get(name) or {}
            nodes = listing.get("nodes")
            if not isinstance(nodes, list):
                raise TemporaryError("Shopify’s answer lists nothing where it should.")
            said_at = _date(said, self.now)
            for node in nodes:
                yield node, said_at
            asked, rows = asked + 1, rows + len(nodes)
            if rows > self.limits.max_rows:
                raise PermanentError(
                    f"The shop lists over {self.limits.max_rows} rows (ENSEIGNE_FEED_MAX_ROWS)."
                )
            page = listing["pageInfo"]
            if not page["hasNextPage"] or asked == self.pages:
                return
            if page["endCursor"] in (None, after):
                raise TemporaryError("Shopify’s listing does not go on, though it should.")
            after = page["endCursor"]

    def _page(self, query: str, given: Mapping[str, object], after: str | None) -> Said:
        """One page, of fewer rows where so many cost too much."""
        while True:
            rows = self._rows.get(query, PAGE_ROWS)
            try:
                return self._ask(query, {**given, "first": rows, "after": after})
            except _TooDear:
                if rows == 1:
                    raise
                self._rows[query] = max(1, rows // 2)

    def _ask(self, query: str, variables: Mapping[str, object]) -> Said:
        said = vendor.patiently(partial(self._once, query, variables), self.wait)
        cost = _cost(said.value)
        self.wait(cost.pause_s) if cost.pause_s else None
        return Said(said.value["data"], said.headers)

    def _once(self, query: str, variables: Mapping[str, object]) -> Said:
        said = vendor.ask(
            f"{self.url}/admin/api/{self.version}/graphql.json",
            self.limits,
            {"X-Shopify-Access-Token": self.token},
            body={"query": query, "variables": variables},
        )
        if not isinstance(said.value, dict):
            raise TemporaryError("Shopify’s answer is no GraphQL answer.")
        _refuse(said.value)
        if not isinstance(said.value.get("data"), dict):
            raise TemporaryError("Shopify’s answer has no data.")
        return said


class _TooDear(PermanentError):
    """A query that costs more than one query may."""


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a query costs (`asked`, points), what there is (`left`), what comes back each second."""

    asked: float = 0.0
    left: float = 0.0
    each_s: float = 0.0

    @property
    def pause_s(self) -> float:
        """How long until such a query can be paid again."""
        if self.asked <= self.left or self.each_s <= 0:
            return 0.0
        return min((self.asked - self.left) / self.each_s, MAX_WAIT_S)


def _cost(answer: Mapping[str, Any]) -> _Cost:
    try:
        cost = answer["extensions"]["cost"]
        bucket = cost["throttleStatus"]
        return _Cost(
            float(cost["requestedQueryCost"]),
            float(bucket["currentlyAvailable"]),
            float(bucket["restoreRate"]),
        )
    except (KeyError, TypeError, ValueError):
        return _Cost()


def _refuse(answer: Mapping[str, Any]) -> None:
    """Raise what the errors of an answer mean; an answer with any is not complete."""
    errors = answer.get("errors")
    if not errors:
        return
    first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
    extensions = first.get("extensions")
    code = extensions.get("code", "") if isinstance(extensions, dict) else ""
    said = str(first.get("message", errors))[:MAX_SAID_CHARACTERS]
    if code == "THROTTLED" or said == "Throttled":
        raise TemporaryError("Shopify throttles our queries.", _cost(answer).pause_s or 1.0)
    if code == DEAR:
        raise _TooDear("One query costs more than Shopify allows.")
    if code == "ACCESS_DENIED":
        raise PermanentError(
            "Shopify refuses a part of it: give the app the rights read_products, read_inventory "
            f"and read_locations. ({said})"
        )
    if code in ("INTERNAL_SERVER_ERROR", "TIMEOUT"):
        raise TemporaryError(f"Shopify failed: {said}")
    raise PermanentError(f"Shopify does not understand our query: {said}. Is the API version one?")


def granted(url: str, client_id: str, client_secret: str, limits: Limits) -> str:
    """An access token for the app with these credentials, good for a day.

    https://shopify.dev/docs/apps/build/authentication-authorization/client-credentials-grant
    """
    asked = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    body = urlencode(asked).encode()
    with http.posted(f"{url}/admin/oauth/access_token", body, headers, limits) as answer:
        try:
            said = json.loads(answer.body.whole())
        except ValueError:
            raise TemporaryError("Shopify answers no token, but what is no JSON.") from None
    token = said.get("access_token") if isinstance(said, dict) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise PermanentError("Shopify gives no token for this client id and secret.")
    return token


def _variant(node: Mapping[str, Any]) -> Variant:
    product, unit = node["product"], node.get("unitPriceMeasurement") or {}
    picture = ((product.get("featuredMedia") or {}).get("preview") or {}).get("image") or {}
    return Variant(
        id=number(node["id"]),
        product=number(product["id"]),
        item=number(node["inventoryItem"]["id"]),
        said_sku=node.get("sku") or "",
        price=str(node.get("price") or ""),
        compare_at=str(node.get("compareAtPrice") or ""),
        updated_at=instant(product["updatedAt"]),
        title=titled(product.get("title") or "", node.get("title") or ""),
        lead=product.get("description") or "",
        link=product.get("onlineStoreUrl") or "",
        picture=picture.get("url") or "",
        maker=product.get("vendor") or "",
        category=product.get("productType") or "",
        available=node.get("availableForSale"),
        measure=_measure(unit.get("quantityValue"), unit.get("quantityUnit")),
        base=_measure(unit.get("referenceValue"), unit.get("referenceUnit")),
    )


def _measure(value: object, unit: object) -> str:
    return f"{value} {unit.lower()}" if value and isinstance(unit, str) else ""


def number(gid: object) -> str:
    """The number at the end of a global id; TemporaryError where there is none."""
    digits = str(gid).partition("?")[0].rpartition("/")[2]
    if not (digits.isascii() and digits.isdecimal()):
        raise TemporaryError("Shopify’s answer has an id that is none.")
    return digits


def instant(text: object) -> int:
    """An ISO 8601 instant as unix ms; TemporaryError where it is none."""
    try:
        return values.instant(str(text), UTC)
    except Unreadable:
        raise TemporaryError("Shopify’s answer has a time that is none.") from None


def _date(said: Said, now: int) -> int:
    """When the vendor answered, by its own clock."""
    try:
        return round(parsedate_to_datetime(said.headers.get("date", "")).timestamp() * 1000)
    except (TypeError, ValueError):
        return now
