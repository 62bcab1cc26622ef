"""Over the API: rehearse drafts, bring them on air somewhere first or later, take them back."""

from __future__ import annotations

from flask import Flask

from server.services.base.actors import ALL_SCOPES, SYSTEM
from server.services.drafting import drafts
from tests.server.api.chain import furnish
from tests.server.api.programs import Api, token_for
from tests.support.record import START_MS
from tests.support.shops import Watched

DRAFT = {"drafts": [{"kind": "playlist", "id": "lille-autumn"}]}


def write(app: Flask) -> None:
    op = {"op": "set", "path": "items/a/content/card/texts/headline/fr", "value": "Bonsoir"}
    drafts.edit(app.extensions["enseigne"], SYSTEM, "playlist", "lille-autumn", [op])


def test_from_a_rehearsal_to_everywhere_and_back(app: Flask) -> None:
    api: Api = token_for(app, ALL_SCOPES)
    furnish(api, "lille")
    Watched(app.extensions["enseigne"]).publish()
    write(app)
    asked = api.call("POST", "/rehearsals", json=DRAFT).json
    found = api.get(f"/rehearsals/{asked['id']}")
    assert found["state"] == "done"
    assert (found["found"]["screens"], found["found"]["changed"]) == (1, 1)
    tried = api.make("/releases", **DRAFT, stores=["lille"], rehearsal=asked["id"])
    assert tried["state"] == "pilot"
    assert api.get("/playlists/lille-autumn")["version"] == 1
    path = f"/releases/{tried['id']}"
    done = api.call("PATCH", path, json={"to": "all"})
    assert (done.status_code, done.json["state"]) == (200, "done")
    assert api.get("/playlists/lille-autumn")["version"] == 2
    proof = api.get(f"{path}/proof")
    assert (proof["screens"], proof["waiting"]) == (1, 1)
    assert api.call("PATCH", path, json={"to": "back"}).json["state"] == "back"
    assert api.get("/playlists/lille-autumn")["version"] == 3
    assert api.call("PATCH", path, json={"to": "back"}).status_code == 409
    assert [one["state"] for one in api.get("/releases")["items"]] == ["back"]


def test_at_a_time_and_cancelled(app: Flask) -> None:
    api: Api = token_for(app, ALL_SCOPES)
    furnish(api, "lille")
    write(app)
    waits = api.make("/releases", **DRAFT, at=START_MS + 3_600_000)
    assert (waits["state"], waits["next_at"]) == ("waiting", START_MS + 3_600_000)
    path = f"/releases/{waits['id']}"
    assert api.call("PATCH", path, json={"to": "back"}).json["state"] == "cancelled"
    local = api.make("/releases", **DRAFT, local="2026-10-16T06:00")
    assert local["local"] == "2026-10-16T06:00"
    for wrong in ({"at": 5}, {"local": "soon"}, {"stores": []}, {"stores": ["nowhere"]}):
        answer = api.call("POST", "/releases", json={**DRAFT, **wrong})
        assert answer.status_code == 422, answer.text
