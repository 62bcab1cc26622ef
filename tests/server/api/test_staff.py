"""Programs look after people: invite, change, let go, and read who changed what."""

from __future__ import annotations

from flask import Flask

from server.services.entry import people, signing_in
from server.services.entry.tokens import SignedIn
from tests.server.api.programs import Api
from tests.server.services.entry.crew import PASSWORD

AWA = {"name": "Awa", "email": "awa@pluvier.example", "role": "manager", "stores": ["lille"]}


def come_in(app: Flask, link: str) -> SignedIn:
    """Follow a link to join."""
    ctx = app.extensions["enseigne"]
    came = signing_in.join(ctx, link.rpartition("/")[2], PASSWORD, "Firefox")
    assert isinstance(came, SignedIn)
    return came


def test_from_invitation_to_farewell(any_app: Flask, any_api: Api) -> None:
    api = any_api
    api.make("/stores", id="lille", name="Lille", zone="Europe/Paris")
    invited = api.make("/people", **AWA)
    person = f"/people/{invited['id']}"
    assert (invited["joined"], invited["stores"]) == (False, ["lille"])
    come_in(any_app, invited["link"])
    assert api.get(person)["joined"]
    assert [one["name"] for one in api.get(f"{person}/sessions")["items"]] == ["Firefox"]
    changed = api.call("PATCH", person, json={"role": "viewer"})
    assert (changed.json["role"], changed.json["stores"]) == ("viewer", None)
    assert api.call("DELETE", f"{person}/sessions").status_code == 204
    assert api.get(f"{person}/sessions")["items"] == []
    assert api.call("DELETE", person).status_code == 204
    assert api.get(person)["left_at"] is not None
    lines = api.get(f"/audit?subject=actor:{invited['id']}")["items"]
    assert [one["action"] for one in lines] == [
        "people.dismiss",
        "session.end",
        "people.change",
        "people.sign_in",
        "people.invite",
    ]
    assert lines[2]["before"] == {"role": "manager", "stores": ["lille"]}


def test_what_is_refused_is_told_by_its_field(app: Flask, api: Api) -> None:
    api.make("/stores", id="lille", name="Lille", zone="Europe/Paris")
    api.make("/people", **AWA)
    for wrong, status, field in (
        ({"email": "awa@pluvier.example"}, 409, "email"),
        ({"email": "nobody"}, 422, "email"),
        ({"email": "x@y", "stores": ["moon"]}, 404, "stores"),
        ({"email": "x@y", "stores": None}, 422, "stores"),
        ({"email": "x@y", "role": "boss"}, 422, "role"),
    ):
        answer = api.call("POST", "/people", json={**AWA, **wrong})
        assert (answer.status_code, answer.json["field"]) == (status, field), answer.text


def test_a_session_of_a_role_has_the_roles_rights_over_the_api(app: Flask, api: Api) -> None:
    api.make("/stores", id="lille", name="Lille", zone="Europe/Paris")
    came = come_in(app, api.make("/people", **AWA)["link"])
    actor = people.actor_of_session(app.extensions["enseigne"], came.secret)
    assert (sorted(actor.scopes), actor.stores) == (["emergency", "override", "read"], {"lille"})
