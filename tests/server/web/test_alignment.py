"""The page of agreement: teaches where it is empty, says the share first, and gives its rows."""

from __future__ import annotations

import csv

from server.db.models import AlignedDayRow, AlignedRow, RepricedRow
from tests.server.web.conftest import HOUR_MS, Chain, plain

DAY = "2026-10-15"
HERE = f"/alignment?since={DAY}&until={DAY}"


def agree(chain: Chain) -> None:
    """An afternoon in two stores: all equal in one, ten seconds wrong in the other."""
    now = chain.clock.now
    with chain.ctx.db.write() as session:
        for store, other in (("lille", 0), ("vieux-port", 10_000)):
            span = {"from_ms": now - 14 * HOUR_MS, "end_ms": now + 10 * HOUR_MS}
            session.add(AlignedDayRow(store_id=store, day=DAY, until_ms=now - HOUR_MS, **span))
            session.add(
                AlignedRow(
                    store_id=store,
                    day=DAY,
                    sku="EST-28",
                    shown_ms=50_000_000,
                    equal_ms=50_000_000 - other,
                    late_ms=0,
                    other_ms=other,
                    bare={"prior:history_too_short": 60_000},
                    free={"lease_over": 5_000},
                )
            )
        for number in range(100):
            waits = number == 99
            session.add(
                RepricedRow(
                    store_id="lille",
                    day=DAY,
                    sku="EST-28",
                    at_ms=now - HOUR_MS + number,
                    screens=5,
                    waiting=int(waits),
                    delay_ms=None if waits else 100 * (number + 1),
                )
            )


def test_an_empty_page_says_what_it_takes(chain: Chain) -> None:
    told = plain(chain.owner().text(HERE))
    assert "No price was compared in these days." in told
    assert "held against what the shop said second by second" in told


def test_the_share_comes_first_and_never_boasts(chain: Chain) -> None:
    agree(chain)
    told = plain(chain.owner().text(HERE))
    assert "99.99 % of price-seconds were the shop’s." in told
    assert "A change is on the last screen after 5.0 s, 99% of them within 9.8 s." in told
    assert "no struck price: under 30 days of history" in told.lower()
    assert "1 of 5 screens has not said that it holds the change" in told
    french = plain(chain.owner("fr").text(HERE))
    assert "99,99 % des secondes de prix" in french.replace("\u00a0", " ")


def test_it_is_narrowed_to_a_store_and_read_as_csv(chain: Chain) -> None:
    agree(chain)
    owner = chain.owner()
    assert "100 % of price-seconds" in plain(owner.text(f"{HERE}&store=lille"))
    answer = owner.get(HERE.replace("?", ".csv?"))
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [(row["store"], row["other_s"], row["free"]) for row in rows] == [
        ("lille", "0.000", "lease_over=5"),
        ("vieux-port", "10.000", "lease_over=5"),
    ]


def test_each_sees_their_own_stores(chain: Chain) -> None:
    agree(chain)
    mine = chain.manager("lille", "read")
    assert "100 % of price-seconds" in plain(mine.text(HERE))
    assert "vieux-port" not in mine.get(HERE.replace("?", ".csv?")).text
    assert mine.get(f"{HERE}&store=vieux-port").status_code == 404


def test_days_that_are_none_are_told_beside_the_last_week(chain: Chain) -> None:
    owner = chain.owner()
    for wrong in ("since=yesterday", f"since={DAY}&until=2026-10-01", "since=0001-01-01"):
        answer = owner.get(f"/alignment?{wrong}")
        assert answer.status_code == 422
        assert "wrongly" in answer.text


def test_a_store_is_found_by_the_name_that_people_give_it(chain: Chain) -> None:
    agree(chain)
    owner = chain.owner()
    named = owner.text(f"{HERE}&store=lille")
    assert "100 % of price-seconds were the shop’s." in plain(named)
    assert plain(owner.text(f"{HERE}&store=LILLE")) == plain(named)
    assert 'name="store" value="Lille"' in named
    nobody = plain(owner.get(f"{HERE}&store=Lyon").text)
    assert "There is no store of this name." in nobody
    assert "Connect the shop" not in nobody
    assert chain.manager("lille", "read").get(f"{HERE}&store=Prado").status_code == 404
