"""The page of held prices: old and new side by side, released, rejected and taken back."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from server.db.models import ChannelRow, ConnectorRow, HeldBatchRow, OfferRow
from server.ports import Batch, ProductReport
from server.services.prices import batches
from server.services.prices.batches import Source
from server.services.prices.intake import take
from tests.server.web.conftest import Chain, plain

LILLE = "pluvier@lille"
BAG = ProductReport("PLV-HELD", "EUR", 11_990, names={"en": {"name": "Estran"}})
MANY = [replace(BAG, sku=f"PLV-H{at}") for at in range(20)]


def sell(chain: Chain) -> None:
    with chain.ctx.db.write() as session:
        session.add(
            ConnectorRow(
                id="shop2",
                kind="webhook",
                name="Second shop",
                config={"shop": "pluvier"},
                state={},
                counters={},
            )
        )
    says(chain, BAG, *MANY)


def says(chain: Chain, *reports: ProductReport) -> None:
    chain.clock.advance(1_000)
    batch = Batch(chain.clock(), products=tuple(reports))
    take(chain.ctx, Source("shop2", shop="pluvier"), batch)


def shown(chain: Chain, sku: str, channel: str = LILLE) -> list[int]:
    with chain.ctx.db.read() as session:
        return [step[2] for step in session.get_one(OfferRow, (channel, sku)).body["st"]]


def channels(chain: Chain) -> list[str]:
    with chain.ctx.db.read() as session:
        return list(session.scalars(select(ChannelRow.id).where(ChannelRow.shop == "pluvier")))


def test_nothing_is_held(chain: Chain) -> None:
    assert "No price is held." in plain(chain.owner().text("/quarantine"))
    assert "Aucun prix n’est retenu." in plain(chain.owner("fr").text("/quarantine"))


def test_a_price_is_rejected_taken_back_and_released(chain: Chain) -> None:
    sell(chain)
    says(chain, replace(BAG, price=1_199))
    owner = chain.owner()
    page = plain(owner.text("/quarantine"))
    assert "One price is held." in page
    assert "€119.90" in page
    assert "€11.99" in page
    assert "a leap" in page
    every = channels(chain)
    at = "/quarantine/prices/PLV-HELD"
    assert owner.send(at, word="reject", channel=every).status_code == 303
    page = plain(owner.text("/quarantine"))
    assert "the price of before shows until" in page
    assert shown(chain, "PLV-HELD") == [11_990]
    assert owner.send(at, word="hold", channel=every).status_code == 303
    assert shown(chain, "PLV-HELD") == []
    assert owner.send(at, word="accept", channel=every).status_code == 303
    assert shown(chain, "PLV-HELD") == [1_199]
    assert "It was decided already" in plain(owner.send(at, word="accept", channel=every).text)
    assert owner.send(at, word="perhaps", channel=every).status_code == 422


def test_an_answer_is_rejected_taken_back_and_released(chain: Chain) -> None:
    sell(chain)
    says(chain, *(replace(one, price=1_000) for one in MANY))
    owner = chain.owner()
    page = plain(owner.text("/quarantine"))
    assert "An answer of a shop is held." in page
    assert "20 rows, 20 suspect." in page
    assert "€10" in page
    with chain.ctx.db.read() as session:
        (held,) = session.scalars(select(HeldBatchRow))
    at = f"/quarantine/answers/{held.id}"
    assert owner.send(at, word="reject").status_code == 303
    assert shown(chain, "PLV-H1") == [11_990]
    assert "Rejected by" in plain(owner.text("/quarantine"))
    assert owner.send(at, word="hold").status_code == 303
    assert shown(chain, "PLV-H1") == []
    assert owner.send(at, word="accept").status_code == 303
    assert shown(chain, "PLV-H1") == [1_000]
    assert "Released by" in plain(owner.text("/quarantine"))
    assert owner.send(at, word="accept").status_code == 422


def test_an_answer_of_zeros_alone_can_only_be_rejected(chain: Chain) -> None:
    sell(chain)
    says(chain, *(replace(one, price=0) for one in MANY))
    owner = chain.owner()
    page = owner.text("/quarantine")
    assert "None of its prices can ever show" in plain(page)
    assert ('value="accept"' in page, 'value="reject"' in page) == (False, True)
    assert "None of its prices can ever show" in plain(owner.text("/situation"))
    with chain.ctx.db.read() as session:
        (held,) = session.scalars(select(HeldBatchRow))
    at = f"/quarantine/answers/{held.id}"
    assert owner.send(at, word="accept").status_code == 422
    assert owner.send(at, word="reject").status_code == 303
    assert shown(chain, "PLV-H1") == [11_990]


def test_an_answer_that_could_not_be_read_offers_no_release(chain: Chain) -> None:
    sell(chain)
    batches.hold_unread(chain.ctx, "shop2", "html", "The answer is a web page, not a feed.")
    page = chain.owner().text("/quarantine")
    assert "It is a web page." in plain(page)
    assert "The shops are asked again; prices known so far show" in plain(page)
    assert "It is asked again by itself." in plain(page)
    assert 'value="accept"' not in page


def test_a_store_sees_its_own_and_only_who_may_decides(chain: Chain) -> None:
    sell(chain)
    says(chain, replace(BAG, price=1_199, store="prado"))
    assert "No price is held." in plain(
        chain.manager("lille", "read", "prices").text("/quarantine")
    )
    looks = chain.manager("prado", "read").text("/quarantine")
    assert "€11.99" in plain(looks)
    assert 'name="word"' not in looks
    says(chain, *(replace(one, price=1_000) for one in MANY))
    assert "PLV-H1" not in chain.manager("prado", "read", "prices").text("/quarantine")
