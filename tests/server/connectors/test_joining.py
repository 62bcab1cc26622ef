"""Calls that wait for each other are taken together, and each is told what came of it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from server.connectors.shops.webhook import DELIVERY, SIGNATURE, TIMESTAMP, signature
from server.db.models import ConnectorRow
from server.errors import BadInput
from server.ports import Batch, ProductReport, StockReport
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import StoreWish
from server.services.chain.places import create_store
from server.services.connectors import ConnectorWish, Receipt, calls, joining
from server.services.connectors.gates import gate_of
from server.services.prices import intake
from server.services.prices.batches import Source
from tests.server.connectors.polled import fact_values, prices, view
from tests.server.connectors.test_calls import SECRET, body_of
from tests.support.record import TestClock

BAGS = [f"BAG-{at}" for at in range(6)]
SHOP = Source("shop", shop="pluvier")


@pytest.fixture
def chain(ctx: Context, clock: TestClock) -> Context:
    """One store whose shop calls, and the shop's goods at 100.00."""
    create_store(
        ctx, SYSTEM, StoreWish("Lille", "Europe/Paris", 0, 0, channel="pluvier@lille"), "lille"
    )
    wish = ConnectorWish("webhook", "Shop", {"shop": "pluvier"}, SECRET)
    connectors.create_connector(ctx, SYSTEM, wish, "shop")
    goods = tuple(ProductReport(sku, "EUR", 10_000, names={"fr": {"name": sku}}) for sku in BAGS)
    intake.take(ctx, Source("feed", shop="pluvier"), Batch(clock(), whole=True, products=goods))
    clock.advance(1_000)
    return ctx


def bag(at: int, price: str, version: int | str = 1) -> dict[str, Any]:
    return {"sku": BAGS[at], "price": price, "currency": "EUR", "version": version}


def call(ctx: Context, body: bytes, name: str = "") -> Receipt:
    stamp = str(ctx.clock() // 1000)
    headers = {TIMESTAMP: stamp, SIGNATURE: signature(SECRET, stamp, body), DELIVERY: name}
    return connectors.receive(ctx, "hooks", "shop", headers, body)


def last(ctx: Context, sku: str) -> int | None:
    """The price on offer, once the clock has come to it."""
    return (prices(ctx, sku) or [None])[-1]


Together = Callable[..., list[Any]]


@pytest.fixture
def together(chain: Context) -> Iterator[Together]:
    """Makes calls in this order while another is being taken; what each was told, or refused."""
    with ThreadPoolExecutor(16) as pool:

        def told(*bodies: bytes) -> list[Any]:
            gate = gate_of(chain.db, "shop")
            came = threading.Event()
            with gate.lock:
                answers = []
                for number, body in enumerate(bodies, 1):
                    answers.append(pool.submit(call, chain, body))
                    while len(gate.waiting) < number:
                        assert not answers[-1].done(), answers[-1].result()
                        came.wait(0.001)
            gate.wake_next()
            return [one.exception(10) or one.result() for one in answers]

        yield told


def test_each_is_told_what_came_of_it(
    chain: Context, together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    take = intake.take
    monkeypatch.setattr(
        intake, "take", lambda *said: taken.append(len(said[2].products)) or take(*said)
    )
    piece = {"sku": BAGS[0], "store": "lille", "quantity": 3}
    answers = together(
        body_of(bag(0, "90.00")),
        body_of(bag(1, "91.00"), bag(2, "92.00")),
        body_of({**bag(0, "90.00"), "sku": "STRANGE"}),
        body_of(piece, {**piece, "store": "nowhere"}, event="inventory.updated"),
        b"not JSON",
        body_of(bag(3, "1.00")),
    )
    assert taken == [5, 0]
    assert answers[:2] == [Receipt(prices=1), Receipt(prices=2)]
    assert answers[2] == Receipt(refused={"unknown_sku": 1})
    assert answers[3] == Receipt(facts=1, refused={"unknown_store": 1})
    assert isinstance(answers[4], BadInput)
    assert answers[5] == Receipt()
    assert [last(chain, sku) for sku in BAGS[:4]] == [9_000, 9_100, 9_200, None]
    assert fact_values(chain) == {f"stock:{BAGS[0]}@lille": 3}
    counters = view(chain, "shop").counters
    assert (counters["calls"], counters["prices"], counters["suspects"]) == (5, 3, 1)
    assert (counters["refused.unknown_sku"], counters["refused.unknown_store"]) == (1, 1)


def test_a_price_said_again_and_again_ends_as_it_was_said_last(
    chain: Context, together: Together
) -> None:
    said = [bag(0, "90.00", 1), bag(1, "91.00", 1), bag(0, "92.00", 3), bag(0, "91.00", 2)]
    answers = together(*(body_of(one) for one in said), body_of(said[0]))
    assert [one.prices for one in answers] == [1, 1, 1, 0, 0]
    assert answers[3].refused == {"out_of_order": 1}
    assert answers[4].repeated
    assert [last(chain, sku) for sku in BAGS[:2]] == [9_200, 9_100]


def test_without_versions_the_last_that_came_counts(chain: Context, together: Together) -> None:
    for round_of in range(2):
        said = [(0, 90), (1, 91), (0, 92), (0, 93), (1, 94)]
        bodies = (body_of(bag(at, f"{price}.{round_of}0", "")) for at, price in said)
        assert [one.prices for one in together(*bodies)] == [1] * 5
        assert last(chain, BAGS[0]) == 9_300 + 10 * round_of
        assert last(chain, BAGS[1]) == 9_400 + 10 * round_of


def test_in_whichever_order_they_came_they_end_alike(chain: Context, together: Together) -> None:
    for number, order in enumerate(itertools.permutations(range(4))):
        together(*(body_of(bag(0, f"9{at}.00", 4 * number + at + 1)) for at in order))
        assert last(chain, BAGS[0]) == 9_300


def test_one_that_cannot_be_taken_harms_no_other(
    chain: Context, together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = intake.take

    def fails(ctx: Context, source: Source, batch: Batch, *rest: Any) -> Any:
        assert not any(report.sku == BAGS[1] for report in batch.products)
        return take(ctx, source, batch, *rest)

    with monkeypatch.context() as broken:
        broken.setattr(intake, "take", fails)
        one, other, again = together(*(body_of(bag(at, "90.00")) for at in (0, 1, 1)))
    assert one == Receipt(prices=1)
    assert isinstance(other, AssertionError)
    assert isinstance(again, AssertionError)
    assert call(chain, body_of(bag(1, "90.00"))) == Receipt(prices=1)
    assert [last(chain, sku) for sku in BAGS[:2]] == [9_000, 9_000]


def test_a_connector_that_is_gone_meanwhile_tells_all_that_wait(
    chain: Context, together: Together, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> Any:
        raise calls.NotFound("It is gone.")

    call(chain, body_of(bag(0, "99.00")))
    monkeypatch.setattr(calls, "_look_up", gone)
    answers = together(*(body_of(bag(at, "90.00")) for at in range(3)))
    assert [type(one) for one in answers] == [calls.NotFound] * 3


def test_a_call_that_waits_alone_is_taken_as_it_is(
    chain: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "joined", lambda *_: 1 / 0)
    assert call(chain, body_of(*(bag(at, "1.00") for at in range(4)))).held == "suspects"
    with chain.db.read() as session:
        assert session.get_one(ConnectorRow, "shop").counters["held"] == 1


def test_only_what_speaks_of_other_things_joins() -> None:
    def says(*skus: str, **more: Any) -> Batch:
        return Batch(0, products=tuple(ProductReport(sku) for sku in skus), **more)

    stock = Batch(0, stock=(StockReport("A", "lille", 1),))
    said = [says("A"), says("B"), says("A"), stock, says("C", "D", "E"), says("F"), stock]
    assert joining.turns(said, SHOP) == [[0, 1, 3], [2], [4], [5, 6]]
    assert joining.turns([says("A"), says("B", aliases={"1": "B"})], SHOP) == [[0], [1]]
