"""How often who may ask: known devices by themselves, strangers by address, people by failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from playlists.credentials import sign_proof
from server.db.models import DeviceRow
from server.services.base.actors import ALL_SCOPES, SYSTEM
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish
from server.services.entry import people
from server.services.entry.limits import origin
from server.services.screens import devices
from tests.server.api.programs import Api, token_for
from tests.support.http_player import API, HttpPlayer
from tests.support.record import TestClock
from tests.support.small_shop import Shop


@pytest.fixture
def ctx(ctx: Context) -> Context:
    """Limits so low that tests reach them."""
    settings = ctx.settings
    settings.device_per_minute, settings.stranger_per_minute = 6, 4
    settings.poll_per_minute, settings.failures_per_minute = 4, 4
    settings.codes_per_minute = 3
    return ctx


def too_many(client: FlaskClient, method: str, path: str, **options: object) -> int:
    """How many requests were served before one was too many, which says when to come again."""
    for served in range(30):
        answer = client.open(path, method=method, **options)  # type: ignore[arg-type]
        if answer.status_code == 429:
            assert answer.content_type == "application/problem+json"
            assert answer.json["code"] == "too_many"
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
            return served
    raise AssertionError("never too many")


def signed(ctx: Context, player: HttpPlayer) -> dict[str, str]:
    """The player's answer to a nonce that it has from before."""
    nonce = devices.session_nonce(ctx, player.screen)
    sig = sign_proof(player.key, nonce, player.screen)
    return {"screen": player.screen, "nonce": nonce, "sig": sig}


def test_a_device_that_asks_without_end_waits_and_no_other_does(
    ctx: Context, client: FlaskClient, shop: Shop, clock: TestClock
) -> None:
    loud, calm = (HttpPlayer(client).pair(ctx, name) for name in ("lille-window", "prado-window"))
    assert too_many(client, "POST", f"{API}/sessions", json={"screen": loud.screen}) == 4
    assert client.post(f"{API}/sessions/prove", json=signed(ctx, loud)).status_code == 429
    clock.advance(1)
    assert calm.prove().status_code == 200
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61), tick=False):
        assert loud.prove().status_code == 200


def test_a_fleet_behind_one_address_comes_back_at_once(
    ctx: Context, client: FlaskClient, shop: Shop
) -> None:
    """Ten times as many as an address may ask for as a stranger, and one guesses among them."""
    names = [f"lille-{number}" for number in range(40)]
    fleet = []
    for name in names:
        places.create_screen(ctx, SYSTEM, ScreenWish(name, "lille"), name)
        player = HttpPlayer(client)
        player.screen = name
        fleet.append(player)
    with ctx.db.write() as session:
        for player in fleet:
            key = player.key.public
            session.add(
                DeviceRow(screen_id=player.screen, public_key=key, name="", caps={}, paired_at=0)
            )
    assert too_many(client, "POST", f"{API}/sessions", json={"screen": "nobody"}) == 4
    assert {player.prove().status_code for player in fleet} == {200}


def test_devices_nobody_knows_are_counted_by_address(client: FlaskClient) -> None:
    for number in range(4):
        asked = {"json": {"screen": f"guess-{number}"}}
        assert client.post(f"{API}/sessions", **asked).status_code == 200
    assert client.post(f"{API}/sessions", json={"screen": "guess-5"}).status_code == 429
    other = {"REMOTE_ADDR": "192.0.2.9"}
    again = client.post(f"{API}/sessions", json={"screen": "guess-5"}, environ_base=other)
    assert again.status_code == 200


def test_codes_are_not_given_without_end(client: FlaskClient) -> None:
    body = {"device_key": HttpPlayer(client).key.x, "name": "Pi", "size": [1, 1], "caps": {}}
    assert too_many(client, "POST", f"{API}/pairings", json=body) == 4


def test_a_device_asks_in_vain_for_its_screen_only_so_often(client: FlaskClient) -> None:
    mine, other = (HttpPlayer(client).ask_for_code() for _ in range(2))
    path = f"{API}/pairings/{mine['pairing']}"
    good = {"Authorization": f"Bearer {mine['secret']}"}
    bad = {"Authorization": "Bearer guess"}
    assert too_many(client, "GET", path, headers=bad) == 4
    assert too_many(client, "GET", path, headers=good) == 4, "its own, whoever else guesses"
    assert HttpPlayer(client).poll(other).status_code == 202


def test_bad_tokens_are_counted_and_good_ones_come_in_all_the_same(app: Flask, api: Api) -> None:
    bad = {"Authorization": "Bearer ens_guess"}
    assert too_many(app.test_client(), "GET", "/api/v1/stores", headers=bad) == 4
    assert api.call("GET", "/stores").status_code == 200


def test_a_link_that_is_not_good_is_counted_and_the_good_one_comes_in(
    app: Flask, ctx: Context
) -> None:
    client = app.test_client()
    statuses = [client.post("/start/guess").status_code for _ in range(6)]
    assert statuses == [410] * 4 + [429] * 2
    late = client.post("/start/guess", headers={"Accept-Language": "en"})
    assert "Ask again in" in late.text
    assert int(late.headers["Retry-After"]) <= 60
    good = people.owner_link(ctx).removeprefix(ctx.settings.url)
    assert client.post(good).status_code == 303


def test_who_types_wrong_codes_may_not_try_the_right_one_at_once(
    app: Flask, ctx: Context, api: Api, shop: Shop
) -> None:
    given = HttpPlayer(app.test_client()).ask_for_code()
    body = {"code": "222-222", "screen": "lille-window"}
    for _ in range(3):
        assert api.call("POST", "/pairings", json=body).status_code == 404
    right = body | {"code": given["code"]}
    assert api.call("POST", "/pairings", json=right).status_code == 429
    colleague = token_for(app, ALL_SCOPES)
    assert colleague.call("POST", "/pairings", json=right).status_code == 201


def test_a_fleet_that_comes_back_leaves_room_for_people(
    app: Flask, ctx: Context, api: Api, client: FlaskClient, shop: Shop
) -> None:
    """All places for players are taken: they are asked to come again, each at its own time."""
    room = app.extensions["enseigne.room"]
    player = HttpPlayer(app.test_client()).pair(ctx, "lille-window")
    held = 0
    while room.acquire(blocking=False):
        held += 1
    assert held == ctx.settings.players_at_once, "those before gave theirs back"
    ctx.settings.stranger_per_minute = 1_000
    asked = [player.client.post(f"{API}/sessions", json={"screen": "x"}) for _ in range(40)]
    assert {answer.status_code for answer in asked} == {429}
    assert len({answer.headers["Retry-After"] for answer in asked}) > 3
    assert player.get("keys").status_code == 200
    assert api.call("GET", "/stores").status_code == 200
    for _ in range(held):
        room.release()
    assert player.post("reports", {}).status_code == 422
    assert player.post("reports", player.report_body()).status_code == 200
    assert sum(room.acquire(blocking=False) for _ in range(held + 1)) == held, "faults too"


def test_an_address_is_counted_by_what_its_owner_cannot_choose() -> None:
    assert origin("2001:db8:1:2::1") == origin("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert origin("192.0.2.1") != origin("192.0.2.2")
    assert origin(None) == ""


def test_whoever_finds_the_record_busy_is_told_when_to_ask_again(
    ctx: Context, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctx.db._turns, "_busy_ms", 10)
    with ctx.db.write():  # somebody writes all the while
        answer = api.call("POST", "/stores", json={"name": "Lille", "zone": "Europe/Paris"})
    assert (answer.status_code, answer.json["code"]) == (503, "busy")
    assert int(answer.headers["Retry-After"]) >= 1
    assert api.get("/stores")["items"] == []
