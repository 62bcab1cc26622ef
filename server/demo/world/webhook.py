"""The shop's webhook: it tells the server of each change, signed, in order, again until heard.

Changes that wait are sent together, and a newer change of the same thing takes the place of an
older one that was not heard yet.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Mapping
from http.client import responses
from typing import Any

from server.demo.catalogue import CHAIN, CURRENCY
from server.demo.world.journal import Journal
from server.demo.world.peer import Action, wanted_switch
from server.demo.world.signed import CALL_TIMEOUT_S, Caller
from server.demo.world.stall import Article, Stall, money

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 10.0
MAX_ITEMS = 100
"""Most items in one call."""
TRY_AGAIN = frozenset({408, 425, 429})

_Key = tuple[str, str, str | None]
"""Event, SKU and store: what a newer change may replace."""


class Webhook:
    """Sends changes from a thread of its own, so that the shop never waits for the server."""

    def __init__(self, url: str | None, secret: str, stall: Stall, journal: Journal) -> None:
        """Without `url` the webhook is off for good; raises `ValueError` for an empty secret."""
        if url and not secret:
            raise ValueError("the webhook needs a secret: pass --webhook-secret")
        self._caller = Caller(url, secret) if url else None
        self._stall, self._journal = stall, journal
        self._on = bool(url)
        self._waiting: dict[_Key, Article] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def on(self) -> bool:
        """Whether changes are sent."""
        return self._on

    def start(self) -> None:
        """Begin to send what is told."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the call under way; what still waits is dropped."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(CALL_TIMEOUT_S + 1)

    def actions(self) -> dict[str, Action]:
        """What can be done to the webhook, by name."""
        return {"webhook": self.switch}

    def switch(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"on": bool}`: while it is off, changes are not sent, and not made up for later."""
        with self._changed:
            self._on = wanted_switch(body, "on") and self._caller is not None
            if not self._on:
                self._waiting.clear()
        self._journal.add("webhook-switch", on=self._on)
        return {"on": self._on}

    def tell(self, event: str, article: Article, store: str | None) -> None:
        """Queue one change; the newest state of a thing is the one that is sent."""
        with self._changed:
            if not self._on:
                return
            key = (event, article.sku, store)
            self._waiting.pop(key, None)
            self._waiting[key] = article
            self._changed.notify_all()

    def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while batch := self._next_batch():
            if self._deliver(batch):
                pause = FIRST_PAUSE_S
                continue
            self._put_back(batch)
            with self._changed:
                self._changed.wait_for(lambda: self._stopping, timeout=pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)

    def _next_batch(self) -> dict[_Key, Article]:
        """Wait for changes; take the oldest ones of one event, in their order; {} at the end."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._stopping)
            if self._stopping:
                return {}
            event = next(iter(self._waiting))[0]
            same = itertools.takewhile(lambda key: key[0] == event, self._waiting)
            keys = list(itertools.islice(same, MAX_ITEMS))
            return {key: self._waiting.pop(key) for key in keys}

    def _put_back(self, batch: dict[_Key, Article]) -> None:
        """Queue again, first, what was not heard; newer states of the same things win."""
        with self._changed:
            if self._on:
                unheard = {key: batch[key] for key in batch if key not in self._waiting}
                self._waiting = unheard | self._waiting

    def _deliver(self, batch: dict[_Key, Article]) -> bool:
        """Call the server once. False when the same should be tried again."""
        event = next(iter(batch))[0]
        body = json.dumps(self._message(event, batch), ensure_ascii=False).encode()
        started = time.perf_counter()
        status, error = self._call(body)
        took_ms = round((time.perf_counter() - started) * 1000)
        skus = list(dict.fromkeys(sku for _, sku, _ in batch))
        self._journal.add("call", event=event, skus=skus, status=status, error=error, ms=took_ms)
        again = status is None or status >= 500 or status in TRY_AGAIN
        return not again

    def _call(self, body: bytes) -> tuple[int | None, str | None]:
        """POST one body; the status, or None and what went wrong."""
        assert self._caller is not None
        try:
            status, _said = self._caller.post(body)
        except (OSError, ValueError) as error:
            return None, str(getattr(error, "reason", error))
        return status, responses.get(status) if status >= 300 else None

    def _message(self, event: str, batch: dict[_Key, Article]) -> dict[str, Any]:
        items = [self._item(article, store) for (_, _, store), article in batch.items()]
        return {"shop": CHAIN, "event": event, "items": items}

    def _item(self, article: Article, store: str | None) -> dict[str, Any]:
        sale = article.reduction_at(self._stall.now)
        item: dict[str, Any] = {
            "sku": article.sku,
            "price": money(article.price_minor),
            "currency": CURRENCY,
            "sale_price": money(sale.price_minor) if sale else None,
            "sale_from": sale.begins.isoformat() if sale and sale.begins else None,
            "sale_until": sale.ends.isoformat() if sale and sale.ends else None,
            "availability": "in_stock" if article.available else "out_of_stock",
            "version": article.version,
        }
        if store is not None:
            quantity = article.stock[store]
            item["availability"] = "in_stock" if quantity else "out_of_stock"
            item |= {"store": store, "quantity": quantity}
        return item
