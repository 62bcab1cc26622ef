"""The contract of all kinds of shops: whatever the vendor, what happened in the shop ends in the
same ledger, the same offers and the same leases; and nothing that goes wrong ends in a price.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from server.connectors.registry import kinds
from server.connectors.shops.site import Site
from server.db.models import AuditRow, ConnectorRow, LedgerEntry, OfferRow
from server.errors import ServerError
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish, Ran, Receipt, run_due
from server.services.connectors.views import setup_of, source_of
from server.services.prices import intake
from tests.server.connectors.polled import fact_values, lease, prices, row, view
from tests.server.connectors.shops import ADAPTERS
from tests.server.connectors.shops.contract import BAG, COAT, GOODS, SCARF, Adapter, Call, Fault
from tests.server.connectors.shops.serving import RETRY_AFTER_S
from tests.support.record import TestClock

EVERY_S = 60
SOCKS = [sku for sku in GOODS if sku.startswith("SOCK")]
"""Goods for what needs several."""
HERE = "shop"
"""The connector's id."""


@dataclass
class Connected:
    """A shop, and a server that is connected to it."""

    ctx: Context
    clock: TestClock
    shop: Adapter
    kind: str

    def now(self) -> datetime:
        """The shop's clock goes with ours."""
        return datetime.fromtimestamp(self.clock() / 1000, UTC)

    def read(self) -> Ran:
        """The next time that the connector is due."""
        self.clock.advance(EVERY_S * 1000)
        (ran,) = run_due(self.ctx)
        return ran

    def hear(self, call: Call) -> Receipt:
        """One call comes in."""
        self.clock.advance(1)
        at = kinds()[self.kind].calls_at
        return connectors.receive(self.ctx, at, HERE, call.headers, call.body)

    def learn(self, calls: list[Call]) -> None:
        """What happened comes here, by calls or at the next read."""
        for call in calls:
            self.hear(call)
        if not calls:
            assert self.read().error == ""

    def ledger(self, sku: str) -> list[tuple[int, bool]]:
        """Prices as received in one channel, and whether they were announced as reduced."""
        query = select(LedgerEntry.price, LedgerEntry.reduced).order_by(LedgerEntry.id)
        with self.ctx.db.read() as session:
            found = session.execute(
                query.where(LedgerEntry.channel == "pluvier@lille", LedgerEntry.sku == sku)
            )
            return [(price, reduced) for price, reduced in found]

    def offers(self) -> dict[str, list[int]]:
        """All that is shown at one store: prices by SKU."""
        return {sku: shown for sku in GOODS if (shown := prices(self.ctx, sku))}


def able(*abilities: str) -> pytest.MarkDecorator:
    """For the kinds of shops that can do all of this."""
    found = [
        kind
        for kind, shop in ADAPTERS.items()
        if all(getattr(shop.able, ability) for ability in abilities)
    ]
    assert found, abilities
    return pytest.mark.parametrize("connected", found, indirect=True)


@pytest.fixture(params=ADAPTERS)
def connected(
    request: pytest.FixtureRequest,
    small_chain: Context,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Connected]:
    monkeypatch.setattr(Site, "_pause", lambda *_: None)  # courtesy is proven elsewhere
    shop = ADAPTERS[request.param]()
    shop.start()
    try:
        given = shop.set_up()
        wish = ConnectorWish(
            given.kind, "The shop", dict(given.config), every_s=EVERY_S, secrets=given.secrets
        )
        connectors.create_connector(small_chain, SYSTEM, wish, HERE)
        made = Connected(small_chain, clock, shop, given.kind)
        assert made.read().error == ""
        for call in shop.opening(made.now()):
            made.hear(call)
        yield made
    finally:
        shop.stop()


def test_all_that_the_shop_sells_is_priced_in_every_store(connected: Connected) -> None:
    for store in ("lille", "prado"):
        assert {sku: prices(connected.ctx, sku, store) for sku in GOODS} == {
            sku: [minor] for sku, minor in GOODS.items()
        }
    assert all(connected.ledger(sku) == [(minor, False)] for sku, minor in GOODS.items())
    assert connected.read().error == ""
    assert lease(connected.ctx) == connected.clock()
    assert all(len(connected.ledger(sku)) == 1 for sku in GOODS), "unchanged rows cost no write"


def test_another_price_is_in_force_and_the_one_before_stays_in_the_ledger(
    connected: Connected,
) -> None:
    connected.learn(connected.shop.price(COAT, 13_900, connected.now()))
    assert connected.offers() == {sku: [minor] for sku, minor in GOODS.items()} | {COAT: [13_900]}
    assert connected.ledger(COAT) == [(14_900, False), (13_900, False)]
    assert connected.read().error == ""
    assert prices(connected.ctx, COAT) == [13_900]
    assert len(connected.ledger(COAT)) == 2


def test_a_sale_has_its_price_and_no_was_without_thirty_days(connected: Connected) -> None:
    begin = connected.now() + timedelta(hours=1)
    calls = connected.shop.sale(BAG, 8_990, begin, begin + timedelta(days=2), connected.now())
    connected.learn(calls)
    dated = connected.shop.able.dated_sale
    assert prices(connected.ctx, BAG) == ([11_990, 8_990, 11_990] if dated else [8_990])
    assert connected.ledger(BAG)[-1] == (8_990, True)
    with connected.ctx.db.read() as session:
        offer = session.get(OfferRow, ("pluvier@lille", BAG))
        assert offer is not None
        assert not any(step[3] for step in offer.body["st"]), "a “was” that nobody knows"
    connected.learn(connected.shop.price(BAG, 11_990, connected.now() + timedelta(seconds=2)))
    assert prices(connected.ctx, BAG) == [11_990]


def test_what_is_sold_no_more_has_no_price_anywhere(connected: Connected) -> None:
    connected.learn(connected.shop.delete(SCARF, connected.now()))
    assert [prices(connected.ctx, SCARF, store) for store in ("lille", "prado")] == [[], []]
    others = {sku: [minor] for sku, minor in GOODS.items() if sku != SCARF}
    assert connected.offers() == others
    assert connected.read().error == ""
    assert connected.offers() == others
    assert connected.ledger(SCARF)[0] == (GOODS[SCARF], False), "the ledger forgets nothing"


def test_no_price_is_no_price_until_there_is_one(connected: Connected) -> None:
    connected.learn(connected.shop.blank(COAT, connected.now()))
    assert prices(connected.ctx, COAT) == []
    assert prices(connected.ctx, BAG) == [GOODS[BAG]]
    connected.learn(connected.shop.price(COAT, 13_900, connected.now() + timedelta(seconds=2)))
    assert prices(connected.ctx, COAT) == [13_900]


@able("stock")
def test_pieces_are_those_of_the_store(connected: Connected) -> None:
    connected.learn(connected.shop.stock(BAG, "lille", 3, connected.now()))
    assert fact_values(connected.ctx)[f"stock:{BAG}@lille"] == 3
    assert f"stock:{BAG}@prado" not in fact_values(connected.ctx)
    later = connected.now() + timedelta(seconds=2)
    connected.learn(connected.shop.stock(BAG, "lille", 0, later))
    assert fact_values(connected.ctx)[f"stock:{BAG}@lille"] == 0


@able("calls")
def test_calls_in_any_order_and_repeated_end_in_the_same_price(connected: Connected) -> None:
    """Each order of three changes, on goods of its own; each call comes twice, once much later."""
    for sku, order in zip(SOCKS, permutations(range(3)), strict=False):
        made = []
        for step in range(3):
            connected.clock.advance(2_000)
            made.append(connected.shop.price(sku, 1_000 + step, connected.now()))
        heard = [call for number in order for call in made[number]]
        for call in [*heard, *reversed(heard)]:
            connected.hear(call)
        assert prices(connected.ctx, sku) == [1_002], order
    assert connected.read().error == ""
    assert [prices(connected.ctx, sku) for sku in SOCKS[:6]] == [[1_002]] * 6
    assert [connected.ledger(sku)[-1] for sku in SOCKS[:6]] == [(1_002, False)] * 6


@able("calls", "read")
def test_a_call_from_before_the_read_brings_nothing_old_back(connected: Connected) -> None:
    late = connected.shop.price(COAT, 13_900, connected.now())
    connected.clock.advance(5_000)
    connected.shop.price(COAT, 12_900, connected.now())
    assert connected.read().error == ""
    assert prices(connected.ctx, COAT) == [12_900]
    for call in late:
        connected.hear(call)
    assert prices(connected.ctx, COAT) == [12_900]


@able("calls", "read")
def test_a_lost_call_is_made_good_by_the_next_read(connected: Connected) -> None:
    connected.shop.price(COAT, 13_900, connected.now())
    connected.shop.delete(SCARF, connected.now())
    assert connected.read().error == ""
    assert (prices(connected.ctx, COAT), prices(connected.ctx, SCARF)) == ([13_900], [])


@able("calls", "read")
def test_what_is_called_in_while_the_shop_is_read_is_not_buried_by_that(
    connected: Connected,
) -> None:
    """A long listing passes a product's place, then the product comes."""
    ctx, late = connected.ctx, connected.shop.price(COAT, 13_900, connected.now())
    connected.shop.delete(COAT, connected.now())
    with ctx.db.read() as session:
        found = session.get_one(ConnectorRow, HERE)
        setup = setup_of(ctx, session, found)
    fetch = kinds()[connected.kind].fetch
    assert fetch is not None
    listed = fetch(setup)
    assert COAT not in {one.sku for one in listed.products}
    connected.clock.advance(5_000)
    for call in late:
        connected.hear(call)
    intake.take(ctx, source_of(ctx.settings, found, setup), listed)
    assert prices(ctx, COAT) == [13_900]


@able("calls")
def test_a_call_that_is_not_the_shops_is_refused(connected: Connected) -> None:
    (call,) = connected.shop.price(COAT, 13_900, connected.now())
    forged = call.body.replace(b"139.00", b"139.01")
    assert forged != call.body
    for wrong in (replace(call, body=forged), replace(call, headers={})):
        with pytest.raises(ServerError):
            connected.hear(wrong)
    assert prices(connected.ctx, COAT) == [14_900]


def test_a_shop_that_fails_renews_nothing_and_costs_nothing(connected: Connected) -> None:
    before = connected.offers()
    faults: tuple[Fault, ...] = ("429", "500", "401", "html", "truncated")
    for fault in faults:
        held_since = lease(connected.ctx)
        connected.shop.break_with(fault)
        ran = connected.read()
        assert ran.error, fault
        assert (lease(connected.ctx), connected.offers()) == (held_since, before)
        pause_s = (row(connected.ctx, HERE).next_run_at - connected.clock()) / 1000
        assert pause_s >= (RETRY_AFTER_S if fault == "429" else 1)
        if fault == "401":
            assert "401" in ran.error
            assert "save it here" in ran.error
        connected.shop.break_with("")
        connected.clock.advance(round(pause_s * 1000) + 1_000)
        (again,) = run_due(connected.ctx)
        assert again.error == ""
        assert lease(connected.ctx) > held_since
        assert connected.offers() == before


@able("tokens")
def test_secrets_are_shown_to_nobody(connected: Connected) -> None:
    """Not in views, in errors, in what is logged, or in the audit."""
    given = connected.shop.set_up()
    assert set(view(connected.ctx, HERE).secrets) == set(given.secrets)
    with capture_logs() as logged:
        said = [connected.read().error]
        for fault in ("401", "500", "html", ""):
            connected.shop.break_with(fault)  # type: ignore[arg-type]
            connected.clock.advance(3_700_000)
            said += [ran.error for ran in run_due(connected.ctx)]
            said.append(connectors.test_connector(connected.ctx, SYSTEM, HERE).error)
    with connected.ctx.db.read() as session:
        audited = [(one.before, one.after) for one in session.scalars(select(AuditRow))]
    told = json.dumps([said, logged, audited, asdict(view(connected.ctx, HERE))], default=str)
    assert not [secret for secret in given.secrets.values() if secret in told]
