"""A person connects a shop over the API, tries it and changes it."""

from __future__ import annotations

import pytest
from flask import Flask

from server.db.models import ConnectorRow
from server.services.base.actors import ALL_SCOPES
from server.services.base.context import Context
from tests.server.api.programs import Api, token_for

SECRET = "a secret of the shop"
WEBHOOK = {"kind": "webhook", "name": "Shop", "config": {"shop": "pluvier"}, "secret": SECRET}


def test_a_connector_is_set_up_and_its_secret_is_never_told_again(ctx: Context, api: Api) -> None:
    made = api.make("/connectors", id="calls", **WEBHOOK)
    assert (made["has_secret"], made["calls_url"]) == (True, "http://127.0.0.1:8080/hooks/calls")
    for answer in (api.call("GET", "/connectors"), api.call("GET", "/connectors/calls")):
        assert SECRET not in answer.text
    calmer = {**WEBHOOK, "name": "Our shop", "enabled": False}
    del calmer["secret"]
    stale = api.call("PUT", "/connectors/calls", json=calmer, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    changed = api.call("PUT", "/connectors/calls", json=calmer, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    with ctx.db.read() as session:
        row = session.get(ConnectorRow, "calls")
        assert row is not None
        assert (row.name, row.enabled) == ("Our shop", False)
        assert row.secrets == {"secret": SECRET}
    gone = api.call("DELETE", "/connectors/calls", headers={"If-Match": '"2"'})
    assert gone.status_code == 204
    assert api.call("GET", "/connectors/calls").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "crystal ball"}, "kind"),
        ({"secret": "short"}, "secret"),
        ({"config": {"shop": "pluvier", "shopp": "x"}}, "config/shopp"),
        ({"config": {"shop": "pluvier", "heartbeat_url": "ftp://x"}}, "config/heartbeat_url"),
    ],
)
def test_what_is_wrong_with_a_connector_is_named(
    api: Api, change: dict[str, object], field: str
) -> None:
    answer = api.call("POST", "/connectors", json={**WEBHOOK, **change})
    assert (answer.status_code, answer.json["field"]) == (422, field), answer.text


def test_a_trial_says_why_nothing_comes_and_takes_nothing(api: Api) -> None:
    feed = {"shop": "pluvier", "url": "http://127.0.0.1:9/feed.xml"}
    api.make("/connectors", id="feed", kind="merchant", name="Feed", config=feed)
    seen = api.get("/connectors/feed/trial")
    assert not seen["ok"]
    assert "ENSEIGNE_ALLOW_PRIVATE" in seen["error"]
    assert api.get("/connectors/feed")["failures"] == 0


def test_a_token_for_the_shop_alone_is_enough(app: Flask) -> None:
    assert token_for(app, frozenset({"connectors"})).make("/connectors", **WEBHOOK)["id"]
    nobody = token_for(app, ALL_SCOPES - {"connectors"})
    assert nobody.call("POST", "/connectors", json=WEBHOOK).status_code == 403
