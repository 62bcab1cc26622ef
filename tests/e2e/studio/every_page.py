"""Every page of the studio with an address to look at it: read from the application's own map of
addresses, so that no page is forgotten.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from server.app import create_app
from server.demo.goods import BY_SLUG
from server.services import connectors
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.connectors import ConnectorWish
from server.services.entry import accounts, people, sessions, tokens
from server.services.library import assets
from server.services.wishes import content
from server.web import access
from server.web.carried import WAITING_COOKIE
from server.web.store import SHEETS
from tests.support.programs import READY_WITHIN_S

HOUR_MS = 3_600_000
WEATHER = ConnectorWish("open_meteo", "Météo", enabled=False)
LIST = ConnectorWish("csv", "Liste de prix", {"shop": "liste"}, enabled=False)
LISTED = "Code;Nom;Prix TTC;Promo\nA1;Gourde;24,90;\nA2;Lampe;gratuit;\nA3;Sac;119,90;89,90\n"
RAIN = "rain-lille"
EDITOR = f"/playlists/{RAIN}"
OPENED = {
    "playlist-parts.panel": (EDITOR, "#turns [data-open]"),
    "playlist-goods.choose": (EDITOR, "#turns [data-open]", "#panel [data-goods]"),
    "playlist-parts.menu": (EDITOR, "#turns .ph"),
    "playlist-parts.adding": (EDITOR, "[data-add]"),
    "playlist-parts.stores": (EDITOR, "[data-stores]"),
    "playlist-parts.naming": (EDITOR, "[data-rename]"),
    "releases-room.proof": ("/releases",),
}
"""Parts of pages, each with its page and the clicks that open it there."""
REFUSED = {
    "single.leave",
    "single.back",
    "promotions-room.picture",
    "rehearsing-room.pictures",
    "evidence.show",
    "evidence.download",
    "screen_device.picture",
    "screen_device.logs",
}
"""Pages that say no here: no identity provider is set up, the shop sends no pictures, a copy of
what is on air changes none, there is no evidence of no screen, and no picture of one.
"""
FRONT = {"doors", "signing_in", "single"}
"""Pages of the front door: they know of no chain."""
ELSEWHERE = (
    "/nothing-of-this-name",
    "/wall?embed=1",
    "/wall?named=nowhere",
    "/playlists?named=-",
    "/sources/new?kind=merchant",
    "/evidence?screen=lille-window",
)
"""Other faces of pages: not found, in a frame, nothing found, of a kind."""


@dataclass(frozen=True)
class Look:
    """A page: its address, the clicks that open a part of it, the status that it answers with."""

    path: str
    opens: tuple[str, ...] = ()
    status: int = 200


@dataclass(frozen=True)
class Samples:
    """What stands for each variable part of an address; the `cookies` of an owner who looks at all
    of it, and who waits for a second factor at the same time.
    """

    values: Mapping[str, Any]
    own: Mapping[str, Mapping[str, Any]]
    cookies: Mapping[str, str]


def samples(ctx: Context) -> Samples:
    """One of each kind of thing in the furnished chain, with a person and open links."""
    rain = content.get_playlist(ctx, SYSTEM, RAIN).value
    came = people.redeem_owner_link(ctx, people.owner_link(ctx).rpartition("/")[2])
    waiting, now = tokens.new_secret(), ctx.clock()
    address = f"zoe.{now}@pluvier.example"
    invited = accounts.invite(ctx, SYSTEM, "Zoé", address, "marketing", None)
    with ctx.db.write() as session:
        until = now + HOUR_MS
        tokens.add(session, waiting, invited.person.id, tokens.SECOND, "password", now, until)
    listed = connectors.create_connector(ctx, SYSTEM, LIST).value.id
    connectors.bring_file(ctx, SYSTEM, listed, [LISTED.encode()])
    values = {
        "screen_id": "lille-window",
        "command": "none",
        "store": "lille",
        "playlist": rain.id,
        "subject": rain.id,
        "item": rain.items[0].id,
        "sku": BY_SLUG["bruine"].sku,
        "phrase": "more",
        "name": rain.id,
        "sha": assets.list_assets(ctx, SYSTEM).items[0].sha,
        "person": invited.person.id,
        "connector": connectors.create_connector(ctx, SYSTEM, WEATHER).value.id,
    }
    own = {
        "doors.at_the_door": {"secret": people.owner_link(ctx).rpartition("/")[2]},
        "doors.static_file": {"name": "studio.css"},
        "source_files.show": {"connector": listed},
        "signing_in.joining": {"secret": invited.link.rpartition("/")[2]},
    }
    return Samples(values, own, _sealed(ctx, came.secret, waiting))


def _sealed(ctx: Context, session: str, waiting: str = "") -> dict[str, str]:
    kept = {sessions.COOKIE: session, WAITING_COOKIE: waiting}
    return {name: sessions.seal(ctx, secret) for name, secret in kept.items() if secret}


def newcomer(ctx: Context) -> dict[str, str]:
    """The cookies of an owner who came in through the link, and did nothing yet."""
    came = people.redeem_owner_link(ctx, people.owner_link(ctx).rpartition("/")[2])
    return _sealed(ctx, came.secret)


def bare_pages(ctx: Context, cookies: Mapping[str, str]) -> list[Look]:
    """Every page that takes no argument, as an empty chain shows it."""
    app, client = _client(ctx, cookies)
    rules = (
        rule
        for rule in app.url_map.iter_rules()
        if _is_page(app, rule)
        and not rule.arguments
        and rule.endpoint.partition(".")[0] not in FRONT
    )
    looks = (_look(client, rule, rule.rule) for rule in rules)
    return [look for look in looks if look is not None]


def begun_pages(ctx: Context, cookies: Mapping[str, str]) -> list[Look]:
    """What is to be seen of a store in which no screen hangs, and of a playlist that shows nothing,
    once they are there: they are begun now.
    """
    places.create_store(ctx, SYSTEM, StoreWish("Lille", "Europe/Paris"), "lille")
    editor = _poster(_client(ctx, cookies)[1])("/playlists", name="Window")
    store, add = "/store/lille", ("[data-add]",)
    paths = ("/wall", "/places/lille", "/situation", "/quarantine", "/calendar/new", "/pair")
    paths = (*paths, "/promotions/goods")
    sheets = (store, *(f"{store}/{sheet}" for sheet in SHEETS), f"{editor}/history", editor)
    kinds = ("price", "image", "playlist")
    parts = [Look(editor, (*add, f"#menu [data-kind={kind}]")) for kind in kinds]
    return [*(Look(path) for path in (*paths, *sheets)), *parts]


def every_page(ctx: Context, given: Samples) -> list[Look]:
    """Every page that a GET answers with, those of the front door too."""
    app, client = _client(ctx, given.cookies)
    given = replace(given, own={**given.own, **_begun(client, given)})
    found = [
        look
        for rule in app.url_map.iter_rules()
        if _is_page(app, rule)
        for path in _paths(app, rule, given)
        if (look := _look(client, rule, path)) is not None
    ]
    return [*found, *(Look(path, status=client.get(path).status_code) for path in ELSEWHERE)]


def _client(ctx: Context, cookies: Mapping[str, str]) -> tuple[Flask, FlaskClient]:
    app = create_app(ctx)
    client = app.test_client()
    for name, value in cookies.items():
        client.set_cookie(name, value)
    return app, client


def _poster(client: FlaskClient) -> Callable[..., str]:
    """Sends a form as a person does; says where it leads."""
    word = re.search(r'data-csrf="(\w+)"', client.get("/wall").text)
    assert word is not None

    def post(path: str, **form: str) -> str:
        answer = client.post(path, data={"csrf": word[1], **form})
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"])

    return post


def _begun(client: FlaskClient, given: Samples) -> dict[str, dict[str, Any]]:
    """A promotion, a rehearsal, a release and a recall, begun as a person does."""
    post = _poster(client)
    promotion = post("/promotions", sku=given.values["sku"])
    copy = post(f"/calendar/campaigns/{RAIN}/copy").rpartition("/")[2]
    rehearsal = post("/rehearse", draft=f"campaign:{copy}")
    deadline = time.monotonic() + READY_WITHIN_S
    while f"{rehearsal}/publish" not in client.get(rehearsal).text:
        assert time.monotonic() < deadline, "the rehearsal comes to no end"
    release = post(f"{rehearsal}/publish", where="all", when="now").rpartition("#")[2]
    recall = post("/recalls", sku=given.values["sku"]).rpartition("/")[2]
    rehearsed = rehearsal.rpartition("/")[2]
    return {
        "promotion-editor.show": {"subject": promotion.rpartition("/")[2]},
        "rehearsing-room.show": {"name": rehearsed},
        "rehearsing-room.pictures": {"name": rehearsed, "number": 0},
        "releases-room.proof": {"name": release},
        "recalled.show": {"recall": recall},
    }


def _is_page(app: Flask, rule: Rule) -> bool:
    """Blueprints of `studio(...)` are made in one place, which is how they are known."""
    blueprint = app.blueprints.get(rule.endpoint.partition(".")[0])
    asked = rule.methods is not None and "GET" in rule.methods and not rule.rule.endswith(".ics")
    return asked and blueprint is not None and blueprint.import_name == access.__name__


def _paths(app: Flask, rule: Rule, given: Samples) -> Iterator[str]:
    known = {**given.values, **given.own.get(rule.endpoint, {})}
    one_of = {
        name: getattr(converter, "items", None) for name, converter in rule._converters.items()
    }
    choices = next(((name, items) for name, items in one_of.items() if items), ("", [""]))
    lacking = rule.arguments - known.keys() - {choices[0]}
    assert not lacking, f"give samples() a value of {lacking} for {rule.rule}"
    with app.test_request_context():
        for choice in choices[1]:
            built = rule.build({**{name: known.get(name, choice) for name in rule.arguments}})
            assert built is not None
            yield built[1]


def _look(client: FlaskClient, rule: Rule, path: str) -> Look | None:
    """None for what is no page: data, a file, a way on to another page."""
    answer = client.get(path)
    if answer.status_code in range(300, 400) or answer.mimetype != "text/html":
        return None
    status = answer.status_code
    assert status == 200 or rule.endpoint in REFUSED, f"{path} answers {status}: no good sample"
    if "<html" in answer.text:
        return Look(path, status=status)
    assert rule.endpoint in OPENED, f"say in OPENED what opens {rule.rule}"
    host, *clicks = OPENED[rule.endpoint]
    return Look(host, tuple(clicks))
