"""Coming in: the owner's one-time link, the cookie and its word against forgeries, tokens."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.errors import Unauthenticated
from server.services.base.actors import ALL_SCOPES
from server.services.base.context import Context
from server.services.entry import people, sessions, tokens
from tests.server.api.programs import Api, token_for
from tests.support.record import TestClock

STORE = {"name": "Lille", "zone": "Europe/Paris"}


@pytest.fixture
def owner(app: Flask, ctx: Context) -> FlaskClient:
    """A browser whose person came in through the owner's link."""
    link = people.owner_link(ctx)
    signed_in = people.redeem_owner_link(ctx, link.rpartition("/")[2])
    client = app.test_client()
    client.set_cookie(sessions.COOKIE, sessions.seal(ctx, signed_in.secret))
    return client


def test_the_cookie_signs_in_and_its_word_allows_changes(owner: FlaskClient) -> None:
    me = owner.get("/api/v1/session").json
    assert me["actor"] == "owner"
    assert set(me["scopes"]) == ALL_SCOPES
    word = {sessions.CSRF_HEADER: me["csrf"]}
    assert owner.post("/api/v1/stores", json=STORE, headers=word).status_code == 201


@pytest.mark.parametrize("word", ["", "0" * 64, "ë"])
def test_without_its_word_another_sites_form_changes_nothing(owner: FlaskClient, word: str) -> None:
    headers = {sessions.CSRF_HEADER: word} if word else {}
    answer = owner.post("/api/v1/stores", json=STORE, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (403, "csrf")
    assert owner.get("/api/v1/stores").json["items"] == []


def test_a_request_without_a_body_is_enough_from_a_program_and_not_from_a_browser(
    owner: FlaskClient, api: Api
) -> None:
    asked = "/connectors/nobody/asked"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api.call("POST", asked).status_code == 404
    assert api.call("POST", asked, headers={"Content-Type": "application/json"}).status_code == 404
    assert api.call("POST", asked, data=b"a=b", headers=form).status_code == 415
    assert api.call("POST", "/stores").status_code == 415
    assert owner.post(f"/api/v1{asked}").status_code == 403
    word = {sessions.CSRF_HEADER: owner.get("/api/v1/session").json["csrf"]}
    assert owner.post(f"/api/v1{asked}", headers={**word, **form}).status_code == 415
    assert owner.post(f"/api/v1{asked}", headers=word, json={}).status_code == 404


def test_a_cookie_that_we_did_not_sign_is_nobodys(app: Flask, ctx: Context) -> None:
    client = app.test_client()
    for cookie in ("x", "x.y", "", sessions.seal(ctx, "unknown")):
        client.set_cookie(sessions.COOKIE, cookie)
        assert client.get("/api/v1/session").status_code == 401


def test_signing_out_ends_the_session_on_the_server(owner: FlaskClient) -> None:
    word = {sessions.CSRF_HEADER: owner.get("/api/v1/session").json["csrf"]}
    assert owner.delete("/api/v1/session", headers=word).status_code == 204
    assert owner.get("/api/v1/session").status_code == 401


def test_a_session_ends_by_itself(owner: FlaskClient, clock: TestClock) -> None:
    clock.advance(tokens.SESSION_LIFE_MS - 1)
    assert owner.get("/api/v1/session").status_code == 200
    clock.advance(1)
    assert owner.get("/api/v1/session").status_code == 401


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Basic eDp5", "Bearer ens_x", "Bearer a b"]
)
def test_a_token_that_is_not_good(app: Flask, header: str) -> None:
    answer = app.test_client().get("/api/v1/stores", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_neither_a_session_nor_an_owner_link_is_a_token(app: Flask, ctx: Context) -> None:
    link = people.owner_link(ctx).rpartition("/")[2]
    headers = {"Authorization": f"Bearer {link}"}
    assert app.test_client().get("/api/v1/stores", headers=headers).status_code == 401
    session = people.redeem_owner_link(ctx, link).secret
    headers = {"Authorization": f"Bearer {session}"}
    assert app.test_client().get("/api/v1/stores", headers=headers).status_code == 401


def test_a_token_does_what_its_rights_say_and_stops_when_revoked(app: Flask, api: Api) -> None:
    made = api.make("/tokens", name="Reader", scopes=["read"])
    reader = Api(app.test_client(), made["secret"])
    assert reader.get("/stores")["items"] == []
    refused = reader.call("POST", "/stores", json=STORE)
    assert (refused.status_code, "places" in refused.json["title"]) == (403, True)
    assert api.call("DELETE", f"/tokens/{made['id']}").status_code == 204
    assert reader.call("GET", "/stores").status_code == 401


def test_nobody_gives_more_than_they_have(app: Flask, api: Api) -> None:
    api.make("/stores", id="lille", **STORE)
    limited = token_for(app, frozenset({"people", "read"}), ["lille"])
    for body in (
        {"name": "x", "scopes": ["places"], "stores": ["lille"]},
        {"name": "x", "scopes": ["read"]},
    ):
        assert limited.call("POST", "/tokens", json=body).status_code == 403
    limited.make("/tokens", name="x", scopes=["read"], stores=["lille"])


def test_a_secret_is_shown_once_and_kept_nowhere(api: Api, ctx: Context) -> None:
    answer = api.call(
        "POST",
        "/tokens",
        json={"name": "till", "scopes": ["read"]},
        headers={"Idempotency-Key": "k"},
    )
    secret = answer.json["secret"]
    assert secret not in api.call("GET", "/tokens").text
    ctx.db.close()
    kept = (ctx.settings.data_dir / "enseigne.db").read_bytes()
    assert secret.encode() not in kept


def test_the_owner_link_works_once_and_not_for_ever(ctx: Context, clock: TestClock) -> None:
    secret = people.owner_link(ctx).rpartition("/")[2]
    people.redeem_owner_link(ctx, secret)
    with pytest.raises(Unauthenticated, match="used already"):
        people.redeem_owner_link(ctx, secret)
    late = people.owner_link(ctx).rpartition("/")[2]
    clock.advance(ctx.settings.owner_link_life_s * 1000)
    with pytest.raises(Unauthenticated):
        people.redeem_owner_link(ctx, late)
