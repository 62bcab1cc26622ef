"""A shop in the record: two stores with a screen each, something to show, prices, and a secret."""

from __future__ import annotations

from dataclasses import dataclass

from playlists.ids import ItemId, PlaylistId, Sha256, Sku
from playlists.model import Base, Card, Good, Item, Playlist
from server.db.models import AssetRow
from server.ports import Batch, ProductReport
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.chain.places import create_screen, create_store
from server.services.prices import intake, offers
from server.services.publishing.publish import Published, Publisher
from server.services.wishes import bases, content
from tests.support.record import prepared

CHANNEL = "pluvier@lille"
OTHER_CHANNEL = "pluvier@prado"
MAX_FILE = 1024 * 1024


@dataclass(frozen=True)
class Shop:
    """What was laid out: the files that Lille and Prado show, and one that nothing shows yet."""

    lille: Sha256
    prado: Sha256
    secret: Sha256


def keep_file(ctx: Context, data: bytes, name: str) -> Sha256:
    """An uploaded picture, without the trouble of a real one."""
    stored = ctx.media.put_stream([data], MAX_FILE)
    with ctx.db.write() as session:
        session.add(
            AssetRow(
                sha=stored.sha256,
                name=name,
                kind="image",
                mime="image/webp",
                bytes=stored.size,
                width=1920,
                height=1080,
                created_at=ctx.clock(),
                created_by="system",
            )
        )
    return Sha256(stored.sha256)


@prepared
def lay_out(ctx: Context) -> Shop:
    """Make it all and publish it."""
    shop = Shop(*(keep_file(ctx, name.encode() * 500, name) for name in ("lille", "prado", "soon")))
    for store, picture in (("lille", shop.lille), ("prado", shop.prado)):
        create_store(
            ctx, SYSTEM, StoreWish(store, "Europe/Paris", channel=f"pluvier@{store}"), store
        )
        create_screen(ctx, SYSTEM, ScreenWish(f"{store} window", store), f"{store}-window")
        _playlist(ctx, store, picture)
        bases.set_base(ctx, SYSTEM, Base("store", store, PlaylistId(store)))
    _playlist(ctx, "soon", shop.secret)
    for channel in offers.ensure_channels(ctx, "pluvier"):
        assert channel.id in (CHANNEL, OTHER_CHANNEL)
    set_price(ctx, 11_990)
    publish(ctx)
    return shop


def set_price(ctx: Context, price: int, *, whole: bool = False) -> None:
    """The shop says what the bag costs, in cents; `whole`: and that it sells nothing else."""
    bag = ProductReport(
        "BAG", "EUR", price, names={"fr": {"name": "Estran 28", "lead": "Sac à dos"}}
    )
    intake.take(
        ctx, intake.Source("feed", shop="pluvier"), Batch(ctx.clock(), whole, products=(bag,))
    )


def publish(ctx: Context) -> list[Published]:
    """Have the worker's publisher do all that there is to do."""
    told: list[Published] = []
    publisher = Publisher(ctx, told.append)
    publisher.sweep()
    publisher.run_dry()
    return told


def _playlist(ctx: Context, name: str, picture: Sha256) -> None:
    items = (
        Item(ItemId("picture"), Card("image", assets=(picture,))),
        Item(ItemId("bag"), Card("price", goods=(Good(Sku("BAG")),))),
    )
    content.create_playlist(ctx, SYSTEM, Playlist(PlaylistId(name), name, items))
