"""Versions of the player that this server, or one before it, had: kept, so that a rollout outlives
a restart and an upgrade, and one can go back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.db.models import PackageRow, RolloutRow
from server.errors import NotFound
from server.services.base.context import Context
from server.services.screens.package import Package, player_package


@dataclass(frozen=True, slots=True)
class Kept:
    """A version that can be rolled out: since when it is here (unix ms)."""

    sha256: str
    version: str
    size: int
    kept_at: int


def own() -> Package | None:
    """The package of this server's own tree; None where it was installed without one."""
    try:
        return player_package()
    except NotFound:
        return None


def keep_own(ctx: Context) -> None:
    """Keep this server's own package; forget the oldest that no rollout names."""
    mine = own()
    if mine is None:
        return
    with ctx.db.read() as session:
        if session.get(PackageRow, mine.sha256) is not None:
            return
    with ctx.db.write() as session:
        keep(session, mine, ctx.clock())
        _forget(session, ctx.settings.update_packages)


def keep(session: Session, package: Package, now: int) -> None:
    """Have it in the record."""
    if session.get(PackageRow, package.sha256) is None:
        row = PackageRow(
            sha256=package.sha256,
            version=package.version,
            size=len(package.data),
            data=package.data,
            kept_at=now,
        )
        session.add(row)
        session.flush()


def data_of(ctx: Context, sha256: str) -> bytes:
    """The bytes of a package. Raises NotFound; a record that rotted is no package."""
    mine = own()
    if mine is not None and mine.sha256 == sha256:
        return mine.data
    with ctx.db.read() as session:
        row = session.get(PackageRow, sha256)
        if row is None or hashlib.sha256(row.data).hexdigest() != sha256:
            raise NotFound("There is no such package of the player here.")
        return row.data


def listing(session: Session) -> Sequence[Kept]:
    """All that are kept, the newest first."""
    columns = (PackageRow.sha256, PackageRow.version, PackageRow.size, PackageRow.kept_at)
    rows = select(*columns).order_by(PackageRow.kept_at.desc(), PackageRow.sha256)
    return [Kept(*row) for row in session.execute(rows)]


def _forget(session: Session, most: int) -> None:
    active = select(RolloutRow.sha256).where(RolloutRow.state.in_(("pilots", "waiting", "rest")))
    needed = set(session.scalars(active))
    old = [one.sha256 for one in listing(session)[most:] if one.sha256 not in needed]
    session.execute(delete(PackageRow).where(PackageRow.sha256.in_(old)))
