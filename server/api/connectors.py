"""Where prices, stock, weather and counts come from: /api/v1/connectors."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from server.api.kit import NOTHING, Call, Done, located, operation, resource
from server.api.shapes import Id, Name, PageQuery, Shape, Version, given
from server.services import connectors
from server.services.base.editing import Versioned
from server.services.base.paging import Cut
from server.services.connectors import ConnectorView, ConnectorWish

blueprint = resource("connectors")

MAX_SECRET_CHARACTERS = 500


class ConnectorEdit(Shape):
    """A connector as set up. `secrets` are by the names of its kind, `secret` is the first of them;
    those that are left out stay, an empty one is forgotten. `every_s` is seconds, 0 for as often as
    its kind usually runs.
    """

    kind: Name
    name: Name
    config: dict[str, Any] = {}
    secret: Annotated[str | None, Field(max_length=MAX_SECRET_CHARACTERS)] = None
    secrets: dict[str, Annotated[str, Field(max_length=MAX_SECRET_CHARACTERS)]] = {}
    enabled: bool = True
    every_s: Annotated[int, Field(ge=0, le=86_400)] = 0


class ConnectorNew(ConnectorEdit):
    """A connector to set up."""

    id: Id | None = None


class ConnectorShape(Shape):
    """A connector and how it fares; of secrets only the names are shown. Instants are unix ms. The
    source calls `calls_url`; `held` is the batch that waits for a person.
    """

    id: str
    kind: str
    name: str
    config: dict[str, Any]
    has_secret: bool
    secrets: list[str]
    enabled: bool
    every_s: int
    next_run_at: int | None
    last_success_at: int | None
    last_error_at: int | None
    last_error: str
    failures: int
    counters: dict[str, Any]
    calls_url: str
    held: str
    version: Version


class ConnectorPage(Shape):
    """Some connectors."""

    items: list[ConnectorShape]
    next: str


class GoodsShape(Shape):
    """A product as it would be taken; `doubt` is why no screen would show its price."""

    sku: str
    name: str
    currency: str
    price: int | None
    sale_price: int | None
    doubt: str


class CallsShape(Shape):
    """How the source calls us; `ready`: there is the secret that its calls are checked with."""

    url: str
    ready: bool
    last_at: int | None
    forged: int


class TrialShape(Shape):
    """What a trial saw: how many rows, some of them, prices that no screen would show (`doubted`)
    and rows that would be ignored (`refused`) by why, stores that are none of ours. `partial`:
    there is more than was looked at.
    """

    ok: bool
    error: str
    products: int
    priced: int
    reduced: int
    stock: int
    facts: int
    goods: list[GoodsShape]
    samples: list[str]
    doubted: dict[str, int]
    refused: dict[str, int]
    unknown_stores: list[str]
    partial: bool
    calls: CallsShape | None


@blueprint.get("/connectors")
@operation("connectors", ConnectorPage, query=PageQuery)
def list_connectors(call: Call, query: PageQuery) -> Done:
    """List the connectors. They concern the whole chain, as do all edits of them."""
    page = connectors.list_connectors(call.ctx, call.actor, Cut(query.after, query.limit))
    return Done({"items": [_body(one) for one in page.items], "next": page.next})


@blueprint.post("/connectors")
@operation("connectors", ConnectorShape, status=201, body=ConnectorNew, creates=True)
def create_connector(call: Call, body: ConnectorNew) -> Done:
    """Set up a connector; it is due at once."""
    made = connectors.create_connector(call.ctx, call.actor, _wish(body), body.id or "")
    return Done(_body(made), made.version, located("connectors", made.value.id))


@blueprint.get("/connectors/<connector_id>")
@operation("connectors", ConnectorShape, versioned=True, errors=(404,))
def get_connector(call: Call, connector_id: str) -> Done:
    """One connector."""
    found = connectors.get_connector(call.ctx, call.actor, connector_id)
    return Done(_body(found), found.version)


@blueprint.put("/connectors/<connector_id>")
@operation("connectors", ConnectorShape, body=ConnectorEdit, edits=True, versioned=True)
def update_connector(
    call: Call, connector_id: str, body: ConnectorEdit, if_version: int | None
) -> Done:
    """Set up a connector anew; its kind stays."""
    made = connectors.update_connector(call.ctx, call.actor, connector_id, _wish(body), if_version)
    return Done(_body(made), made.version)


@blueprint.delete("/connectors/<connector_id>")
@operation("connectors", status=204, edits=True)
def delete_connector(call: Call, connector_id: str, if_version: int | None) -> Done:
    """Take a connector away; what it said stays until it expires."""
    connectors.delete_connector(call.ctx, call.actor, connector_id, if_version)
    return NOTHING


@blueprint.post("/connectors/<connector_id>/asked")
@operation("connectors", status=204, errors=(404, 413, 415, 503))
def ask_connector(call: Call, connector_id: str) -> Done:
    """Have the source asked at once, however long it was to wait after an error."""
    connectors.ask_now(call.ctx, call.actor, connector_id)
    return NOTHING


@blueprint.get("/connectors/<connector_id>/trial")
@operation("connectors", TrialShape, errors=(404,))
def try_connector(call: Call, connector_id: str) -> Done:
    """Ask the source once, as set up, and take nothing from it."""
    seen = connectors.test_connector(call.ctx, call.actor, connector_id)
    lists = {name: list(getattr(seen, name)) for name in ("samples", "unknown_stores")}
    goods = [asdict(one) for one in seen.goods]
    return Done({**asdict(seen), **lists, "goods": goods})


def _wish(body: ConnectorEdit) -> ConnectorWish:
    return ConnectorWish(**{name: value for name, value in given(body).items() if name != "id"})


def _body(connector: Versioned[ConnectorView]) -> dict[str, Any]:
    view = connector.value
    return {**asdict(view), "secrets": list(view.secrets), "version": connector.version}
