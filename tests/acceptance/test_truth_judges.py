"""The judges of `bench truth` find what they look for: planted errors do not pass them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from playlists.prices import Prices, prices_of
from playlists.shown import Now
from server.services.prices import quarantine
from tests.bench import truth, truth_clocks, truth_glass
from tests.bench.truth_oracle import Oracle, Word, cents

NOON = 1_792_067_520_000


def test_a_bounded_run_finds_nothing_wrong() -> None:
    judged = truth.spoil("bounded", 12)
    assert judged.mutations > 20
    assert judged.verdicts["right"] > 1_000
    assert judged.verdicts["free"] > 1_000
    assert judged.wrongs == []
    seen, faults = truth_clocks.live_many(7, 0, 60)
    assert seen["price"] > 30
    assert faults == []


def test_a_server_that_suspects_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "suspicion", lambda *_args: "")
    assert truth.spoil("trusting", 15).wrongs


def test_a_player_that_is_late_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(card, offers, freshness, expires, now) -> Prices:  # type: ignore[no-untyped-def]
        return prices_of(card, offers, freshness, expires, replace(now, ms=now.ms - 6_000))

    monkeypatch.setattr(truth_clocks, "prices_of", late)
    seen, faults = truth_clocks.live_many(7, 0, 400)
    assert seen["late: lease"]
    assert seen["late: over"]
    assert faults


def test_a_player_without_trusted_time_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def trusting(card, offers, freshness, expires, now) -> Prices:  # type: ignore[no-untyped-def]
        return prices_of(card, offers, freshness, expires, Now(now.ms, now.uncertainty_ms or 0))

    monkeypatch.setattr(truth_clocks, "prices_of", trusting)
    assert truth_clocks.live_many(7, 0, 200)[0]["late: no trusted time"]


@pytest.mark.slow
@pytest.mark.chromium
def test_a_screen_that_keeps_a_price_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = truth_glass._world
    monkeypatch.setattr(
        truth_glass,
        "_world",
        lambda life, *, of_sale: honest(life + 1_400, of_sale=of_sale) | {"life": life},
    )
    # In a thread of its own: a browser of pytest's may be open in this one.
    with ThreadPoolExecutor(1) as own:
        found = own.submit(truth_glass.watch_ends, 10, 3).result()
    assert found.late_frames
    assert found.late_looks


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.50 EUR", 1_250),
        ("12,50 EUR", 1_250),
        ("EUR 12.5", 1_250),
        ("1 234,50 EUR", 123_450),
        ("1,234.50 EUR", 123_450),
        ("1234 EUR", 123_400),
        ("1.234 EUR", None),
        ("1,234 EUR", None),
        ("12.50", None),
        ("12.50 USD", None),
        ("-12.50 EUR", None),
        ("12.50 EUR 12.50 EUR", None),
        ("<b>12.50 EUR</b>", None),
        ("", None),
    ],
)
def test_a_price_that_can_be_read_in_two_ways_is_none(text: str, amount: int | None) -> None:
    assert cents(text) == amount


def test_the_oracle_knows_right_late_undetectable_and_wrong() -> None:
    oracle, truth_then = Oracle(), {"BAG": Word(1_000), "HAT": Word(2_000), "TENT": Word(3_000)}
    oracle.tell_feed(
        [
            {"id": "BAG", "price": "10.00 EUR"},
            {"id": "HAT", "price": "21.00 EUR"},
            {"id": "TENT", "price": "30.00 EUR"},
        ],
        NOON,
        truth_then,
    )
    assert oracle.judge("BAG", 1_000, NOON, 1_000) == "right"
    assert oracle.judge("BAG", 1_000, NOON, 1_100) == "late"
    assert oracle.judge("HAT", 2_100, NOON, 2_000) == "undetectable"
    assert oracle.judge("TENT", None, NOON, 3_000) == "free"
    assert oracle.judge("TENT", 300, NOON, 3_000) == "wrong"
    assert oracle.judge("BAG", 1_000, NOON + 4 * 3_600_000, 1_000) == "wrong"
    oracle.tell_call([{"id": "BAG", "price": "0.00 EUR", "version": "2"}], NOON + 1, truth_then)
    assert oracle.judge("BAG", 1_000, NOON + 1, 900) == "wrong"
