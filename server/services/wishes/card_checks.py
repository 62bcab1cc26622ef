"""What is refused of a playlist that a person wrote: typed prices, cards without what they need,
cycles.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from media.store import AssetStore
from playlists.errors import PlaylistCycle
from playlists.ids import PlaylistId
from playlists.model import Card, Playlist
from server.db.models import AssetRow, RenditionRow
from server.errors import BadInput
from server.services.base.wording import check_wording
from server.services.wishes.reach import cards_of, children, files_of

GOODS_OF = {"price": (1, 1), "trio": (1, 3), "elsewhere": (1, 1)}
"""How many products a template shows, least and most; the others show up to MAX_GOODS."""
FILES_OF = {"image": 1, "video": 1}
"""How many files a template cannot do without."""
TEMPLATES = ("price", "trio", "elsewhere", "service", "message", "image", "video")
MAX_GOODS = 12
UNSPOKEN = frozenset({"url", "fit", "arrow", "sky", "chip_icon"})
"""Parameters that are never painted as words."""


def check_cards(playlist: Playlist) -> None:
    """Raises BadInput at the first card that cannot be shown, or that types a price or a
    percentage.
    """
    for path, card in cards_of(playlist):
        check_card(card, path)


def check_card(card: Card, path: str) -> None:
    """Raises BadInput, see check_cards; `path` is where the card stands."""
    if card.template not in TEMPLATES:
        known = ", ".join(TEMPLATES)
        raise BadInput(f"Use one of the templates {known}.", field=f"{path}/template")
    least, most = GOODS_OF.get(card.template, (0, MAX_GOODS))
    if not least <= len(card.goods) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        message = f"The template “{card.template}” shows {wanted} products: bind them by SKU."
        raise BadInput(message, field=f"{path}/goods")
    if len(card.assets) < FILES_OF.get(card.template, 0):
        message = f"The template “{card.template}” needs a file: upload one, then name it here."
        raise BadInput(message, field=f"{path}/assets")
    for name, texts in card.texts.items():
        for language, text in texts.items():
            check_wording(text, f"{path}/texts/{name}/{language}")
    for name, value in card.params.items():
        if isinstance(value, str) and name not in UNSPOKEN:
            check_wording(value, f"{path}/params/{name}")


def check_files(session: Session, media: AssetStore, playlist: Playlist) -> None:
    """Raises BadInput where a card names a file that was never uploaded."""
    for sha in sorted(files_of(playlist)):
        row = select(AssetRow.sha).where(AssetRow.sha == sha)
        made = select(RenditionRow.sha).where(RenditionRow.sha == sha)
        if session.scalar(row) is None and session.scalar(made) is None and not media.exists(sha):
            message = f"There is no file {sha[:12]}…: upload it first."
            raise BadInput(message, field="items", code="no_such_file")


def check_cycle(playlist: Playlist, find: Callable[[str], Playlist | None]) -> None:
    """Raises PlaylistCycle with the way round, BadInput where a playlist inside is not there."""
    done: set[str] = set()

    def walk(here: Playlist, way: tuple[str, ...]) -> None:
        for child in children(here):
            if child in way:
                raise PlaylistCycle((*way[way.index(child) :], child))
            if child in done:
                continue
            found = find(child)
            if found is None:
                message = f"There is no playlist “{child}” among your stores."
                raise BadInput(message, field="items", code="no_such_playlist")
            walk(found, (*way, child))
            done.add(child)

    walk(playlist, (PlaylistId(playlist.id),))
