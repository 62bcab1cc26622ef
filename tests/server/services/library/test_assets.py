"""Uploads on both databases: one file by its content, deleted last, never left half."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from playlists.ids import ItemId, PlaylistId, Sha256
from playlists.model import Card, Item, Playlist
from server.db.models import ProductRow
from server.errors import BadInput, Conflict, Forbidden, NotFound, TooLarge
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.library import assets, renditions
from server.services.wishes import content
from tests.server.services.keys_seen import marked

LILLE = Actor("anne", "Anne", ALL_SCOPES, frozenset({"lille"}))


def png(side: int = 32, colour: str = "navy") -> bytes:
    """A picture."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


def files(ctx: Context) -> list[Path]:
    """Whatever lies in the store of media, half-received files too."""
    return [path for path in (ctx.settings.data_dir / "media").rglob("*") if path.is_file()]


def showing(sha: str) -> Playlist:
    """A playlist that shows a file."""
    item = Item(ItemId("a"), Card("image", assets=(Sha256(sha),)))
    return Playlist(PlaylistId("autumn"), "Autumn", (item,))


def test_an_upload_is_kept_once_marked_and_listed_newest_first(any_ctx: Context) -> None:
    first = assets.upload(any_ctx, SYSTEM, "coat.png", [png()])
    assert first.new
    assert marked(any_ctx) == {f"asset:{first.asset.sha}"}
    again = assets.upload(any_ctx, SYSTEM, "copy.png", [png()])
    assert (again.new, again.asset.name) == (False, "coat.png")
    any_ctx.clock.advance(1)  # type: ignore[attr-defined]
    second = assets.upload(any_ctx, SYSTEM, "tent.png", [png(colour="green")])
    listed = [asset.sha for asset in assets.list_assets(any_ctx, SYSTEM).items]
    assert listed == [second.asset.sha, first.asset.sha]
    assert len(files(any_ctx)) == 2


def test_a_refused_or_broken_upload_leaves_nothing(ctx: Context) -> None:
    with pytest.raises(BadInput) as refused:
        assets.upload(ctx, SYSTEM, "page.png", [b"<html>"])
    assert refused.value.code == "markup"

    def broken() -> Iterator[bytes]:
        yield png()[:50]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        assets.upload(ctx, SYSTEM, "coat.png", broken())
    object.__setattr__(ctx.settings, "max_upload_bytes", 10)
    with pytest.raises(TooLarge):
        assets.upload(ctx, SYSTEM, "coat.png", [png()])
    assert files(ctx) == []
    assert assets.list_assets(ctx, SYSTEM).items == ()


def test_a_file_in_use_stays(any_ctx: Context) -> None:
    sha = assets.upload(any_ctx, SYSTEM, "coat.png", [png()]).asset.sha
    content.create_playlist(any_ctx, SYSTEM, showing(sha))
    brand = {"mark": sha}
    places.create_store(any_ctx, SYSTEM, StoreWish("Lille", "Europe/Paris", brand=brand), "lille")
    with pytest.raises(Conflict, match="playlist:autumn, store:lille"):
        assets.delete_asset(any_ctx, SYSTEM, sha)
    assert any_ctx.media.exists(sha)


def test_a_manager_sees_and_deletes_their_own_files_only(any_ctx: Context) -> None:
    places.create_store(any_ctx, SYSTEM, StoreWish("Lille", "Europe/Paris"), "lille")
    theirs = assets.upload(any_ctx, LILLE, "ours.png", [png()]).asset.sha
    secret = assets.upload(any_ctx, SYSTEM, "secret.png", [png(colour="red")]).asset.sha
    assert [asset.sha for asset in assets.list_assets(any_ctx, LILLE).items] == [theirs]
    with pytest.raises(NotFound):
        assets.get_asset(any_ctx, LILLE, secret)
    with pytest.raises(NotFound):
        assets.delete_asset(any_ctx, LILLE, secret)
    content.create_playlist(any_ctx, LILLE, showing(theirs))
    assert assets.get_asset(any_ctx, LILLE, theirs).name == "ours.png"
    brand = {"mark": secret}
    wish = StoreWish("Lille", "Europe/Paris", brand=brand)
    places.update_store(any_ctx, SYSTEM, "lille", wish)
    assert assets.get_asset(any_ctx, LILLE, secret).name == "secret.png"
    with pytest.raises(Forbidden):
        assets.delete_asset(any_ctx, LILLE, secret)


def test_a_manager_sees_how_their_shop_pictures_its_goods(any_ctx: Context) -> None:
    for store, shop in (("lille", "ours"), ("prado", "theirs")):
        wish = StoreWish(store.title(), "Europe/Paris", channel=f"{shop}@{store}")
        places.create_store(any_ctx, SYSTEM, wish, store)
    seen, secret = (
        assets.upload(any_ctx, SYSTEM, f"{colour}.png", [png(colour=colour)]).asset.sha
        for colour in ("red", "green")
    )
    bare = {"names": {}, "link": "", "picture_url": "", "availability": "in_stock", "seen_at": 1}
    with any_ctx.db.write() as session:
        session.add(ProductRow(shop="ours", sku="BAG", picture_sha=seen, **bare))
        session.add(ProductRow(shop="theirs", sku="BAG", picture_sha=secret, **bare))
    assert assets.get_asset(any_ctx, LILLE, seen).name == "red.png"
    with pytest.raises(NotFound):
        assets.get_asset(any_ctx, LILLE, secret)


def test_a_new_size_of_screen_asks_for_a_new_rendition(ctx: Context) -> None:
    places.create_store(ctx, SYSTEM, StoreWish("Lille", "Europe/Paris"), "lille")
    sha = assets.upload(ctx, SYSTEM, "coat.png", [png()]).asset.sha
    while (missing := renditions.next_missing(ctx)) is not None:
        assert renditions.make(ctx, missing)
    places.create_screen(ctx, SYSTEM, ScreenWish("Window", "lille", 1080, 1920))
    marked(ctx)
    missing = renditions.next_missing(ctx)
    assert missing is not None
    assert missing.key.startswith("1080x1920-")
    assert renditions.make(ctx, missing)
    assert marked(ctx) == {f"asset:{sha}"}
    assert renditions.next_missing(ctx) is None
