"""The manager of Lille knows nothing of Marseille and changes nothing there, whatever the route."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from server.api.kit import OPERATIONS
from server.app import create_app
from server.services.base.actors import ALL_SCOPES, SYSTEM
from server.services.base.context import Context
from server.services.drafting import drafts, releases
from server.services.rehearsing import rehearsals
from tests.server.api.chain import HOUR_MS, furnish, message
from tests.server.api.programs import Api, token_for
from tests.support.postgres import Cluster
from tests.support.record import START_MS, make_context

MINE, OTHERS = "lille", "marseille"
SPAN = {"from": START_MS, "until": START_MS + HOUR_MS}
CARD = {"template": "price", "goods": [{"sku": "PLV-09"}]}
ONLY_OTHERS = {"stores": [OTHERS]}
EDITS: dict[str, dict[str, Any]] = {
    "update_store": {"name": "Mine now", "zone": "Europe/Paris"},
    "update_screen": {"name": "Mine now", "store": MINE},
    "update_playlist": {"name": "Mine now", "items": [message("x")]},
    "update_campaign": {"name": "Mine now", "playlist": "lille-autumn", "target": ONLY_OTHERS},
    "update_override": {"store": OTHERS, "kind": "pause", "subject": "x", **SPAN},
    "update_emergency": {"playlist": "lille-autumn", "target": ONLY_OTHERS, **SPAN},
    "update_promotion": {"card": CARD},
    "set_base": {"playlist": "lille-autumn"},
    "describe_asset": {"name": "Mine now"},
    "change_release": {"to": "back"},
    "change_person": {"role": "viewer", "stores": [MINE]},
    "set_display": {"mode": "hours"},
    "set_store_display": {"mode": "hours"},
    "set_fetching": {"kib_s": 500},
}
"""A good body for every operation that edits what its address names."""
ASKS = {"send_command": {"kind": "identify"}}
"""The same of what is asked of the thing that an address names."""
CREATIONS: dict[str, list[dict[str, Any]]] = {
    "create_screen": [{"name": "Spy", "store": OTHERS}],
    "create_campaign": [
        {"name": "Spy", "playlist": "lille-autumn", "target": ONLY_OTHERS},
        {"name": "Spy", "playlist": "lille-autumn", "target": {"screens": ["marseille-window"]}},
        {"name": "Spy", "playlist": "marseille-autumn", "target": {"stores": [MINE]}},
    ],
    "create_override": [
        {"store": OTHERS, "kind": "pause", "subject": "marseille-rain", **SPAN},
        {"store": MINE, "kind": "show", "playlist": "marseille-autumn", **SPAN},
        {"store": MINE, "kind": "pause", "subject": "x", "screens": ["marseille-window"], **SPAN},
    ],
    "create_emergency": [{"playlist": "lille-autumn", "target": ONLY_OTHERS, **SPAN}],
    "create_playlist": [
        {"name": "Spy", "items": [{"id": "a", "content": {"playlist": "marseille-autumn"}}]}
    ],
    "rehearse": [{"drafts": [{"kind": "playlist", "id": "marseille-autumn"}]}],
    "create_release": [
        {"drafts": [{"kind": "playlist", "id": "marseille-autumn"}]},
        {"drafts": [{"kind": "campaign", "id": "lille-rain"}], "stores": [OTHERS]},
    ],
    "create_promotion": [{"playlist": "marseille-autumn", "card": CARD}],
    "create_token": [{"name": "Spy", "scopes": ["read"], "stores": [OTHERS]}],
    "invite_person": [
        {"name": "Spy", "email": "spy@pluvier.example", "role": "viewer", "stores": [OTHERS]}
    ],
    "claim_pairing": [
        {"code": "CCC-CCC", "screen": "marseille-window"},
        {"code": "CCC-CCC", "store": OTHERS, "name": "Spy"},
    ],
    "put_fact": [{"key": f"weather.rain:{OTHERS}", "value": 9}],
    "create_recall": [{"sku": "PLV-01", "stores": [OTHERS]}],
    "settle_price": [{"channel": f"pluvier@{OTHERS}", "sku": "PLV-01", "accept": True}],
}
"""Bodies of creations that would reach into Marseille; each must look as if nothing were there."""
FEED = {"kind": "merchant", "name": "Spy", "config": {"shop": "p", "url": "https://spy.example"}}
CHAIN_ONLY: dict[str, dict[str, Any]] = {
    "create_store": {"json": {"name": "Spy", "zone": "Europe/Paris"}},
    "list_connectors": {},
    "create_connector": {"json": FEED},
    "get_connector": {},
    "update_connector": {"json": FEED},
    "delete_connector": {},
    "try_connector": {},
    "ask_connector": {"json": {}},
    "bring_connector_file": {"data": b"a;b"},
    "look_at_connector_file": {},
    "take_connector_file": {"json": {}},
    "settle_batch": {"json": {"batch": "any", "accept": True}},
    "list_batches": {},
    "metrics": {},
    "list_audit": {},
    "get_chain_fetching": {},
    "set_chain_fetching": {"json": {"kib_s": 500}},
    "clear_chain_fetching": {},
    "get_updates": {},
    "list_rollouts": {},
    "create_rollout": {"json": {"package": "0" * 64}},
    "get_rollout": {},
    "change_rollout": {"json": {"to": "pause"}},
    "list_rollout_screens": {},
}
"""What only the whole chain may do or see: where prices come from concerns every store."""
LISTS = {
    "list_stores": "/stores",
    "list_screens": "/screens",
    "list_tags": "/tags",
    "list_playlists": "/playlists",
    "list_campaigns": "/campaigns",
    "list_overrides": "/overrides",
    "list_emergencies": "/emergencies",
    "list_bases": "/bases",
    "list_promotions": "/promotions",
    "list_releases": "/releases",
    "list_assets": "/assets",
    "list_facts": "/facts",
    "list_offers": "/offers",
    "list_recalls": "/recalls",
    "list_tokens": "/tokens",
    "list_people": "/people",
    "get_session": "/session",
}
ASKED_BY_QUERY = {
    "list_screens": f"/screens?store={OTHERS}",
    "list_overrides": f"/overrides?store={OTHERS}",
    "list_facts": f"/facts?store={OTHERS}",
    "watch_screens": "/watch?screens=marseille-window",
    "look_up_pairing": "/pairings?code=CCC-CCC",
    "list_runs": "/plays?screen=marseille-window",
    "explain_screen": "/explain?screen=marseille-window",
}
OF_NO_STORE = {"live", "ready", "sign_out", "upload_asset"}


def routes() -> list[tuple[str, str, str]]:
    """(operation, method, path template under /api/v1) of every declared operation."""
    from server.config import Settings

    found = []
    app = Flask("routes")
    from server import api

    class Nothing:
        settings = Settings(_env_file=None)  # type: ignore[call-arg]

    api.register(app, Nothing(), {})  # type: ignore[arg-type]
    for rule in app.url_map.iter_rules():
        name = rule.endpoint.rpartition(".")[2]
        if name in OPERATIONS:
            method = next(m for m in rule.methods or () if m not in ("HEAD", "OPTIONS"))
            found.append((name, method, rule.rule.removeprefix("/api/v1")))
    return sorted(found)


NAMED = [route for route in routes() if "<" in route[2] and route[0] not in CHAIN_ONLY]


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """One application over each database for all of this module: nothing here may change what is
    Marseille's.
    """
    url, drop = "", None
    if request.param == "postgres":
        cluster: Cluster = request.getfixturevalue("postgres_cluster")
        drop = cluster.create(request.getfixturevalue("migrated_postgres"))
        url = cluster.url(drop)
    context = make_context(tmp_path_factory.mktemp("boundaries"), url)
    yield create_app(context)
    context.db.close()
    if drop is not None:
        cluster.drop(drop)


@pytest.fixture(scope="module")
def api(app: Flask) -> Api:
    """Someone with every right for the whole chain."""
    return token_for(app, ALL_SCOPES)


@pytest.fixture(scope="module")
def chain(app: Flask, api: Api) -> dict[str, str]:
    """Two furnished stores, a picture and an offer of one; what names Marseille's things."""
    furnish(api, MINE)
    return {**furnish(api, OTHERS), **_world(app, api)}


@pytest.fixture(scope="module")
def lille(app: Flask, chain: dict[str, str]) -> Api:
    """The manager of Lille, with every right there is, in Lille."""
    return token_for(app, ALL_SCOPES, [MINE])


def _world(app: Flask, api: Api) -> dict[str, str]:
    """What the API alone does not make: an offer, a device, and a file that shows in the store."""
    from server.db.models import (
        ChannelRow,
        CommandFileRow,
        CommandRow,
        DeviceRow,
        OfferRow,
        RecallRow,
    )

    context = app.extensions["enseigne"]
    with context.db.write() as session:
        channel = f"pluvier@{OTHERS}"
        session.add(ChannelRow(id=channel, shop="pluvier", store_id=OTHERS, lease_ms=1))
        session.flush()
        window = f"{OTHERS}-window"
        session.add(
            DeviceRow(screen_id=window, public_key=b"k" * 32, name="Pi", caps={}, paired_at=1)
        )
        asked = {"kind": "identify", "arguments": {}, "by": "Ana", "issued_at": 1, "deadline": 2}
        asked |= {"detail": {}, "verdict": {}, "file": "image/jpeg"}
        session.add(CommandRow(id="asked", screen_id=window, jws="", **asked))
        session.flush()
        session.add(CommandFileRow(command_id="asked", data=b"\xff\xd8\xff"))
        offer = {"channel": channel, "sku": "PLV-01", "body": {"k": "PLV-01"}, "version": 1}
        session.add(OfferRow(**offer, suspect="jump"))
        session.add(RecallRow(id="recalled", sku="PLV-01", stores=[OTHERS], at_ms=1, by="system"))
    answer = api.call(
        "POST",
        "/assets?name=secret.png",
        data=png(),
        content_type="application/octet-stream",
    )
    assert answer.status_code == 201, answer.text
    sha = answer.json["sha"]
    card = {"template": "image", "assets": [sha]}
    playlist = {"name": "Autumn", "items": [message("x"), {"id": "b", "content": {"card": card}}]}
    playlist["items"].append({"id": "promo", "content": {"card": CARD}})  # type: ignore[attr-defined]
    made = api.call("PUT", f"/playlists/{OTHERS}-autumn", json=playlist, headers={"If-Match": "*"})
    assert made.status_code == 200, made.text
    return {
        "sha": sha,
        "channel": channel,
        "sku": "PLV-01",
        "recall_id": "recalled",
        "command_id": "asked",
        **_released(context),
    }


def _released(context: Context) -> dict[str, str]:
    """A draft of Marseille's, rehearsed and on trial there; another of Lille's, to be released."""
    subject: list[tuple[drafts.Kind, str]] = [("campaign", f"{OTHERS}-rain")]
    for store in (MINE, OTHERS):
        op = {"op": "set", "path": "priority", "value": 2}
        drafts.edit(context, SYSTEM, "campaign", f"{store}-rain", [op])
    asked = rehearsals.begin(context, SYSTEM, subject)
    rehearsals.run(context, SYSTEM, asked.id)
    made = releases.release(context, SYSTEM, subject, stores=[OTHERS], rehearsal=asked.id)
    return {"rehearsal_id": asked.id, "release_id": made.id}


def png() -> bytes:
    """A small picture."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


def filled(template: str, names: dict[str, str]) -> str:
    """An address with Marseille's names in it."""
    for name, value in names.items():
        template = template.replace(f"<{name}>", value)
    assert "<" not in template, f"the test names nothing for {template}"
    return template


def test_every_operation_is_in_one_of_these_tables() -> None:
    named = {name for name, _, _ in NAMED}
    tables = {*named, *CREATIONS, *CHAIN_ONLY, *LISTS, *ASKED_BY_QUERY, *OF_NO_STORE}
    assert tables == set(OPERATIONS)
    changed = {name for name, method, _ in NAMED if method in ("PUT", "PATCH")}
    assert changed == set(EDITS)


@pytest.mark.parametrize(("name", "method", "template"), NAMED, ids=[r[0] for r in NAMED])
def test_what_is_marseilles_is_not_there_for_lille(
    chain: dict[str, str], api: Api, lille: Api, name: str, method: str, template: str
) -> None:
    path = filled(template, chain)
    before = api.call("GET", path)
    options: dict[str, Any] = {"headers": {"If-Match": "*"}}
    if name in EDITS or name in ASKS:
        options["json"] = {**EDITS, **ASKS}[name]
    answer = lille.call(method, path, **options)
    assert answer.status_code == 404, answer.text
    assert answer.json["code"] == "not_found"
    assert before.status_code == 200, before.text
    assert api.call("GET", path).json == before.json


@pytest.mark.parametrize("name", CREATIONS)
def test_nothing_can_be_made_in_marseille_from_lille(
    chain: dict[str, str], api: Api, lille: Api, name: str
) -> None:
    path = next(template for known, _, template in routes() if known == name)
    for body in CREATIONS[name]:
        answer = lille.call("POST", path, json=body)
        hidden = answer.status_code == 404 or answer.json["code"].startswith("no_such_")
        assert hidden, answer.text
        assert "Spy" not in api.call("GET", path).text


@pytest.mark.parametrize("name", CHAIN_ONLY)
def test_the_chain_alone_opens_stores_and_connects_shops(
    chain: dict[str, str], api: Api, lille: Api, name: str
) -> None:
    method, template = next(rest for known, *rest in routes() if known == name)
    connector = api.make("/connectors", **FEED)["id"] if "<" in template else ""
    path = filled(template, {"connector_id": connector, "rollout_id": "any"})
    answer = lille.call(method, path, headers={"If-Match": "*"}, **CHAIN_ONLY[name])
    assert answer.status_code == 403, answer.text
    if connector:
        assert api.get(f"/connectors/{connector}")["version"] == 1


@pytest.mark.parametrize("name", LISTS)
def test_lists_hold_nothing_of_marseille(lille: Api, api: Api, name: str) -> None:
    answer = lille.call("GET", LISTS[name])
    assert answer.status_code == 200
    assert OTHERS not in answer.text.lower()
    whole = api.call("GET", LISTS[name])
    if name not in ("list_tags", "list_assets", "get_session"):
        assert OTHERS in whole.text.lower(), "the chain's own list proves that there was something"


@pytest.mark.parametrize("name", ASKED_BY_QUERY)
def test_asking_for_marseille_by_name_finds_nothing(lille: Api, name: str) -> None:
    assert lille.call("GET", ASKED_BY_QUERY[name]).status_code == 404


def test_lille_may_do_all_of_this_at_home(api: Api, lille: Api) -> None:
    made = lille.make("/playlists", name="Ours", items=[message("Bonjour")])
    campaign = lille.make("/campaigns", name="Ours", playlist=made["id"], target={"stores": [MINE]})
    lille.make("/overrides", store=MINE, kind="show", playlist=made["id"], **SPAN)
    lille.make("/emergencies", playlist=made["id"], target={"stores": [MINE]}, **SPAN)
    lille.make("/facts", key=f"weather.rain:{MINE}", value=4)
    wider = {"name": "Ours", "playlist": made["id"]}
    answer = lille.call(
        "PUT", f"/campaigns/{campaign['id']}", json=wider, headers={"If-Match": "*"}
    )
    assert (answer.status_code, answer.json["field"]) == (403, "target/stores")


def test_lille_reads_the_chains_campaigns_but_does_not_change_them(api: Api, lille: Api) -> None:
    api.make("/playlists", id="all", name="All", items=[message("Bonjour")])
    api.make("/campaigns", id="all", name="All", playlist="all")
    assert lille.get("/campaigns/all")["name"] == "All"
    assert lille.get("/playlists/all")["name"] == "All"
    for path in ("/campaigns/all", "/playlists/all"):
        assert lille.call("DELETE", path, headers={"If-Match": "*"}).status_code == 403
    body = {"name": "All", "items": [message("Fermé")]}
    answer = lille.call("PUT", "/playlists/all", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 403


@pytest.mark.parametrize(("name", "method", "template"), routes(), ids=[r[0] for r in routes()])
def test_nobody_comes_in_without_a_right(app: Flask, name: str, method: str, template: str) -> None:
    path = f"/api/v1{template}".replace("<", "").replace(">", "")
    body = {"json": {}} if method in ("POST", "PUT", "PATCH") and name != "upload_asset" else {}
    answer = app.test_client().open(path, method=method, **body)
    if OPERATIONS[name].public:
        assert answer.status_code == 200
    else:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.mimetype == "application/problem+json"
