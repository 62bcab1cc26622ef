"""Two people at one thing, requests sent twice, lists that change while they are read."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.server.api.chain import message, promotion
from tests.server.api.programs import Api

STORE = {"name": "Lille", "zone": "Europe/Paris"}


def edit_of(shown: dict[str, Any]) -> dict[str, Any]:
    """What an editor sends back of what it was shown."""
    return {k: v for k, v in shown.items() if k not in ("id", "version", "edited_at")}


def test_two_editors_never_lose_an_update(any_api: Api) -> None:
    any_api.make("/playlists", id="autumn", name="Autumn", items=[message("Bonjour")])
    first = any_api.call("GET", "/playlists/autumn")
    seen = {"If-Match": first.headers["ETag"]}

    anne = {"name": "Autumn", "items": [message("Bonsoir")]}
    bruno = {"name": "Winter", "items": [message("Bonjour")]}
    assert any_api.call("PUT", "/playlists/autumn", json=anne, headers=seen).status_code == 200
    late = any_api.call("PUT", "/playlists/autumn", json=bruno, headers=seen)

    assert late.status_code == 412
    assert late.json["code"] == "stale"
    now = any_api.call("GET", "/playlists/autumn")
    assert late.headers["ETag"] == now.headers["ETag"] != first.headers["ETag"]
    assert now.json["name"] == "Autumn"
    assert now.json["items"][0]["content"]["card"]["texts"]["headline"]["fr"] == "Bonsoir"


def test_of_many_editors_at_the_same_moment_one_wins(any_api: Api) -> None:
    made = any_api.make("/stores", id="lille", **STORE)
    answers: list[int] = []

    def edit(number: int) -> None:
        body = {**edit_of(made), "name": f"Lille {number}"}
        own = Api(any_api.client.application.test_client(), any_api.token)
        sent = own.call("PUT", "/stores/lille", json=body, headers={"If-Match": '"1"'})
        answers.append(sent.status_code)

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200, 412, 412, 412, 412, 412]
    assert any_api.get("/stores/lille")["version"] == 2


def test_an_edit_without_if_match_is_told_what_to_send(api: Api) -> None:
    api.make("/stores", id="lille", **STORE)
    answer = api.call("PUT", "/stores/lille", json=STORE)
    assert answer.status_code == 428
    assert "ETag" in answer.json["title"]


@pytest.mark.parametrize("tag", ['"1", "2"', '"one"', 'W/"1"', '"' + "9" * 30 + '"'])
def test_an_if_match_that_is_not_one_of_ours_changes_nothing(api: Api, tag: str) -> None:
    api.make("/stores", id="lille", **STORE)
    answer = api.call("PUT", "/stores/lille", json=STORE, headers={"If-Match": tag})
    assert answer.status_code == 422
    assert api.get("/stores/lille")["version"] == 1


def test_deleting_needs_the_version_that_one_has_read(api: Api) -> None:
    api.make("/playlists", id="autumn", name="Autumn")
    assert api.call("DELETE", "/playlists/autumn").status_code == 428
    stale = api.call("DELETE", "/playlists/autumn", headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    gone = api.call("DELETE", "/playlists/autumn", headers={"If-Match": '"1"'})
    assert gone.status_code == 204
    assert api.call("GET", "/playlists/autumn").status_code == 404


def test_a_creation_sent_twice_is_done_once(any_api: Api) -> None:
    key = {"Idempotency-Key": "a-click"}
    body = {"name": "Autumn", "items": [message("Bonjour")]}
    first = any_api.call("POST", "/playlists", json=body, headers=key)
    again = any_api.call("POST", "/playlists", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json == first.json
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Location"] == first.headers["Location"]
    assert len(any_api.get("/playlists")["items"]) == 1


def test_the_same_key_with_another_request_is_refused(api: Api) -> None:
    key = {"Idempotency-Key": "a-click"}
    assert api.call("POST", "/playlists", json={"name": "A"}, headers=key).status_code == 201
    other = api.call("POST", "/playlists", json={"name": "B"}, headers=key)
    assert (other.status_code, other.json["code"]) == (422, "key_reused")
    elsewhere = api.call("POST", "/stores", json=STORE, headers=key)
    assert elsewhere.json["code"] == "key_reused"
    assert [p["name"] for p in api.get("/playlists")["items"]] == ["A"]


def test_a_refused_creation_leaves_its_key_free(api: Api) -> None:
    key = {"Idempotency-Key": "a-click"}
    wrong = api.call("POST", "/stores", json={"name": "X", "zone": "Moon"}, headers=key)
    assert wrong.status_code == 422
    assert api.call("POST", "/stores", json=STORE, headers=key).status_code == 201


def test_many_clicks_at_the_same_moment_create_one(any_api: Api) -> None:
    answers: list[tuple[int, str]] = []

    def click() -> None:
        own = Api(any_api.client.application.test_client(), any_api.token)
        sent = own.call(
            "POST", "/playlists", json={"name": "A"}, headers={"Idempotency-Key": "one"}
        )
        answers.append((sent.status_code, sent.json["id"]))

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert len(any_api.get("/playlists")["items"]) == 1


def test_pages_neither_repeat_nor_skip_what_stays_while_others_come_and_go(any_api: Api) -> None:
    for number in range(0, 20, 2):
        any_api.make("/playlists", id=f"list-{number:02}", name="x")
    first = any_api.get("/playlists?limit=4")
    assert [p["id"] for p in first["items"]] == ["list-00", "list-02", "list-04", "list-06"]

    any_api.make("/playlists", id="list-01", name="before the cursor")
    any_api.make("/playlists", id="list-09", name="after the cursor")
    any_api.call("DELETE", "/playlists/list-06", headers={"If-Match": "*"})
    any_api.call("DELETE", "/playlists/list-10", headers={"If-Match": "*"})

    seen: list[str] = []
    after = first["next"]
    while after:
        page = any_api.get(f"/playlists?limit=4&after={after}")
        seen += [p["id"] for p in page["items"]]
        after = page["next"]
    assert seen == ["list-08", "list-09", "list-12", "list-14", "list-16", "list-18"]


@pytest.mark.parametrize("after", ["x", "W10", "WzFd", "WyJhIiwiYiJd", "bnVsbA", "WyJcdTAwMDAiXQ"])
def test_a_cursor_that_is_not_ours_is_refused(any_api: Api, after: str) -> None:
    answer = any_api.call("GET", f"/playlists?after={after}")
    assert (answer.status_code, answer.json["field"]) == (422, "after")


def test_a_promotion_is_edited_where_it_stands_and_never_over_another_edit(api: Api) -> None:
    api.make("/playlists", id="autumn", name="Autumn", items=[message("Bonjour")])
    card = {"template": "price", "goods": [{"sku": "PLV-01"}]}
    made = api.make("/promotions", playlist="autumn", id="boots", card=card)
    assert made["version"] == 2
    assert [i["id"] for i in api.get("/playlists/autumn")["items"]] == ["a", "boots"]

    other = {"name": "Autumn", "items": [promotion("PLV-01", "boots"), message("Bonsoir")]}
    api.call("PUT", "/playlists/autumn", json=other, headers={"If-Match": "*"})
    late = {"card": {"template": "price", "goods": [{"sku": "PLV-02"}]}}
    stale = api.call("PUT", "/promotions/autumn/boots", json=late, headers={"If-Match": '"2"'})
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"3"')

    good = api.call("PUT", "/promotions/autumn/boots", json=late, headers={"If-Match": '"3"'})
    assert good.status_code == 200
    items = api.get("/playlists/autumn")["items"]
    assert [i["id"] for i in items] == ["boots", "a"]
    assert api.get("/promotions?sku=PLV-02")["items"][0]["id"] == "boots"
    assert api.get("/promotions?sku=PLV-01")["items"] == []


def test_bases_are_versioned_by_what_they_name(api: Api) -> None:
    api.make("/stores", id="lille", **STORE)
    for name in ("autumn", "winter"):
        api.make("/playlists", id=name, name=name)
    empty = api.call("GET", "/bases/store/lille/main")
    assert empty.json["playlist"] is None
    seen = {"If-Match": empty.headers["ETag"]}
    body = {"playlist": "autumn"}
    assert api.call("PUT", "/bases/store/lille/main", json=body, headers=seen).status_code == 200
    late = api.call("PUT", "/bases/store/lille/main", json={"playlist": "winter"}, headers=seen)
    assert late.status_code == 412
    assert api.get("/bases/store/lille/main")["playlist"] == "autumn"
