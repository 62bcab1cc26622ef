"""Ways to spoil a price in a feed: none that can be told reaches an offer. Ten thousand, and calls
too, are in tests/bench/truth.py.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from server.db.models import ChannelRow, OfferRow
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.connectors import ConnectorWish, run_due
from server.services.prices import settling
from tests.server.connectors.peers import Reply, peer
from tests.server.connectors.test_merchant import feed, item
from tests.support.record import TestClock

GOODS = 400
EVERY_S = 60
SEED = 30
UNDATED_SALE = "sale_price"


def true_price(number: int) -> int:
    """Cents, from 3.01 to about 1,000 euros."""
    return 301 + (number * 7919) % 99_700


def written(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d} EUR"


def _digit(dice: random.Random, text: str) -> str:
    at = dice.choice([n for n, letter in enumerate(text) if letter.isdigit()])
    return text[:at] + dice.choice("0123456789") + text[at + 1 :]


def _cut(dice: random.Random, text: str) -> str:
    return text[: dice.randrange(len(text))]


def _insert(dice: random.Random, text: str) -> str:
    at = dice.randrange(len(text) + 1)
    return text[:at] + dice.choice("0123456789.,-+ €$eE%xNaN\u00a0\u0660") + text[at:]


def _swap(dice: random.Random, text: str) -> str:
    at = dice.randrange(len(text) - 1)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


MUTATIONS: tuple[Callable[[random.Random, str], str], ...] = (
    _digit,
    _cut,
    _insert,
    _swap,
    lambda dice, text: text.replace(".", ""),
    lambda dice, text: text.replace(".", ","),
    lambda dice, text: text.replace(".", dice.choice((" ", "..", ".0", "0."))),
    lambda dice, text: text.replace("EUR", dice.choice(("USD", "eur", "€", "", "XXX", "JPY"))),
    lambda dice, text: "EUR " + text.removesuffix(" EUR"),
    lambda dice, text: "-" + text,
    lambda dice, text: dice.choice(("0.00 EUR", "0 EUR", "NaN EUR", "1e3 EUR", "inf EUR", "null")),
    lambda dice, text: dice.choice(("9" * 30, "999999999.99", "0.01", "1,299.00")) + " EUR",
    lambda dice, text: text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    lambda dice, text: f"{text} {text}",
)


def spoiled(dice: random.Random, number: int) -> bytes:
    """An item with a price, or an undated sale price, that went through one mutation."""
    right = written(true_price(number))
    wrong = dice.choice(MUTATIONS)(dice, right)
    wrong = wrong.replace("&", "").replace("<", "")
    if dice.random() < 0.2:
        return item(id=f"SKU-{number}", price=right, **{UNDATED_SALE: wrong})
    return item(id=f"SKU-{number}", price=wrong)


@pytest.mark.parametrize(("percent", "feeds"), [(100, 3), (5, 1)])
def test_no_price_that_can_be_told_wrong_is_offered(
    small_chain: Context, clock: TestClock, percent: int, feeds: int
) -> None:
    settings = small_chain.settings.model_copy(update={"suspect_batch_percent": percent})
    ctx, dice = replace(small_chain, settings=settings), random.Random(SEED)
    good = feed(*(item(id=f"SKU-{n}", price=written(true_price(n))) for n in range(GOODS)))
    answer: list[Reply] = [good]
    seen: Counter[str] = Counter()
    with peer(lambda _path, _headers: answer[0]) as shop:
        config = {"shop": "pluvier", "url": shop.url}
        wish = ConnectorWish("merchant", "Feed", config, every_s=EVERY_S)
        connectors.create_connector(ctx, SYSTEM, wish, "feed")
        run_due(ctx)
        assert judge(ctx) == {"right": GOODS}
        for _ in range(feeds):
            answer[0] = feed(*(spoiled(dice, number) for number in range(GOODS)))
            clock.advance(EVERY_S * 1_000 * 60)
            run_due(ctx)
            found = judge(ctx)
            assert not found["wrong"]
            seen += found
            answer[0] = good
            clock.advance(EVERY_S * 1_000 * 60)
            run_due(ctx)
            confirm_what_jumped_back(ctx)
            assert judge(ctx) == {"right": GOODS}
    assert seen["free"] > sum(seen.values()) // 2
    if percent == 100:
        assert min(seen["right"], seen["plausible"]) > 4 * feeds


def confirm_what_jumped_back(ctx: Context) -> None:
    """A right price after a plausible wrong one may look like a jump: a person says that it is."""
    with ctx.db.read() as session:
        rows = session.execute(select(OfferRow.channel, OfferRow.sku, OfferRow.suspect)).all()
    doubted = [(channel, sku, why) for channel, sku, why in rows if why]
    assert {why for _, _, why in doubted} <= {"jump"}
    assert len(doubted) * 20 < len(rows)
    for channel, sku, _ in doubted:
        settling.settle_suspect(ctx, SYSTEM, channel, sku, True)


def judge(ctx: Context) -> Counter[str]:
    """Every offer of one store's channel: right, plausible, without price, or wrong."""
    found: Counter[str] = Counter()
    now = ctx.clock()
    with ctx.db.read() as session:
        channel = session.scalars(select(ChannelRow.id).order_by(ChannelRow.id)).first()
        for row in session.scalars(select(OfferRow).where(OfferRow.channel == channel)):
            wanted = true_price(int(row.sku.removeprefix("SKU-")))
            steps = [step for step in row.body["st"] if step[1] is None or step[1] > now]
            prices = [step[2] for step in steps]
            if not prices:
                found["free"] += 1
            elif row.body["cur"] != "EUR" or any(not plausible(p, wanted) for p in prices):
                found["wrong"] += 1
                print(row.sku, wanted, row.body)
            else:
                found["right" if set(prices) == {wanted} else "plausible"] += 1
    return found


def plausible(price: int, before: int) -> bool:
    """Nobody can tell that this price is wrong: it moves by half at most."""
    return price > 0 and abs(price - before) * 2 <= before
