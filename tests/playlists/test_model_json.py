"""Wishes, content and places as JSON: the same thing comes back, and what is refused names its
field."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from playlists.conditions import Compare
from playlists.errors import Invalid
from playlists.facts import FactKey
from playlists.ids import (
    CampaignId,
    ChannelId,
    ItemId,
    OverrideId,
    PlaylistId,
    ScreenId,
    Sku,
    StoreId,
    ZoneId,
    canonical,
    sha256,
)
from playlists.model import (
    Base,
    Campaign,
    Card,
    Emergency,
    Good,
    Item,
    Override,
    Playlist,
    Screen,
    Store,
    Target,
    ZoneBox,
)
from playlists.model_json import (
    base_from_json,
    base_to_json,
    calendar_from_json,
    campaign_from_json,
    campaign_to_json,
    card_from_json,
    card_to_json,
    emergency_from_json,
    emergency_to_json,
    item_from_json,
    item_to_json,
    layout_from_json,
    override_from_json,
    override_to_json,
    playlist_from_json,
    playlist_to_json,
    screen_from_json,
    screen_to_json,
    store_from_json,
    store_to_json,
    target_from_json,
    target_to_json,
)
from playlists.schedule import Calendar, Schedule

FILE = sha256(b"file")
RAIN = Compare(FactKey("weather.rain:{store}"), ">", 0)
CARD = Card(
    template="trio",
    params={"sky": "rain", "n": -3},
    texts={"headline": {"fr": "Il pleut", "en": ""}},
    goods=(Good(Sku("A"), FILE, ChannelId("web@{store}")), Good(Sku("B"))),
    live={"chip": "weather:{store}"},
    assets=(FILE,),
    qr=FILE,
    price_loss="fallback",
)
ITEM = Item(ItemId("i"), CARD, 12_000, Schedule(start="2026-10-01"), RAIN, Card("message"), "Pluie")
NESTED = Item(ItemId("n"), PlaylistId("other"))
TARGET = Target(
    stores=frozenset({StoreId("lille"), StoreId("lyon")}),
    regions=frozenset({"Hauts-de-France"}),
    screens=frozenset({ScreenId("s1")}),
    tags_any=frozenset({"a", "b"}),
    tags_all=frozenset({"c"}),
    tags_none=frozenset({"d"}),
    radius=(50_000_000, -3_000_000, 20_000),
)
CAMPAIGN = Campaign(
    CampaignId("c"),
    "Automne",
    PlaylistId("p"),
    TARGET,
    Schedule(end="2026-12-01"),
    RAIN,
    "takeover",
    2_500,
    -2,
    ZoneId("side"),
    77,
)
SHOW = Override(
    OverrideId("o"),
    StoreId("lille"),
    "show",
    5,
    6,
    PlaylistId("p"),
    "",
    frozenset({ScreenId("s1")}),
    ZoneId("side"),
    3,
    "Claire",
)
PAUSE = Override(OverrideId("o"), StoreId("lille"), "pause", 5, 6, subject="c")
EMERGENCY = Emergency(OverrideId("e"), PlaylistId("p"), TARGET, 5, 6, 9)
CALENDAR = Calendar(
    "Europe/Paris",
    hours=(((540, 720), (840, 1_140)), *[()] * 5, ((600, 2_000),)),
    special_hours=(("2026-12-24", ((540, 1_000),)), ("2026-12-25", ())),
    holidays=frozenset({"2026-12-25", "2026-11-11"}),
    sun=(("2026-10-05", (1_791_000_000_000, 1_791_040_000_000)),),
)
STORE = Store(
    StoreId("lille"),
    "Lille",
    CALENDAR,
    50_637_000,
    3_063_000,
    frozenset({"nord"}),
    ChannelId("shop@lille"),
    {"name": "Pluvier", "slogan": ""},
)
LAYOUT = (
    ZoneBox(ZoneId("main"), 0, 0, 7_000, 10_000),
    ZoneBox(ZoneId("legal"), 7_000, 0, 3_000, 10_000, locked=True),
)
SCREEN = Screen(
    ScreenId("s"), StoreId("lille"), 1_080, 1_920, frozenset({"t"}), "window", "en", LAYOUT
)


@pytest.mark.parametrize(
    ("thing", "write", "read"),
    [
        (CARD, card_to_json, card_from_json),
        (Card("message"), card_to_json, card_from_json),
        (ITEM, item_to_json, item_from_json),
        (replace(ITEM, transition="slide"), item_to_json, item_from_json),
        (NESTED, item_to_json, item_from_json),
        (Playlist(PlaylistId("p"), "P", (ITEM, NESTED), 4), playlist_to_json, playlist_from_json),
        (Playlist(PlaylistId("p"), "P", ()), playlist_to_json, playlist_from_json),
        (TARGET, target_to_json, target_from_json),
        (Target(), target_to_json, target_from_json),
        (CAMPAIGN, campaign_to_json, campaign_from_json),
        (Campaign(CampaignId("c"), "C", PlaylistId("p")), campaign_to_json, campaign_from_json),
        (SHOW, override_to_json, override_from_json),
        (PAUSE, override_to_json, override_from_json),
        (EMERGENCY, emergency_to_json, emergency_from_json),
        (Base("chain", "", PlaylistId("p")), base_to_json, base_from_json),
        (Base("store", "lille", PlaylistId("p"), ZoneId("side")), base_to_json, base_from_json),
        (STORE, store_to_json, store_from_json),
        (Store(StoreId("x"), "X", Calendar("UTC")), store_to_json, store_from_json),
        (SCREEN, screen_to_json, screen_from_json),
        (Screen(ScreenId("s"), StoreId("x"), 1, 1), screen_to_json, screen_from_json),
    ],
)
def test_what_is_written_reads_back(
    thing: object, write: Callable[[Any], Any], read: Callable[[Any], Any]
) -> None:
    assert read(json.loads(canonical(write(thing)))) == thing


def test_defaults_are_left_out() -> None:
    assert campaign_to_json(Campaign(CampaignId("c"), "C", PlaylistId("p"))) == {
        "id": "c",
        "name": "C",
        "playlist": "p",
    }
    assert item_to_json(NESTED) == {"id": "n", "content": {"playlist": "other"}}


@pytest.mark.parametrize(
    ("read", "raw", "field"),
    [
        (card_from_json, {"template": "No"}, "template"),
        (card_from_json, {"template": "t", "colour": 1}, "colour"),
        (card_from_json, {"template": "t", "params": {"n": 1.5}}, "params/n"),
        (card_from_json, {"template": "t", "params": {"n": True}}, "params/n"),
        (card_from_json, {"template": "t", "texts": {"a": {}}}, "texts/a"),
        (card_from_json, {"template": "t", "texts": {"a": {"FR": "x"}}}, "texts/a"),
        (
            card_from_json,
            {
                "template": "t",
                "params": {f"p{n}": 1 for n in range(40)},
                "texts": {f"t{n}": {"fr": ""} for n in range(40)},
            },
            "texts",
        ),
        (card_from_json, {"template": "t", "live": {"chip": "weather"}}, "live/chip"),
        (card_from_json, {"template": "t", "assets": ["x"]}, "assets/0"),
        (card_from_json, {"template": "t", "goods": [{"sku": "a b"}]}, "goods/0/sku"),
        (
            card_from_json,
            {"template": "t", "goods": [{"sku": "a", "channel": "x"}]},
            "goods/0/channel",
        ),
        (card_from_json, {"template": "t", "price_loss": "x"}, "price_loss"),
        (item_from_json, {"id": "i", "content": {}}, "content"),
        (item_from_json, {"id": "i"}, "content"),
        (
            item_from_json,
            {"id": "i", "content": {"playlist": "p"}, "duration_ms": 999},
            "duration_ms",
        ),
        (
            item_from_json,
            {"id": "i", "content": {"playlist": "p"}, "transition": "spin"},
            "transition",
        ),
        (
            item_from_json,
            {"id": "i", "content": {"playlist": "p"}, "schedule": {"start": "x"}},
            "schedule/start",
        ),
        (
            playlist_from_json,
            {"id": "p", "name": "P", "items": [{"id": "i", "content": {"playlist": "p"}}] * 2},
            "items/1/id",
        ),
        (playlist_from_json, {"id": "p", "name": ""}, "name"),
        (target_from_json, {"tags_any": ["a:b"]}, "tags_any/0"),
        (target_from_json, {"stores": ["Lille"]}, "stores/0"),
        (target_from_json, {"radius": {"lat_e6": 0, "lon_e6": 0, "metres": 0}}, "radius/metres"),
        (
            campaign_from_json,
            {"id": "c", "name": "C", "playlist": "p", "share": 10_001},
            "share",
        ),
        (
            campaign_from_json,
            {"id": "c", "name": "C", "playlist": "p", "condition": {"not": 3}},
            "condition/not",
        ),
        (override_from_json, {"kind": "show", "subject": "x"}, "subject"),
        (override_from_json, {"kind": "pause", "playlist": "x"}, "playlist"),
        (override_from_json, {"kind": "pause", "subject": "x", "from": 5, "until": 5}, "until"),
        (
            override_from_json,
            {"kind": "pause", "subject": "x", "from": 0, "until": 40 * 86_400_000},
            "until",
        ),
        (emergency_from_json, {"from": 5, "until": 6}, "id"),
        (base_from_json, {"scope": "chain", "id": "x", "playlist": "p"}, ""),
        (base_from_json, {"scope": "store", "playlist": "p"}, ""),
        (base_from_json, {"playlist": "p"}, "scope"),
        (calendar_from_json, {"zone": "Mars/Olympus"}, "zone"),
        (calendar_from_json, {"zone": "UTC", "hours": [[]]}, "hours"),
        (calendar_from_json, {"zone": "UTC", "hours": [[[0, 9_999]], *[[]] * 6]}, "hours/0/0"),
        (calendar_from_json, {"zone": "UTC", "holidays": ["2026-02-30"]}, "holidays/0"),
        (calendar_from_json, {"zone": "UTC", "special_hours": {"x": []}}, "special_hours"),
        (calendar_from_json, {"zone": "UTC", "sun": {"2026-10-05": [1]}}, "sun/2026-10-05"),
        (layout_from_json, [], ""),
        (layout_from_json, [{"id": "a", "x": 1, "y": 0, "w": 10_000, "h": 1}], "/0/w"),
        (
            layout_from_json,
            [{"id": "a", "x": 1, "y": 0, "w": 1, "h": 1, "locked": 1}],
            "/0/locked",
        ),
        (screen_from_json, {"id": "s", "store": "x", "size": [0, 1]}, "size"),
        (screen_from_json, {"id": "s", "store": "x", "size": [1, 1], "place": "a:b"}, "place"),
    ],
)
def test_what_is_wrong_is_refused_by_its_field(
    read: Callable[[Any], object], raw: object, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        read(raw)
    assert refused.value.field == field


def test_fields_are_named_from_the_path_that_is_given() -> None:
    with pytest.raises(Invalid) as refused:
        item_from_json({"id": "i", "content": {"card": {"template": "T"}}}, "items/3")
    assert refused.value.field == "items/3/content/card/template"
