"""Who should know of what: by role and stores, unless a person asked not to be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.config import Settings
from server.db.models import AccountRow, ActorRow, StoreRow, WatcherRow
from server.errors import NotFound
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.entry import tokens
from server.services.entry.roles import Role
from server.services.situation.concerns import KINDS, Concern, Kind, Language
from server.services.situation.spoken import Places

WEBHOOK = "webhook"
"""The watcher that is a program."""
TOLD: Mapping[Role, frozenset[Kind]] = MappingProxyType(
    {
        "owner": frozenset(KINDS),
        "it": frozenset(
            {"disk", "lease", "connector", "silence", "cloned", "offline", "rollout", "trouble"}
        ),
        "marketing": frozenset({"plan", "batch", "lease", "till", "suspect"}),
        "manager": frozenset({"lease", "silence", "cloned", "offline", "trouble"}),
        "viewer": frozenset(),
    }
)
"""What people of each role are told, of their stores."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Someone who is told; `address` is an email address, empty for the webhook."""

    id: str
    address: str
    language: Language
    kinds: frozenset[Kind]
    stores: frozenset[str] | None = None

    def wants(self, concern: Concern) -> bool:
        """Whether a concern is theirs to know of."""
        return concern.kind in self.kinds and concern.concerns(self.stores)


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether someone is told, where to, and what stands in the way (words, empty for nothing)."""

    address: str
    told: bool
    muted: bool
    fault: str


def recipients(session: Session, settings: Settings) -> list[Recipient]:
    """Everyone who is told, whoever asked not to be left out."""
    found = []
    if settings.smtp_host:
        rows = (
            select(ActorRow, AccountRow)
            .join(AccountRow, AccountRow.actor_id == ActorRow.id)
            .join(WatcherRow, WatcherRow.id == ActorRow.id, isouter=True)
            .where(
                ActorRow.left_at.is_(None),
                AccountRow.email.is_not(None),
                WatcherRow.muted.is_not(True),
            )
            .order_by(ActorRow.id)
        )
        for person, account in session.execute(rows):
            found.append(_person(session, person, account))
    if settings.watch_webhook_url:
        found.append(Recipient(WEBHOOK, "", "en", frozenset(KINDS)))
    return [one for one in found if one.kinds]


def _person(session: Session, row: ActorRow, account: AccountRow) -> Recipient:
    stores, _ = tokens.reach_of(session, row)
    return Recipient(
        *(row.id, account.email or "", _language(account.language), _told(row.role), stores)
    )


def _language(chosen: str) -> Language:
    return "en" if chosen == "en" else "fr"


def _told(role: str | None) -> frozenset[Kind]:
    known = next((one for one in get_args(Role) if one == role), None)
    return TOLD[known] if known is not None else frozenset()


def places_of(session: Session) -> Places:
    """All stores by name and clock; the chain's own clock is the one that most of them keep."""
    rows = session.execute(select(StoreRow.id, StoreRow.name, StoreRow.zone).order_by(StoreRow.id))
    found = [(store, name, zone) for store, name, zone in rows]
    return Places(
        {store: name for store, name, _ in found},
        {store: zone for store, _, zone in found},
        Counter(zone for _, _, zone in found).most_common(1)[0][0] if found else "UTC",
    )


def choice(ctx: Context, actor: Actor) -> Choice | None:
    """How the actor is told; None for whom mail could tell nothing."""
    with ctx.db.read() as session:
        row, account = session.get(ActorRow, actor.id), session.get(AccountRow, actor.id)
        if row is None or account is None or not account.email or not _told(row.role):
            return None
        watcher = session.get(WatcherRow, actor.id)
        muted = watcher is not None and watcher.muted
        fault = watcher.last_error if watcher is not None else ""
        return Choice(account.email, bool(ctx.settings.smtp_host), muted, fault)


def choose(ctx: Context, actor: Actor, *, muted: bool) -> None:
    """Ask to be told no more, or again. Raises NotFound for whom nothing is told."""
    if choice(ctx, actor) is None:
        raise NotFound("You are told nothing by mail.")
    with ctx.db.write() as session:
        row = session.get(WatcherRow, actor.id) or WatcherRow(id=actor.id, recent=[])
        before, row.muted = {"muted": bool(row.muted)}, muted
        session.add(row)
        after = {"muted": muted}
        audit.record(
            session, actor, ctx.clock(), "watch.choose", f"actor:{actor.id}", before, after
        )
