"""Prices go through shop, screens and till in the order that no customer pays more than was shown:
a real till over HTTP, one that never answers, one that is called in vain.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from playlists.ids import ChannelId
from server.connectors.shops import webhook
from server.db.models import (
    ConnectorRow,
    OfferRow,
    ScreenRow,
    ScreenStateRow,
    TillPriceRow,
)
from server.errors import Unauthenticated
from server.ports import Batch, ProductReport
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.connectors import ConnectorWish
from server.services.prices import offers
from server.services.prices.batches import Source
from server.services.prices.intake import take
from server.services.situation.looking import look
from server.services.situation.spoken import Places, following, sentence
from server.services.tills import mismatches, rounds
from server.services.tills.mismatches import Apart
from tests.support.record import START_MS, TestClock

SECRET = "a till that may be believed"
SHOP = Source("feed", shop="pluvier")
BAG = ProductReport("BAG", "EUR", 11_990, names={"fr": {"name": "Estran"}}, version="1")
LILLE, PRADO = "pluvier@lille", "pluvier@prado"


class Till:
    """A till as its store's network knows it: it hears what it is called with, and calls us."""

    def __init__(self) -> None:
        self.heard: list[dict] = []
        self.deliveries: list[str] = []
        self.answers = 200
        till = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stamp = self.headers[webhook.TIMESTAMP]
                signed = webhook.signature(SECRET, stamp, body) == self.headers[webhook.SIGNATURE]
                till.deliveries.append(self.headers[webhook.DELIVERY])
                if signed and till.answers == 200:
                    till.heard.append(json.loads(body))
                self.send_response(till.answers if signed else 401)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/released"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def says(self, ctx: Context, price: str, version: int, **other: object) -> connectors.Receipt:
        """It says what it charges for the bag."""
        item = {"sku": "BAG", "store": "0041", "price": price, "currency": "EUR"}
        body = json.dumps({"items": [{**item, "version": version, **other}]}).encode()
        stamp = str(ctx.clock() // 1000)
        headers = {
            webhook.TIMESTAMP: stamp,
            webhook.SIGNATURE: webhook.signature(SECRET, stamp, body),
        }
        return connectors.receive(ctx, "hooks", "till", headers, body)


@pytest.fixture
def till() -> Iterator[Till]:
    peer = Till()
    yield peer
    peer.stop()


@pytest.fixture
def chain(ctx: Context, till: Till) -> Context:
    """Two stores with one screen each; Lille has a till, which knows the bag at 119,90."""
    return with_a_till(ctx, till)


def with_a_till(ctx: Context, till: Till) -> Context:
    ctx = replace(ctx, settings=ctx.settings.model_copy(update={"allow_private": True}))
    for store in ("lille", "prado"):
        wish = StoreWish(store, "Europe/Paris", 0, 0, channel=f"pluvier@{store}")
        create_store(ctx, SYSTEM, wish, store)
        with ctx.db.write() as session:
            session.add(
                ScreenRow(
                    id=f"{store}-1",
                    store_id=store,
                    name="Screen",
                    width=1920,
                    height=1080,
                    tags=[],
                    place="window",
                    language="fr",
                    layout=[],
                    edited_at=0,
                )
            )
            session.flush()
            session.add(
                ScreenStateRow(screen_id=f"{store}-1", seen_at=0, connected=True, report={})
            )
    config = {"stores": {"0041": "lille"}, "only": ["lille"], "release_url": till.url}
    wish = ConnectorWish("till", "Lille’s till", config, SECRET)
    connectors.create_connector(ctx, SYSTEM, wish, "till")
    take(ctx, SHOP, Batch(START_MS, whole=True, products=(BAG,)))
    till.says(ctx, "119.90", 1)
    confirm(ctx)
    return ctx


def minded(ctx: Context, **config: object) -> None:
    with ctx.db.write() as session:
        row = session.get(ConnectorRow, "till")
        assert row is not None
        row.config = {**row.config, **config}


def confirm(ctx: Context) -> None:
    """Lille's screen reports that it holds the channel as it is."""
    with ctx.db.write() as session:
        row = session.get(ScreenStateRow, "lille-1")
        assert row is not None
        row.report = {"channels": {LILLE: offers.versions(session)[ChannelId(LILLE)]}}


def shop_says(ctx: Context, clock: TestClock, price: int, **other: object) -> None:
    version = str(clock.advance(1_000))
    report = replace(BAG, price=price, version=version, **other)
    take(ctx, SHOP, Batch(clock(), products=(report,)))


def steps(ctx: Context, channel: str = LILLE) -> list[int]:
    return [step[2] for step in body(ctx, channel)["st"]]


def body(ctx: Context, channel: str = LILLE) -> dict:
    with ctx.db.read() as session:
        row = session.get(OfferRow, (channel, "BAG"))
        assert row is not None
        return dict(row.body)


def minute(ctx: Context, clock: TestClock, seconds: int = 60) -> None:
    """Time passes; the worker looks, and calls."""
    clock.advance(seconds * 1_000)
    turn(ctx)


def turn(ctx: Context) -> None:
    rounds.look(ctx)
    rounds.watch_screens(ctx)
    for connector in rounds.due_calls(ctx):
        rounds.call(ctx, connector)


def test_a_lower_price_is_at_the_till_first(chain: Context, clock: TestClock, till: Till) -> None:
    shop_says(chain, clock, 9_990)
    held = body(chain)["st"]
    assert [step[2] for step in held] == [11_990]
    assert held[0][1] == clock() + 120_000, "screens that are cut off let go by themselves"
    assert steps(chain, PRADO) == [9_990], "a store without a till waits for none"
    minute(chain, clock)
    till.says(chain, "99.90", 2)
    assert steps(chain) == [9_990]


def test_a_till_that_never_answers_leaves_no_price(
    chain: Context, clock: TestClock, till: Till
) -> None:
    shop_says(chain, clock, 9_990)
    minute(chain, clock)
    assert steps(chain) == [11_990]
    minute(chain, clock)
    assert (steps(chain), body(chain)["r"]) == ([], "till:silent")
    with chain.db.read() as session:
        assert mismatches.now_apart(session) == [Apart("lille", (), ("BAG",), clock())]
    till.says(chain, "99.90", 2)
    assert steps(chain) == [9_990]


def test_a_higher_price_is_on_the_screens_first(
    any_ctx: Context, clock: TestClock, till: Till
) -> None:
    chain = with_a_till(any_ctx, till)
    shop_says(chain, clock, 12_990)
    assert steps(chain) == [12_990]
    turn(chain)
    assert till.heard == []
    confirm(chain)
    turn(chain)
    (heard,) = till.heard
    version = heard["items"][0].pop("version")
    assert int(version) > START_MS
    item = {"sku": "BAG", "store": "0041", "price": "129.90", "currency": "EUR"}
    assert heard == {"event": "prices.released", "items": [item]}
    till.says(chain, "129.90", 2)
    turn(chain)
    assert len(till.heard) == 1


def test_a_screen_that_says_nothing_holds_the_till_for_its_time_only(
    chain: Context, clock: TestClock, till: Till
) -> None:
    shop_says(chain, clock, 12_990)
    minute(chain, clock)
    assert till.heard == []
    minute(chain, clock)
    assert len(till.heard) == 1


def test_a_lost_call_is_made_again_under_its_name(
    chain: Context, clock: TestClock, till: Till
) -> None:
    till.answers = 503
    shop_says(chain, clock, 12_990)
    confirm(chain)
    turn(chain)
    assert till.heard == []
    till.answers = 200
    minute(chain, clock)
    assert (len(till.heard), len(till.deliveries)) == (1, 2)
    assert len(set(till.deliveries)) == 1
    minute(chain, clock)
    assert len(till.deliveries) == 2


def test_a_planned_sale_is_not_held(chain: Context, clock: TestClock, till: Till) -> None:
    begin, end = clock() + 600_000, clock() + 1_200_000
    shop_says(chain, clock, 11_990, sale_price=9_990, sale_from=begin, sale_until=end)
    assert steps(chain) == [11_990, 9_990, 11_990]
    minute(chain, clock, 700)
    assert steps(chain)[-2:] == [9_990, 11_990]
    till.says(chain, "99.90", 2)
    minute(chain, clock, 500)
    assert steps(chain)[-1] == 11_990
    with chain.db.read() as session:
        assert session.scalar(select(TillPriceRow.phase)) == "even"


def told(ctx: Context) -> list[tuple]:
    """The mismatches that there were since the clock began."""
    with ctx.db.read() as session:
        found = mismatches.between(session, ["lille", "prado"], 0, ctx.clock() + 1)
    return [(one.store, one.shown, one.charged, one.from_ms, one.until_ms) for one in found]


def test_where_they_differ_is_recorded_from_and_until(
    chain: Context, clock: TestClock, till: Till
) -> None:
    minded(chain, order="report")
    shop_says(chain, clock, 9_990)
    began = clock()
    minute(chain, clock, 119)
    assert told(chain) == []
    minute(chain, clock, 1)
    assert told(chain) == [("lille", 9_990, 11_990, began, None)]
    with chain.db.read() as session:
        assert mismatches.now_apart(session) == [Apart("lille", ("BAG",), (), began)]
    till.says(chain, "99.90", 2)
    assert told(chain) == [("lille", 9_990, 11_990, began, clock())]
    with chain.db.read() as session:
        assert mismatches.between(session, ["lille"], clock(), clock() + 1) == []
        assert mismatches.between(session, ["prado"], began, clock()) == []
    for before, stay in ((clock(), 1), (clock() + 1, 0)):
        with chain.db.write() as session:
            mismatches.sweep(session, before)
        assert len(told(chain)) == stay


def test_the_shop_may_choose_no_price_where_they_differ(
    chain: Context, clock: TestClock, till: Till
) -> None:
    minded(chain, order="report", on_mismatch="price_free")
    shop_says(chain, clock, 9_990)
    minute(chain, clock, 120)
    assert (steps(chain), body(chain)["r"]) == ([], "till:apart")
    minute(chain, clock)
    assert steps(chain) == []
    till.says(chain, "99.90", 2)
    assert steps(chain) == [9_990]


def test_a_till_that_is_switched_off_holds_nothing(chain: Context, clock: TestClock) -> None:
    shop_says(chain, clock, 9_990)
    assert steps(chain) == [11_990]
    with chain.db.write() as session:
        row = session.get(ConnectorRow, "till")
        assert row is not None
        row.enabled = False
    turn(chain)
    assert steps(chain) == [9_990]


def test_what_a_till_says_late_or_twice_changes_nothing(
    chain: Context, clock: TestClock, till: Till
) -> None:
    shop_says(chain, clock, 9_990)
    till.says(chain, "99.90", 3)
    late = till.says(chain, "119.90", 2)
    assert (steps(chain), late.prices) == ([9_990], 1)


def test_what_cannot_be_read_is_counted_and_what_is_forged_refused(
    chain: Context, till: Till
) -> None:
    assert till.says(chain, "1,234", 2).refused == {"price": 1}
    assert till.says(chain, "9.90", 2, store="prado").refused == {"unknown_store": 1}
    assert till.says(chain, "9.90", 2, sku="TENT").refused == {"unknown_sku": 1}
    assert till.says(chain, "9.90", 2, at="2100-01-01").refused == {"future": 1}
    with pytest.raises(Unauthenticated):
        connectors.receive(chain, "hooks", "till", {webhook.TIMESTAMP: "0"}, b'{"items": []}')


def test_the_situation_tells_it_in_words(chain: Context, clock: TestClock, till: Till) -> None:
    shop_says(chain, clock, 9_990)
    minute(chain, clock, 120)
    places = Places({"lille": "Lille"}, {"lille": "Europe/Paris"})
    with chain.db.read() as session:
        (silent,) = (one for one in look(chain, session, clock()) if one.kind == "till")
    assert silent.stores == ("lille",)
    said = sentence(silent, places, clock(), "en")
    assert said.startswith("In Lille, tills leave prices unconfirmed since ")
    assert "caisse" in following(silent, places, clock(), "fr")
    minded(chain, order="report")
    till.says(chain, "89.90", 2)
    minute(chain, clock, 120)
    with chain.db.read() as session:
        (apart,) = (one for one in look(chain, session, clock()) if one.kind == "till")
    assert sentence(apart, places, clock(), "fr").startswith("À Lille, caisses et écrans diffèrent")
    assert "BAG" in following(apart, places, clock(), "en")
