"""A store moves to another time zone while its campaign runs: that keeps the store's clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from playlists.ids import CampaignId, PlaylistId, StoreId
from playlists.model import Campaign, Target
from server.services.base.actors import SYSTEM
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.wishes import content
from tests.playlists.small_chain import between
from tests.server.services.publishing.published import DAY, later
from tests.support.shops import Watched, playlist, title_of

WINDOW = "lille-window"


def at(zone: str, clock: str, day_of: int) -> int:
    """An instant of the day of `day_of` by a clock on the wall, unix ms."""
    day = datetime.fromtimestamp(day_of / 1000, ZoneInfo(zone)).date()
    return (
        int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZoneInfo(zone)).timestamp())
        * 1000
    )


def test_its_hours_are_those_of_the_new_clock_and_nothing_is_lost(lite: Watched) -> None:
    ctx = lite.ctx
    content.create_playlist(ctx, SYSTEM, playlist("noon", "Midi"))
    target = Target(stores=frozenset({StoreId("lille")}))
    wish = Campaign(
        CampaignId("noon"),
        "Noon",
        PlaylistId("noon"),
        target=target,
        schedule=between("12:00", "15:00"),
        layer="takeover",
    )
    content.create_campaign(ctx, SYSTEM, wish)
    lite.publish()
    later(lite)
    assert title_of(ctx, WINDOW) == "Midi"

    moved = StoreWish("Lille", "America/Martinique", channel="pluvier@lille", country="FR-MQ")
    places.update_store(ctx, SYSTEM, "lille", moved)
    assert WINDOW in lite.publish()
    later(lite)
    assert title_of(ctx, WINDOW) != "Midi"
    tomorrow = ctx.clock() + DAY
    assert title_of(ctx, WINDOW, at("America/Martinique", "12:30", tomorrow)) == "Midi"
    assert title_of(ctx, WINDOW, at("Europe/Paris", "12:30", tomorrow)) != "Midi"
