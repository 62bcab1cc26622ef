"""People's names of everything that an explanation names by id, for its sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.explain import Explanation, Names
from server.db.models import AssetRow, ConnectorRow, StoreRow
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.showing.explaining import Explained
from server.services.showing.wish_names import wish_names


def names_for(ctx: Context, explained: Explained, language: str) -> Names:
    """The names, as they are now; those of wishes and items as they were then."""
    ids = set(_ids(explained.explanation))
    with ctx.db.read() as session:
        wishes = wish_names(session, explained.recalled, language)
        return Names(
            wishes=wishes.wishes,
            items=wishes.items,
            goods=wishes.goods,
            stores=_named(session, StoreRow.id, StoreRow.name, ids),
            sources=_named(session, ConnectorRow.id, ConnectorRow.name, ids),
            files=_named(session, AssetRow.sha, AssetRow.name, ids),
        )


def _ids(why: Explanation) -> Iterator[str]:
    """All that may be an id in keys, reasons and details: what stands between `:` and `@`."""
    said = [*why.because, *(str(fact.key) for fact in why.facts)]
    said += [str(value) for loser in why.losers for value in loser.detail.values()]
    for one in said:
        yield from one.replace(":", "@").split("@")


def _named(session: Session, key: Any, name: Any, ids: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in batched(sorted(ids), MAX_IN):
        found.update(session.execute(select(key, name).where(key.in_(some))).all())
    return found
