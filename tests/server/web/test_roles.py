"""Each role against every route of API and studio: who may is let in, who may not is refused.

The routes come from the application itself; one that no line of MAY speaks of fails the first test.
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
from server.db.models import AccountRow, ActorRow, AuditRow
from server.services.base.actors import ALL_SCOPES, Scope
from server.services.base.context import Context
from server.services.entry import sessions, tokens
from server.services.entry.roles import OF_STORES, ROLES, Role
from tests.server.api import test_boundaries as api_bodies
from tests.server.api.chain import furnish
from tests.server.api.programs import token_for
from tests.support.record import make_context

MINE, OTHERS = "lille", "marseille"
ANY = ("GET", "POST", "PUT", "PATCH", "DELETE")
UNSAFE = ANY[1:]
MAY: list[tuple[tuple[str, ...], str, set[Scope]]] = [
    (ANY, "/api/v1/(batches|settlements)", {"prices"}),
    (ANY, "/api/v1/connectors", {"connectors"}),
    (UNSAFE, "/api/v1/facts", {"connectors"}),
    (ANY, "/api/v1/(tokens|people|audit)|/people|/audit", {"people"}),
    (UNSAFE, "/api/v1/(pairings|screens/<screen_id>/device)", {"devices"}),
    (UNSAFE, "/api/v1/(stores|screens)", {"places"}),
    (UNSAFE, "/api/v1/overrides", {"override"}),
    (UNSAFE, "/api/v1/emergencies", {"emergency"}),
    (UNSAFE, "/api/v1/(assets|bases|campaigns|playlists|promotions)", {"content"}),
    (("GET",), "/api/v1/", {"read"}),
    (ANY, "/pair$", {"devices"}),
    (ANY, "/store/<store>/emergency", {"override", "emergency"}),
    (("POST",), "/store$", {"content"}),
    (ANY, "/store", {"override"}),
    (ANY, "/playlists|/uploads|/calendar|/media", {"content"}),
    (("POST",), "/situation/(batches|prices)", {"prices"}),
    (("GET",), "/wall|/screens/|/situation", {"read"}),
]
"""Which rights a route needs: the first line that fits."""
OF_NO_ROLE = (
    "/$|/start/|/join/|/sign-in|/signed-out|/sign-out|/language|/me$|/me/|/studio/|/page(-at)?/|/screen$"
    "|/player/|/situation/mail$|/hooks/|/counts/|/media/<sha>$|/api/v1/(health/|openapi.json|session)"
)
"""Ways in and out, what is one's own, files that everybody may have, and doors of machines, which
sign for themselves.
"""


@dataclass(frozen=True)
class World:
    """A furnished chain, somebody of each role with a session, and what names things in Lille and
    in Marseille.
    """

    app: Flask
    sessions: dict[str, str]
    mine: dict[str, str]
    others: dict[str, str]

    def ask(self, who: str, rule: Rule, method: str, names: dict[str, str]) -> TestResponse:
        """One request as somebody, with a good body where the API's tests have one."""
        ctx: Context = self.app.extensions["enseigne"]
        client, secret = self.app.test_client(), self.sessions[who]
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

    def noted(self) -> int:
        """Lines of the audit log."""
        ctx: Context = self.app.extensions["enseigne"]
        with ctx.db.read() as session:
            return session.scalar(select(func.count()).select_from(AuditRow)) or 0


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
    yield World(app, come_in(ctx), mine, others)
    ctx.db.close()


def come_in(ctx: Context) -> dict[str, str]:
    """A session of each role, and of somebody with every right that ends in Lille."""
    with ctx.db.write() as session:
        for role in get_args(Role):
            stores = [MINE] if role in OF_STORES else None
            row = ActorRow(id=role, name=role, scopes=[], stores=stores, created_at=1, role=role)
            session.add_all([row, AccountRow(actor_id=role)])
        every = ActorRow(id="lille", name="lille", scopes=sorted(ALL_SCOPES), created_at=1)
        every.stores = [MINE]
        session.add(every)
        session.flush()
        return {
            who: tokens.begin(session, tokens.actor(session, who), ctx.clock()).secret
            for who in (*get_args(Role), "lille")
        }


def named(names: dict[str, str], store: str) -> dict[str, str]:
    """The API's names, and the studio's own for the same things."""
    playlist = names["playlist_id"]
    more = {"store": store, "playlist": playlist, "subject": playlist, "item": "promo"}
    more |= {
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


def needs(rule: Rule, method: str) -> set[Scope] | None:
    """The rights that a route asks for, by the table; None where no line speaks of it."""
    fitting = (
        scopes
        for methods, pattern, scopes in MAY
        if method in methods and re.match(pattern, rule.rule)
    )
    return next(fitting, None)


def may(role: str, rule: Rule, method: str) -> bool:
    """Whether a role has all that a route asks for."""
    needed = needs(rule, method)
    return needed is not None and needed <= ROLES[role]  # type: ignore[index]


def body_of(name: str) -> dict[str, Any]:
    """A body that is well formed, of Lille."""
    tables = api_bodies
    found: Any = tables.EDITS.get(name) or tables.CHAIN_ONLY.get(name, {}).get("json")
    found = found or next(iter(tables.CREATIONS.get(name, [])), {})
    text: dict[str, Any] = json.loads(json.dumps(found).replace(OTHERS, MINE))
    return text


def filled(rule: Rule, names: dict[str, str]) -> str:
    """An address with these names in it."""
    return re.sub(r"<(?:[^<>]+:)?(\w+)>", lambda found: names.get(found[1], "1"), rule.rule)


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
    whole = {"/api/v1/metrics"} if role in OF_STORES else set()
    allowed = [one for one in routes(world.app) if may(role, *one) and one[0].rule not in whole]
    shut = [
        f"{method} {rule.rule}: {answer.text[:200]}"
        for rule, method in allowed
        if (answer := world.ask(role, rule, method, world.mine)).status_code in (401, 403, 500)
    ]
    assert not shut
    assert len(allowed) > 20


def test_who_may_everything_in_lille_reaches_nothing_of_marseille_in_the_studio(
    world: World,
) -> None:
    before = world.noted()
    studio = [one for one in routes(world.app) if not one[0].rule.startswith("/api/")]
    leaks = []
    for rule, method in studio:
        answer = world.ask("lille", rule, method, world.others)
        named_there = "<" in rule.rule and answer.status_code < 400
        if named_there or "Autumn in marseille" in answer.text:
            leaks.append(f"{method} {rule.rule}: {answer.status_code}")
    assert not leaks
    assert world.noted() == before
