"""Asking the API why a screen shows what it shows."""

from __future__ import annotations

from server.services.base.context import Context
from tests.server.api.programs import Api
from tests.support.record import START_MS
from tests.support.small_shop import Shop


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


def test_an_instant_before_the_first_plan_is_not_there(shop: Shop, api: Api) -> None:
    answer = api.call("GET", "/explain?screen=lille-window&at=0")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_beyond_the_last_planned_day_the_slate_shows(shop: Shop, api: Api) -> None:
    found = api.get("/explain?screen=lille-window&at=4102444800000")
    assert (found["variant"], found["because"], found["winner"]) == ("slate", ["no_day"], None)


def test_a_zone_that_the_screen_has_not(shop: Shop, api: Api) -> None:
    answer = api.call("GET", "/explain?screen=lille-window&zone=left")
    assert (answer.status_code, answer.json["field"]) == (422, "zone")
