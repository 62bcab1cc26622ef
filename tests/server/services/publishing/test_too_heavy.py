"""A plan that players would refuse is not sent: screens keep their last good one, and people are
told whose plan it is.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from playlists.ids import CampaignId, ItemId, PlaylistId, ScreenId
from playlists.model import Campaign, Card, Item, Playlist, Target
from playlists.resolving import weighing
from server.db.models import ProfileRow, ScreenHeadRow
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish
from server.services.situation.concerns import Concern
from server.services.situation.looking import look
from server.services.situation.spoken import Places, following, sentence, title
from server.services.wishes import content
from tests.server.services.publishing.published import DAY, later
from tests.support.shops import Watched, observe_rain, playlist

WORDS = "é" * 900
CARDS, DECK_BYTES = 12, 20_000
WINDOW = "lille-window"


@pytest.fixture(autouse=True)
def small_players(monkeypatch: pytest.MonkeyPatch) -> None:
    """Players that take little, so that a test needs not write megabytes."""
    monkeypatch.setattr(weighing, "MAX_DECK_BYTES", DECK_BYTES)


def heavy(name: str) -> Playlist:
    """More words than a player takes."""
    said = {"second": {"fr": WORDS, "en": WORDS}, "lead": {"fr": WORDS, "en": WORDS}}

    def item(at: int) -> Item:
        card = Card("message", texts={"headline": {"fr": f"{at} {WORDS}"}, **said})
        return Item(ItemId(f"i-{at}"), card, duration_ms=2_000)

    items = tuple(map(item, range(CARDS)))
    return Playlist(PlaylistId(name), "All of it", items)


def add(ctx: Context) -> None:
    content.create_playlist(ctx, SYSTEM, heavy("much"))
    target = Target(screens=frozenset({ScreenId(WINDOW)}))
    wish = Campaign(CampaignId("sales"), "Soldes", PlaylistId("much"), target=target)
    content.create_campaign(ctx, SYSTEM, replace(wish, layer="takeover"))


def playing(ctx: Context) -> dict[str, str]:
    with ctx.db.read() as session:
        rows = session.execute(select(ScreenHeadRow.screen_id, ScreenHeadRow.manifest))
        return dict(rows.all())


def refused(ctx: Context) -> list[dict[str, object]]:
    with ctx.db.read() as session:
        rows = select(ProfileRow.refused).where(ProfileRow.refused.is_not(None))
        return [row for row in session.scalars(rows) if row is not None]


def told(ctx: Context) -> list[Concern]:
    with ctx.db.read() as session:
        return [one for one in look(ctx, session, ctx.clock()) if one.kind == "plan"]


def test_screens_keep_what_they_play_and_the_wish_is_named(chain: Watched) -> None:
    ctx, before, since = chain.ctx, playing(chain.ctx), chain.ctx.clock()
    add(ctx)
    assert chain.publish() == set()
    assert playing(ctx) == before
    (why,) = refused(ctx)
    assert (why["layer"], why["wish"], why["since"]) == ("takeover", "sales", since)

    (concern,) = told(ctx)
    known = Places({"lille": "Lille"}, {"lille": "Europe/Paris"})
    assert concern.stores == ("lille",)
    assert sentence(concern, known, since, "en") == (
        "“Soldes” makes a plan too large for screens of Lille since 14:32."
    )
    assert "plan d’avant" in following(concern, known, since, "fr")
    assert title(concern, known, since, "fr") == "Le plan de Lille"


def test_other_screens_and_later_wishes_go_on(chain: Watched) -> None:
    ctx, before = chain.ctx, playing(chain.ctx)
    add(ctx)
    chain.publish()
    later(chain)
    content.update_playlist(ctx, SYSTEM, playlist("base", "other words"))
    moved = chain.publish()
    assert WINDOW not in moved
    assert len(moved) == len(before) - 1

    later(chain, DAY)
    chain.publisher.sweep()
    chain.publish()
    observe_rain(ctx, "lille", 3)
    chain.publish()
    assert playing(ctx)[WINDOW] == before[WINDOW]
    assert len(told(ctx)) == 1

    content.update_playlist(ctx, SYSTEM, replace(heavy("much"), items=heavy("much").items[:2]))
    assert WINDOW in chain.publish()
    assert refused(ctx) == []
    assert told(ctx) == []


def test_a_new_screen_whose_plan_is_too_large_keeps_nobody_waiting(chain: Watched) -> None:
    ctx = chain.ctx
    content.create_playlist(ctx, SYSTEM, heavy("much"))
    target = Target(screens=frozenset({ScreenId("new")}))
    places.create_screen(ctx, SYSTEM, ScreenWish("new", "lille"), "new")
    wish = Campaign(CampaignId("sales"), "Soldes", PlaylistId("much"), target=target)
    content.create_campaign(ctx, SYSTEM, replace(wish, layer="takeover"))
    assert chain.publish() == set()
    later(chain)
    content.update_playlist(ctx, SYSTEM, playlist("base", "other words"))
    assert chain.publish() == set(playing(ctx))
    assert "new" not in playing(ctx)
