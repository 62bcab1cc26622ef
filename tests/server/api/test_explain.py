"""Asking the API why a screen shows what it shows."""

from __future__ import annotations

from typing import Any

from server.services.base.context import Context
from tests.server.api.programs import Api
from tests.support.record import START_MS, TestClock
from tests.support.small_shop import Shop, set_price


def test_it_names_the_winner_and_says_it_in_both_languages(
    shop: Shop, ctx: Context, api: Api
) -> None:
    found = api.get("/explain?screen=lille-window")
    assert (found["at"], found["zone"]) == (ctx.clock(), "main")
    assert (found["winner"]["layer"], found["winner"]["source"]) == ("base", "lille")
    assert found["since"] <= found["at"] < found["until"]
    french = api.get("/explain?screen=lille-window&lang=fr")["sentences"]
    assert found["sentences"]
    assert french
    assert found["sentences"] != french


def test_tomorrow_can_be_asked_too(shop: Shop, api: Api) -> None:
    tomorrow = START_MS + 86_400_000
    assert api.get(f"/explain?screen=lille-window&at={tomorrow}")["at"] == tomorrow


def test_a_past_price_comes_with_its_offer_and_its_ledger_row(
    shop: Shop, ctx: Context, clock: TestClock, api: Api
) -> None:
    clock.advance(3_600_000)
    set_price(ctx, 9_990)
    clock.advance(3_600_000)
    asked = [api.get(f"/explain?screen=lille-window&at={START_MS + 1000 * n}") for n in range(60)]
    told = next(one for one in asked if one["prices"])
    assert told["held"] == {"basis": "record", "said_at": None, "channels": None}
    (price,) = told["prices"]
    assert (price["sku"], price["price"], price["currency"]) == ("BAG", 11_990, "EUR")
    assert price["version"] == START_MS
    assert price["ledger"] is not None


def test_an_instant_before_the_first_plan_is_not_there(shop: Shop, api: Api) -> None:
    answer = api.call("GET", "/explain?screen=lille-window&at=0")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_beyond_the_last_planned_day_it_says_until_when_there_are_plans(
    shop: Shop, api: Api
) -> None:
    until = api.get("/explain?screen=lille-window")["planned_until"]
    last = api.get(f"/explain?screen=lille-window&at={until - 1}")
    assert (last["variant"], last["winner"]["source"]) == ("planned", "lille")
    for at in (until, 4_102_444_800_000):
        answer = api.call("GET", f"/explain?screen=lille-window&at={at}")
        problem = answer.json
        assert (answer.status_code, problem["code"], problem["field"]) == (404, "not_planned", "at")
        assert "before 2026-11-18T23:00:00+00:00" in problem["title"]


def test_prices_are_planned_beyond_the_life_of_todays_head(shop: Shop, api: Api) -> None:
    for days in (7, 9, 34):
        at, told = START_MS + days * 86_400_000, dict[str, Any]()
        while not told.get("prices"):
            told = api.get(f"/explain?screen=lille-window&at={at}")
            assert told["because"] == [], days
            at = told["until"]
        assert (told["held"]["basis"], told["prices"][0]["price"]) == ("plan", 11_990)


def test_a_zone_that_the_screen_has_not(shop: Shop, api: Api) -> None:
    answer = api.call("GET", "/explain?screen=lille-window&zone=left")
    assert (answer.status_code, answer.json["field"]) == (422, "zone")
