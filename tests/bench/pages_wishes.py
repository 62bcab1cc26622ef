"""What people want of that large chain: files in the store, playlists, campaigns, holds, drafts."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image

from media.specs import THUMBNAIL, ImageSpec
from playlists.conditions import Compare, Condition
from playlists.facts import FactKey
from playlists.ids import CampaignId, ItemId, OverrideId, PlaylistId, ScreenId, Sha256, Sku, StoreId
from playlists.model import (
    Campaign,
    Card,
    Emergency,
    Good,
    Item,
    Override,
    Playlist,
    Target,
)
from playlists.model_json import (
    campaign_to_json,
    emergency_to_json,
    override_to_json,
    playlist_to_json,
)
from playlists.schedule import Daypart, Edge, Schedule
from server.db.models import (
    AssetRow,
    AssetTagRow,
    BaseRow,
    CampaignRow,
    DraftRow,
    EmergencyRow,
    HeldBatchRow,
    OverrideRow,
    PlaylistRow,
    RenditionRow,
)
from server.services.base.context import Context
from tests.bench.pages_chain import (
    HOUR_MS,
    KINDS,
    PRICED,
    REGIONS,
    SHOP,
    Sizes,
    screen_id,
    sku_of,
    store_id,
    write,
)

BY = "person-2"
DRAFTS = 20
DAYS_AHEAD = 35


def list_id(number: int) -> str:
    """The id of the n-th playlist."""
    return f"list-{number:03d}"


def campaign_id(number: int) -> str:
    """The id of the n-th campaign."""
    return f"campaign-{number:03d}"


def seed_wishes(ctx: Context, sizes: Sizes) -> None:
    """All of it; the first playlist is the chain's base."""
    now = ctx.clock()
    files = seed_files(ctx, sizes.assets)
    lists = [_playlist(number, files) for number in range(sizes.playlists)]
    campaigns = [_campaign(number, sizes, now) for number in range(sizes.campaigns)]
    edited = {"edited_at": now, "edited_by": BY}
    bodies = [{"id": p.id, "name": p.name, "body": playlist_to_json(p), **edited} for p in lists]
    write(ctx, PlaylistRow, bodies)
    write(
        ctx,
        CampaignRow,
        (
            {
                "id": one.id,
                "name": one.name,
                "body": campaign_to_json(one),
                "playlist_id": one.playlist,
                **edited,
            }
            for one in campaigns
        ),
    )
    base = {"scope": "chain", "subject": "", "zone": "main", "playlist_id": list_id(0)}
    write(ctx, BaseRow, [base])
    write(ctx, OverrideRow, (_hold(number, sizes, now) for number in range(sizes.stores // 10)))
    write(ctx, EmergencyRow, [_alarm(sizes, now)])
    drafts = list(_drafts(lists[:DRAFTS], "playlist", now))
    drafts += _drafts(campaigns[:DRAFTS], "campaign", now)
    write(ctx, DraftRow, drafts)
    write(ctx, HeldBatchRow, [_held(now)])


def seed_files(ctx: Context, count: int) -> list[str]:
    """Small pictures, each another, with the forms that screens want; their hashes."""
    now, files, forms, tags = ctx.clock(), [], [], []
    for number in range(count):
        sha = _picture(ctx, number)
        files.append(
            {
                "sha": sha,
                "name": f"Picture {number}.png",
                "kind": "image",
                "mime": "image/png",
                "bytes": 400,
                "width": 1920,
                "height": 1080,
                "created_at": now - number * 60_000,
                "created_by": BY,
            }
        )
        tags.append({"asset_sha": sha, "tag": f"folder-{number % 30}"})
        for spec in (THUMBNAIL, ImageSpec(1920, 1080), ImageSpec(1080, 1920)):
            form = {"asset_sha": sha, "spec": spec.key, "sha": sha, "mime": "image/png"}
            forms.append({**form, "bytes": 400, "width": 320, "height": 180})
    write(ctx, AssetRow, files)
    write(ctx, AssetTagRow, tags)
    write(ctx, RenditionRow, forms)
    return [str(file["sha"]) for file in files]


def _picture(ctx: Context, number: int) -> str:
    colour = (number % 256, number // 256 * 16 % 256, 120)
    out = io.BytesIO()
    Image.new("RGB", (32, 18), colour).save(out, "PNG")
    stored: str = ctx.media.put_stream([out.getvalue()], 100_000).sha256
    return stored


def _playlist(number: int, files: list[str]) -> Playlist:
    draw = random.Random(number)
    items = tuple(_item(draw, number, at, files) for at in range(draw.randint(3, 6)))
    return Playlist(PlaylistId(list_id(number)), f"List {number}", items)


def _item(draw: random.Random, number: int, at: int, files: list[str]) -> Item:
    card = (
        Card("price", goods=(Good(Sku(sku_of(draw.randrange(PRICED)))),)),
        Card("message", {"sky": "rain"}, {"headline": {"fr": f"Mot {number}", "en": "Word"}}),
        Card("image", {"fit": "cover"}, assets=(Sha256(draw.choice(files)),)),
    )[at % 3]
    name = ItemId(f"item-{at}")
    condition = _condition(draw) if at == 4 else None
    return Item(
        name, card, draw.choice((8, 10, 12)) * 1000, condition=condition, title=f"Item {at}"
    )


def _condition(draw: random.Random) -> Condition:
    if draw.random() < 0.5:
        return Compare(FactKey("weather.rain:{store}"), ">=", draw.randint(2, 12))
    return Compare(FactKey("weather.temperature:{store}"), "<", draw.randint(60, 220))


def _campaign(number: int, sizes: Sizes, now: int) -> Campaign:
    draw = random.Random(number)
    today = datetime.fromtimestamp(now / 1000, UTC).date()
    begin = today + timedelta(days=draw.randint(-60, DAYS_AHEAD))
    end = begin + timedelta(days=draw.randint(7, 50))
    start = draw.randint(8, 16) * 60
    part = Daypart(Edge("clock", start), Edge("clock", start + draw.choice((120, 240, 360))))
    return Campaign(
        id=CampaignId(campaign_id(number)),
        name=f"Campaign {number}",
        playlist=PlaylistId(list_id(number % sizes.playlists)),
        target=_target(draw, number, sizes),
        schedule=Schedule(begin.isoformat(), end.isoformat(), (part,) if number % 2 else ()),
        condition=_condition(draw) if number % 4 == 0 else None,
        share=draw.choice((200, 300, 500, 800)),
        edited_at=now,
    )


def _target(draw: random.Random, number: int, sizes: Sizes) -> Target:
    """One of fifty for all, the others for some stores, a region, or a kind of screen in it."""
    if number % 50 == 0:
        return Target()
    if number % 2:
        chosen = draw.sample(range(sizes.stores), min(sizes.stores, draw.randint(3, 25)))
        return Target(stores=frozenset(StoreId(store_id(one)) for one in chosen))
    region = frozenset({draw.choice(REGIONS)})
    tags = frozenset({draw.choice(KINDS)}) if number % 4 else frozenset()
    return Target(regions=region, tags_any=tags)


def _hold(number: int, sizes: Sizes, now: int) -> dict[str, Any]:
    store = number * 7 % sizes.stores
    wish = Override(
        OverrideId(f"hold-{number}"),
        StoreId(store_id(store)),
        "show",
        now - 60_000,
        now + 3 * HOUR_MS,
        playlist=PlaylistId(list_id(1)),
        screens=frozenset({ScreenId(screen_id(store, sizes.stores))}),
        by="Inès",
    )
    body = {"body": override_to_json(wish), "edited_at": now, "edited_by": BY}
    times = {"from_ms": wish.from_ms, "until_ms": wish.until_ms}
    return {"id": wish.id, "store_id": wish.store, **times, **body}


def _alarm(sizes: Sizes, now: int) -> dict[str, Any]:
    target = Target(stores=frozenset({StoreId(store_id(sizes.stores - 1))}))
    playlist = PlaylistId(list_id(1))
    wish = Emergency(OverrideId("alarm"), playlist, target, now - 60_000, now + HOUR_MS)
    times = {"from_ms": wish.from_ms, "until_ms": wish.until_ms}
    body = {"body": emergency_to_json(wish), "edited_at": now, "edited_by": BY}
    return {"id": wish.id, **times, **body}


def _drafts(
    wishes: list[Playlist] | list[Campaign], kind: str, now: int
) -> Iterator[dict[str, Any]]:
    for wish in wishes:
        body = playlist_to_json(wish) if isinstance(wish, Playlist) else campaign_to_json(wish)
        said = {"created_at": now, "created_by": BY, "edited_at": now, "edited_by": BY}
        yield {"kind": kind, "subject": wish.id, "body": body, "base_version": 1, "seq": 1, **said}


def _held(now: int) -> dict[str, Any]:
    return {
        "id": "held",
        "connector_id": SHOP,
        "reason": "suspects",
        "counts": {"products": 300, "suspect": 120},
        "sample": [],
        "received_at": now - HOUR_MS,
    }
