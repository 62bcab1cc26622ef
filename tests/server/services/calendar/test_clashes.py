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
from server.services.calendar.airtime import airtime
from server.services.calendar.clashes import Clash, Told, hidden
from server.services.calendar.clashes import clashes as clashes_of
from server.services.calendar.floor import Floor, Shop, Spot
from server.services.calendar.oversold import Search
from server.services.calendar.voices import Voice, clock_changes, days_of, voice_of
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


def judge(*campaigns: Campaign, subject: str = "") -> Told:
    """Their clashes."""
    conditions = {str(one.id): one.condition for one in campaigns if one.condition is not None}
    return clashes_of(voices(*campaigns), DAYS, conditions, subject)


def clashes(*campaigns: Campaign) -> tuple[Clash, ...]:
    """Those that are sure."""
    return judge(*campaigns).certain


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
    (found,) = clashes(estran, toussaint)
    assert [spot.id for spot in FLOOR.at(found.screens)] == ["lille-window"]
    assert (found.run, found.total, found.minutes) == ((12, 19), 12_000, 1440)
    assert [(part.given, part.minutes) for part in found.parts] == [(5_000, 720), (5_000, 720)]


def test_what_meets_at_no_minute_or_may_never_meet_is_no_clash() -> None:
    morning = Schedule(dayparts=(Daypart(Edge("clock", 0), Edge("clock", 720)),))
    evening = Schedule(dayparts=(Daypart(Edge("clock", 720), Edge("clock", 1440)),))
    rain = Compare(FactKey("weather.rain:{store}"), ">", 0)
    assert not clashes(campaign("a", schedule=morning), campaign("b", schedule=evening))
    assert not clashes(campaign("a"), campaign("b", condition=rain))
    assert not clashes(campaign("a", target=WINDOWS), campaign("b", 4_000))
    elsewhere = Target(stores=frozenset({StoreId("prado")}))
    assert not clashes(campaign("a", target=WINDOWS), campaign("b", target=elsewhere))


def test_a_smaller_clash_within_a_greater_one_is_not_told_twice() -> None:
    late = Schedule(dayparts=(Daypart(Edge("clock", 1200), Edge("clock", 1260)),))
    (found,) = clashes(campaign("a"), campaign("b"), campaign("c", 1_000, schedule=late))
    assert [part.id for part in found.parts] == ["a", "b", "c"]
    assert found.minutes == 60


RAIN = Compare(FactKey("weather.rain:{store}"), ">=", 2)
DRY = Compare(FactKey("weather.rain:{store}"), "<", 2)
COLD = Compare(FactKey("weather.temperature:{store}"), "<", 80)


def test_what_clashes_only_in_the_rain_is_told_as_that() -> None:
    told = judge(campaign("a"), campaign("wet", 5_000, condition=RAIN))
    assert told.certain == ()
    (found,) = told.possible
    assert (found.possible, found.total) == (True, 11_000)
    assert {part.id: part.conditional for part in found.parts} == {"a": False, "wet": True}


def test_rain_and_no_rain_never_clash_but_rain_and_cold_may() -> None:
    wet, dry = campaign("wet", condition=RAIN), campaign("dry", condition=DRY)
    assert judge(wet, dry).possible == ()
    assert len(judge(wet, campaign("cold", condition=COLD)).possible) == 1


def test_a_campaign_that_is_planned_asks_only_for_its_own_clashes() -> None:
    every = (campaign("a"), campaign("b"), campaign("c", 4_000, target=WINDOWS))
    assert len(judge(*every).certain) == 2
    (found,) = judge(*every, subject="c").certain
    assert {part.id for part in found.parts} == {"a", "b", "c"}
    assert judge(*every, subject="nobody").certain == ()


hours = st.integers(0, 22).flatmap(
    lambda start: st.integers(start + 1, 24).map(
        lambda end: (Daypart(Edge("clock", start * 60), Edge("clock", end * 60)),)
    )
)
planned = st.builds(
    lambda share, stores, day, days, parts: (share, stores, day, days, parts),
    st.sampled_from([2_000, 3_500, 6_000]),
    st.frozensets(st.sampled_from([StoreId(shop.id) for shop in SHOPS]), max_size=2),
    st.integers(0, 3),
    st.integers(1, 3),
    st.just(()) | hours,
)


@given(st.lists(planned, min_size=1, max_size=5))
def test_the_search_finds_what_counting_every_minute_finds(
    drawn: list[tuple[int, frozenset[StoreId], int, int, tuple[Daypart, ...]]],
) -> None:
    every = voices(
        *(
            campaign(
                *(f"c{at}", share),
                target=Target(stores=stores),
                schedule=Schedule(
                    start=OCTOBER.day(first).isoformat(),
                    end=OCTOBER.day(first + length).isoformat(),
                    dayparts=parts,
                ),
            )
            for at, (share, stores, first, length, parts) in enumerate(drawn)
        )
    )
    search = Search(every, DAYS, 1_000)
    search.run()
    assert search.whole
    counted: dict[int, dict[int, set[int]]] = {}
    for screen in range(len(SPOTS)):
        kind = next(k for k, one in enumerate(DAYS) if one.mask >> screen & 1)
        edges = DAYS[kind].edges
        for hour in range(edges[0], edges[7], 3_600_000):
            group = sum(
                1 << at
                for at, voice in enumerate(every)
                if voice.mask >> screen & 1
                and kind in voice.when
                and any(begin <= hour < end for begin, end in voice.when[kind].when)
            )
            if search.total(group) > 10_000:
                counted.setdefault(group, {}).setdefault(screen, set()).add(hour)
    assert counted.keys() == search.groups.keys()
    for group, by_screen in counted.items():
        found = search.groups[group]
        assert sum(1 << screen for screen in by_screen) == found.screens
        longest: dict[int, int] = {}
        for screen, on in by_screen.items():
            edges = next(one.edges for one in DAYS if one.mask >> screen & 1)
            for day in range(7):
                minutes = 60 * sum(edges[day] <= hour < edges[day + 1] for hour in on)
                longest[day] = max(longest.get(day, 0), minutes)
        assert {day: n for day, n in longest.items() if n} == found.days


def test_ways_out_are_changes_of_drafts() -> None:
    estran = campaign("estran", schedule=dated("2026-10-08", "2026-10-25"))
    toussaint = campaign("toussaint", schedule=dated("2026-10-17", "2026-11-03"), target=WINDOWS)
    by_id = {"estran": estran, "toussaint": toussaint}
    (found,) = clashes(estran, toussaint)
    evenly, first, later = ways_of(found, by_id, OCTOBER.day(found.run[1]), False)
    assert evenly.shares == {"estran": 5_000, "toussaint": 5_000}
    assert first.shares == {"toussaint": 6_000, "estran": 4_000}, "the narrower target wins"
    assert ops_of(later, by_id)["toussaint"][0]["value"]["start"] == "2026-10-25"
    assert [op["path"] for op in ops_of(first, by_id)["estran"]] == ["share"]
    assert "toussaint" not in ops_of(first, by_id)


def test_a_takeover_hides_what_it_meets() -> None:
    over = campaign("over", layer="takeover", target=WINDOWS)
    (found,) = hidden("under", voices(over, campaign("under")), DAYS)
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
    whole = next(one for one in days_of(FLOOR, OCTOBER) if one.calendar == PARIS)
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
