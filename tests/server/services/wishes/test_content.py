"""Playlists, campaigns and bases: whom they concern, what is marked, who may change them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.ids import CampaignId, ItemId, PlaylistId, ScreenId, StoreId
from playlists.model import Base, Campaign, Card, Item, Playlist, Target
from server.errors import BadInput, Conflict, Forbidden, NotFound
from server.services.base.actors import ALL_SCOPES, SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.wishes import bases, content
from tests.server.services.keys_seen import last_audit, marked

STORES = {
    "lille": (50_638_600, 3_060_700, "nord"),
    "prado": (43_260_300, 5_379_000, "sud"),
    "vieux-port": (43_293_500, 5_369_000, "sud"),
}
LILLE = Actor("anne", "Anne", ALL_SCOPES, frozenset({"lille"}))
NORTHERN = Actor("nora", "Nora", ALL_SCOPES, frozenset({"lille"}), frozenset({"nord"}))
SUD = Actor("bruno", "Bruno", ALL_SCOPES, frozenset({"prado", "vieux-port"}))


def playlist(name: str, *nested: str) -> Playlist:
    """A playlist that says its name, then plays others."""
    card = Card("message", texts={"headline": {"fr": name}})
    items = [Item(ItemId("card"), card)]
    items += [Item(ItemId(f"i{n}"), PlaylistId(inner)) for n, inner in enumerate(nested)]
    return Playlist(PlaylistId(name), name, tuple(items))


def campaign(target: Target = Target(), plays: str = "autumn") -> Campaign:  # noqa: B008
    """A campaign on a target."""
    return Campaign(CampaignId("rain"), "Rain", PlaylistId(plays), target)


def only(*stores: str) -> Target:
    """A target of stores."""
    return Target(stores=frozenset(map(StoreId, stores)))


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    """Three stores with a window each, and a playlist."""
    for name, (lat, lon, region) in STORES.items():
        wish = StoreWish(name, "Europe/Paris", lat, lon, frozenset({region}))
        places.create_store(any_ctx, SYSTEM, wish, name)
        places.create_screen(any_ctx, SYSTEM, ScreenWish("Window", name), f"{name}-window")
    content.create_playlist(any_ctx, SYSTEM, playlist("autumn"))
    marked(any_ctx)
    return any_ctx


@pytest.mark.parametrize(
    ("target", "stores"),
    [
        (Target(), set(STORES)),
        (only("lille"), {"lille"}),
        (Target(regions=frozenset({"sud"})), {"prado", "vieux-port"}),
        (Target(screens=frozenset({ScreenId("prado-window")})), {"prado"}),
        (Target(radius=(43_296_500, 5_369_800, 2_000)), {"vieux-port"}),
        (Target(tags_any=frozenset({"window"})), set(STORES)),
        (Target(stores=frozenset({StoreId("lille")}), regions=frozenset({"sud"})), set()),
    ],
)
def test_a_campaign_marks_the_stores_that_its_target_may_concern(
    chain: Context, target: Target, stores: set[str]
) -> None:
    content.create_campaign(chain, SYSTEM, campaign(target))
    assert marked(chain) == {"campaign:rain", *(f"campaigns@{store}" for store in stores)}


def test_a_campaign_that_moves_marks_the_stores_it_leaves_too(chain: Context) -> None:
    content.create_campaign(chain, SYSTEM, campaign(only("lille")))
    marked(chain)
    content.update_campaign(chain, SYSTEM, campaign(only("prado")), 1)
    assert marked(chain) == {"campaign:rain", "campaigns@lille", "campaigns@prado"}
    content.delete_campaign(chain, SYSTEM, "rain", 2)
    assert marked(chain) == {"campaign:rain", "campaigns@prado"}
    with pytest.raises(NotFound):
        content.get_campaign(chain, SYSTEM, "rain")


def test_a_playlist_marks_itself_alone(chain: Context) -> None:
    longer = replace(playlist("autumn"), name="Autumn again")
    made = content.update_playlist(chain, SYSTEM, longer, 1)
    assert marked(chain) == {"playlist:autumn"}
    assert (made.version, made.value.edited_at) == (2, chain.clock())
    assert content.get_playlist(chain, SYSTEM, "autumn") == made
    row = last_audit(chain)
    assert (row.action, (row.before or {})["name"]) == ("playlist.update", "autumn")


def test_what_a_campaign_names_must_be_there(chain: Context) -> None:
    with pytest.raises(BadInput, match="no playlist"):
        content.create_campaign(chain, SYSTEM, campaign(plays="winter"))
    with pytest.raises(NotFound, match="no store"):
        content.create_campaign(chain, SYSTEM, campaign(only("moon")))
    with pytest.raises(NotFound, match="no screen"):
        content.create_campaign(
            chain, SYSTEM, campaign(Target(screens=frozenset({ScreenId("moon")})))
        )
    wrong = replace(campaign(), share=10_001)
    with pytest.raises(BadInput) as refused:
        content.create_campaign(chain, SYSTEM, wrong)
    assert refused.value.field == "share"


def test_a_playlist_in_itself_through_others_is_refused_with_the_way(chain: Context) -> None:
    content.create_playlist(chain, SYSTEM, playlist("b", "autumn"))
    content.create_playlist(chain, SYSTEM, playlist("c", "b", "autumn"))
    with pytest.raises(BadInput, match="autumn > c > b > autumn") as refused:
        content.update_playlist(chain, SYSTEM, playlist("autumn", "c"))
    assert refused.value.code == "playlist_cycle"
    with pytest.raises(BadInput, match="no playlist"):
        content.create_playlist(chain, SYSTEM, playlist("d", "nowhere"))


@pytest.mark.parametrize("name", ["message_ours", "out_of_stock"])
def test_an_id_as_the_server_gives_them_itself_is_refused(chain: Context, name: str) -> None:
    with pytest.raises(BadInput, match="Choose another"):
        content.create_playlist(chain, SYSTEM, playlist(name))


def test_a_playlist_is_deleted_only_where_nothing_plays_it(chain: Context) -> None:
    content.create_playlist(chain, SYSTEM, playlist("winter", "autumn"))
    bases.set_base(chain, SYSTEM, Base("chain", "", PlaylistId("autumn")))
    with pytest.raises(Conflict, match="base:chain, playlist:winter"):
        content.delete_playlist(chain, SYSTEM, "autumn")
    content.delete_playlist(chain, SYSTEM, "winter")
    bases.clear_base(chain, SYSTEM, Base("chain", "", PlaylistId("")))
    content.delete_playlist(chain, SYSTEM, "autumn", 1)


def test_a_manager_sees_what_reaches_their_stores_through_anything(chain: Context) -> None:
    content.create_playlist(chain, SYSTEM, playlist("inner"))
    content.create_playlist(chain, SYSTEM, playlist("outer", "inner"))
    content.create_campaign(chain, SYSTEM, campaign(only("prado"), plays="outer"))
    assert [p.value.id for p in content.list_playlists(chain, SUD).items] == ["inner", "outer"]
    assert content.list_playlists(chain, LILLE).items == ()
    assert content.list_campaigns(chain, LILLE).items == ()
    for name in ("inner", "outer", "autumn"):
        with pytest.raises(NotFound):
            content.get_playlist(chain, LILLE, name)
    content.update_playlist(chain, SUD, replace(playlist("inner"), name="Ours"))


def test_a_manager_changes_nothing_that_plays_beyond_their_stores(chain: Context) -> None:
    shared = campaign(only("lille", "prado"))
    content.create_campaign(chain, SYSTEM, shared)
    assert content.get_campaign(chain, LILLE, "rain").value.name == "Rain"
    with pytest.raises(Forbidden):
        content.update_campaign(chain, LILLE, campaign(only("lille")))
    with pytest.raises(Forbidden):
        content.delete_campaign(chain, LILLE, "rain")
    with pytest.raises(Forbidden):
        content.update_playlist(chain, LILLE, playlist("autumn"))
    with pytest.raises(Forbidden):
        bases.set_base(chain, LILLE, Base("chain", "", PlaylistId("autumn")))


def test_a_manager_names_their_stores_because_new_ones_may_open_elsewhere(chain: Context) -> None:
    own = replace(playlist("ours"), id=PlaylistId("ours"))
    content.create_playlist(chain, LILLE, own)
    nord = replace(campaign(plays="ours"), target=Target(regions=frozenset({"nord"})))
    with pytest.raises(Forbidden, match="name them"):
        content.create_campaign(chain, LILLE, nord)
    content.create_campaign(chain, LILLE, campaign(only("lille"), plays="ours"))
    content.update_campaign(chain, LILLE, replace(campaign(only("lille"), "ours"), priority=5))


def test_whoever_made_a_playlist_keeps_it_until_it_plays_elsewhere(chain: Context) -> None:
    content.create_playlist(chain, LILLE, playlist("ours"))
    assert content.get_playlist(chain, LILLE, "ours")
    with pytest.raises(NotFound):
        content.get_playlist(chain, SUD, "ours")
    content.create_campaign(chain, SYSTEM, campaign(only("prado"), plays="ours"))
    with pytest.raises(NotFound):
        content.get_playlist(chain, LILLE, "ours")
    assert content.get_playlist(chain, SUD, "ours")


def test_rights_are_asked_before_anything_else(chain: Context) -> None:
    reader = Actor("r", "Reader", frozenset({"read"}))
    with pytest.raises(Forbidden, match="content"):
        content.create_playlist(chain, reader, playlist("x"))
    with pytest.raises(Forbidden):
        content.delete_campaign(chain, reader, "nothing")
    nobody = Actor("n", "Nobody", frozenset())
    with pytest.raises(Forbidden):
        content.list_playlists(chain, nobody)


def test_bases_mark_whose_they_are(chain: Context) -> None:
    autumn = PlaylistId("autumn")
    for base, key in (
        (Base("chain", "", autumn), "base:chain"),
        (Base("store", "lille", autumn), "base:store:lille"),
        (Base("screen", "lille-window", autumn), "base:screen:lille-window"),
    ):
        bases.set_base(chain, SYSTEM, base)
        assert marked(chain) == {key}
    seen = [b.value.scope for b in bases.list_bases(chain, SUD).items]
    assert seen == ["chain"]
    for wrong in (Base("store", "moon", autumn), Base("screen", "moon", autumn)):
        with pytest.raises(NotFound):
            bases.set_base(chain, SYSTEM, wrong)


def test_marketing_of_a_region_targets_it_alone_and_keeps_it_when_stores_open(
    chain: Context,
) -> None:
    content.create_playlist(chain, NORTHERN, playlist("northern"))
    north = Target(regions=frozenset({"nord"}))
    content.create_campaign(chain, NORTHERN, campaign(north, "northern"))
    for elsewhere in (
        Target(),
        Target(regions=frozenset({"sud"})),
        Target(regions=frozenset({"nord", "sud"})),
    ):
        with pytest.raises(Forbidden, match="regions"):
            content.create_campaign(chain, NORTHERN, campaign(elsewhere, "northern"))
    with pytest.raises(NotFound):
        content.create_campaign(chain, NORTHERN, campaign(only("prado"), "northern"))
    wish = StoreWish("Roubaix", "Europe/Paris", regions=frozenset({"nord"}))
    places.create_store(chain, SYSTEM, wish, "roubaix")
    now = replace(NORTHERN, stores=frozenset({"lille", "roubaix"}))
    content.update_campaign(chain, now, campaign(north, "northern"))
    content.update_playlist(chain, now, playlist("northern"))
    with pytest.raises(Forbidden):
        content.update_playlist(chain, LILLE, playlist("northern"))
    with pytest.raises(Forbidden):
        content.update_campaign(chain, LILLE, campaign(north, "northern"))
