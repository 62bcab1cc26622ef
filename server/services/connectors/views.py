"""Connectors as they may be shown, and as their code is given them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.ids import canonical
from server.config import Settings
from server.connectors.registry import kinds
from server.connectors.source import Config, Folders, Kind, Limits, Setup, StoreAt
from server.db.models import ConnectorRow, HeldBatchRow, StoreRow
from server.ports import PermanentError
from server.services.base.context import Context
from server.services.connectors import aliases
from server.services.observed.sellable import StockRules
from server.services.prices.intake import Source

NEVER = 10**15
"""When a connector is due that is only ever called (unix ms, far away)."""
OWN, READ, BASIS, TRUST = "own", "read", "basis", "trust_next"
"""In a row's state: what the connector wants back, what its reads do where it is called too, what
that was for, and a person's word that the next batch may be believed.
"""


@dataclass(frozen=True, slots=True)
class ConnectorView:
    """A connector and how it fares. Instants are unix ms; of secrets only the names are shown.

    `calls_url` is where the source is to call us, empty where it does not; `held` names the batch
    that waits for a person.
    """

    id: str
    kind: str
    name: str
    config: Mapping[str, Any]
    has_secret: bool
    secrets: tuple[str, ...]
    enabled: bool
    every_s: int
    next_run_at: int | None
    last_success_at: int | None
    last_error_at: int | None
    last_error: str
    failures: int
    counters: Mapping[str, Any] = field(default_factory=dict)
    calls_url: str = ""
    held: str = ""


def connector_view(ctx: Context, session: Session, row: ConnectorRow) -> ConnectorView:
    """A row as people may see it."""
    kind = kinds().get(row.kind)
    calls_at = kind.calls_at if kind is not None else ""
    held = session.scalar(
        select(HeldBatchRow.id)
        .where(HeldBatchRow.connector_id == row.id, HeldBatchRow.settled_at.is_(None))
        .limit(1)
    )
    return ConnectorView(
        id=row.id,
        kind=row.kind,
        name=row.name,
        config=dict(row.config),
        has_secret=bool(row.secrets),
        secrets=tuple(sorted(row.secrets)),
        enabled=row.enabled,
        every_s=row.every_s,
        next_run_at=row.next_run_at if row.enabled and row.next_run_at < NEVER else None,
        last_success_at=row.last_success_at,
        last_error_at=row.last_error_at,
        last_error=row.last_error,
        failures=row.failures,
        counters=dict(row.counters),
        calls_url=f"{ctx.settings.url}/{calls_at}/{row.id}" if calls_at else "",
        held=held or "",
    )


def kind_of(row: ConnectorRow) -> Kind:
    """What kind of connector a row is. Raises PermanentError where no package brings it (any
    more).
    """
    kind = kinds().get(row.kind)
    if kind is None:
        raise PermanentError(f"No installed package brings connectors of the kind “{row.kind}”.")
    return kind


def setup_of(ctx: Context, session: Session, row: ConnectorRow) -> Setup:
    """What a connector's code is given. Raises PermanentError where its configuration is no longer
    one.
    """
    try:
        config = kind_of(row).config.model_validate(row.config)
    except ValidationError:
        raise PermanentError("The configuration is of another version. Save it anew.") from None
    return Setup(
        id=row.id,
        config=config,
        secrets=dict(row.secrets),
        state=own_state(row),
        stores=_stores(session, config),
        clock=ctx.clock,
        limits=Limits.of(ctx.settings),
        folders=Folders(ctx.settings.csv_folder, uploads_of(ctx)),
        aliases=partial(aliases.look_up, ctx, row.id),
        read=own_state(row, READ),
    )


def uploads_of(ctx: Context) -> Path:
    """Where files lie that people uploaded for connectors."""
    return ctx.settings.data_dir / "feeds"


def forget_uploads(ctx: Context, connector_id: str) -> None:
    """Drop the files of a connector that is gone."""
    for ending in ("csv", "new"):
        (uploads_of(ctx) / f"{connector_id}.{ending}").unlink(missing_ok=True)


def own_state(row: ConnectorRow, of: str = OWN) -> Mapping[str, Any]:
    """What the connector wanted back; of a source that is read and calls, of its calls or reads."""
    own = row.state.get(of, {})
    return own if isinstance(own, Mapping) else {}


def _stores(session: Session, config: Config) -> tuple[StoreAt, ...]:
    rows = session.execute(
        select(
            StoreRow.id, StoreRow.lat_e6, StoreRow.lon_e6, StoreRow.channel, StoreRow.zone
        ).order_by(StoreRow.id)
    )
    return tuple(
        StoreAt(store, lat_e6, lon_e6, channel or "", zone)
        for store, lat_e6, lon_e6, channel, zone in rows
        if not config.only or store in config.only
    )


def source_of(settings: Settings, row: ConnectorRow, setup: Setup) -> Source:
    """Whose answer a batch is, as intake wants to know."""
    return Source(
        id=row.id,
        shop=getattr(setup.config, "shop", ""),
        currency=getattr(setup.config, "currency", "EUR"),
        stores=setup.config.stores,
        trust_next=bool(row.state.get(TRUST)),
        jump_percent=getattr(setup.config, "jump_percent", None),
        batch_percent=getattr(setup.config, "batch_percent", None),
        stock=stock_rules(settings, row.config),
    )


def stock_rules(settings: Settings, config: Mapping[str, Any]) -> StockRules:
    """How a source's counts are read: by its own numbers, else by the server's."""

    def said(name: str) -> int:
        own = config.get(name)
        return int(getattr(settings, name) if own is None else own)

    settle_ms = said("stock_settle_s") * 1000
    return StockRules(said("stock_buffer"), said("stock_back_at"), settle_ms)


def basis_of(row: ConnectorRow, setup: Setup) -> str:
    """What an answer's “nothing changed” holds for: the configuration, the stores and their
    channels. A new store must be told everything, though the feed did not change.
    """
    stores = [[store.id, store.channel, store.zone] for store in setup.stores]
    config = setup.config.model_dump_json()
    return hashlib.sha256(canonical([row.kind, config, stores])).hexdigest()[:16]
