"""A person sends a price list, looks at what it would do, and has it taken."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

from flask import Flask

from server.app import create_app
from server.services.base.actors import ALL_SCOPES
from server.services.base.context import Context
from server.services.connectors import run_due
from server.services.prices import offers
from tests.server.api.programs import Api, token_for
from tests.support.small_shop import Shop

TABLE = "Réf;Nom;Prix TTC\nBAG;Sac;119,90\nTENT;Tente;cheap\nLAMP;Lampe\n".encode("cp1252")
RAW = {"Content-Type": "application/octet-stream"}


def connected(api: Api, **config: object) -> None:
    given = {"shop": "pluvier", **config}
    api.make("/connectors", id="list", kind="csv", name="List", config=given)


def test_a_file_is_looked_at_before_anything_is_taken(ctx: Context, api: Api, shop: Shop) -> None:
    connected(api)
    seen = api.call("POST", "/connectors/list/file", data=TABLE, headers=RAW).json
    assert (seen["waits"], seen["error"]) == (True, "")
    assert (seen["encoding"], seen["delimiter"]) == ("cp1252", ";")
    assert {one["name"]: one["field"] for one in seen["columns"]} == {
        "Réf": "id",
        "Nom": "title",
        "Prix TTC": "price",
    }
    assert seen["columns"][2]["samples"] == ["119,90", "cheap", ""]
    assert (seen["rows"], seen["products"], seen["doubted"]) == (3, 3, 2)
    assert seen["complaints"] == [
        {"line": 3, "sku": "TENT", "why": "price"},
        {"line": 4, "sku": "LAMP", "why": "columns"},
    ]
    assert (seen["samples"][0]["price"], seen["samples"][0]["currency"]) == (11990, "EUR")
    assert [ran.error for ran in run_due(ctx)] == [
        "Say first which column is what, on this source’s page."
    ]
    with ctx.db.read() as session:
        assert offers.known_skus(session, "pluvier") == {"BAG"}, "as before"


def test_what_was_looked_at_is_taken_with_its_columns(ctx: Context, api: Api, shop: Shop) -> None:
    connected(api)
    rows = "".join(f"SKU-{n};Bag {n};{n + 5},90\n" for n in range(30))
    form = {"file": (BytesIO(f"A;B;C\n{rows}".encode()), "list.csv")}
    seen = api.call("POST", "/connectors/list/file", data=form).json
    assert "which column is what" in seen["error"]
    columns = {"A": "id", "B": "title", "C": "price"}
    done = api.call("POST", "/connectors/list/file/taken", json={"columns": columns})
    assert (done.status_code, done.json["waits"], done.json["products"]) == (200, False, 30)
    assert api.get("/connectors/list")["config"]["columns"] == columns
    assert [ran.error for ran in run_due(ctx)] == [""]
    with ctx.db.read() as session:
        assert len(offers.known_skus(session, "pluvier")) == 30
    api.call("POST", "/connectors/list/file", data=b"A;B;Preis\nSKU-1;Bag;5,00\n", headers=RAW)
    refused = api.call("POST", "/connectors/list/file/taken", json={})
    assert (refused.status_code, refused.json["field"]) == (422, "file")
    assert "Missing now: “C”" in refused.json["title"]
    assert "Missing now: “C”" in api.get("/connectors/list/file")["error"]


def test_a_file_that_is_too_long_leaves_nothing_behind(ctx: Context) -> None:
    small = replace(ctx, settings=ctx.settings.model_copy(update={"feed_max_bytes": 2**20}))
    api = token_for(create_app(small), ALL_SCOPES)
    connected(api)
    answer = api.call("POST", "/connectors/list/file", data=b"x" * (2**20 + 1), headers=RAW)
    assert answer.status_code == 413
    assert not list((ctx.settings.data_dir / "feeds").glob("*"))


def test_only_tables_have_files_and_only_uploads_take_them(api: Api) -> None:
    feed = {"shop": "pluvier", "url": "https://shop.example/feed.xml"}
    api.make("/connectors", id="feed", kind="merchant", name="Feed", config=feed)
    assert api.call("POST", "/connectors/feed/file", data=TABLE, headers=RAW).status_code == 404
    connected(api, folder="drop")
    answer = api.call("POST", "/connectors/list/file", data=TABLE, headers=RAW)
    assert (answer.status_code, answer.json["field"]) == (422, "file")
    assert "No folder is watched" in api.get("/connectors/list/file")["error"]


def test_files_go_with_their_connector(ctx: Context, api: Api) -> None:
    connected(api)
    api.call("POST", "/connectors/list/file", data=TABLE, headers=RAW)
    columns = {"Réf": "id", "Prix TTC": "price"}
    assert (
        api.call("POST", "/connectors/list/file/taken", json={"columns": columns}).status_code
        == 200
    )
    api.call("POST", "/connectors/list/file", data=TABLE, headers=RAW)
    assert len(list((ctx.settings.data_dir / "feeds").glob("list.*"))) == 2
    api.call("DELETE", "/connectors/list", headers={"If-Match": "*"})
    assert not list((ctx.settings.data_dir / "feeds").glob("*"))


def test_it_takes_the_right_to_connect(app: Flask, api: Api) -> None:
    connected(api)
    nobody = token_for(app, ALL_SCOPES - {"connectors"})
    for verb in ("GET", "POST"):
        assert nobody.call(verb, "/connectors/list/file").status_code == 403
