"""Shops' programming interfaces: tokens that expire, limits that pass, pages to their end."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from server.connectors import http, vendor
from server.ports import PermanentError, TemporaryError
from tests.server.connectors.conftest import LIMITS
from tests.server.connectors.peers import Reply, peer

TOKEN = vendor.bearer("s3cret")


def test_json_is_asked_with_a_token_and_read_to_the_cent() -> None:
    with peer(Reply(body=b'{"price": 29.90}', headers={"X-Left": "39"})) as shop:
        said = vendor.ask(f"{shop.url}/a?b=1", LIMITS, TOKEN, {"page": 2})
        assert said.value == {"price": Decimal("29.90")}
        assert said.headers["x-left"] == "39"
        (path, headers) = shop.asked[0]
        assert (path, headers["authorization"]) == ("/a?b=1&page=2", "Bearer s3cret")


def test_a_body_is_sent_as_json() -> None:
    with peer(Reply(body=b"[]")) as shop:
        assert vendor.ask(shop.url, LIMITS, TOKEN, body={"query": "é"}).value == []
        assert shop.posted == [b'{"query": "\\u00e9"}']


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_is_said_with_what_to_do(status: int) -> None:
    with peer(Reply(status)) as shop, pytest.raises(PermanentError, match="expired") as refused:
        vendor.ask(f"{shop.url}/?key=s3cret", LIMITS, TOKEN)
    assert "save it here" in str(refused.value)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    "body", [b"<html>Maintenance", b'{"a": [1, 2', b"", b'{"a": NaN}', b"[" * 100_000]
)
def test_what_is_no_json_may_pass(body: bytes) -> None:
    with peer(Reply(body=body)) as shop, pytest.raises(TemporaryError):
        vendor.ask(shop.url, LIMITS)


def limited(times: int, after: str) -> Iterator[Reply]:
    for _ in range(times):
        yield Reply(429, headers={"Retry-After": after})
    while True:
        yield Reply(body=b"1")


def test_a_limit_that_ends_soon_is_waited_out() -> None:
    waited: list[float] = []
    replies = limited(2, "3")
    with peer(lambda _path, _headers: next(replies)) as shop:
        assert vendor.patiently(lambda: vendor.ask(shop.url, LIMITS), waited.append).value == 1
    assert waited == [3.0, 3.0]


@pytest.mark.parametrize(("times", "after"), [(1, "3600"), (99, "0"), (99, "11"), (1, "")])
def test_a_limit_that_does_not_end_is_an_error(times: int, after: str) -> None:
    replies = limited(times, after)
    with peer(lambda _path, _headers: next(replies)) as shop, pytest.raises(TemporaryError) as told:
        vendor.patiently(lambda: vendor.ask(shop.url, LIMITS), lambda _seconds: None)
    assert told.value.retry_after_s == (float(after) if after else None)
    assert len(shop.asked) <= vendor.MAX_TRIES


def test_a_listing_is_read_to_its_end_and_nowhere_else() -> None:
    def pages(path: str, _headers: dict[str, str]) -> Reply:
        number = int(path.rpartition("=")[2])
        last = f'<{shop.url}/list?page={number + 1}>; rel="next", </list?page=1>; rel="prev"'
        return Reply(body=str(number).encode(), headers={"Link": last} if number < 3 else {})

    with peer(pages) as shop:
        said = vendor.linked_pages(f"{shop.url}/list", LIMITS, TOKEN, {"page": 1})
        assert [one.value for one in said] == [1, 2, 3]
        assert all(headers["authorization"] == "Bearer s3cret" for _, headers in shop.asked)
    elsewhere = Reply(body=b"1", headers={"Link": '<https://elsewhere.example/2>; rel="next"'})
    with peer(elsewhere) as shop, pytest.raises(PermanentError, match="another place"):
        list(vendor.linked_pages(shop.url, LIMITS, TOKEN))


def test_a_token_does_not_follow_to_another_place() -> None:
    with peer(Reply(body=b"1")) as other:
        moved = Reply(302, headers={"Location": f"{other.url}/here"})
        with peer(moved) as shop, http.get(shop.url, LIMITS, headers=TOKEN):
            assert "authorization" in shop.asked[0][1]
        assert "authorization" not in other.asked[0][1]


def test_names_and_passwords_are_encoded() -> None:
    assert vendor.basic("ck", "cs") == {"Authorization": "Basic Y2s6Y3M="}


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        (" shop.example ", "https://shop.example"),
        ("https://shop.example/fr/wp-admin/admin.php?page=wc-settings", "https://shop.example/fr"),
        ("https://shop.example:8443/api/products?ws_key=x#top", "https://shop.example:8443"),
        ("http://shop.example/apiculture/", "http://shop.example/apiculture"),
    ],
)
def test_a_shops_address_is_taken_as_people_paste_it(pasted: str, address: str) -> None:
    assert vendor.shop_address(pasted, "wp-admin|api") == address


@pytest.mark.parametrize("pasted", ["the shop", "", "ftp://shop.example", "user:pw@shop.example"])
def test_what_is_no_address_is_none(pasted: str) -> None:
    with pytest.raises(ValueError, match="address"):
        vendor.shop_address(pasted, "api")
