"""The words that playlists are filed under: many at once, and no matter what is on air."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.db.models import PlaylistTagRow
from server.errors import BadInput
from server.services.base import audit
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import MAX_TAGS, checked_tags
from server.services.drafting import drafts


def tag(
    ctx: Context,
    actor: Actor,
    playlist: str,
    *,
    add: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> None:
    """File a playlist under words more, and words less. Raises BadInput, NotFound, Forbidden."""
    drafts.read(ctx, actor, "playlist", playlist)
    now = ctx.clock()
    more = checked_tags(add, "tag")
    with ctx.db.write() as session:
        was = tags_of(session, [playlist]).get(playlist, ())
        kept = [one for one in dict.fromkeys((*was, *more)) if one not in drop]
        if len(kept) > MAX_TAGS:
            message = f"A playlist has {MAX_TAGS} tags at most."
            raise BadInput(message, field="tag", code="too_many_tags")
        if sorted(kept) == sorted(was):
            return
        session.execute(delete(PlaylistTagRow).where(PlaylistTagRow.playlist == playlist))
        session.add_all(PlaylistTagRow(playlist=playlist, tag=one) for one in kept)
        subject = f"playlist:{playlist}"
        before, after = {"tags": list(was)}, {"tags": kept}
        audit.record(session, actor, now, "playlist.file", subject, before, after)


def tags_of(
    session: Session, playlists: Collection[str] | None = None
) -> Mapping[str, tuple[str, ...]]:
    """The tags of some playlists, or of all, by id; each in order."""
    query = select(PlaylistTagRow.playlist, PlaylistTagRow.tag).order_by(PlaylistTagRow.tag)
    if playlists is not None:
        query = query.where(PlaylistTagRow.playlist.in_(list(playlists)))
    found: dict[str, list[str]] = defaultdict(list)
    for playlist, word in session.execute(query):
        found[playlist].append(word)
    return {playlist: tuple(words) for playlist, words in found.items()}
