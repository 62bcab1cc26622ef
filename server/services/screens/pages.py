"""The code of the screens' page, version by version: kept whenever it changes, so that what a
screen showed can be drawn with the code that drew it.

Two histories: which version this server served since when, and which each screen reported. Files
and trees are objects, shared by the versions that have them in common.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session, aliased

from playlists.ids import sha256
from playlists.wire.page_tree import files_of_tree, page_kind, page_tree
from server.db.models import ObjectRow, PageRow, ScreenPageRow
from server.errors import NotFound
from server.services.base.context import Context
from server.services.base.objects import (
    Packed,
    load_object,
    load_objects,
    pack,
    store_objects,
)
from server.services.publishing.storing import alone

SCREEN_PAGES_KEPT = 100
"""Versions of one screen that are remembered: one that names others all the time fills no table."""
FILE, TREE = "page", "page_tree"
"""Kinds of objects."""

_NEWEST = select(PageRow.version).order_by(PageRow.since.desc()).limit(1)
_TREES = select(ObjectRow.sha).where(ObjectRow.kind == TREE)

By = Literal["screen", "server"]


@dataclass(frozen=True, slots=True)
class PageThen:
    """The version of the page's code that drew a screen at an instant.

    `by`: whether the screen itself reported it, or else what this server served then. `kept`:
    whether its files are here; `newest`: whether this server serves it still.
    """

    version: str
    by: By
    kept: bool
    newest: bool


@cache
def page_folder() -> Path:
    """Where the page lies: beside the player's code, none of which is imported here.

    Raises NotFound on a server that was installed without the player.
    """
    spec = find_spec("player")
    if spec is None or not spec.submodule_search_locations:
        raise NotFound("This server was installed without the player, so it has no page to show.")
    return Path(next(iter(spec.submodule_search_locations))) / "page"


def keep_page(ctx: Context, folder: Path | None = None) -> None:
    """Remember the page that this server serves, if it is another than the last one."""
    try:
        files = _read(folder or page_folder())
    except NotFound:
        return
    hashes = {name: sha256(data) for name, data in files.items()}
    tree = page_tree(hashes)
    version = sha256(tree)
    with ctx.db.read() as session:
        if session.scalar(_NEWEST) == version:
            return
    objects: dict[str, Packed] = {hashes[name]: pack(FILE, data) for name, data in files.items()}
    objects[version] = pack(TREE, tree)
    with ctx.db.write() as session:
        alone(session)
        now = max(ctx.clock(), (session.scalar(select(func.max(PageRow.since))) or 0) + 1)
        store_objects(session, objects, now)
        session.add(PageRow(since=now, version=version))


def page_then(session: Session, screen: str, at_ms: int) -> PageThen | None:
    """The page of a screen at an instant (unix ms), None where nothing is known of that time.

    Of an instant to come: the page that it has now.
    """
    rows = select(ScreenPageRow.version).where(
        ScreenPageRow.screen_id == screen, ScreenPageRow.since <= at_ms
    )
    said = session.scalar(rows.order_by(ScreenPageRow.since.desc()).limit(1))
    version = said or _served(session, at_ms)
    if version is None:
        return None
    kept = session.scalar(_TREES.where(ObjectRow.sha == version)) is not None
    newest = version == session.scalar(_NEWEST)
    return PageThen(version, "screen" if said else "server", kept, newest)


def page_file(session: Session, version: str, name: str) -> bytes:
    """A file of a version that is kept. Raises NotFound."""
    if session.scalar(_TREES.where(ObjectRow.sha == version)):
        sha = files_of_tree(load_object(session, version)).get(name)
        if sha is not None:
            return load_object(session, sha)
    raise NotFound("This file of the page is not kept (any more).")


def record_reported(session: Session, reports: Mapping[str, tuple[int, Mapping[str, Any]]]) -> None:
    """Remember the versions that screens report (unix ms of the report, its JSON) where they are
    others than before.
    """
    last: dict[str, tuple[int, str]] = {}
    rows = select(ScreenPageRow.screen_id, ScreenPageRow.since, ScreenPageRow.version).where(
        ScreenPageRow.screen_id.in_(reports)
    )
    for screen, since, version in session.execute(rows.order_by(ScreenPageRow.since)):
        last[screen] = (since, version)
    for screen, (at_ms, report) in reports.items():
        version = str(report.get("page") or "")
        since, before = last.get(screen, (0, ""))
        if version not in ("", before) and at_ms > since:
            session.add(ScreenPageRow(screen_id=screen, since=at_ms, version=version))


def named_pages(session: Session) -> set[str]:
    """The trees that a history names, and their files."""
    histories = (select(PageRow.version), select(ScreenPageRow.version))
    named_by = or_(*(ObjectRow.sha.in_(versions) for versions in histories))
    trees = list(session.scalars(_TREES.where(named_by)))
    named = set(trees)
    for tree in load_objects(session, trees).values():
        named.update(files_of_tree(tree).values())
    return named


def sweep_pages(session: Session, before: int) -> None:
    """Forget what was replaced before an instant (unix ms), what a screen named too often."""
    last = select(func.max(PageRow.since)).where(PageRow.since <= before).scalar_subquery()
    session.execute(delete(PageRow).where(PageRow.since < last))
    later = aliased(ScreenPageRow)
    replaced = (
        select(func.max(later.since))
        .where(later.screen_id == ScreenPageRow.screen_id, later.since <= before)
        .scalar_subquery()
    )
    session.execute(
        delete(ScreenPageRow)
        .where(ScreenPageRow.since < replaced)
        .execution_options(synchronize_session=False)
    )
    many = select(ScreenPageRow.screen_id).group_by(ScreenPageRow.screen_id)
    for screen in session.scalars(many.having(func.count() > SCREEN_PAGES_KEPT)).all():
        mine = ScreenPageRow.screen_id == screen
        newest = select(ScreenPageRow.since).where(mine).order_by(ScreenPageRow.since.desc())
        first = session.scalar(newest.offset(SCREEN_PAGES_KEPT - 1).limit(1))
        session.execute(delete(ScreenPageRow).where(mine, ScreenPageRow.since < first))


def _served(session: Session, at_ms: int) -> str | None:
    rows = select(PageRow.version).where(PageRow.since <= at_ms)
    return session.scalar(rows.order_by(PageRow.since.desc()).limit(1))


def _read(folder: Path) -> Mapping[str, bytes]:
    """The page's files by name."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in found}
    return {name: path.read_bytes() for name, path in names.items() if page_kind(name)}
