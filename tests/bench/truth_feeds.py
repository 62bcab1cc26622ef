"""Spoiled feeds and calls through the real server, over HTTP, to what a player's prices say.

One history is a shop of SKUS products for STEPS deliveries: what the shop says is spoiled on the
way, or arrives twice, late, in another order, forged, or not at all. After each delivery the player
pulls what the server signed, and every price that it would paint then, around each end of a sale
and of a lease, and at odd instants of the next hours is put to the oracle.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.sax.saxutils import escape

from flask.testing import FlaskClient

from playlists import admission
from playlists.admission import Trusted
from playlists.ids import ChannelId, ScreenId, Sku, StoreId
from playlists.manifest import DeckCard, DeckGood
from playlists.prices import prices_of
from playlists.shown import Now
from playlists.wire.freshness import FreshnessMessage
from server.app import create_app
from server.db.models import OfferRow
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.connectors import ConnectorWish, run_due
from server.services.prices import offers, settling
from server.services.prices.freshness import leases_of
from tests.bench.truth_oracle import LEASE_MS, Oracle, Row
from tests.bench.truth_shop import HOUR_MS, MINUTE_MS, Shop, Text, spoiled_row
from tests.server.connectors.peers import Peer, Reply, peer
from tests.support.record import START_MS, TestClock, make_context

STEPS = 100
SECRET = "a secret of sixteen letters"
CHANNELS = (ChannelId("pluvier@lille"), ChannelId("pluvier@prado"))
FOREVER = 2**52
EDGES_MS = (-1_001, -999, -1, 0, 1)
AHEAD_MS = 6 * HOUR_MS


@dataclass(slots=True)
class Feed:
    """What the shop's address answers now."""

    reply: Reply = field(default_factory=Reply)
    asked: int = 0

    def says(self, _path: str, headers: dict[str, str]) -> Reply:
        """One answer; the same document again is not sent again."""
        self.asked += 1
        tag = self.reply.headers.get("ETag", "")
        if tag and headers.get("if-none-match") == tag:
            return Reply(304, b"", {"ETag": tag})
        return self.reply


class Glass:
    """A player of both stores: what it believes, and which prices it would paint."""

    def __init__(self, ctx: Context, skus: list[str]) -> None:
        self._ctx = ctx
        self._state = Trusted(ScreenId("glass"), ctx.keys.ring)
        self._state, _ = admission.follow(self._state, CHANNELS)
        goods = {name: tuple(DeckGood(Sku(sku), name, None) for sku in skus) for name in CHANNELS}
        self._cards = {name: DeckCard("price", {}, goods[name]) for name in CHANNELS}

    def pull(self) -> None:
        """Bring it up to date, by the messages that the server signs."""
        now = Now(self._ctx.clock(), 0)
        with self._ctx.db.read() as session:
            for name in CHANNELS:
                held = self._state.channels.get(name)
                version = held.version if held else 0
                for token in offers.messages_from(self._ctx, session, name, version):
                    self._state, _ = admission.admit_offers(self._state, token, now)
            leases = leases_of(session, CHANNELS)
        said = FreshnessMessage(
            StoreId("lille"), now.ms, {ChannelId(k): v for k, v in leases.items()}
        )
        token = self._ctx.keys.sign_freshness(said)
        self._state, _ = admission.admit_freshness(self._state, token, now)

    def paints(self, at: int) -> dict[str, set[int | None]]:
        """By product, the cents that its screens in the two stores paint at an instant."""
        found: dict[str, set[int | None]] = {}
        held, fresh = self._state.offers, self._state.freshness_of(StoreId("lille"))
        for name, card in self._cards.items():
            on = {one.sku: one for one in prices_of(card, held, fresh, FOREVER, Now(at, 0)).on}
            for good in card.goods:
                priced = on.get(good.sku)
                offer = held[name].offers[good.sku] if priced else None
                cents = offer.steps[priced.step].price if priced and offer else None
                if offer is not None and offer.currency != "EUR":
                    cents = -1
                found.setdefault(good.sku, set()).add(cents)
        return found

    def ends(self) -> list[int]:
        """When steps and leases that it holds end."""
        held, fresh = self._state.offers, self._state.freshness_of(StoreId("lille"))
        steps = {
            edge
            for state in held.values()
            for offer in state.offers.values()
            for step in offer.steps
            for edge in (step.from_ms, step.until_ms)
            if edge is not None
        }
        leases = {lease.as_of + lease.lease_ms for lease in fresh.channels.values()}
        return sorted(steps | leases)


def feed_of(rows: list[Text]) -> bytes:
    """A listing in Merchant Center's format."""
    items = "".join(_item(row) for row in rows)
    head = '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>P</title>'
    return f"{head}{items}</channel></rss>".encode()


def _item(row: Text) -> str:
    pairs = {"id": row["id"], "title": row["id"], "price": row["price"]}
    pairs["sale_price"] = row.get("sale_price", "")
    pairs["sale_price_effective_date"] = row.get("dates", "")
    return (
        "<item>"
        + "".join(f"<g:{name}>{escape(text)}</g:{name}>" for name, text in pairs.items() if text)
        + "</item>"
    )


def _call_item(row: Text) -> Text:
    """The same row as an item of a call: amounts and their currency stand apart."""
    begin, _, end = row.get("dates", "").partition("/")
    sale = row.get("sale_price", "").replace("EUR", "").strip()
    currency = next((c for c in ("EUR", "USD", "JPY") if c in row["price"]), "")
    price = row["price"].replace(currency, "", 1).strip() if currency else row["price"]
    item = {"sku": row["id"], "price": price, "currency": currency, "version": row["version"]}
    return item | ({"sale_price": sale, "sale_from": begin, "sale_until": end} if sale else {})


def _as_heard(item: Text) -> Row:
    row = {"id": item["sku"], "version": item["version"]}
    row["price"] = f"{item['price']} {item['currency']}".strip()
    if item.get("sale_price"):
        row["sale_price"] = f"{item['sale_price']} {item['currency']}".strip()
        dates = (item["sale_from"], item["sale_until"])
        row["dates"] = "/".join(dates) if any(dates) else ""
    return row


class History:
    """One shop, one server, one player, and what comes between them."""

    def __init__(self, ctx: Context, clock: TestClock, site: Peer, feed: Feed, seed: str) -> None:
        self.ctx, self.clock, self.feed = ctx, clock, feed
        self.dice = random.Random(seed)
        self.shop = Shop(self.dice, clock.now)
        self.oracle = Oracle()
        self.kinds: Counter[str] = Counter()
        self._calls: list[tuple[dict[str, str], bytes]] = []
        self._heard_tag = ""
        self._rows: list[Text] | None = None
        self._tag = 0
        self._client: FlaskClient = create_app(ctx).test_client()
        config = {"shop": "pluvier", "url": site.url + "/feed.xml"}
        connectors.create_connector(
            ctx, SYSTEM, ConnectorWish("merchant", "Feed", config, every_s=60), "feed"
        )
        wish = ConnectorWish("webhook", "Calls", {"shop": "pluvier"}, SECRET)
        connectors.create_connector(ctx, SYSTEM, wish, "calls")
        self.glass = Glass(ctx, list(self.shop.words))
        self._serve(self.shop.rows())
        self._look()

    def run(self, steps: int) -> None:
        """So many deliveries, each spoiled in one way; after some the shop is heard as it is."""
        ways = [getattr(self, name) for name in dir(self) if name.startswith("way_")]
        for _ in range(steps):
            for _ in range(self.dice.choice((0, 1, 1, 2))):
                self.shop.move()
            self._pass(self.dice.randrange(61_000, 90 * MINUTE_MS))
            way = self.dice.choice(ways)
            self.kinds[way.__name__.removeprefix("way_")] += 1
            way()
            self._look()
            if self.dice.random() < 0.6:
                self._pass(self.dice.randrange(61_000, 20 * MINUTE_MS))
                self._serve(self.shop.rows())
                self._settle()
                self._look()

    def way_some_rows(self) -> None:
        """A few rows are spoiled: fewer than would have the whole listing held."""
        self._serve(self._spoiled(self.dice.randrange(1, 4)))

    def way_many_rows(self) -> None:
        """So many that the listing itself is not to be believed."""
        self._serve(self._spoiled(self.dice.randrange(4, len(self.shop.words))))

    def way_one_row_twice(self) -> None:
        """A product is listed twice, at two prices or at one."""
        rows = self.shop.rows()
        row = self.dice.choice(rows)
        twin = spoiled_row(self.dice, row, self.clock.now)[1] if self.dice.random() < 0.7 else row
        rows.insert(self.dice.randrange(len(rows)), dict(twin))
        self._serve(rows)

    def way_half_the_rows(self) -> None:
        """Half of the listing is not there, or nearly all, or a few."""
        rows = self.shop.rows()
        self._serve(self.dice.sample(rows, self.dice.randrange(0, len(rows))))

    def way_cut_short(self) -> None:
        """The document breaks off."""
        body = feed_of(self._spoiled(2))
        self._answer(Reply(200, body[: self.dice.randrange(len(body) - 1)]))

    def way_a_web_page(self) -> None:
        """An error page with status 200, or a status of an error."""
        page = b"<!doctype html><html><body>Maintenance, 9.99 EUR</body></html>"
        self._answer(Reply(self.dice.choice((200, 200, 403, 500, 503)), page))

    def way_not_changed(self) -> None:
        """The shop answers that nothing changed since its last document."""
        self._asked()

    def way_a_call(self) -> None:
        """A call names one or two products, spoiled or not."""
        rows = self.dice.sample(self.shop.rows(), self.dice.randrange(1, 3))
        self._call([self._perhaps_spoiled(row) for row in rows])

    def way_an_old_call(self) -> None:
        """A call that was made before others arrives after them, or once more."""
        if not self._calls:
            self.way_a_call()
        headers, body = self.dice.choice(self._calls[-8:])
        self._send(headers, body)
        old = self.clock.now - int(headers["X-Enseigne-Timestamp"]) * 1000 > 300_000
        if not old:
            return  # the very call again: the server knows it, and so nothing is told
        self._sign_again(body)

    def way_forged(self) -> None:
        """Somebody else calls."""
        rows = [spoiled_row(self.dice, self.dice.choice(self.shop.rows()), self.clock.now)[1]]
        body = self._body(rows)
        self._send(self._headers(body, "another secret of sixteen"), body)

    def way_sold_no_more(self) -> None:
        """A call says that a product is gone."""
        sku = self.dice.choice(list(self.shop.words))
        self.shop.versions[sku] += 1
        version = self.shop.versions[sku]
        item = {"sku": sku, "version": str(version)}
        said = {"shop": "pluvier", "event": "product.deleted", "items": [item]}
        body = json.dumps(said).encode()
        self._send(self._headers(body), body)
        self.oracle.tell_gone(sku, version)

    def way_nothing(self) -> None:
        """The shop is not reached for hours: leases run out."""
        self._pass(self.dice.randrange(1, 6) * HOUR_MS)

    def _spoiled(self, many: int) -> list[Text]:
        rows = self.shop.rows()
        for at in self.dice.sample(range(len(rows)), many):
            name, rows[at] = spoiled_row(self.dice, rows[at], self.clock.now)
            self.kinds[name] += 1
        return rows

    def _perhaps_spoiled(self, row: Text) -> Text:
        if self.dice.random() < 0.3:
            return row
        name, spoiled = spoiled_row(self.dice, row, self.clock.now)
        self.kinds[name] += 1
        return spoiled

    def _serve(self, rows: list[Text]) -> None:
        self._tag += 1
        self._answer(Reply(200, feed_of(rows), {"ETag": f'"{self._tag}"'}), rows)

    def _answer(self, reply: Reply, rows: list[Text] | None = None) -> None:
        self.feed.reply, self._rows = reply, rows
        self._asked()

    def _asked(self) -> None:
        """Time for the server to ask; after failures it may wait for longer."""
        self._pass(61_000)
        before = self.feed.asked
        run_due(self.ctx)
        if self.feed.asked == before or self._rows is None:
            return
        tag = self.feed.reply.headers["ETag"]
        if tag != self._heard_tag:
            self.oracle.tell_feed(self._rows, self.clock.now, self.shop.words)
        elif not self.oracle.last_held:
            self.oracle.tell_nothing_new(self.clock.now)
        self._heard_tag = tag

    def _body(self, rows: list[Text]) -> bytes:
        items = [_call_item(row) for row in rows]
        said = {"shop": "pluvier", "event": "product.updated", "items": items}
        return json.dumps(said).encode()

    def _headers(self, body: bytes, secret: str = SECRET) -> dict[str, str]:
        stamp = str(self.clock.now // 1000)
        signed = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256)
        return {
            "X-Enseigne-Timestamp": stamp,
            "X-Enseigne-Signature": "sha256=" + signed.hexdigest(),
            "Content-Type": "application/json",
        }

    def _call(self, rows: list[Text]) -> None:
        body = self._body(rows)
        headers = self._headers(body)
        self._calls.append((headers, body))
        self._send(headers, body)
        self._hear(body)

    def _sign_again(self, body: bytes) -> None:
        self._send(self._headers(body), body)
        self._hear(body)

    def _hear(self, body: bytes) -> None:
        items = [_as_heard(item) for item in json.loads(body)["items"]]
        self.oracle.tell_call(items, self.clock.now, self.shop.words)

    def _send(self, headers: dict[str, str], body: bytes) -> None:
        answer = self._client.post("/hooks/calls", data=body, headers=headers)
        if answer.status_code >= 500:
            raise SystemExit(f"A call was answered {answer.status_code}: {answer.text}")

    def _pass(self, ms: int) -> None:
        self.shop.now = self.clock.advance(ms)

    def _settle(self) -> None:
        """What only jumped too far since it was last heard, a person says to be right."""
        for sku in self.oracle.jumped(self.shop.words):
            with self.ctx.db.read() as session:
                row = session.get(OfferRow, (CHANNELS[0], sku))
            if row is None or row.suspect != "jump":
                continue
            for channel in CHANNELS:
                settling.settle_suspect(self.ctx, SYSTEM, channel, sku, True)
            self.oracle.tell_believed(sku, self.clock.now, self.shop.words)

    def _look(self) -> None:
        """Every price, now and later, as if nothing reached the player any more."""
        self.glass.pull()
        now = self.clock.now
        ends = [at for at in self.glass.ends() if now < at < now + AHEAD_MS]
        chosen = self.dice.sample(ends, min(3, len(ends)))
        edges = [at + shift for at in [*chosen, now + LEASE_MS] for shift in EDGES_MS]
        odd = [now + self.dice.randrange(AHEAD_MS) for _ in range(2)]
        for at in [now, *edges, *odd]:
            if at < now:
                continue
            for sku, painted in self.glass.paints(at).items():
                truth = self.shop.price_at(sku, at)
                for one in painted:
                    self.oracle.judge(sku, one, at, truth)


@contextmanager
def history(seed: str) -> Iterator[History]:
    """A server of its own for one history."""
    feed, clock = Feed(), TestClock(START_MS)
    with tempfile.TemporaryDirectory(prefix="ens-truth-") as folder, peer(feed.says) as site:
        ctx = make_context(Path(folder), clock=clock)
        settings = ctx.settings.model_copy(update={"allow_private": True})
        ctx = replace(ctx, settings=settings)
        for store in ("lille", "prado"):
            wish = StoreWish(store.title(), "Europe/Paris", channel=f"pluvier@{store}")
            create_store(ctx, SYSTEM, wish, store)
        try:
            yield History(ctx, clock, site, feed, seed)
        finally:
            ctx.db.close()
