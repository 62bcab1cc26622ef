"""A store's own few words on its screens, for a while: a playlist of one card, and the hold that
shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import select

from playlists.ids import ItemId, OverrideId, PlaylistId
from playlists.model import Card, Item, Override, Playlist
from server.db.models import PlaylistRow, ScreenRow
from server.errors import BadInput
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import MESSAGE_ID, Versioned, as_bad_input, check_name, new_id
from server.services.base.wording import check_wording
from server.services.wishes.card_checks import check_cards
from server.services.wishes.overrides import keep_override
from server.services.wishes.templates import TEMPLATES
from server.services.wishes.wish_rows import playlist_columns
from server.services.wishes.writing import Pen

APPROVED: Mapping[str, Mapping[str, str | int]] = {"service": {}, "message": {"sky": "mist"}}
"""The templates that a store may write into, with their parameters."""
MOST: Mapping[str, int] = {"headline": 32, "second": 32, "lead": 60}
"""The texts of a message, and how many characters each may have to be read from afar."""
TURN_MS = 10_000
"""A message leaves at the end of its turn, so it is no more than this late."""


def show_message(
    ctx: Context, actor: Actor, template: str, texts: Mapping[str, str], hold: Override
) -> Versioned[Override]:
    """Show a store's own words, as `hold` says where and until when. Raises BadInput: for a text
    with a price or a percentage, one that is empty or too long, named by its field.
    """
    actor.require("override", hold.store)
    if template not in APPROVED:
        raise BadInput(f"Use one of {', '.join(APPROVED)}.", field="template")
    words = {name: said for name in MOST if (said := texts.get(name, "").strip())}
    words = {name: said for name, said in words.items() if name in TEMPLATES[template].words}
    _check_words(words)
    now = ctx.clock()
    with ctx.db.write() as session:
        here = select(ScreenRow.language).where(ScreenRow.store_id == hold.store)
        spoken = sorted(set(session.scalars(here))) or ["fr"]
        card = Card(
            template,
            dict(APPROVED[template]),
            {name: dict.fromkeys(spoken, said) for name, said in words.items()},
        )
        title = words["headline"]
        playlist = Playlist(
            PlaylistId(MESSAGE_ID + new_id(title)),
            check_name(title, "headline"),
            (Item(ItemId("message"), card, TURN_MS, title=title),),
            edited_at=now,
        )
        check_cards(playlist)
        with as_bad_input():
            columns = playlist_columns(playlist)
        key = f"playlist:{playlist.id}"
        Pen(session, actor, now).add(PlaylistRow, playlist.id, columns, [key])
        session.flush()
        hold = replace(
            hold,
            id=OverrideId(new_id(f"{hold.store} message")),
            kind="show",
            playlist=playlist.id,
            edited_at=now,
            by=actor.name,
        )
        keep_override(ctx, session, actor, hold, now)
    ctx.wake()
    return Versioned(hold, 1)


def _check_words(words: Mapping[str, str]) -> None:
    if "headline" not in words:
        raise BadInput("Write what customers shall read.", field="headline", code="no_words")
    for name, said in words.items():
        if len(said) > MOST[name]:
            message = f"Write at most {MOST[name]} characters, to be read from afar."
            raise BadInput(message, field=name, code="too_long")
        if not said.isprintable():
            raise BadInput("Write on one line.", field=name, code="one_line")
        check_wording(said, name)
