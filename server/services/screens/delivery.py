"""What a screen may fetch: only what the plans in force for it name; the rest is secret."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from media.errors import AssetMissing
from playlists.codec import decode_deck, decode_manifest
from playlists.manifest import BRAND_DRAWINGS, DeckCard, Manifest
from server.db.models import AssetRow, HeadRow, RenditionRow, ScreenHeadRow
from server.errors import NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.base.objects import load_object, load_objects
from server.services.library import assets
from server.services.prices import offers
from server.services.screens import reissue
from server.services.screens.devices import Viewer

OVERTAKEN_MS = 10 * 60_000
"""A plan may still be fetched this long after a newer one: a player may be half through it."""
PLANS_KEPT = 2_000
"""Plans whose names are held in memory."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a manifest names: objects (itself too), assets and channels."""

    objects: frozenset[str]
    assets: frozenset[str]
    channels: frozenset[str]


@dataclass(frozen=True, slots=True)
class File:
    """A stored file; `size` in bytes."""

    sha: str
    mime: str
    size: int


class _Kept:
    """The names of the manifests last asked for. A manifest never changes, so nor do they."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, Names] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, session: Session, sha: str) -> Names | None:
        """The names of a manifest, None where it is not kept (any more)."""
        with self._lock:
            known = self._names.get(sha)
            if known is not None:
                self._names.move_to_end(sha)
                return known
        found = _read_names(session, sha)
        if found is not None:
            with self._lock:
                self._names[sha] = found
                if len(self._names) > PLANS_KEPT:
                    self._names.popitem(last=False)
        return found


_KEPT = _Kept()


def names_for(ctx: Context, session: Session, viewer: Viewer) -> list[Names]:
    """What the viewer's screens may fetch, by plan."""
    manifests = _manifests(session, viewer.screens, ctx.clock() - OVERTAKEN_MS)
    found = (_KEPT.of(session, sha) for sha in manifests)
    return [names for names in found if names is not None]


def object_bytes(ctx: Context, viewer: Viewer, sha: str) -> bytes:
    """A manifest, deck or chunk. Raises NotFound, also where it is not this viewer's to know of."""
    with ctx.db.read() as session:
        if not any(sha in names.objects for names in names_for(ctx, session, viewer)):
            raise _nothing()
        return load_object(session, sha)


def asset_file(ctx: Context, viewer: Viewer, sha: str) -> File:
    """A file that the viewer's plans show. Raises NotFound, also where they do not."""
    with ctx.db.read() as session:
        if not any(sha in names.assets for names in names_for(ctx, session, viewer)):
            raise _nothing()
        mime = _mime(session, sha)
    return _file(ctx, sha, mime)


def studio_file(ctx: Context, actor: Actor, sha: str) -> File:
    """A file or a rendition of one that a signed-in person sees. Raises NotFound."""
    with ctx.db.read() as session:
        of = select(RenditionRow.asset_sha).where(RenditionRow.sha == sha)
        owners = [sha, *session.scalars(of)]
        mime = _mime(session, sha)
    for owner in owners:
        try:
            assets.get_asset(ctx, actor, owner)
        except NotFound:
            continue
        return _file(ctx, sha, mime)
    raise _nothing()


def offers_from(ctx: Context, viewer: Viewer, channel: str, held: int) -> tuple[str, ...]:
    """The signed messages that bring `channel` from version `held` (0: none) to its newest.

    Raises NotFound for a channel that the viewer's plans do not read.
    """
    with ctx.db.read() as session:
        if not any(channel in names.channels for names in names_for(ctx, session, viewer)):
            raise _nothing()
    reissue.channels_above(ctx, {channel: held})
    with ctx.db.read() as session:
        return offers.messages_from(ctx, session, channel, held)


def _manifests(session: Session, screens: Collection[str], since: int) -> list[str]:
    """The manifests in force, and those issued since (a revision is never below its instant)."""
    found: dict[str, None] = {}
    for some in batched(list(screens), MAX_IN):
        playing = select(ScreenHeadRow.manifest).where(ScreenHeadRow.screen_id.in_(some))
        recent = select(HeadRow.manifest).where(
            HeadRow.screen_id.in_(some), HeadRow.revision >= since, HeadRow.issued_at >= since
        )
        found.update(dict.fromkeys(session.scalars(playing)))
        found.update(dict.fromkeys(session.scalars(recent)))
    return list(found)


def _read_names(session: Session, sha: str) -> Names | None:
    data = load_objects(session, [sha]).get(sha)
    if data is None:
        return None
    manifest = decode_manifest(data)
    deck = load_objects(session, [manifest.deck]).get(manifest.deck)
    cards = decode_deck(deck).values() if deck is not None else ()
    return Names(
        frozenset({sha, manifest.deck, *(day.chunk for day in manifest.days)}),
        frozenset(_shown(manifest, cards)),
        frozenset(manifest.channels),
    )


def _shown(manifest: Manifest, cards: Iterable[DeckCard]) -> set[str]:
    found = {manifest.brand[part] for part in BRAND_DRAWINGS if manifest.brand.get(part)}
    for card in cards:
        found.update(card.assets)
        found.update(good.picture for good in card.goods if good.picture)
        found.update([card.qr] if card.qr else [])
    return found


def _mime(session: Session, sha: str) -> str:
    asset = session.get(AssetRow, sha)
    if asset is not None:
        return asset.mime
    mime = session.scalar(select(RenditionRow.mime).where(RenditionRow.sha == sha).limit(1))
    return mime or "application/octet-stream"


def _file(ctx: Context, sha: str, mime: str) -> File:
    try:
        stored = ctx.media.stat(sha)
    except AssetMissing:
        raise _nothing() from None
    return File(sha, mime, stored.size)


def _nothing() -> NotFound:
    """The one answer for what is not there and for what this viewer may not know of."""
    return NotFound("There is nothing here for this screen.")
