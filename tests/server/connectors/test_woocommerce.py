"""WooCommerce: what its API and its webhooks say becomes reports, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.connectors.shops import woocommerce, woocommerce_read
from server.connectors.shops.woocommerce_product import NEAR_MS
from server.connectors.source import Delivery, Received, Setup
from server.errors import BadInput, Unauthenticated
from server.ports import Batch, PermanentError, ProductReport, TemporaryError
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish, run_due
from tests.server.connectors.conftest import LIMITS, MakeSetup, web_app
from tests.server.connectors.peers import Reply
from tests.server.connectors.polled import lease, prices, view
from tests.server.connectors.shops.contract import BAG, COAT, GOODS, SCARF, Call
from tests.server.connectors.shops.woocommerce import WooShop, gmt
from tests.support.record import TestClock

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
TWICE = {"T-S": 1_500, "T-M": 1_700}


@pytest.fixture
def now(clock: TestClock) -> datetime:
    return datetime.fromtimestamp(clock() / 1000, UTC)


@pytest.fixture
def shop(now: datetime) -> Iterator[WooShop]:
    made = WooShop(at=now - timedelta(days=40))
    made.start()
    made.at = now
    yield made
    made.stop()


class Reader:
    """A connector without a record: what its reads and calls leave is kept here."""

    def __init__(self, make: MakeSetup, shop: WooShop, clock: TestClock, **config: Any) -> None:
        wanted = shop.set_up()
        self.clock, self.shop = clock, shop
        self.learned: dict[str, str] = {}
        self.setup: Setup = replace(
            make(wanted.kind, {**wanted.config, **config}),
            secrets=wanted.secrets,
            aliases=lambda names: {n: self.learned[n] for n in names if n in self.learned},
        )

    def read(self, after_s: int = 60) -> Batch:
        self.clock.advance(after_s * 1000)
        self.shop.at += timedelta(seconds=after_s)
        batch = woocommerce.fetch(self.setup)
        self.setup = replace(self.setup, read=batch.state)
        if batch.whole:
            self.learned = {}
        return self._learn(batch)

    def hear(self, call: Call) -> Received:
        self.clock.advance(1)
        headers = {name.lower(): value for name, value in call.headers.items()}
        heard = woocommerce.receive(self.setup, Delivery(headers, call.body, self.clock()))
        self.setup = replace(self.setup, state=heard.batch.state)
        self._learn(heard.batch)
        return heard

    def _learn(self, batch: Batch) -> Batch:
        self.learned |= batch.aliases
        self.learned = {name: skus for name, skus in self.learned.items() if skus}
        return batch


@pytest.fixture
def reader(make_setup: MakeSetup, shop: WooShop, clock: TestClock) -> Reader:
    return Reader(make_setup, shop, clock)


def by_sku(batch: Batch) -> dict[str, ProductReport]:
    return {report.sku: report for report in batch.products}


def said(report: ProductReport) -> tuple[int | None, int | None, str]:
    return report.price, report.sale_price, report.problem


# --- reading ------------------------------------------------------------------------------------


def test_all_pages_are_read_with_the_key(reader: Reader, shop: WooShop) -> None:
    batch = reader.read()
    assert batch.whole
    assert {sku: one.price for sku, one in by_sku(batch).items()} == GOODS
    coat = by_sku(batch)[COAT]
    assert coat.names == {"fr": {"name": "COAT-01 & Co", "lead": "Bien COAT-01 ."}}
    assert (coat.maker, coat.category, coat.availability) == ("Pluvier", "Pluie", "in_stock")
    assert coat.picture_url == "https://shop.example/COAT-01.jpg"
    assert coat.sold_since == round((shop.at - 40 * 24 * HOUR).timestamp() - 60) * 1000
    assert sum("page=3" in path for path in shop.paths()) == 1


def test_a_family_is_sold_in_its_variations(reader: Reader, shop: WooShop) -> None:
    parent = shop.add_family("Tee", TWICE)
    hidden = shop.variations[parent["id"]][1]
    found = by_sku(reader.read())
    assert {sku: found[sku].price for sku in TWICE} == TWICE
    assert found["T-S"].names["fr"]["name"] == "Tee, T0"
    assert {found[sku].group for sku in TWICE} == {str(parent["id"])}
    hidden["status"] = "private"
    assert "T-M" not in by_sku(reader.read(after_s=3600))


@pytest.mark.parametrize(("version", "asked"), [(9.0, 20), (10.3, 1)])
def test_many_families_are_read_at_once_where_the_shop_can(
    reader: Reader, shop: WooShop, version: float, asked: int
) -> None:
    shop.version = version
    families = [shop.add_family(f"Tee {n}", {f"T{n}-S": 100 + n}) for n in range(20)]
    found = by_sku(reader.read())
    assert {found[f"T{n}-S"].price for n in range(20)} == {100 + n for n in range(20)}
    assert sum(path.count("/products/") for path in shop.paths()) == (asked if asked > 1 else 0)
    families[3]["variations"] = [1]  # it names others than were given
    reader.read(after_s=3600)
    assert any(f"/products/{families[3]['id']}/" in path for path in shop.paths())


def test_what_is_not_for_sale_is_left_out(reader: Reader, shop: WooShop) -> None:
    shop.by_sku(COAT)["status"] = "draft"
    shop.add("BUNDLE", 100, type="grouped")
    shop.add("ELSEWHERE", 100, type="external")
    shop.add("", 100)
    batch = reader.read()
    assert batch.whole
    assert set(by_sku(batch)) == set(GOODS) - {COAT}
    assert batch.refused == {"not_sold": 2, "no_sku": 1}


def test_one_sku_at_two_prices_is_believed_at_neither(reader: Reader, shop: WooShop) -> None:
    shop.add(COAT, 1_000)
    assert by_sku(reader.read())[COAT].problem == "duplicate"


@pytest.mark.parametrize(
    ("begins", "ends", "at", "sale"),
    [(-1, 2, "49.00", True), (1, 2, "99.00", True), (-2, -1, "99.00", False)],
)
def test_a_sale_is_told_with_its_instants(
    reader: Reader, shop: WooShop, now: datetime, begins: int, ends: int, at: str, sale: bool
) -> None:
    begin, end = now + begins * HOUR, now + ends * HOUR
    shop.change(
        COAT,
        now,
        price=at,
        regular_price="99.00",
        sale_price="49.00",
        date_on_sale_from_gmt=gmt(begin),
        date_on_sale_to_gmt=gmt(end - SECOND),
    )
    coat = by_sku(reader.read())[COAT]
    assert said(coat) == (9_900, 4_900 if sale else None, "")
    if sale:
        assert (coat.sale_from, coat.sale_until) == (
            round(begin.timestamp() * 1000),
            round(end.timestamp() * 1000),
        )


def test_a_price_that_the_shop_does_not_ask_is_not_believed(
    reader: Reader, shop: WooShop, now: datetime
) -> None:
    """A sale that should run and does not yet (its timer is late), a price that a plug-in makes."""
    early = now - HOUR
    shop.sale(COAT, 9_000, early, now + HOUR, early)
    shop.change(COAT, now, price="149.00")
    shop.change(BAG, now, price="100.00")
    found = by_sku(reader.read())
    assert {found[sku].problem for sku in (COAT, BAG)} == {"price_differs"}


def test_near_the_instant_of_a_change_either_clock_may_be_right(
    reader: Reader, shop: WooShop, now: datetime
) -> None:
    begin = now + timedelta(milliseconds=NEAR_MS) + 30 * SECOND
    shop.sale(COAT, 9_000, begin, now + HOUR, begin)  # the shop’s clock is ahead: it runs there
    shop.at = now
    assert said(by_sku(reader.read())[COAT]) == (14_900, 9_000, "")


@pytest.mark.parametrize("wrong", ["1,99", "1e3", "-1", "NaN", "12.3456", "<b>1</b>", True, []])
def test_a_price_that_is_none_is_said_to_be(reader: Reader, shop: WooShop, wrong: object) -> None:
    shop.by_sku(COAT).update(regular_price=wrong, price=wrong)
    assert by_sku(reader.read())[COAT].problem == "price"


def test_no_price_is_no_price(reader: Reader, shop: WooShop, now: datetime) -> None:
    shop.blank(COAT, now)
    assert said(by_sku(reader.read())[COAT]) == (None, None, "")


def test_pieces_are_those_of_the_store_that_the_shop_counts(reader: Reader, shop: WooShop) -> None:
    shop.by_sku(COAT).update(manage_stock=True, stock_quantity=4)
    shop.by_sku(BAG).update(manage_stock=True, stock_quantity=-2, stock_status="onbackorder")
    shop.by_sku(SCARF).update(stock_status="outofstock")
    batch = reader.read()
    assert {(one.sku, one.store, one.quantity) for one in batch.stock} == {
        (COAT, "lille", 4),
        (BAG, "lille", 0),
        (SCARF, "lille", 0),
    }
    found = by_sku(batch)
    assert [found[sku].availability for sku in (COAT, BAG, SCARF)] == [
        "in_stock",
        "backorder",
        "out_of_stock",
    ]


def test_pieces_of_a_store_that_is_not_ours_are_counted_and_left(
    make_setup: MakeSetup, shop: WooShop, clock: TestClock
) -> None:
    shop.by_sku(COAT).update(manage_stock=True, stock_quantity=4)
    batch = Reader(make_setup, shop, clock, stock_store="main").read()
    assert not batch.stock
    assert (batch.refused, batch.unknown_stores) == ({"unknown_store": 1}, ("main",))


# --- tax ----------------------------------------------------------------------------------------


def test_prices_without_tax_are_not_shown_as_the_shops(reader: Reader, shop: WooShop) -> None:
    shop.taxed = False
    with pytest.raises(PermanentError, match="without tax"):
        reader.read()


def test_a_shop_that_begins_to_keep_its_prices_without_tax_is_read_anew(
    make_setup: MakeSetup, shop: WooShop, clock: TestClock
) -> None:
    reader = Reader(make_setup, shop, clock, tax_rates={"standard": "20"})
    assert by_sku(reader.read())[COAT].price == 14_900
    shop.taxed = False
    batch = reader.read()
    assert batch.whole
    assert by_sku(batch)[COAT].price == 17_880


def test_the_rate_that_was_given_is_added(
    make_setup: MakeSetup, shop: WooShop, clock: TestClock
) -> None:
    shop.taxed = False
    shop.change(COAT, shop.at, price="124.158333", regular_price="124.158333")
    shop.by_sku(BAG)["tax_class"] = "reduced-rate"
    shop.by_sku(SCARF)["tax_status"] = "none"
    shop.by_sku("SOCK-04")["tax_class"] = "zero-rate"
    rates = {"standard": "20", "reduced-rate": "5.5"}
    found = by_sku(Reader(make_setup, shop, clock, tax_rates=rates).read())
    assert [(found[sku].price, found[sku].tax_permyriad) for sku in (COAT, BAG, SCARF)] == [
        (14_899, 2_000),
        (12_649, 550),
        (4_900, 0),
    ]
    assert found["SOCK-04"].problem == "tax_class"


def test_another_currency_is_refused(reader: Reader, shop: WooShop) -> None:
    shop.currency = "USD"
    with pytest.raises(PermanentError, match="USD"):
        reader.read()


# --- what changes while it is read, and between reads -------------------------------------------


def test_a_product_deleted_while_the_listing_is_read_leaves_no_gap(
    reader: Reader, shop: WooShop
) -> None:
    def between(page: int) -> None:
        if page == 2 and shop.items.get(10):
            shop.delete(COAT, shop.at)

    shop.between = between
    batch = reader.read()
    assert not batch.whole
    assert reader.read().whole
    assert reader.read().unchanged


def test_nor_does_one_made_in_its_place_hide_it(reader: Reader, shop: WooShop) -> None:
    def between(page: int) -> None:
        if page == 2 and shop.items.pop(10, None):
            shop.add("NEW", 100)

    shop.between = between
    batch = reader.read()
    assert not batch.whole
    assert set(by_sku(reader.read())) == {*GOODS, "NEW"} - {COAT}


def test_a_price_changed_while_the_listing_is_read_is_the_new_one(
    reader: Reader, shop: WooShop
) -> None:
    shop.between = lambda page: page == 2 and shop.price(COAT, 9_900, shop.at) and None
    batch = reader.read()
    assert batch.whole
    assert by_sku(batch)[COAT].price == 9_900


def test_between_two_whole_reads_only_changes_are_read(reader: Reader, shop: WooShop) -> None:
    reader.read()
    asked = len(shop.paths())
    assert reader.read().unchanged
    assert len(shop.paths()) - asked == 4  # its settings, what was modified, how many there are
    shop.price(COAT, 9_900, shop.at + 30 * SECOND)
    batch = reader.read()
    assert not batch.whole
    assert {sku: one.price for sku, one in by_sku(batch).items()} == {COAT: 9_900}
    assert reader.read().unchanged  # still within the overlap, and seen
    assert reader.read(after_s=3600).whole


def test_a_sale_that_the_shop_does_not_begin_in_time_is_not_believed(
    reader: Reader, shop: WooShop, now: datetime
) -> None:
    shop.sale(COAT, 9_000, now + 600 * SECOND, now + 2 * HOUR, now)
    assert said(by_sku(reader.read())[COAT]) == (14_900, 9_000, "")
    assert reader.read(after_s=400).unchanged
    late = by_sku(reader.read(after_s=300))  # its timer did not run: it asks the price before
    assert {sku: one.problem for sku, one in late.items()} == {COAT: "price_differs"}
    shop.change(COAT, shop.at + 30 * SECOND, price="90.00")
    assert said(by_sku(reader.read())[COAT]) == (14_900, 9_000, "")


def test_what_is_withdrawn_or_renamed_is_gone(reader: Reader, shop: WooShop) -> None:
    parent = shop.add_family("Tee", TWICE)
    reader.read()
    shop.change(COAT, shop.at, status="draft")
    shop.change(BAG, shop.at, sku="BAG-2027")
    shop.variations[parent["id"]].pop()
    shop.touch(parent, shop.at)
    found = by_sku(reader.read())
    assert {sku for sku, one in found.items() if one.gone} == {COAT, BAG, "T-M"}
    assert {sku for sku, one in found.items() if not one.gone} == {"BAG-2027", "T-S"}


def test_a_deleted_product_is_missed_at_the_next_read(reader: Reader, shop: WooShop) -> None:
    reader.read()
    shop.delete(COAT, shop.at)
    batch = reader.read()
    assert batch.whole
    assert COAT not in by_sku(batch)


def test_a_new_product_is_read_alone(reader: Reader, shop: WooShop) -> None:
    reader.read()
    shop.add("NEW", 500)
    batch = reader.read()
    assert not batch.whole
    assert set(by_sku(batch)) == {"NEW"}


# --- refusals -----------------------------------------------------------------------------------


def test_a_key_that_expired_is_told(reader: Reader, shop: WooShop) -> None:
    shop.break_with("401")
    with pytest.raises(PermanentError, match="Make a new one"):
        reader.read()


def test_a_limit_says_when_to_come_back(reader: Reader, shop: WooShop) -> None:
    shop.break_with("429")
    with pytest.raises(TemporaryError) as told:
        reader.read()
    assert told.value.retry_after_s == 90


def test_a_page_that_is_told_to_wait_is_asked_for_again(reader: Reader, shop: WooShop) -> None:
    limited = iter([True, False])

    def says(path: str, headers: dict[str, str]) -> Reply:
        if "page=2" in path and next(limited, False):
            return Reply(429, headers={"Retry-After": "0"})
        return shop.says(path, headers)

    assert shop.peer is not None
    shop.peer.says = says
    assert set(by_sku(reader.read())) == set(GOODS)


@pytest.mark.parametrize("fault", ["500", "html", "truncated"])
def test_a_broken_answer_may_pass(reader: Reader, shop: WooShop, fault: Any) -> None:
    reader.read()
    shop.break_with(fault)
    with pytest.raises(TemporaryError):
        reader.read()


def test_without_encryption_no_key_is_sent(reader: Reader, shop: WooShop) -> None:
    public = replace(LIMITS, allow_private=False)
    reader.setup = replace(reader.setup, limits=public)
    with pytest.raises(PermanentError, match="https://"):
        reader.read()
    assert shop.paths() == []


@pytest.mark.parametrize("rate", ["twenty", "-1", "101", "NaN", ""])
def test_a_tax_rate_is_a_percentage(make_setup: MakeSetup, rate: str) -> None:
    config = {"shop": "a", "url": "https://a.example", "tax_rates": {"standard": rate}}
    with pytest.raises(ValueError, match="percent"):
        make_setup("woocommerce", config)


# --- calls --------------------------------------------------------------------------------------


def test_a_changed_price_comes_with_the_call(reader: Reader, shop: WooShop) -> None:
    reader.read()
    (call,) = shop.price(COAT, 9_900, shop.at + SECOND)
    heard = reader.hear(call)
    assert {sku: one.price for sku, one in by_sku(heard.batch).items()} == {COAT: 9_900}
    assert not heard.soon


def test_a_greeting_is_no_call(reader: Reader) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    heard = reader.hear(Call(form, b"webhook_id=12"))
    assert heard.greeting
    assert not heard.once
    with pytest.raises(Unauthenticated):
        reader.hear(Call(form, b"webhook_id=12&id=10"))


@pytest.mark.parametrize("secret", ["", "another"])
def test_a_call_that_the_shop_did_not_sign_is_refused(
    reader: Reader, shop: WooShop, secret: str
) -> None:
    reader.read()
    with pytest.raises(Unauthenticated):
        reader.hear(shop.call("product.updated", shop.by_sku(COAT), secret))


def test_without_a_secret_nobody_is_believed(reader: Reader, shop: WooShop) -> None:
    for secrets, match in (({}, "no secret"), ({"calls": "short"}, "guessed")):
        reader.setup = replace(reader.setup, secrets=secrets)
        with pytest.raises(PermanentError, match=match):
            reader.hear(shop.call("product.updated", shop.by_sku(COAT), "short"))


def test_orders_and_copies_of_the_shop_are_refused(reader: Reader, shop: WooShop) -> None:
    with pytest.raises(BadInput, match="products"):
        reader.hear(shop.call("order.created", {"id": 1}))
    copied = shop.call("product.updated", shop.by_sku(COAT))
    elsewhere = {**copied.headers, "X-WC-Webhook-Source": "https://staging.example/"}
    with pytest.raises(BadInput, match="copy"):
        reader.hear(Call(elsewhere, copied.body))


def test_two_products_of_one_second_share_a_name_and_are_two_calls(
    reader: Reader, shop: WooShop
) -> None:
    reader.read()
    one, other = (shop.price(sku, 9_900, shop.at)[0] for sku in (COAT, BAG))
    name = "X-WC-Webhook-Delivery-ID"
    assert one.headers[name] == other.headers[name]
    first, second, again = reader.hear(one).once, reader.hear(other).once, reader.hear(one).once
    assert first == again != second


def test_a_delete_says_only_a_number(reader: Reader, shop: WooShop) -> None:
    parent = shop.add_family("Tee", TWICE)
    reader.read()
    heard = reader.hear(shop.delete(COAT, shop.at)[0])
    assert [(one.sku, one.gone) for one in heard.batch.products] == [(COAT, True)]
    heard = reader.hear(shop.call("product.deleted", {"id": parent["id"]}))
    assert {one.sku for one in heard.batch.products if one.gone} == set(TWICE)
    assert not heard.soon


def test_a_delete_of_a_number_that_is_not_known_has_the_shop_read(
    reader: Reader, shop: WooShop
) -> None:
    reader.read()
    heard = reader.hear(shop.call("product.deleted", {"id": 999}))
    assert heard.soon
    assert not heard.batch.products
    assert heard.batch.refused == {"unknown_id": 1}


def test_what_was_said_before_a_delete_wakes_nothing_after_it(
    reader: Reader, shop: WooShop
) -> None:
    reader.read()
    (late,) = shop.price(COAT, 100, shop.at + SECOND)
    item = shop.by_sku(COAT)
    reader.hear(shop.delete(COAT, shop.at + SECOND)[0])
    heard = reader.hear(late)
    assert heard.batch.refused == {"out_of_order": 1}
    assert not heard.batch.products
    item["date_modified_gmt"] = gmt(shop.at + SECOND)
    back = reader.hear(shop.call("product.restored", item))
    assert said(by_sku(back.batch)[COAT]) == (100, None, "")


def test_a_familys_prices_are_read_after_its_call(reader: Reader, shop: WooShop) -> None:
    parent = shop.add_family("Tee", TWICE)
    reader.read()
    small = shop.variations[parent["id"]][0]
    small.update(regular_price="9.00", price="9.00")
    as_product = {**small, "type": "variation", "parent_id": parent["id"]}
    heard = reader.hear(shop.call("product.updated", as_product))
    assert heard.soon
    assert not heard.batch.products
    batch = reader.read(after_s=1)
    assert {sku: one.price for sku, one in by_sku(batch).items()} == {"T-S": 900, "T-M": 1_700}
    assert reader.read().unchanged


def test_before_the_first_read_a_call_only_says_that_there_is_something(
    reader: Reader, shop: WooShop
) -> None:
    heard = reader.hear(shop.price(COAT, 9_900, shop.at)[0])
    assert heard.soon
    assert not heard.batch.products


def test_too_many_to_remember_means_all(
    reader: Reader, shop: WooShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(woocommerce_read, "MAX_ASKED", 2)
    monkeypatch.setattr(woocommerce, "MAX_ASKED", 2)
    families = [shop.add_family(f"Tee {n}", {f"T{n}": 100}) for n in range(3)]
    reader.read()
    for parent in families:
        reader.hear(shop.touch(parent, shop.at)[0])
    assert reader.read().whole


def test_a_signature_is_the_vendors() -> None:
    """`echo -n '{"id":1}' | openssl dgst -sha256 -hmac secret -binary | base64`"""
    assert woocommerce.signature("secret", b'{"id":1}') == (
        "A971iWIMgT8Zj9A9eWfikrFj7wQ16/Qwcc4OlRl2PLc="
    )


# --- in the server -----------------------------------------------------------------------------


@pytest.fixture
def served(small_chain: Context, shop: WooShop, clock: TestClock) -> Context:
    """A chain that is connected to the shop, which was read."""
    shop.add_family("Tee", TWICE)
    wanted = shop.set_up()
    wish = ConnectorWish(wanted.kind, "Woo", dict(wanted.config), secrets=wanted.secrets)
    connectors.create_connector(small_chain, SYSTEM, wish, "woo")
    assert [ran.error for ran in run_due(small_chain)] == [""]
    clock.advance(1_000)
    return small_chain


def test_a_greeting_is_answered_with_200_and_leaves_no_trace(served: Context) -> None:
    before = view(served, "woo")
    web = web_app(served).test_client()
    answer = web.post("/hooks/woo", data={"webhook_id": "12"})
    assert answer.status_code == 200
    assert view(served, "woo") == before
    assert web.post("/hooks/woo", data={"webhook_id": "12", "id": "10"}).status_code == 401


def test_a_call_about_a_family_has_it_read_at_once(served: Context, shop: WooShop) -> None:
    assert run_due(served) == []
    parent = next(item for item in shop.items.values() if item["type"] == "variable")
    shop.variations[parent["id"]][0].update(regular_price="9.00", price="9.00")
    (call,) = shop.touch(parent, shop.at + SECOND)
    headers = dict(call.headers)
    answer = web_app(served).test_client().post("/hooks/woo", data=call.body, headers=headers)
    assert answer.status_code == 202
    assert [ran.error for ran in run_due(served)] == [""]
    assert (prices(served, "T-S"), prices(served, "T-M")) == ([900], [1_700])


def test_a_read_of_what_changed_renews_what_did_not(
    served: Context, shop: WooShop, clock: TestClock
) -> None:
    for minor in (13_900, 13_800, 13_700):
        clock.advance(60_000)
        shop.price(COAT, minor, shop.at + 60 * SECOND)
        assert [ran.error for ran in run_due(served)] == [""]
        assert prices(served, COAT) == [minor]
        assert lease(served) == clock()


def test_a_delete_by_number_takes_all_its_prices_away(served: Context, shop: WooShop) -> None:
    parent = next(item for item in shop.items.values() if item["type"] == "variable")
    call = shop.call("product.deleted", {"id": parent["id"]})
    connectors.receive(served, "hooks", "woo", call.headers, call.body)
    assert [prices(served, sku) for sku in (*TWICE, COAT)] == [[], [], [14_900]]


def test_a_trial_takes_the_beginning_of_the_goods(served: Context) -> None:
    before = view(served, "woo")
    seen = connectors.test_connector(served, SYSTEM, "woo")
    assert seen.ok
    assert 0 < seen.products <= len(GOODS) + len(TWICE)
    assert view(served, "woo") == before
