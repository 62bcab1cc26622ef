"""Bands and clashes: what is oversold where, what scaling gives each, who hides whom."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from playlists.conditions import Compare
from playlists.facts import FactKey
from playlists.ids import CampaignId, PlaylistId, ScreenId, StoreId
from playlists.model import Campaign, Store, Target
from playlists.resolving.targets import mismatch
from playlists.schedule import Calendar, Daypart, Edge, Schedule
from server.services.calendar.clashes import clashes, hidden, merged
from server.services.calendar.floor import Floor, Shop, Spot
from server.services.calendar.voices import Voice, airtime, clock_changes, days_of, voice_of
from server.services.calendar.ways import ops_of, ways_of
from server.services.calendar.window import beside, runs, window

PARIS, MARTINIQUE = Calendar("Europe/Paris"), Calendar("America/Martinique")
OCTOBER = window("weeks", date(2026, 10, 15))
SHOPS = (
    Shop("lille", "Lille", PARIS, regions=frozenset({"Nord"})),
    Shop("prado", "Prado", PARIS, regions=frozenset({"Sud"}), lat_e6=43_270_000, lon_e6=5_380_000),
    Shop("fort", "Fort", MARTINIQUE, lat_e6=14_600_000, lon_e6=-61_000_000),
)
SPOTS = tuple(
    Spot(f"{shop.id}-{tag}", tag, shop.id, frozenset({tag, shop.id[0]}))
    for shop in SHOPS
    for tag in ("window", "till")
)
FLOOR = Floor(SHOPS, SPOTS)
DAYS = days_of(FLOOR, OCTOBER)


def campaign(name: str, share: int = 6_000, **other: object) -> Campaign:
    """A campaign of an hour's thought."""
    return Campaign(CampaignId(name), name, PlaylistId("p"), share=share, **other)  # type: ignore[arg-type]


def voices(*campaigns: Campaign) -> list[Voice]:
    """They on the floor."""
    return [voice_of(one, FLOOR, DAYS) for one in campaigns]


def dated(first: str, end: str) -> Schedule:
    """From a day until before another."""
    return Schedule(start=first, end=end)


WINDOWS = Target(stores=frozenset({StoreId("lille")}), tags_any=frozenset({"window"}))


def test_windows_lie_beside_one_another() -> None:
    assert (OCTOBER.first, OCTOBER.last) == (date(2026, 10, 5), date(2026, 11, 8))
    assert window("weeks", beside(OCTOBER, 1)).first == date(2026, 11, 9)
    assert window("weeks", beside(OCTOBER, -1)).last == date(2026, 10, 4)
    quarter = window("quarter", date(2026, 11, 30))
    assert (quarter.first, quarter.last) == (date(2026, 10, 1), date(2026, 12, 31))
    assert window("month", beside(window("month", date(2026, 12, 1)), 1)).first.year == 2027
    assert runs([1, 2, 9, 4], 1) == ((1, 4), (9, 9))


def test_two_that_ask_for_sixty_percent_clash_where_and_when_they_meet() -> None:
    estran = campaign("estran", schedule=dated("2026-10-08", "2026-10-25"))
    toussaint = campaign("toussaint", schedule=dated("2026-10-17", "2026-11-03"), target=WINDOWS)
    (found,) = clashes(voices(estran, toussaint), DAYS)
    assert [spot.id for spot in FLOOR.at(found.screens)] == ["lille-window"]
    assert (found.run, found.total, found.minutes) == ((12, 19), 12_000, 1440)
    assert [(part.given, part.minutes) for part in found.parts] == [(5_000, 720), (5_000, 720)]


def test_what_meets_at_no_minute_or_may_never_meet_is_no_clash() -> None:
    morning = Schedule(dayparts=(Daypart(Edge("clock", 0), Edge("clock", 720)),))
    evening = Schedule(dayparts=(Daypart(Edge("clock", 720), Edge("clock", 1440)),))
    rain = Compare(FactKey("weather.rain:{store}"), ">", 0)
    assert not clashes(
        voices(campaign("a", schedule=morning), campaign("b", schedule=evening)), DAYS
    )
    assert not clashes(voices(campaign("a"), campaign("b", condition=rain)), DAYS)
    assert not clashes(voices(campaign("a", target=WINDOWS), campaign("b", 4_000)), DAYS)
    elsewhere = Target(stores=frozenset({StoreId("prado")}))
    assert not clashes(voices(campaign("a", target=WINDOWS), campaign("b", target=elsewhere)), DAYS)


def test_a_smaller_clash_within_a_greater_one_is_not_told_twice() -> None:
    late = Schedule(dayparts=(Daypart(Edge("clock", 1200), Edge("clock", 1260)),))
    every = voices(campaign("a"), campaign("b"), campaign("c", 1_000, schedule=late))
    assert len(clashes(every, DAYS)) == 2
    assert [len(one.parts) for one in merged(clashes(every, DAYS))] == [3]


def test_ways_out_are_changes_of_drafts() -> None:
    estran = campaign("estran", schedule=dated("2026-10-08", "2026-10-25"))
    toussaint = campaign("toussaint", schedule=dated("2026-10-17", "2026-11-03"), target=WINDOWS)
    by_id = {"estran": estran, "toussaint": toussaint}
    (found,) = clashes(voices(estran, toussaint), DAYS)
    evenly, first, later = ways_of(found, by_id, OCTOBER.day(found.run[1]), False)
    assert evenly.shares == {"estran": 5_000, "toussaint": 5_000}
    assert first.shares == {"toussaint": 6_000, "estran": 4_000}, "the narrower target wins"
    assert ops_of(later, by_id)["toussaint"][0]["value"]["start"] == "2026-10-25"
    assert [op["path"] for op in ops_of(first, by_id)["estran"]] == ["share"]
    assert "toussaint" not in ops_of(first, by_id)


def test_a_takeover_hides_what_it_meets() -> None:
    over = campaign("over", layer="takeover", target=WINDOWS)
    (found,) = hidden(voices(over, campaign("under")), DAYS)
    assert (found.takeover, found.campaign, len(found.days)) == ("over", "under", 35)
    under, takeover = voices(campaign("under"), over)
    assert airtime(under, [takeover], DAYS).least == 0
    assert airtime(under, [takeover], DAYS).most == 864


def test_minutes_a_day_are_scaled_by_what_others_ask() -> None:
    alone, other = voices(campaign("a"), campaign("b", target=WINDOWS))
    assert airtime(alone, [], DAYS).most == 864
    found = airtime(alone, [other], DAYS)
    assert (found.least, found.most, found.active, found.total) == (720, 864, 1440, 12_000)
    nowhere = voices(campaign("n", target=Target(tags_any=frozenset({"none"}))))[0]
    assert airtime(nowhere, [alone], DAYS).active == 0


def test_the_night_when_the_clocks_change_is_named() -> None:
    assert clock_changes("Europe/Paris", OCTOBER.first, 35) == [(date(2026, 10, 25), 60)]
    assert clock_changes("America/Martinique", OCTOBER.first, 35) == []
    whole = days_of(FLOOR, OCTOBER)[0]
    assert whole.minutes(((whole.edges[0], whole.edges[-1]),))[20] == 25 * 60


names = st.sampled_from([shop.id for shop in SHOPS])
tags = st.frozensets(st.sampled_from(["window", "till", "l", "p", "x"]), max_size=2)
targets = st.builds(
    Target,
    stores=st.frozensets(names.map(StoreId), max_size=2),
    regions=st.frozensets(st.sampled_from(["Nord", "Sud", "Est"]), max_size=2),
    screens=st.frozensets(st.sampled_from([ScreenId(s.id) for s in SPOTS]), max_size=2),
    tags_any=tags,
    tags_all=tags,
    tags_none=tags,
    radius=st.none() | st.just((43_270_000, 5_380_000, 1_000)),
)


@given(targets)
def test_the_floor_hits_what_the_cascade_hits(target: Target) -> None:
    shops = {shop.id: shop for shop in SHOPS}
    hit = {spot.id for spot in FLOOR.at(FLOOR.hit(target))}
    for spot in SPOTS:
        shop = shops[spot.store]
        store = Store(
            *(StoreId(shop.id), shop.name, shop.calendar, shop.lat_e6, shop.lon_e6, shop.regions)
        )
        meant = mismatch(target, store, spot.tags, ScreenId(spot.id)) is None
        assert (spot.id in hit) == meant
