"""Keeps what connectors' sources call things: calls name an inventory item or a product's number,
and only a full read told which SKUs those are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from sqlalchemy import Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.db.models import AliasRow
from server.ports import Batch
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched

AT_ONCE = 2_000
"""Rows in one write transaction, so that none lasts over its budget."""
_TABLE = cast(Table, AliasRow.__table__)
_ALIAS = _TABLE.c


def look_up(ctx: Context, connector_id: str, names: Collection[str]) -> dict[str, str]:
    """What these names stand for, those that do."""
    found: dict[str, str] = {}
    with ctx.db.read() as session:
        for some in batched(list(names), MAX_IN):
            query = select(_ALIAS.name, _ALIAS.value).where(
                _ALIAS.connector_id == connector_id, _ALIAS.name.in_(some)
            )
            found.update((name, value) for name, value in session.execute(query))
    return found


def learn(ctx: Context, connector_id: str, batch: Batch) -> None:
    """Keep what a batch taught; only what is new is written. After a whole one, names that it does
    not have are forgotten, unless a call taught them while it was read.
    """
    if not batch.aliases:
        return
    known = _all(ctx, connector_id) if batch.whole else look_up(ctx, connector_id, batch.aliases)
    news = [
        {"connector_id": connector_id, "name": name, "value": value, "learned_at": ctx.clock()}
        for name, value in batch.aliases.items()
        if value and known.get(name) != value
    ]
    gone = [name for name in known if not batch.aliases.get(name)]
    for rows in batched(news, AT_ONCE):
        with ctx.db.write() as session:
            _upsert(session, list(rows))
    for names in batched(gone, MAX_IN):
        with ctx.db.write() as session:
            forgetting = delete(_TABLE).where(
                _ALIAS.connector_id == connector_id, _ALIAS.name.in_(names)
            )
            if batch.whole:
                forgetting = forgetting.where(_ALIAS.learned_at <= batch.observed_at)
            session.execute(forgetting)


def _all(ctx: Context, connector_id: str) -> Mapping[str, str]:
    query = select(_ALIAS.name, _ALIAS.value).where(_ALIAS.connector_id == connector_id)
    with ctx.db.read() as session:
        return {row.name: row.value for row in session.execute(query)}


def _upsert(session: Session, rows: list[dict[str, Any]]) -> None:
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    adding = dialect.insert(_TABLE)
    kept = {"value": adding.excluded.value, "learned_at": adding.excluded.learned_at}
    session.connection().execute(
        adding.on_conflict_do_update(index_elements=["connector_id", "name"], set_=kept), rows
    )
