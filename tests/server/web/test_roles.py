"""Each role, and nobody, against every route there is: who may is let in, who may not is refused,
and nothing of another store is shown to anybody or changed.

Routes come from the application itself. A new one fails the first two tests until it is said:
1. in MAY, which right it needs; or, if it needs none, in FREE, OWN or SCREENS, who asks there;
2. in `named`, what each of its parameters is called in a store, so that it is asked for what is
   foreign; or in OF_NO_STORE, that it names nothing of a store.
What the API's bodies name is in tests/server/api/test_boundaries.py; the sockets are in
tests/server/door/test_foreign.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from server.app import create_app
from server.db.models import AccountRow, ActorRow, AuditRow, RecallRow, ScreenHeadRow
from server.services.base.actors import ALL_SCOPES, SYSTEM, Scope
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish
from server.services.entry import sessions, tokens
from server.services.entry.roles import OF_STORES, ROLES, Role
from server.services.publishing.publish import Publisher
from tests.server.api import test_boundaries as api_bodies
from tests.server.api.chain import furnish
from tests.server.api.programs import token_for
from tests.support.http_player import HttpPlayer
from tests.support.record import make_context

MINE, OTHERS = "lille", "marseille"
NEAR = [role for role in get_args(Role) if role != "owner"]
ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")
UNSAFE = ANY[1:]
Needs = set[Scope] | tuple[set[Scope], ...]
"""Rights that a route needs, or any of some sets of them."""
TAKES_PRICES_OFF: Needs = ({"prices"}, {"content"}, {"override"})
MAY: list[tuple[tuple[str, ...], str, Needs]] = [
    (ANY, "/api/v1/(batches|settlements)", {"prices"}),
    (ANY, "/api/v1/connectors", {"connectors"}),
    (UNSAFE, "/api/v1/facts", {"connectors"}),
    (ANY, "/api/v1/(tokens|people|audit)|/people|/audit", {"people"}),
    (UNSAFE, "/api/v1/(pairings|screens/<screen_id>/device)", {"devices"}),
    (UNSAFE, "(/api/v1)?/screens/<screen_id>/(commands|device)", ({"devices"}, {"override"})),
    (UNSAFE, "(/api/v1)?/screens/<screen_id>/(display|fetching)", {"devices"}),
    (ANY, "/api/v1/(updates|rollouts)|/updates", {"devices"}),
    (UNSAFE, "/api/v1/(stores/<store_id>/)?fetching", {"devices"}),
    (UNSAFE, "/api/v1/(stores|screens)", {"places"}),
    (UNSAFE, "/api/v1/overrides", {"override"}),
    (UNSAFE, "/api/v1/emergencies", {"emergency"}),
    (UNSAFE, "/api/v1/(assets|bases|campaigns|playlists|promotions)", {"content"}),
    (ANY, "/api/v1/(rehearsals|releases)|/releases|/rehears", {"content"}),
    (("DELETE",), "/api/v1/recalls", {"prices"}),
    (("POST",), "/recalls/<recall>/lift", {"prices"}),
    (UNSAFE, "/api/v1/recalls|/recalls", TAKES_PRICES_OFF),
    (("GET",), "/recalls/new", TAKES_PRICES_OFF),
    (("GET",), "/api/v1/|/recalls", {"read"}),
    (ANY, "/pair$", {"devices"}),
    (ANY, "/store/<store>/emergency", {"override", "emergency"}),
    (("POST",), "/store$", {"content"}),
    (ANY, "/store", {"override"}),
    (ANY, "/playlists|/uploads|/calendar|/media|/promotions|/brand", {"content"}),
    (UNSAFE, "/places/base", {"places", "content"}),
    (ANY, "/places", {"places"}),
    (ANY, "/sources", {"connectors"}),
    (("POST",), "/(situation|quarantine)/(answers|batches|prices)", {"prices"}),
    (
        ("GET",),
        "/wall|/screens/|/situation|/quarantine|/evidence|/alignment|/displays-off",
        {"read"},
    ),
]
"""Which rights a route needs: the first line that fits."""
FREE = (
    "/$|/start/|/join/|/sign-in|/signed-out|/sign-out|/language|/studio/|/page/|/screen$"
    "|/phone/|/calendar/feed/|/hooks/|/counts/|/api/v1/(health/|openapi.json)"
)
"""Ways in and out, files that everybody may have, and what brings a secret of its own: calls of
sources, a person's calendar.
"""
OWN = "/me$|/me/|/page-at/|/situation/mail$|/media/<sha>$|/api/v1/session"
"""What everybody who is signed in may ask for, of their own."""
SCREENS: dict[str, int] = {
    "/player/v1/assets/<sha>": 404,
    "/player/v1/objects/<sha>": 404,
    "/player/v1/offers/<channel>": 404,
    "/player/v1/pairings/<pairing_id>": 404,
    "/player/v1/answers": 200,
    "/player/v1/commands/<command_id>/file": 404,
    "/player/v1/hands": 200,
    "/player/v1/plays": 200,
    "/player/v1/reports": 200,
    "/player/v1/time": 422,
    "/player/v1/door": 200,
    "/player/v1/keys": 200,
    "/player/v1/pairings": 405,
    "/player/v1/sessions": 200,
    "/player/v1/sessions/prove": 401,
}
"""What a screen of Lille is answered where it names something of Marseille, or could."""
OF_NO_ROLE = f"{FREE}|{OWN}|/player/"
OF_NO_STORE = {"version", "secret", "number", "way", "sheet", "phrase"}
"""Parameters that name nothing of a store."""
NOT_THERE = {
    "batch",
    "connector",
    "connector_id",
    "upload",
    "pairing_id",
    "person",
    "rollout_id",
    "rollout",
}
"""Parameters of things that this world has none of in Marseille alone: only rights are proven."""


@dataclass(frozen=True)
class World:
    """A furnished chain, somebody of each role with a session, and what names things in Lille and
    in Marseille.
    """

    app: Flask
    sessions: dict[str, str]
    mine: dict[str, str]
    others: dict[str, str]
    player: HttpPlayer

    def ask(self, who: str, rule: Rule, method: str, names: dict[str, str]) -> TestResponse:
        """One request as somebody, with a good body where the API's tests have one."""
        ctx: Context = self.app.extensions["enseigne"]
        client, secret = self.app.test_client(), self.sessions.get(who, "")
        if who:
            client.set_cookie(sessions.COOKIE, sessions.seal(ctx, secret))
        headers = {
            sessions.CSRF_HEADER: sessions.csrf_of(ctx, secret),
            "If-Match": '"999999"' if who in ROLES and may(who, rule, method) else "*",
            "Tus-Resumable": "1.0.0",
            "Upload-Length": "1",
            "Upload-Offset": "0",
        }
        options: dict[str, Any] = {"data": {"channel": names["channel"]}}
        name = rule.endpoint.rpartition(".")[2]
        if method == "PATCH" or name == "upload_asset":
            kind = "offset+octet-stream" if method == "PATCH" else "octet-stream"
            options = {"data": b"x", "content_type": f"application/{kind}"}
        if rule.rule.startswith("/api/") and name != "upload_asset":
            options = {"json": body_of(name)}
        if method in ("GET", "DELETE"):
            options = {}
        return client.open(filled(rule, names), method=method, headers=headers, **options)

    def noted(self, of: str = "") -> int:
        """Lines of the audit log, whose subjects have this in their names."""
        ctx: Context = self.app.extensions["enseigne"]
        with ctx.db.read() as session:
            lines = select(func.count()).where(AuditRow.subject.contains(of))
            return session.scalar(lines) or 0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Over SQLite: what differs between databases is proven elsewhere."""
    ctx = make_context(tmp_path_factory.mktemp("roles"))
    ctx.settings.failures_per_minute = ctx.settings.stranger_per_minute = 1_000_000
    app = create_app(ctx)
    api = token_for(app, ALL_SCOPES)
    mine, others = (named(furnish(api, store), store) for store in (MINE, OTHERS))
    shared = api_bodies._world(app, api)
    mine, others = mine | shared, others | shared
    with ctx.db.write() as session:
        session.add(RecallRow(id="ours", sku="PLV-01", stores=[MINE], at_ms=1, by="system"))
    mine |= {"recall": "ours", "recall_id": "ours"}
    Publisher(ctx, lambda _: None).run_dry()
    places.create_screen(ctx, SYSTEM, ScreenWish("Spy", MINE), "lille-spy")
    player = HttpPlayer(app.test_client()).pair(ctx, "lille-spy")
    yield World(app, come_in(ctx), mine, others, player)
    ctx.db.close()


def come_in(ctx: Context) -> dict[str, str]:
    """A session of each role, of each but the owner's that ends in Lille, and of somebody with
    every right that ends there.
    """
    with ctx.db.write() as session:
        for role in get_args(Role):
            stores = [MINE] if role in OF_STORES else None
            row = ActorRow(id=role, name=role, scopes=[], stores=stores, created_at=1, role=role)
            session.add_all([row, AccountRow(actor_id=role)])
        for role in NEAR:
            near = ActorRow(id=f"{role}-near", name=role, scopes=[], created_at=1, role=role)
            near.stores = [MINE]
            session.add_all([near, AccountRow(actor_id=near.id)])
        every = ActorRow(id="lille", name="lille", scopes=sorted(ALL_SCOPES), created_at=1)
        every.stores = [MINE]
        session.add(every)
        session.flush()
        return {
            who: tokens.begin(session, tokens.actor(session, who), ctx.clock()).secret
            for who in (*get_args(Role), *(f"{role}-near" for role in NEAR), "lille")
        }


def named(names: dict[str, str], store: str) -> dict[str, str]:
    """The API's names, and the studio's own for the same things."""
    playlist = names["playlist_id"]
    more = {"store": store, "playlist": playlist, "subject": playlist, "item": "promo"}
    more |= {
        "recall": "recalled",
        "command": "asked",
        "name": names["campaign_id"],
        "phrase": "when",
        "sheet": "show",
        "hand": names["override_id"],
        "number": "1",
        "way": "undo",
    }
    return {**names, **more, "upload": "x", "person": "owner", "connector_id": "feed"}


def routes(app: Flask) -> list[tuple[Rule, str]]:
    """Every route with each of its methods, but those of no role."""
    rules = [rule for rule in app.url_map.iter_rules() if not re.match(OF_NO_ROLE, rule.rule)]
    found = [(rule, method) for rule in rules for method in (rule.methods or ())]
    return sorted(
        ((rule, method) for rule, method in found if method in ANY),
        key=lambda one: (one[0].rule, one[1]),
    )


def needs(rule: Rule, method: str) -> Needs | None:
    """The rights that a route asks for, by the table; None where no line speaks of it."""
    fitting = (
        scopes
        for methods, pattern, scopes in MAY
        if method in methods and re.match(pattern, rule.rule)
    )
    return next(fitting, None)


def may(role: str, rule: Rule, method: str) -> bool:
    """Whether a role has all that a route asks for."""
    needed = needs(rule, method) or ()
    either = needed if isinstance(needed, tuple) else (needed,)
    return any(rights <= ROLES[role] for rights in either)  # type: ignore[index]


def leak(rule: Rule, method: str, answer: TestResponse) -> str:
    """What somebody of Lille was told or let do of Marseille, in a line; empty: nothing."""
    foreign = set(rule.arguments) - OF_NO_STORE - NOT_THERE
    done = bool(foreign) and answer.status_code < 400
    told = any(words in answer.text for words in ("Autumn in marseille", "secret.png"))
    return f"{method} {rule.rule}: {answer.status_code}" if done or told else ""


def body_of(name: str) -> dict[str, Any]:
    """A body that is well formed, of Lille."""
    tables = api_bodies
    found: Any = {**tables.EDITS, **tables.ASKS}.get(name) or tables.CHAIN_ONLY.get(name, {}).get(
        "json"
    )
    found = found or next(iter(tables.CREATIONS.get(name, [])), {})
    text: dict[str, Any] = json.loads(json.dumps(found).replace(OTHERS, MINE))
    return text


def filled(rule: Rule, names: dict[str, str]) -> str:
    """An address with these names in it; of one of several words, the first."""
    plain = re.sub(r"<any\(\W*([\w-]+)[^<>]*>", r"\1", rule.rule)
    return re.sub(r"<(?:[^<>]+:)?(\w+)>", lambda found: names.get(found[1], "1"), plain)


def test_every_route_says_who_may(world: World) -> None:
    unsaid = [
        f"{method} {rule.rule}" for rule, method in routes(world.app) if not needs(rule, method)
    ]
    assert not unsaid, "say in MAY which right each needs"


@pytest.mark.parametrize("role", get_args(Role))
def test_a_role_without_the_right_is_refused_everywhere(world: World, role: str) -> None:
    before = world.noted()
    forbidden = [one for one in routes(world.app) if needs(*one) and not may(role, *one)]
    leaks = [
        f"{method} {rule.rule}: {answer.status_code}"
        for rule, method in forbidden
        if (answer := world.ask(role, rule, method, world.mine)).status_code != 403
    ]
    assert not leaks
    assert world.noted() == before
    assert forbidden or role == "owner"


@pytest.mark.parametrize("role", get_args(Role))
def test_a_role_with_the_right_is_refused_nowhere(world: World, role: str) -> None:
    whole = {"/api/v1/metrics", "/api/v1/fetching"} if role in OF_STORES else set()
    allowed = [one for one in routes(world.app) if may(role, *one) and one[0].rule not in whole]
    shut = [
        f"{method} {rule.rule}: {answer.text[:200]}"
        for rule, method in allowed
        if (answer := world.ask(role, rule, method, world.mine)).status_code in (401, 403, 500)
    ]
    assert not shut
    assert len(allowed) > 20


def test_every_parameter_of_a_route_is_named(world: World) -> None:
    known = world.others.keys() | OF_NO_STORE | NOT_THERE
    unnamed = {
        f"<{name}> of {rule.rule}"
        for rule in world.app.url_map.iter_rules()
        for name in rule.arguments - known
        if not re.match(FREE, rule.rule)
    }
    assert not unnamed, "say in `named` what it is called in a store, or that it is OF_NO_STORE"


@pytest.mark.parametrize("who", [*(f"{role}-near" for role in NEAR), "lille"])
def test_whose_rights_end_in_lille_reaches_nothing_of_marseille(world: World, who: str) -> None:
    before = world.noted(OTHERS)
    own = [(rule, "GET") for rule in world.app.url_map.iter_rules() if re.match(OWN, rule.rule)]
    asked = [*routes(world.app), *((rule, way) for rule, way in own if way in (rule.methods or ()))]
    answers = ((*one, world.ask(who, *one, world.others)) for one in asked)
    assert not [found for one in answers if (found := leak(*one))]
    assert world.noted(OTHERS) == before


def test_nobody_is_shown_anything_and_changes_nothing(world: World) -> None:
    before = world.noted()
    shut = re.compile(f"(?!{FREE}|/player/)")
    asked = [
        (rule, method)
        for rule in world.app.url_map.iter_rules()
        for method in sorted({*ANY} & {*(rule.methods or ())})
        if shut.match(rule.rule)
    ]
    open_to_all = [
        f"{method} {rule.rule}: {answer.status_code}"
        for rule, method in asked
        if (answer := world.ask("", rule, method, world.others)).status_code != 401
        and "/sign-in" not in answer.headers.get("Location", "")
    ]
    assert not open_to_all
    assert world.noted() == before


def test_a_screen_of_lille_is_served_nothing_of_marseille(world: World) -> None:
    ctx: Context = world.app.extensions["enseigne"]
    player = world.player
    with ctx.db.read() as session:
        manifest = session.get_one(ScreenHeadRow, f"{OTHERS}-window").manifest
    every = world.app.url_map.iter_rules()
    rules = [rule for rule in every if rule.rule.startswith("/player/v1/")]
    assert {rule.rule for rule in rules} == SCREENS.keys(), "say in SCREENS what it is answered"
    bodies: dict[str, Any] = {
        "answers": {"answers": [], "power": []},
        "commands/asked/file": {},
        "hands": {"acts": [], "cards": {}},
        "plays": {"runs": []},
        "reports": {**player.report_body(), "channels": {world.others["channel"]: 0}},
        "sessions": {"screen": f"{OTHERS}-window"},
        "sessions/prove": {**player.proof(), "screen": f"{OTHERS}-window"},
    }
    for rule in rules:
        names = world.others | ({"sha": manifest} if "objects" in rule.rule else {})
        path = filled(rule, names).removeprefix("/player/v1/")
        posts = "POST" in (rule.methods or ()) and path in bodies
        answer = player.post(path, bodies[path]) if posts else player.get(path)
        assert answer.status_code == SCREENS[rule.rule], f"{rule.rule}: {answer.text}"
        assert OTHERS not in answer.text
        assert not answer.is_json or not answer.json.get("offers")
