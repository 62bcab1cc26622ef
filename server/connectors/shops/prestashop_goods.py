"""One read of a PrestaShop: all of it, or what changed since the last one."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from server.connectors.shops import prestashop_prices as prices
from server.connectors.shops.prestashop_listing import Listing, list_all, list_goods
from server.connectors.shops.prestashop_read import SUMS, Webservice
from server.connectors.shops.prestashop_reports import Reporter
from server.connectors.source import Setup
from server.ports import Batch, ProductReport

OVERLAP = timedelta(minutes=2)
"""Products changed so shortly before the newest change are asked for again, for as long: what is
changed in the same second, or written late, has the same date.
"""
MAX_SEEN = 2_000
"""Products remembered that were told within that time."""
FORMAT = "%Y-%m-%d %H:%M:%S"


def fetch(setup: Setup) -> Batch:
    """What the shop says now, or that nothing changed. Raises TemporaryError, PermanentError."""
    began, kept = setup.clock(), setup.state
    shop = Webservice(setup)
    every_ms = setup.config.whole_every_s * 1000
    young = "whole_at" in kept and began - int(kept["whole_at"]) < every_ms
    market = shop.market()
    language = str(kept["language"]) if young else shop.language()
    ours = [code for code in setup.config.stores if code.isdecimal() and setup.store(code)]
    others = [replace(market, shop=code) for code in ours if code != market.shop]
    markets = [market, *others]
    seen = list_all(shop, markets, ours)
    read = Read(Reporter(shop, markets, language, began), seen, began)
    if setup.glance:
        return read.glance()
    marks = {
        "goods": _digest(seen.goods),
        "specials": _digest([str(one) for some in seen.specials.values() for one in some]),
        "worth": market.worth,
    }
    state = {
        "at": began,
        "language": language,
        "newest": seen.newest,
        "newest_at": kept["newest_at"] if kept.get("newest") == seen.newest else began,
        "out": seen.sold_out(),
        "stock": _digest([str(one) for one in seen.pieces]),
        **marks,
    }
    if not young or any(kept[name] != mark for name, mark in marks.items()):
        return read.whole(state)
    return read.changed(state | {"whole_at": kept["whole_at"]}, kept)


@dataclass(frozen=True, slots=True)
class Read:
    """A read of what was `seen` listed, begun at `now` (unix ms)."""

    reporter: Reporter
    seen: Listing
    now: int

    def glance(self) -> Batch:
        """The first few products."""
        first = sorted(self.seen.products, key=int)[:SUMS]
        reports, refused = self.reporter.reports(first, self.seen)
        return self._batch(reports, refused, {})

    def whole(self, state: Mapping[str, Any]) -> Batch:
        """All products; those that changed meanwhile once more."""
        seen, reporter = self.seen, self.reporter
        reports, refused = reporter.reports(seen.products, seen)
        products, combinations, sold = list_goods(reporter.shop, reporter.markets)
        after = replace(seen, products=products, combinations=combinations, sold=sold)
        moved = {n for n, row in products.items() if seen.products.get(n) != row}
        if moved:
            again, _left_out = reporter.reports(moved, after)
            anew = {one.group for one in again} | moved
            reports = [one for one in reports if one.group not in anew] + again
        steady = seen.goods == after.goods
        state = {
            **state,
            "whole_at": self.now if steady else 0,
            "seen": _told(reports, self._recent(after, seen.newest, self.now)),
        }
        return replace(self._batch(reports, refused, state), whole=steady)

    def changed(self, state: Mapping[str, Any], kept: Mapping[str, Any]) -> Batch:
        """What is new since the last read."""
        recent = self._recent(self.seen, str(kept["newest"]), int(kept["newest_at"]))
        others = self._at_a_boundary(int(kept["at"])) | {
            key.split("/")[0] for key in set(kept["out"]) ^ set(state["out"])
        }
        reports, refused = self.reporter.reports(recent | others, self.seen)
        told, before = _told(reports, recent), kept.get("seen", {})
        known = {n for n in recent - others if n in told and before.get(n) == told[n]}
        news = [one for one in reports if one.group not in known]
        state = {**state, "seen": told}
        if not news and state["stock"] == kept["stock"]:
            return Batch(self.now, unchanged=True, state=state)
        return replace(self._batch(news, refused, state), complete=True)

    def _batch(
        self, reports: Iterable[ProductReport], refused: Counter[str], state: Mapping[str, Any]
    ) -> Batch:
        setup = self.reporter.shop.setup
        return Batch(
            self.now,
            products=tuple(reports),
            stock=self.seen.pieces,
            refused=refused + Counter(self.seen.refused),
            unknown_stores=tuple(c for c in setup.config.stores if setup.store(c) is None),
            state=state,
        )

    def _recent(self, seen: Listing, newest: str, newest_at: int) -> set[str]:
        """Products changed since `newest`, which was first read at `newest_at` (unix ms); for a
        while also those of shortly before.
        """
        if self.now - newest_at > OVERLAP.total_seconds() * 1000:
            return {n for n, (_reference, at) in seen.products.items() if at > newest}
        try:
            after = (datetime.strptime(newest, FORMAT) - OVERLAP).strftime(FORMAT)  # noqa: DTZ007
        except ValueError:
            after = ""
        return {n for n, (_reference, at) in seen.products.items() if at >= after}

    def _at_a_boundary(self, since: int) -> set[str]:
        """Products of which a period began or ended since then, by either clock."""
        passed = range(since - prices.NEAR_MS, self.now + 1)
        found: set[str] = set()
        for one in (one for some in self.seen.specials.values() for one in some):
            if one.since in passed or (one.until is not None and one.until in passed):
                found |= set(self.seen.products) if one.product == "0" else {one.product}
        return found


def _told(reports: Iterable[ProductReport], numbers: set[str]) -> dict[str, str]:
    """What is said of these products, shortened; of so many as are remembered."""
    by_product: dict[str, list[str]] = {}
    for one in reports:
        if one.group in numbers and (one.group in by_product or len(by_product) < MAX_SEEN):
            by_product.setdefault(one.group, []).append(str(one))
    return {n: _digest(said) for n, said in by_product.items()}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
