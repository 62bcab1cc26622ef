"""What names things in the studio's addresses, and what its pages are asked besides."""

from __future__ import annotations

from sqlalchemy import select

from server.db.models import AssetRow
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.entry import accounts, people
from server.services.promoting import promotions
from server.services.recalls import recalls
from tests.bench.pages_addresses import Samples
from tests.bench.pages_chain import SHOP, TABLE, sku_of, store_id
from tests.bench.pages_wishes import campaign_id, list_id

SCREEN, SILENT = f"{store_id(0)}-00", f"{store_id(3)}-00"
QUERIES = {
    "/wall": (
        "",
        "?kind=offline",
        "?kind=trouble",
        "?named=lille",
        "?tag=window",
        f"?store={store_id(1)}",
    ),
    "/wall/stills": (f"?screens={SILENT}",),
    "/recalls": ("", "?state=lifted"),
    "/recalls/new": ("", f"?sku={sku_of(2)}"),
    "/recalls/<recall>": ("", "?heard=away"),
    "/evidence": (f"?screen={SCREEN}",),
    "/evidence.json": (f"?screen={SCREEN}",),
    "/situation": ("", f"?store={store_id(1)}"),
    "/playlists": ("", "?named=list"),
    "/playlists/<subject>/add": ("", "?kind=price", "?kind=image", "?kind=playlist"),
    "/media": ("", "?named=picture"),
    "/media/goods": ("?q=veste",),
    "/sources/new": ("?kind=webhook",),
    "/audit": ("", "?text=after"),
    "/calendar": ("",),
    "/store/<store>/stills": (f"?screens={SCREEN}",),
}


def samples_of(ctx: Context) -> Samples:
    """Of a chain of four stores or more; makes an owner link, an invitation and a recall."""
    with ctx.db.read() as session:
        sha = session.scalar(select(AssetRow.sha).order_by(AssetRow.created_at)) or ""
    link = people.owner_link(ctx)
    invited = accounts.invite(
        ctx, SYSTEM, name="Nina", email="nina@shops.example", role="marketing", stores=None
    )
    playlist = list_id(3)
    promotion = promotions.begin(ctx, SYSTEM, promotions.usual("Offer", [sku_of(1)]))
    return Samples(
        {
            "screen_id": [SCREEN],
            "screen": [SCREEN],
            "store": [store_id(0)],
            "subject": [playlist, promotion.id],
            "playlist": [playlist],
            "name": [campaign_id(2)],
            "campaign": [campaign_id(2)],
            "item": ["item-0"],
            "phrase": ["add"],
            "sha": [sha],
            "sku": [sku_of(1)],
            "person": ["person-1"],
            "secret": [one.rpartition("/")[2] for one in (link, invited.link)],
            "kind": ["campaign", "playlist"],
            "connector": [SHOP, TABLE],
            "source": [SHOP],
            "recall": [recalls.recall(ctx, SYSTEM, sku_of(2)).id],
        },
        QUERIES,
    )
