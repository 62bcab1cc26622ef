"""How displays are switched, over the API: a store's rule, and a screen's own before it."""

from __future__ import annotations

import pytest

from tests.server.api.programs import Api

ANY = {"If-Match": "*"}
OWN, STORES = "/screens/lille-window/display", "/stores/lille/display"
NIGHT = {"mode": "always", "night": "advert"}


@pytest.fixture
def shop(api: Api) -> Api:
    api.make("/stores", id="lille", name="Lille", zone="Europe/Paris")
    api.make("/screens", id="lille-window", name="Window", store="lille")
    return api


def ruled(shop: Api, path: str) -> tuple[str, str, bool, int]:
    """Mode, night, whether the store's rule is told, and the rule's version."""
    told = shop.get(path)
    return told["mode"], told["night"], told["of_store"], told["version"]


def test_a_screens_own_rule_is_before_its_stores_and_each_edit_is_of_a_version(shop: Api) -> None:
    assert ruled(shop, OWN) == ruled(shop, STORES) == ("always", "none", True, 0)
    made = shop.call("PUT", STORES, json=NIGHT, headers={"If-Match": '"0"'})
    assert made.status_code == 200, made.text
    assert {one["why"] for one in made.json["off"]} == {"law"}
    assert ruled(shop, STORES) == ("always", "advert", True, 1)
    assert ruled(shop, OWN) == ("always", "advert", True, 0)
    own = shop.call("PUT", OWN, json={"mode": "hours"}, headers={"If-Match": '"0"'})
    assert ruled(shop, OWN) == ("hours", "none", False, 1)
    late = shop.call("DELETE", OWN, headers={"If-Match": '"0"'})
    assert (late.status_code, late.headers["ETag"]) == (412, own.headers["ETag"])
    assert shop.call("DELETE", OWN, headers=ANY).status_code == 204
    assert ruled(shop, OWN) == ("always", "advert", True, 0)
    assert shop.call("DELETE", STORES, headers=ANY).status_code == 204
    assert ruled(shop, OWN) == ruled(shop, STORES) == ("always", "none", True, 0)
    told = [(one["action"], one["subject"]) for one in shop.get("/audit")["items"]]
    assert told.count(("display.set", "store:lille")) == 2
    assert told.count(("display.set", "screen:lille-window")) == 2


def test_a_place_that_is_not_there_has_no_display(shop: Api) -> None:
    for path in ("/stores/nowhere/display", "/screens/nowhere/display"):
        for method, body in (("GET", None), ("PUT", NIGHT), ("DELETE", None)):
            assert shop.call(method, path, json=body, headers=ANY).status_code == 404
