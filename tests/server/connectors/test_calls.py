"""Calls of sources, from the wire to the record: taken once, counted when refused."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from server.db.models import ConnectorRow, DeliveryRow, FactRow
from server.demo.world.journal import Journal
from server.demo.world.keep import JsonFile
from server.demo.world.peer import HttpPeer
from server.demo.world.signed import sign as shop_signs
from server.demo.world.stall import Stall
from server.demo.world.webhook import Webhook
from server.errors import BadInput, NotFound
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish, applying, calls, run_due
from server.services.prices import intake
from tests.server.connectors.conftest import ShopPeer, web_app
from tests.server.connectors.peers import Reply, peer
from tests.server.connectors.polled import add_feed, fact_values, lease, prices, view
from tests.server.connectors.test_counts import iso, reading
from tests.server.connectors.test_mqtt import _until as until
from tests.support.record import START_MS, TestClock

SECRET = "a secret of the shop's own"
TOKEN = "a token of the counters"


def add_webhook(ctx: Context, **config: Any) -> None:
    wish = ConnectorWish("webhook", "Shop", {"shop": "pluvier", **config}, SECRET)
    connectors.create_connector(ctx, SYSTEM, wish, "shop")


@pytest.fixture
def taught(small_chain: Context, shop: ShopPeer) -> Context:
    """The chain, its products known from the feed, its webhook set up."""
    add_feed(small_chain, f"{shop.url}/feed.xml")
    run_due(small_chain)
    add_webhook(small_chain)
    return small_chain


@pytest.fixture
def web(taught: Context) -> FlaskClient:
    return web_app(taught).test_client()


def body_of(*items: dict[str, Any], event: str = "product.updated") -> bytes:
    return json.dumps({"shop": "pluvier", "event": event, "items": list(items)}).encode()


def bruine(price: str = "139.00", version: int = 2, **more: Any) -> dict[str, Any]:
    return {"sku": "PLV-BRUINE", "price": price, "currency": "EUR", "version": version, **more}


def call(web: FlaskClient, body: bytes, *, name: str = "", at: int = START_MS) -> TestResponse:
    web.application.extensions["enseigne"].clock.advance(1)  # no two calls in one instant
    timestamp = str(at // 1000)
    headers = {
        "X-Enseigne-Timestamp": timestamp,
        "X-Enseigne-Delivery": name or secrets.token_hex(8),
        "X-Enseigne-Signature": shop_signs(SECRET, timestamp, body),
        "Content-Type": "application/json",
    }
    return web.post("/hooks/shop", data=body, headers=headers)


def deliveries(ctx: Context) -> int:
    with ctx.db.read() as session:
        return session.scalar(select(func.count()).select_from(DeliveryRow)) or 0


def test_a_changed_price_is_in_force_when_the_call_is_answered(
    web: FlaskClient, taught: Context
) -> None:
    answer = call(web, body_of(bruine()))
    assert answer.status_code == 202
    assert answer.json["prices"] == 4  # one in each store's channel
    assert prices(taught, "PLV-BRUINE") == [13900]
    assert view(taught, "shop").last_success_at == START_MS + 1


def test_many_goods_that_are_gone_at_once_are_no_suspects(
    web: FlaskClient, taught: Context
) -> None:
    skus = ("PLV-BRUINE", "PLV-ESTRAN-28", "PLV-EMBRUN")
    assert all(prices(taught, sku) for sku in skus)
    answer = call(web, body_of(*({"sku": sku} for sku in skus), event="product.deleted"))
    assert answer.json["held"] == ""
    assert [prices(taught, sku) for sku in skus] == [[], [], []]


def test_a_repeat_is_answered_but_not_applied(web: FlaskClient, taught: Context) -> None:
    call(web, body_of(bruine()), name="one")
    call(web, body_of(bruine("129.00", version=3)), name="two")
    again = call(web, body_of(bruine()), name="one")
    assert (again.status_code, again.json["repeated"]) == (202, True)
    assert prices(taught, "PLV-BRUINE") == [12900]


def test_a_call_heard_by_another_cannot_be_played_again(web: FlaskClient, taught: Context) -> None:
    call(web, body_of(bruine()), name="one")
    played = call(web, body_of(bruine()), name="another name")
    assert played.json["repeated"] is True


def test_an_older_call_does_not_bring_an_old_price_back(
    web: FlaskClient, taught: Context, clock: TestClock
) -> None:
    call(web, body_of(bruine("129.00", version=3)))
    late = call(web, body_of(bruine("139.00", version=2)))
    assert late.json["refused"] == {"out_of_order": 1}
    assert prices(taught, "PLV-BRUINE") == [12900]


def test_nor_after_the_feed_was_read_in_between(
    taught: Context, web: FlaskClient, shop: ShopPeer, clock: TestClock
) -> None:
    """The feed has no versions; what the calls said is remembered beside it."""
    shop.act("price", sku="PLV-BRUINE", price="129.00")
    call(web, body_of(bruine("129.00", version=3)))
    clock.advance(60_000)
    run_due(taught)
    call(web, body_of(bruine("139.00", version=2)), at=clock())
    assert prices(taught, "PLV-BRUINE") == [12900]


def test_unknown_goods_and_stores_are_counted(web: FlaskClient, taught: Context) -> None:
    strange = call(web, body_of(bruine(sku="CORSAIRE-1"), bruine()))
    assert strange.json["refused"] == {"unknown_sku": 1}
    elsewhere = [
        bruine(store="lille", quantity=2),
        bruine(sku="CORSAIRE-1", store="lille", quantity=2),
        bruine(store="paris", quantity=2),
    ]
    stock = call(web, body_of(*elsewhere, event="inventory.updated"))
    assert stock.json["refused"] == {"unknown_sku": 1, "unknown_store": 1}
    assert fact_values(taught) == {"stock:PLV-BRUINE@lille": 2}
    counters = view(taught, "shop").counters
    assert (counters["refused.unknown_sku"], counters["refused.unknown_store"]) == (2, 1)


def test_stock_calls_say_nothing_about_prices(
    taught: Context, web: FlaskClient, clock: TestClock
) -> None:
    clock.advance(30_000)
    call(
        web,
        body_of(bruine(store="lille", quantity=2), event="inventory.updated"),
        at=clock(),
    )
    assert lease(taught) == START_MS


def test_stock_called_in_has_the_source_that_reads_it(taught: Context) -> None:
    wish = ConnectorWish("webhook", "Two", {"shop": "pluvier", "stock_source": "stock"}, SECRET)
    connectors.create_connector(taught, SYSTEM, wish, "two")
    body = body_of(bruine(store="lille", quantity=2), event="inventory.updated")
    headers = {
        "X-Enseigne-Timestamp": str(START_MS // 1000),
        "X-Enseigne-Signature": shop_signs(SECRET, str(START_MS // 1000), body),
    }
    connectors.receive(taught, "hooks", "two", headers, body)
    with taught.db.read() as session:
        sources = set(session.scalars(select(FactRow.source)))
    assert sources == {"stock@lille"}


@pytest.mark.parametrize("age_s", [-600, 600])
def test_a_call_of_another_time_is_refused(web: FlaskClient, taught: Context, age_s: int) -> None:
    late = call(web, body_of(bruine()), at=START_MS + age_s * 1000)
    assert (late.status_code, late.json["code"]) == (401, "late")
    assert late.content_type == "application/problem+json"
    assert prices(taught, "PLV-BRUINE") == [14900]


def test_forged_calls_are_counted_without_filling_the_record(
    web: FlaskClient, taught: Context, clock: TestClock
) -> None:
    for _ in range(20):
        forged = web.post("/hooks/shop", data=body_of(bruine("1.00")))
        assert (forged.status_code, forged.json["code"]) == (401, "forged")
    assert view(taught, "shop").counters == {"refused.forged": 1}
    clock.advance(1_000)
    web.post("/hooks/shop", data=b"")
    assert view(taught, "shop").counters == {"refused.forged": 21}
    assert prices(taught, "PLV-BRUINE") == [14900]
    assert "signature" in view(taught, "shop").last_error


def test_a_forged_call_waits_for_no_other_and_holds_up_none(
    web: FlaskClient, taught: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    taking, go_on = threading.Event(), threading.Event()
    take = intake.take

    def take_slowly(*arguments: Any) -> Any:
        taking.set()
        assert go_on.wait(10)
        return take(*arguments)

    monkeypatch.setattr(intake, "take", take_slowly)
    with ThreadPoolExecutor(1) as pool:
        genuine = pool.submit(call, web.application.test_client(), body_of(bruine()))
        assert taking.wait(10)
        try:
            for _ in range(3):
                forged = web.post("/hooks/shop", data=body_of(bruine("1.00")))
                assert forged.status_code == 401
            assert not genuine.done()
        finally:
            go_on.set()
        assert genuine.result(10).status_code == 202
    assert view(taught, "shop").counters["refused.forged"] >= 1


def test_a_call_too_long_is_refused_before_it_is_read(web: FlaskClient, taught: Context) -> None:
    long = call(web, b" " * (taught.settings.webhook_max_bytes + 1))
    assert long.status_code == 413
    assert call(web, b" " * (taught.settings.max_request_bytes + 1)).status_code == 413


@pytest.mark.parametrize("path", ["/hooks/feed", "/hooks/nobody", "/counts/shop"])
def test_where_nobody_is_called_is_not_found(web: FlaskClient, path: str) -> None:
    assert web.post(path, data=b"{}").status_code == 404


def test_a_connector_that_is_off_is_not_called(web: FlaskClient, taught: Context) -> None:
    wish = ConnectorWish("webhook", "Shop", {"shop": "pluvier"}, enabled=False)
    connectors.update_connector(taught, SYSTEM, "shop", wish)
    assert call(web, body_of(bruine())).status_code == 404


def test_a_webhook_without_a_secret_cannot_be_set_up(small_chain: Context) -> None:
    for secret in (None, "", "short"):
        wish = ConnectorWish("webhook", "Shop", {"shop": "pluvier"}, secret)
        with pytest.raises(BadInput, match="16 characters"):
            connectors.create_connector(small_chain, SYSTEM, wish, "shop")


def test_a_secret_lost_from_the_record_takes_nothing(web: FlaskClient, taught: Context) -> None:
    with taught.db.write() as session:
        found = session.get(ConnectorRow, "shop")
        assert found is not None
        found.secrets = {}
    assert call(web, body_of(bruine())).status_code == 503


def test_a_crash_before_the_note_makes_the_repeat_count(
    taught: Context, web: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between taking a call and noting it: the shop calls again, nothing is doubled."""
    with monkeypatch.context() as crash:
        crash.setattr(applying, "_write", lambda *_: 1 / 0)
        assert call(web, body_of(bruine()), name="one").status_code == 500
    assert deliveries(taught) == 0
    again = call(web, body_of(bruine()), name="one")
    assert (again.status_code, again.json["repeated"], again.json["prices"]) == (202, False, 0)
    assert prices(taught, "PLV-BRUINE") == [13900]


def test_a_record_that_is_away_makes_the_shop_call_again(
    taught: Context, web: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        away.setattr(intake, "take", lambda *_: 1 / 0)
        assert call(web, body_of(bruine()), name="one").status_code == 500
    assert call(web, body_of(bruine()), name="one").json["prices"] == 4


def test_calls_at_the_same_time_end_with_the_newest(chain: Context, shop: ShopPeer) -> None:
    add_feed(chain, f"{shop.url}/feed.xml")
    run_due(chain)
    add_webhook(chain)
    app = web_app(chain)
    versions = [5, 2, 8, 3, 7, 4, 6, 9]

    def one(version: int) -> int:
        with app.test_client() as client:
            body = body_of(bruine(f"{120 + version}.00", version=version))
            return call(client, body).status_code

    with ThreadPoolExecutor(4) as shop_threads:
        assert set(shop_threads.map(one, versions)) == {202}
    assert prices(chain, "PLV-BRUINE")[-1] == 12900


def test_old_deliveries_are_swept(taught: Context, web: FlaskClient, clock: TestClock) -> None:
    call(web, body_of(bruine()))
    assert deliveries(taught) == 2
    clock.advance(calls.KEEP_DELIVERIES_MS + 1)
    assert connectors.sweep_deliveries(taught) == 2


def test_a_sign_of_life_renews_the_leases_of_a_shop_that_only_calls(
    small_chain: Context, clock: TestClock
) -> None:
    with peer(Reply(body=b"open")) as shop:
        add_webhook(small_chain, heartbeat_url=shop.url)
        run_due(small_chain)
        assert lease(small_chain) == START_MS
        clock.advance(60_000)
        run_due(small_chain)
        assert lease(small_chain) == START_MS + 60_000
        shop.says = lambda _path, _headers: Reply(503)
        clock.advance(60_000)
        run_due(small_chain)
        assert lease(small_chain) == START_MS + 60_000


def test_a_shop_without_a_sign_of_life_is_never_asked(taught: Context) -> None:
    assert view(taught, "shop").next_run_at is None


@pytest.fixture
def calling(small_chain: Context, clock: TestClock) -> Iterator[tuple[Stall, Context]]:
    """The demo's own shop, calling the product's own address as two processes would."""
    clock.now = time.time_ns() // 1_000_000
    served = HttpPeer(web_app(small_chain))
    served.start()
    journal = Journal()
    stall = Stall(JsonFile(None), journal)
    webhook = Webhook(f"{served.url}/hooks/shop", SECRET, stall, journal)
    stall.listen(webhook.tell)
    webhook.start()
    yield stall, small_chain
    webhook.stop()
    served.stop()


def test_the_demo_shop_is_heard(calling: tuple[Stall, Context], shop: ShopPeer) -> None:
    stall, ctx = calling
    add_feed(ctx, f"{shop.url}/feed.xml")
    run_due(ctx)
    add_webhook(ctx)
    stall.set_price({"sku": "PLV-BRUINE", "price": "131.00"})
    until(lambda: prices(ctx, "PLV-BRUINE") == [13100])
    stall.set_stock({"sku": "PLV-BRUINE", "store": "lille", "quantity": 1})
    until(lambda: fact_values(ctx).get("stock:PLV-BRUINE@lille") == 1)


def test_pushed_counts_become_facts(small_chain: Context) -> None:
    wish = ConnectorWish("http_counts", "Counters", {}, TOKEN)
    connectors.create_connector(small_chain, SYSTEM, wish, "counters")
    web = web_app(small_chain).test_client()
    push = {"readings": [reading(), reading(zone="tills", count=-1)]}
    auth = {"Authorization": f"Bearer {TOKEN}"}
    answer = web.post("/counts/counters", json=push, headers=auth)
    assert (answer.status_code, answer.json["facts"]) == (202, 1)
    assert answer.json["refused"] == {"negative": 1}
    assert view(small_chain, "counters").counters["refused.negative"] == 1
    assert web.post("/counts/counters", json=push).status_code == 401


def test_nothing_about_a_person_reaches_the_record(small_chain: Context) -> None:
    wish = ConnectorWish("http_counts", "Counters", {}, TOKEN)
    connectors.create_connector(small_chain, SYSTEM, wish, "counters")
    web = web_app(small_chain).test_client()
    push = {"readings": [reading(), {**reading(), "mac": "12:34:56:78:9a:bc"}]}
    answer = web.post("/counts/counters", json=push, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.json["code"]) == (422, "personal")
    assert "12:34" not in answer.text
    with small_chain.db.read() as session:
        assert session.scalar(select(func.count()).select_from(FactRow)) == 0
    files = [path.read_bytes() for path in small_chain.settings.data_dir.glob("enseigne.db*")]
    assert files
    assert not [data for data in files if b"12:34:56:78:9a:bc" in data]
    assert view(small_chain, "counters").counters == {"refused.personal": 1}


def test_averages_go_on_from_call_to_call(small_chain: Context, clock: TestClock) -> None:
    wish = ConnectorWish("http_counts", "Counters", {}, TOKEN)
    connectors.create_connector(small_chain, SYSTEM, wish, "counters")
    auth = {"Authorization": f"Bearer {TOKEN}"}
    for count in (10, 20):
        body = json.dumps({"readings": [reading(count=count, at=iso(clock()))]}).encode()
        connectors.receive(small_chain, "counts", "counters", auth, body)
        clock.advance(60_000)
    with small_chain.db.read() as session:
        (fact,) = session.scalars(select(FactRow))
    assert fact.value == {"v": 225}


def test_no_such_connector_is_not_found(small_chain: Context) -> None:
    with pytest.raises(NotFound):
        connectors.receive(small_chain, "hooks", "nobody", {}, b"")
