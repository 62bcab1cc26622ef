"""Rollouts of the player over the API, and the packages that devices fetch."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.services.base.context import Context
from server.services.screens import packages
from tests.server.api.programs import Api, token_for
from tests.support.fleet import NEW, OLD, Fleet, paris
from tests.support.record import TestClock


@pytest.fixture
def fleet(ctx: Context, clock: TestClock, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.setattr(packages, "own", lambda: NEW)
    return Fleet(ctx, clock)


def test_a_version_is_rolled_out_paused_and_taken_back(
    fleet: Fleet, app: Flask, api: Api, ctx: Context
) -> None:
    found = api.get("/updates")
    assert (found["own"]["version"], found["behind"], found["current"]) == (NEW.version, 10, None)
    assert found["running"] == [{"version": OLD.version, "screens": 10}]
    made = api.make("/rollouts", package=NEW.sha256, stores=["prado"], wait_s=3_600)
    path = f"/rollouts/{made['id']}"
    assert (made["state"], made["held"], made["wait_s"]) == ("pilots", "", 3_600)
    again = api.call("POST", "/rollouts", json={"package": NEW.sha256})
    assert again.status_code == 409
    assert "under_way" in again.text
    told = api.get(f"{path}/screens")
    assert (told["has"], told["all"], told["more"]) == (0, 10, False)
    first = told["screens"][0]
    assert (first["screen"], first["wave"], first["next_at"]) == (
        *("prado-0", 0),
        paris("2026-10-15T19:30"),
    )
    fleet.at("2026-10-15T20:00")
    assert api.get(path)["state"] == "waiting"
    stale = api.call("PATCH", path, json={"to": "pause"}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    paused: Any = api.call("PATCH", path, json={"to": "pause"}, headers={"If-Match": '"1"'})
    assert (paused.json["held"], paused.headers["ETag"]) == ("paused", '"2"')
    back: Any = api.call("PATCH", path, json={"to": "back"}, headers={"If-Match": "*"}).json
    assert (back["version"], back["back"], back["state"]) == (OLD.version, True, "rest")
    assert [one["state"] for one in api.get("/rollouts")["items"]] == ["rest", "over"]
    manager = token_for(app, frozenset({"read", "devices"}), ["lille"])
    assert manager.call("GET", path).status_code == 403


def test_what_is_asked_wrongly_is_refused_with_its_place(fleet: Fleet, api: Api) -> None:
    def asked(**body: object) -> tuple[int, str]:
        answer: Any = api.call("POST", "/rollouts", json=body)
        return answer.status_code, answer.json.get("field", "")

    assert asked(package="0" * 64) == (422, "package")
    assert asked(package=NEW.sha256, tag="nowhere") == (422, "pilots")
    assert asked(package=NEW.sha256, share_percent=0)[0] == 422
    assert asked(package="x")[0] == 422
    assert api.call("GET", "/rollouts/none").status_code == 404


def test_anybody_fetches_a_package_by_its_hash_whole_or_from_where_a_line_broke(
    fleet: Fleet, client: FlaskClient
) -> None:
    for one in (NEW, OLD):
        whole = client.get(f"/player/packages/{one.sha256}.deb")
        assert hashlib.sha256(whole.data).hexdigest() == one.sha256
        assert "immutable" in whole.headers["Cache-Control"]
        assert whole.headers["ETag"] == f'"{one.sha256}"'
    part = client.get(
        f"/player/packages/{OLD.sha256}.deb",
        headers={"Range": "bytes=4-", "If-Range": f'"{OLD.sha256}"'},
    )
    assert (part.status_code, part.data) == (206, OLD.data[4:])
    assert client.get(f"/player/packages/{'0' * 64}.deb").status_code == 404
    assert client.get("/player/packages/..%2Fx.deb").status_code == 404
