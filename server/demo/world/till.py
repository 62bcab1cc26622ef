"""The tills of one store: they follow the shop a moment later, say what they charge, and ask for a
higher price only once they were told that the screens have it.
"""

from __future__ import annotations

import hmac
import json
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue

from server.demo.catalogue import CURRENCY
from server.demo.world.journal import Journal, now_ms
from server.demo.world.peer import Action, action_routes, wanted_switch
from server.demo.world.signed import CALL_TIMEOUT_S, Caller, sign
from server.demo.world.stall import Article, Stall, money

STORE = "prado"
"""Whose tills they are."""
LOOK_S = 0.25
FOLLOW_S = 0.75
"""How long after the shop a lower price is in the tills."""
GIVE_UP_S = 180.0
"""A higher price is asked for after so long although nobody released it."""
PAUSE_S = 2.0


class Till:
    """Looks at the shop in a thread of its own. `on` False: it neither changes nor answers."""

    def __init__(self, url: str | None, secret: str, stall: Stall, journal: Journal) -> None:
        self._caller = Caller(url, secret) if url else None
        self._secret = secret
        self._stall, self._journal = stall, journal
        self.on = bool(url)
        self._charged: dict[str, int] = {}
        self._seen: dict[str, tuple[int, float]] = {}
        self._released: dict[str, int] = {}
        self._unsaid: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to follow the shop."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the call under way."""
        self._stopping.set()
        self._thread.join(CALL_TIMEOUT_S + 1)

    def actions(self) -> dict[str, Action]:
        """What can be done to the tills, by name."""
        return {"switch": self.switch}

    def state(self) -> dict[str, Any]:
        """What they charge, in cents."""
        with self._lock:
            return {"on": self.on, "store": STORE, "charged": dict(self._charged)}

    def switch(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """`{"on": bool}`: off, the tills neither change their prices nor answer."""
        self.on = wanted_switch(body, "on") and self._caller is not None
        self._journal.add("till-switch", on=self.on)
        return {"on": self.on}

    def released(self, timestamp: str, signature: str, body: bytes) -> bool:
        """A call of the server's: these prices are on the screens. False where it is not signed."""
        if not hmac.compare_digest(sign(self._secret, timestamp, body), signature):
            return False
        with self._lock:
            for item in json.loads(body)["items"]:
                self._released[item["sku"]] = round(float(item["price"]) * 100)
        return True

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            if not self.on:
                continue
            with self._lock:
                for article in self._stall.articles():
                    self._follow(article, time.monotonic())
                unsaid = sorted(self._unsaid)
            if unsaid and not self._say(unsaid):
                self._stopping.wait(PAUSE_S)

    def _follow(self, article: Article, now: float) -> None:
        """Planned steps at once, lower prices a moment later, higher ones when released."""
        wanted = _price(article, self._stall.now)
        was = self._charged.get(article.sku)
        version, since = self._seen.get(article.sku, (-1, 0.0))
        if version != article.version:
            self._seen[article.sku] = (article.version, now)
            planned, since = version < 0, now
        else:
            planned = now - since > GIVE_UP_S
        if wanted == was:
            return
        told = self._released.get(article.sku) == wanted
        lower = was is None or (wanted < was and now - since >= FOLLOW_S)
        if planned or lower or told:
            self._charged[article.sku] = wanted
            self._unsaid.add(article.sku)

    def _say(self, skus: list[str]) -> bool:
        with self._lock:
            prices = {sku: self._charged[sku] for sku in skus}
        items = [
            {
                "sku": sku,
                "store": STORE,
                "price": money(price),
                "currency": CURRENCY,
                "version": str(now_ms()),
            }
            for sku, price in prices.items()
        ]
        body = json.dumps({"items": items}).encode()
        assert self._caller is not None
        try:
            status, said = self._caller.post(body)
            if status >= 300:
                return False
            counts = json.loads(said or b"{}").get("refused") or {}
        except (OSError, ValueError):
            return False
        self._journal.add("till", skus=skus, refused=counts)
        if "unknown_sku" in counts:  # the server has not heard of them yet: say it again
            return False
        with self._lock:
            self._unsaid -= {sku for sku in skus if self._charged[sku] == prices[sku]}
        return True


def _price(article: Article, now: datetime) -> int:
    """What the shop's plan says now, in cents."""
    sale = article.reduction_at(now)
    runs = sale is not None and (sale.begins is None or sale.begins <= now)
    return sale.price_minor if sale is not None and runs else article.price_minor


def till_app(till: Till) -> Flask:
    """The tills' web application: `POST /released`, and actions under /admin."""
    app = Flask(__name__, static_folder=None)

    @app.post("/released")
    def released() -> ResponseReturnValue:
        if not till.on:
            return "", 503
        given = request.headers
        timestamp = given.get("X-Enseigne-Timestamp", "")
        signature = given.get("X-Enseigne-Signature", "")
        return "", 204 if till.released(timestamp, signature, request.get_data()) else 401

    routes = action_routes("till", till.actions(), till.state)
    app.register_blueprint(routes, url_prefix="/admin")
    return app
