"""How screens fetch files, over the API: the chain's rule, and a store's own before it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.api.programs import Api

NIGHT = {"kib_s": 250, "windows": [[1_320, 360]]}
ANY = {"If-Match": "*"}


@pytest.fixture
def shop(api: Api) -> Api:
    api.make("/stores", id="lille", name="Lille", zone="Europe/Paris")
    return api


def test_a_stores_own_rule_is_before_the_chains_and_each_edit_is_of_a_version(shop: Api) -> None:
    own, chains = "/stores/lille/fetching", "/fetching"
    unset = {"kib_s": 0, "windows": [], "of_chain": True, "version": 0}
    assert shop.get(own) == shop.get(chains) == unset
    made = shop.call("PUT", chains, json=NIGHT, headers={"If-Match": '"0"'})
    assert made.status_code == 200, made.text
    assert shop.get(own) == {**NIGHT, "of_chain": True, "version": 0}
    first = shop.call("PUT", own, json={"kib_s": 500}, headers={"If-Match": '"0"'})
    assert (first.json["kib_s"], first.json["of_chain"]) == (500, False)
    again = shop.call("PUT", own, json=NIGHT, headers={"If-Match": first.headers["ETag"]})
    assert again.json["version"] > first.json["version"]
    late = shop.call("DELETE", own, headers={"If-Match": first.headers["ETag"]})
    assert (late.status_code, late.headers["ETag"]) == (412, again.headers["ETag"])
    assert shop.call("DELETE", own, headers=ANY).status_code == 204
    assert shop.get(own) == {**NIGHT, "of_chain": True, "version": 0}
    assert shop.call("DELETE", chains, headers=ANY).status_code == 204
    assert shop.get(own) == unset
    told = [(one["action"], one["subject"]) for one in shop.get("/audit")["items"]]
    assert told.count(("fetching.set", "store:lille")) == 3
    assert told.count(("fetching.set", "chain")) == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kib_s": 15}, "kib_s"),
        ({"windows": [[60, 60]]}, "windows"),
        ({"windows": [[0, 1_441]]}, "windows/0/1"),
        ({"windows": [[0, 1]] * 9}, "windows"),
        ({"pace": 1}, "pace"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_place(
    shop: Api, wrong: dict[str, Any], field: str
) -> None:
    answer = shop.call("PUT", "/fetching", json=wrong, headers=ANY)
    assert answer.status_code in (400, 422)
    named = [one["field"] for one in answer.json.get("errors", [])]
    assert field in (answer.json.get("field"), *named)
    assert shop.call("GET", "/stores/nowhere/fetching").status_code == 404
