"""People and devices over the API: pairing by code, holding, revoking, watching."""

from __future__ import annotations

from flask import Flask

from server.db.models import DeviceRow
from server.services.base.actors import ALL_SCOPES
from server.services.base.context import Context
from server.services.screens import commands, devices
from server.services.screens.devices import Viewer
from tests.server.api.programs import Api, token_for
from tests.support.http_player import HttpPlayer
from tests.support.small_shop import Shop


def owner(app: Flask) -> Api:
    """Someone with every right."""
    return token_for(app, ALL_SCOPES)


def test_a_person_pairs_the_device_whose_code_she_reads(
    ctx: Context, app: Flask, shop: Shop
) -> None:
    api, player = owner(app), HttpPlayer(app.test_client())
    given = player.ask_for_code()
    assert api.get(f"/pairings?code={given['code']}")["width"] == 1080
    body = {"code": given["code"], "screen": "lille-window"}
    headers = {"Idempotency-Key": "once"}
    for _ in range(2):
        made = api.call("POST", "/pairings", json=body, headers=headers)
        assert made.status_code == 201, made.text
        assert made.json["fingerprint"] == given["fingerprint"]
    assert player.poll(given).json["screen"] == "lille-window"
    device = api.get("/screens/lille-window/device")
    assert (device["name"], device["held"], device["caps"]) == ("Pi", "", {"video": 1})
    gone = api.call("GET", f"/pairings?code={given['code']}")
    assert gone.status_code == 404


def test_a_pairing_that_fails_leaves_no_screen_behind(app: Flask, shop: Shop) -> None:
    api = owner(app)
    body = {"code": "CCC-CCC", "store": "lille", "name": "Nobody"}
    answer = api.call("POST", "/pairings", json=body, headers={"Idempotency-Key": "once"})
    assert (answer.status_code, answer.json["field"]) == (404, "code")
    assert "Nobody" not in api.call("GET", "/screens").text


def test_a_held_device_is_released_and_a_revoked_one_is_out(
    ctx: Context, app: Flask, lille: HttpPlayer
) -> None:
    api = owner(app)
    devices.hold(ctx, "lille-window")
    assert api.get("/screens/lille-window/device/hold") == {"reason": "cloned_key"}
    assert lille.post("reports", lille.report_body()).status_code == 403
    assert api.call("DELETE", "/screens/lille-window/device/hold").status_code == 204
    assert lille.post("reports", lille.report_body()).status_code == 200
    assert api.call("DELETE", "/screens/lille-window/device").status_code == 204
    assert lille.post("reports", lille.report_body()).status_code == 401
    assert api.call("GET", "/screens/lille-window/device").status_code == 404


def test_a_page_gets_leave_to_follow_the_screens_that_its_reader_sees(
    app: Flask, lille: HttpPlayer
) -> None:
    lille.converge()
    page = HttpPlayer(app.test_client())
    page.token = token_for(app, ["read"], ["lille"]).get("/watch")["token"]
    assert page.get(f"objects/{lille.manifest}").status_code == 200
    page.token = token_for(app, ["read"], ["prado"]).get("/watch")["token"]
    assert page.get(f"objects/{lille.manifest}").status_code == 404
    nobody = owner(app).call("GET", "/watch?screens=nothing")
    assert nobody.status_code == 404


def test_the_files_of_commands_are_had_by_whom_they_are_for(
    ctx: Context, app: Flask, shop: Shop
) -> None:
    with ctx.db.write() as session:
        key = {"public_key": b"k" * 32, "name": "Pi", "paired_at": 1}
        session.add(DeviceRow(screen_id="lille-window", caps={"agent": True}, **key))
    api, path = owner(app), "/screens/lille-window/commands"
    files = {
        "screenshot": (b"\xff\xd8\xffpicture", "image/jpeg"),
        "logs": (b"\x1f\x8b", "application/gzip"),
    }
    reader = token_for(app, frozenset({"read"}))
    stranger = token_for(app, ALL_SCOPES, ["prado"])
    for kind, (data, mime) in files.items():
        headers = {"Idempotency-Key": kind}
        made = api.call("POST", path, json={"kind": kind}, headers=headers).json
        file = f"{path}/{made['id']}/file"
        assert api.call("GET", file).status_code == 404
        commands.take_file(ctx, Viewer(("lille-window",), "d" * 16), made["id"], data)
        answer = api.call("GET", file)
        assert (answer.status_code, answer.data, answer.mimetype) == (200, data, mime)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert reader.call("GET", file).status_code == (200 if kind == "screenshot" else 403)
        assert stranger.call("GET", file).status_code == 404
