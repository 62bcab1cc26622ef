"""A small chain made through the services, and a publisher whose heads a test can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from playlists.conditions import Compare
from playlists.facts import HOUR_MS, Fact, FactKey
from playlists.ids import CampaignId, ItemId, PlaylistId, ScreenId, SourceId, StoreId
from playlists.manifest import Plan
from playlists.model import Base, Campaign, Card, Good, Item, Playlist, Target
from playlists.signing import verify
from playlists.slot import Freshness, Now, Shown, slot_at
from server.db.models import ScreenHeadRow
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.base.objects import Plans
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.observed import facts
from server.services.publishing.publish import Published, Publisher
from server.services.wishes import bases, content
from tests.support.record import prepared

STORES = ("lille", "marseille")
WEATHER_MS = 3 * HOUR_MS


@dataclass
class Watched:
    """A publisher, and everything that it handed to the door."""

    ctx: Context
    told: list[Published] = field(default_factory=list)
    publisher: Publisher = field(init=False)

    def __post_init__(self) -> None:
        self.publisher = Publisher(self.ctx, self.told.append)

    def publish(self) -> set[str]:
        """Publish all there is; the screens that got a new head."""
        self.told.clear()
        self.publisher.sweep()
        self.publisher.run_dry()
        return {screen for done in self.told for screen, _, _ in done.heads}


@prepared
def open_chain(ctx: Context) -> None:
    """Two stores with a window and a till screen each; a base of one 10 s card for the chain."""
    for store in STORES:
        wish = StoreWish(store.title(), "Europe/Paris", channel=f"pluvier@{store}", country="FR")
        places.create_store(ctx, SYSTEM, wish, store)
        for kind in ("window", "till"):
            screen = ScreenWish(kind, store, tags=frozenset({kind}))
            places.create_screen(ctx, SYSTEM, screen, f"{store}-{kind}")
    content.create_playlist(ctx, SYSTEM, playlist("base", "message"))
    bases.set_base(ctx, SYSTEM, Base("chain", "", PlaylistId("base")))


def playlist(name: str, *titles: str, seconds: int = 10, goods: tuple[Good, ...] = ()) -> Playlist:
    """A playlist with a card for each title."""
    items = tuple(
        Item(
            ItemId(f"{name}-{number}"),
            Card("message", texts={"headline": {"fr": title, "en": title}}, goods=goods),
            duration_ms=seconds * 1000,
            title=title,
        )
        for number, title in enumerate(titles)
    )
    return Playlist(PlaylistId(name), name, items)


def add_campaign(
    ctx: Context, name: str, *, stores: tuple[str, ...] = (), rain: bool = False, **more: Any
) -> Campaign:
    """A takeover in some stores (none given: all), when it rains if `rain`."""
    content.create_playlist(ctx, SYSTEM, playlist(f"p-{name}", name))
    raining = Compare(FactKey("weather.rain:{store}"), ">=", 1) if rain else None
    campaign = Campaign(
        CampaignId(name),
        name,
        PlaylistId(f"p-{name}"),
        target=Target(stores=frozenset(StoreId(store) for store in stores)),
        condition=raining,
        layer="takeover",
        **more,
    )
    return content.create_campaign(ctx, SYSTEM, campaign).value


def observe_rain(ctx: Context, store: str, tenths: int) -> None:
    """The weather service says how much it rains now, in tenths of a millimetre an hour."""
    now = ctx.clock()
    fact = Fact(
        FactKey(f"weather.rain:{store}"),
        tenths,
        now,
        None,
        now,
        now + WEATHER_MS,
        SourceId(f"weather@{store}"),
    )
    with ctx.db.write() as session:
        facts.record(session, [fact], now)


def heads(ctx: Context) -> dict[str, int]:
    """The revision in force of every screen."""
    with ctx.db.read() as session:
        rows = select(ScreenHeadRow.screen_id, ScreenHeadRow.revision)
        return dict(session.execute(rows).all())


def plan_of(ctx: Context, screen: str) -> Plan:
    """A screen's plan as a player would come to it: from the signed head, by hashes."""
    with ctx.db.read() as session:
        row = session.get(ScreenHeadRow, screen)
        assert row is not None
        head: Any = verify(row.jws, "head", ctx.keys.ring, None)
        assert head["screen"] == screen
        assert head["revision"] == row.revision
        plan = Plans().plan(session, head["manifest"], head["expires_at"])
    assert plan is not None
    assert all(day.chunk in plan.chunks for day in plan.manifest.days)
    return plan


def shown(ctx: Context, screen: str, at: int | None = None) -> Shown:
    """What a screen's main zone shows, its sources fresh."""
    plan = plan_of(ctx, screen)
    at = ctx.clock() if at is None else at
    gates = {s for chunk in plan.chunks.values() for slot in chunk.slots for s, _ in slot.gates}
    fresh = Freshness({}, dict.fromkeys(gates, at))
    return next(iter(slot_at(plan, {}, fresh, set(), (), Now(at)).values()))


def title_of(ctx: Context, screen: str, at: int | None = None) -> str:
    """The headline that a screen shows."""
    found = shown(ctx, screen, at)
    assert found.card is not None
    params: Mapping[str, Any] = plan_of(ctx, screen).cards[found.card].params
    return str(params["headline"])


def screen_ids(*stores: str) -> set[str]:
    """The screens of these stores."""
    return {ScreenId(f"{store}-{kind}") for store in stores for kind in ("window", "till")}
