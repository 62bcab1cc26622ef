"""What is refused of a playlist that a person wrote: typed prices, cards that would show blank or
lack what their template needs, cycles.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from media.store import AssetStore
from playlists.errors import PlaylistCycle
from playlists.ids import PlaylistId, Sha256
from playlists.model import Card, Playlist
from server.db.models import AssetRow, RenditionRow
from server.errors import BadInput
from server.services.base.wording import check_wording
from server.services.wishes.reach import cards_of, children, files_of
from server.services.wishes.templates import FILMS, PICTURES, TEMPLATES, Template

IN_ROWS = 500
"""Files in one IN clause."""


def check_cards(playlist: Playlist) -> None:
    """Raises BadInput at the first card that cannot be shown, or that types a price or a
    percentage.
    """
    for path, card in cards_of(playlist):
        check_card(card, path)


def check_card(card: Card, path: str) -> None:
    """Raises BadInput, see check_cards; `path` is where the card stands."""
    template = TEMPLATES.get(card.template)
    if template is None:
        known = ", ".join(TEMPLATES)
        raise BadInput(f"Use one of the templates {known}.", field=f"{path}/template")
    least, most = template.goods
    if not least <= len(card.goods) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        message = f"The template “{card.template}” shows {wanted} products: bind them by SKU."
        raise BadInput(message, field=f"{path}/goods")
    if template.files and len(card.assets) != 1:
        message = f"The template “{card.template}” shows one file: upload it, then name it here."
        raise BadInput(message, field=f"{path}/assets")
    _check_names(card, template, path)
    _check_needed(card, template, path)
    for name, texts in card.texts.items():
        for language, text in texts.items():
            check_wording(text, f"{path}/texts/{name}/{language}")
    for name, value in card.params.items():
        if isinstance(value, str) and name in template.words:
            check_wording(value, f"{path}/params/{name}")


def _check_names(card: Card, template: Template, path: str) -> None:
    """Raises BadInput for a text or parameter that the template would never show."""
    for kind, names in (("texts", card.texts), ("live", card.live), ("params", card.params)):
        known = [*template.words, *(template.settings if kind == "params" else ())]
        for name in names:
            if name not in known:
                listed = f"It has {', '.join(known)}." if known else "It has none."
                message = f"The template “{card.template}” shows no “{name}”. {listed}"
                raise BadInput(message, field=f"{path}/{kind}/{name}", code="unknown_name")
    for name, values in template.settings.items():
        if card.params.get(name, values[0]) not in values:
            message = f"Use one of {', '.join(values)}."
            raise BadInput(message, field=f"{path}/params/{name}")


def _check_needed(card: Card, template: Template, path: str) -> None:
    """Raises BadInput where a screen would show nothing for want of words, in some language."""
    if not template.needs:
        return
    field = f"{path}/texts/{template.needs}"
    texts = card.texts.get(template.needs, {})
    for language, said in texts.items():
        if not said.strip():
            raise BadInput("This text is empty: write it.", field=f"{field}/{language}")
    if not texts and not str(card.params.get(template.needs, "")).strip():
        message = f"The template “{card.template}” shows nothing without a {template.needs}."
        raise BadInput(message, field=field, code="no_words")


def check_files(session: Session, media: AssetStore, playlist: Playlist) -> None:
    """Raises BadInput where a card names a file that was never uploaded, or of a kind that it
    cannot show.
    """
    kinds = _kinds(session, sorted(files_of(playlist)))
    for path, card in cards_of(playlist):
        template = TEMPLATES[card.template]
        shown = template.files or (*PICTURES, *FILMS)
        named = [(f"assets/{n}", sha, shown) for n, sha in enumerate(card.assets)]
        goods = enumerate(card.goods)
        named += [(f"goods/{n}/picture", g.picture, PICTURES) for n, g in goods if g.picture]
        named += [("qr", card.qr, PICTURES)] if card.qr else []
        for at, sha, fitting in named:
            kind = kinds.get(sha)
            if kind is None and not media.exists(sha):
                message = f"There is no file {sha[:12]}…: upload it first."
                raise BadInput(message, field=f"{path}/{at}", code="no_such_file")
            if kind is not None and kind not in fitting:
                message = f"This file is a {kind}; here goes one of kind {' or '.join(fitting)}."
                raise BadInput(message, field=f"{path}/{at}", code="wrong_kind")


def _kinds(session: Session, files: list[Sha256]) -> dict[Sha256, str]:
    """The kind of each file that is an asset or a rendition of one."""
    found: dict[Sha256, str] = {}
    for at in range(0, len(files), IN_ROWS):
        some = files[at : at + IN_ROWS]
        made = select(RenditionRow.sha, RenditionRow.mime).where(RenditionRow.sha.in_(some))
        for sha, mime in session.execute(made):
            found[Sha256(sha)] = "video" if mime.startswith("video/") else "image"
        kept = select(AssetRow.sha, AssetRow.kind).where(AssetRow.sha.in_(some))
        found.update({Sha256(sha): kind for sha, kind in session.execute(kept)})
    return found


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
