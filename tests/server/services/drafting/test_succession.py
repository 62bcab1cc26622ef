"""One playlist in another's place wherever it is on air, and back again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.ids import CampaignId, ItemId, PlaylistId, StoreId
from playlists.model import Base, Campaign, Item, Target
from server.errors import BadInput, Conflict, Forbidden, NotFound
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.drafting import drafts, history, releases
from server.services.drafting.succession import Replaced, replace_everywhere, undo
from server.services.wishes import bases, content
from tests.support.record import TestClock
from tests.support.shops import Watched, open_chain, playlist, title_of

LILLE = Actor("lise", "Lise", ALL_SCOPES, frozenset({"lille"}))
CHAIN = Base("chain", "", PlaylistId("old"))


@pytest.fixture
def chain(any_ctx: Context) -> Watched:
    """Old plays as the chain's base, in a campaign of Lille, and inside another playlist."""
    open_chain(any_ctx)
    for name, title in (("old", "Old"), ("new", "New")):
        content.create_playlist(any_ctx, SYSTEM, playlist(name, title))
    bases.set_base(any_ctx, SYSTEM, CHAIN)
    target = Target(stores=frozenset({StoreId("lille")}))
    campaign = Campaign(CampaignId("sale"), "Sale", PlaylistId("old"), target=target)
    content.create_campaign(any_ctx, SYSTEM, campaign)
    inner = Item(ItemId("inner"), PlaylistId("old"))
    holder = replace(playlist("holder", "Holder"), id=PlaylistId("holder"), items=(inner,))
    content.create_playlist(any_ctx, SYSTEM, holder)
    watched = Watched(any_ctx)
    watched.publish()
    return watched


def playing(ctx: Context) -> tuple[str, str, object]:
    """What the campaign, the base and the turn play."""
    campaign = content.get_campaign(ctx, SYSTEM, "sale").value.playlist
    base = bases.get_base(ctx, SYSTEM, "chain", "", "main").value.playlist
    return campaign, base, content.get_playlist(ctx, SYSTEM, "holder").value.items[0].content


def test_everywhere_at_once_and_back_at_once(chain: Watched) -> None:
    ctx = chain.ctx
    assert isinstance(ctx.clock, TestClock)
    edited = content.get_campaign(ctx, SYSTEM, "sale").value.edited_at
    ctx.clock.advance(60_000)
    done = replace_everywhere(ctx, SYSTEM, "old", "new")
    assert done.places == 3
    assert playing(ctx) == ("new", "new", "new")
    assert content.get_campaign(ctx, SYSTEM, "sale").value.edited_at == edited, "it wins no tie"
    assert chain.publish()
    ctx.clock.advance(60_000)
    assert title_of(ctx, "lille-window") == "New"
    history.remove(ctx, SYSTEM, "playlist", "old")
    with pytest.raises(Conflict, match="thrown away"):
        undo(ctx, SYSTEM, done.number)
    history.take_out(ctx, SYSTEM, "playlist", "old")
    releases.put_on_air(ctx, SYSTEM, "playlist", "old")
    assert undo(ctx, SYSTEM, done.number) == Replaced(done.number, 3)
    assert playing(ctx) == ("old", "old", "old")
    with pytest.raises(Conflict, match="changed since"):
        undo(ctx, SYSTEM, done.number)


def test_what_somebody_changed_since_stays_as_it_is(chain: Watched) -> None:
    ctx = chain.ctx
    done = replace_everywhere(ctx, SYSTEM, "old", "new")
    other = replace(content.get_campaign(ctx, SYSTEM, "sale").value, share=5_000)
    content.update_campaign(ctx, SYSTEM, other)
    bases.set_base(ctx, SYSTEM, replace(CHAIN, playlist=PlaylistId("holder")))
    assert undo(ctx, SYSTEM, done.number) == Replaced(done.number, 1, left=2)
    assert playing(ctx) == ("new", "holder", "old")


def test_drafts_go_on_upon_what_is_on_air_now(chain: Watched) -> None:
    ctx = chain.ctx
    share = {"op": "set", "path": "share", "value": 4_000}
    drafts.edit(ctx, SYSTEM, "campaign", "sale", [share])
    title = {"op": "set", "path": "items/inner/title", "value": "Mine"}
    drafts.edit(ctx, SYSTEM, "playlist", "holder", [title])
    replace_everywhere(ctx, SYSTEM, "old", "new")
    for kind, name in (("campaign", "sale"), ("playlist", "holder")):
        releases.put_on_air(ctx, SYSTEM, kind, name)  # type: ignore[arg-type]
    sale = content.get_campaign(ctx, SYSTEM, "sale").value
    assert (sale.playlist, sale.share) == ("new", 4_000)
    (inner,) = content.get_playlist(ctx, SYSTEM, "holder").value.items
    assert (inner.content, inner.title) == ("new", "Mine")


def test_what_cannot_be_replaced_changes_nothing(chain: Watched) -> None:
    ctx = chain.ctx
    before = playing(ctx)
    for old, new, error in (
        ("old", "old", BadInput),
        ("old", "nowhere", NotFound),
        ("old", "holder", BadInput),  # it holds the old one: they would hold each other
        ("new", "old", Conflict),  # nothing plays it
    ):
        with pytest.raises(error):
            replace_everywhere(ctx, SYSTEM, old, new)
    with pytest.raises((Forbidden, NotFound)):
        replace_everywhere(ctx, LILLE, "old", "new")
    with pytest.raises(NotFound):
        undo(ctx, LILLE, replace_everywhere(ctx, SYSTEM, "old", "new").number)
    undo_number = replace_everywhere(ctx, SYSTEM, "new", "old").number
    assert undo_number
    assert playing(ctx) == before
