"""Connectors as people set them up: made, read, changed and taken away; held batches settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.connectors.registry import kinds
from server.connectors.source import SECRET, Config, Kind
from server.db.models import AliasRow, ConnectorRow, DeliveryRow, HeldBatchRow
from server.errors import BadInput
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import (
    Versioned,
    check_name,
    check_version,
    chosen_id,
    insert,
    locked,
    missing,
)
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.connectors.views import (
    NEVER,
    TRUST,
    ConnectorView,
    connector_view,
    forget_uploads,
)
from server.services.observed import shelves
from server.services.prices import releasing

MAX_EVERY_S = 86_400


@dataclass(frozen=True, slots=True)
class ConnectorWish:
    """A connector as a person sets it up. `secrets` are by the names of its kind, `secret` is the
    first of them; those that are not given stay as they are, an empty one is forgotten. `every_s`
    0 is as often as its kind usually runs.
    """

    kind: str
    name: str
    config: Mapping[str, Any] = field(default_factory=dict)
    secret: str | None = None
    enabled: bool = True
    every_s: int = 0
    secrets: Mapping[str, str] = field(default_factory=dict)


def create_connector(
    ctx: Context, actor: Actor, wish: ConnectorWish, connector_id: str = ""
) -> Versioned[ConnectorView]:
    """Set up a connector; it is due at once. Raises BadInput, Conflict where the id is taken."""
    actor.require_chain("connectors")
    kind, config = _checked(wish)
    secrets = _secrets(kind, wish, {})
    connector_id = chosen_id(connector_id, check_name(wish.name))
    row = ConnectorRow(
        id=connector_id,
        kind=wish.kind,
        name=wish.name.strip(),
        config=config.model_dump(mode="json"),
        secrets=secrets,
        enabled=wish.enabled,
        every_s=wish.every_s or kind.every_s,
        state={},
        next_run_at=_first_run(kind, config),
        counters={},
        version=1,
    )
    with ctx.db.write() as session:
        insert(session, row, "connector", connector_id)
        _audit(ctx, session, actor, "connector.create", row, None)
        session.flush()
        view = Versioned(connector_view(ctx, session, row), row.version)
    ctx.wake()
    return view


def update_connector(
    ctx: Context,
    actor: Actor,
    connector_id: str,
    wish: ConnectorWish,
    if_version: int | None = None,
) -> Versioned[ConnectorView]:
    """Set up a connector anew; it is due at once and begins without errors. Its kind stays. Raises
    BadInput, NotFound, Stale.
    """
    actor.require_chain("connectors")
    kind, config = _checked(wish)
    with ctx.db.write() as session:
        row = locked(session, ConnectorRow, connector_id, "connector")
        check_version(row.version, if_version)
        if row.kind != wish.kind:
            raise BadInput("A connector’s kind stays. Make another connector.", field="kind")
        secrets = _secrets(kind, wish, row.secrets)
        before = _shown(row)
        row.name = check_name(wish.name)
        row.config = config.model_dump(mode="json")
        row.secrets = secrets
        row.enabled = wish.enabled
        row.every_s = wish.every_s or kind.every_s
        row.next_run_at = _first_run(kind, config)
        row.last_error, row.failures = "", 0
        row.version += 1
        _audit(ctx, session, actor, "connector.update", row, before)
        session.flush()
        view = Versioned(connector_view(ctx, session, row), row.version)
    ctx.wake()
    return view


def ask_now(ctx: Context, actor: Actor, connector_id: str) -> None:
    """Have a source asked at once, however long it was to wait. Raises BadInput where it is
    switched off or only ever calls us, NotFound.
    """
    actor.require_chain("connectors")
    with ctx.db.write() as session:
        row = locked(session, ConnectorRow, connector_id, "connector")
        if not row.enabled:
            raise BadInput("This source is switched off. Switch it on first.")
        if row.next_run_at >= NEVER:
            raise BadInput("This source is never asked; it calls.")
        row.next_run_at = 0
    ctx.wake()


def delete_connector(
    ctx: Context, actor: Actor, connector_id: str, if_version: int | None = None
) -> None:
    """Take a connector away. What it said stays until it expires. Raises NotFound, Stale."""
    actor.require_chain("connectors")
    with ctx.db.write() as session:
        row = locked(session, ConnectorRow, connector_id, "connector")
        check_version(row.version, if_version)
        for table in (AliasRow, DeliveryRow, HeldBatchRow):
            session.execute(delete(table).where(table.connector_id == connector_id))
        shelves.forget(session, connector_id)
        before = _shown(row)
        session.delete(row)
        subject = f"connector:{connector_id}"
        audit.record(session, actor, ctx.clock(), "connector.delete", subject, before)
    forget_uploads(ctx, connector_id)
    ctx.wake()


def get_connector(ctx: Context, actor: Actor, connector_id: str) -> Versioned[ConnectorView]:
    """One connector. Raises NotFound."""
    actor.require_chain("connectors")
    with ctx.db.read() as session:
        row = session.get(ConnectorRow, connector_id)
        if row is None:
            raise missing("connector")
        return Versioned(connector_view(ctx, session, row), row.version)


def list_connectors(ctx: Context, actor: Actor, cut: Cut = FIRST) -> Page[Versioned[ConnectorView]]:
    """All connectors by id."""
    actor.require_chain("connectors")
    with ctx.db.read() as session:

        def make(row: ConnectorRow) -> Versioned[ConnectorView]:
            return Versioned(connector_view(ctx, session, row), row.version)

        return paged(session, ctx.settings, select(ConnectorRow), [ConnectorRow.id], cut, make)


def settle_batch(ctx: Context, actor: Actor, held_id: str, accept: bool) -> None:
    """A person decides on a held batch; accepted, its source is due at once, and where goods are
    missing from it its next listing may leave them out. Raises Forbidden, NotFound.
    """
    settled = releasing.settle_batch(ctx, actor, held_id, accept)
    if not accept:
        return
    with ctx.db.write() as session:
        row = session.get(ConnectorRow, settled.connector, with_for_update=True)
        if row is None:
            return
        if settled.gone:
            row.state = {**row.state, TRUST: True}
        if row.next_run_at < NEVER:
            row.next_run_at = 0
    ctx.wake()


def _checked(wish: ConnectorWish) -> tuple[Kind, Config]:
    kind = kinds().get(wish.kind)
    if kind is None:
        raise BadInput(f"There are the kinds {', '.join(sorted(kinds()))}.", field="kind")
    if not 0 <= wish.every_s <= MAX_EVERY_S:
        raise BadInput(f"A connector runs every 1 to {MAX_EVERY_S} seconds.", field="every_s")
    try:
        return kind, kind.config.model_validate(dict(wish.config))
    except ValidationError as refused:
        fault = refused.errors(include_url=False, include_input=False)[0]
        path = "/".join(["config", *(str(part) for part in fault["loc"])])
        said = str(fault["msg"]).removeprefix("Value error, ")
        raise BadInput(f"{path}: {said}", field=path) from None


def _secrets(kind: Kind, wish: ConnectorWish, kept: Mapping[str, str]) -> dict[str, str]:
    """The secrets that a connector has from now on. Raises BadInput."""
    known = [one.name for one in kind.secrets]
    given = dict(wish.secrets)
    if wish.secret is not None and known:
        given.setdefault(known[0], wish.secret)
    for name in given:
        if name not in known:
            raise BadInput(f"There are the secrets {', '.join(known)}.", field=f"secrets/{name}")
    made = {name: text for name, text in {**kept, **given}.items() if text}
    for one in kind.secrets:
        if len(made.get(one.name, "")) < one.min_characters:
            raise BadInput(
                f"{one.title['en']}: {one.min_characters} characters at least.",
                field="secret" if one.name == SECRET else f"secrets/{one.name}",
            )
    return made


def _first_run(kind: Kind, config: Config) -> int:
    return 0 if kind.fetch is not None and config.polled else NEVER


def _shown(row: ConnectorRow) -> dict[str, Any]:
    """What the audit may keep: never the secret."""
    return {
        "kind": row.kind,
        "name": row.name,
        "config": dict(row.config),
        "enabled": row.enabled,
        "every_s": row.every_s,
    }


def _audit(
    ctx: Context,
    session: Session,
    actor: Actor,
    action: str,
    row: ConnectorRow,
    before: Mapping[str, Any] | None,
) -> None:
    audit.record(session, actor, ctx.clock(), action, f"connector:{row.id}", before, _shown(row))
