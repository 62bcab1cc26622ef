"""When files are fetched, in which order, and how fast."""

from __future__ import annotations

import random
import time
from collections.abc import Set
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from player.agent.fetching import Fetch
from player.agent.hours import SOON_MS, Hours
from player.agent.needs import LEFT, Need, Pace
from player.agent.pacing import Pacing
from player.agent.plans import files_by_need
from player.agent.sharing import Spared
from player.cache.orders import Orders
from player.cache.store import Budget, Store
from player.config import BadConfig, read_config
from player.errors import Corrupt, Unreachable
from player.health import Health
from player.link.http import Server
from player.link.throttle import Throttle
from playlists.codec import decode_chunk, decode_deck, decode_manifest
from playlists.ids import CardId, Sha256, sha256
from playlists.manifest import FOREVER_MS, DeckCard, Plan, Segment
from playlists.signing import SigningKey
from playlists.slot import Now
from playlists.wire.commands import FetchRule
from tests.fakes.server_peer import running_peer
from tests.fakes.server_sim import Sim, device_of
from tests.fakes.shop_content import DAY_MS, HOUR_MS, NOON, SCREEN, content
from tests.player.bench import Bench

KIB = 1024
PICTURE = b"\x89PNG\r\n" + b"picture" * 500


def plan_of(parted: bool = False) -> Plan:
    """Two cards, "A" and "B", each with a file; the second from 18:00 on if `parted`."""
    made = content("A", "B", priced=False, first_day_ms=NOON - NOON % DAY_MS - DAY_MS)
    manifest = decode_manifest(made.objects[made.manifest])
    cards = dict(decode_deck(made.objects[manifest.deck]))
    for name, card in cards.items():
        cards[name] = replace(card, assets=(sha256(str(card.params["headline"]).encode()),))
    cards[CardId("unused")] = DeckCard("message", {}, assets=(sha256(b"unused"),))
    address = manifest.days[0].chunk
    chunk = decode_chunk(made.objects[address])
    if parted:
        (zone,) = chunk.zones
        segments = (Segment(0, (0,)), Segment(18 * HOUR_MS, (1,)))
        chunk = replace(chunk, zones={zone: segments})
    return Plan(manifest, cards, {address: chunk}, FOREVER_MS)


def test_files_come_in_the_order_in_which_they_are_first_needed() -> None:
    a, b, unused = sha256(b"A"), sha256(b"B"), sha256(b"unused")
    midnight = NOON - NOON % DAY_MS
    needs = files_by_need(plan_of(parted=True), NOON)
    evening = midnight + 18 * HOUR_MS
    assert list(needs.items()) == [(a, NOON), (b, evening), (unused, FOREVER_MS)]
    late = files_by_need(plan_of(parted=True), evening + HOUR_MS)
    assert list(late.items()) == [
        (b, evening + HOUR_MS),
        (a, midnight + DAY_MS),
        (unused, FOREVER_MS),
    ]


NIGHT = Hours(((21 * 60, 7 * 60), (12 * 60, 13 * 60)))


@pytest.mark.parametrize(
    ("clock", "open_"),
    [
        ("20:59", False),
        ("21:00", True),
        ("00:00", True),
        ("06:59", True),
        ("07:00", False),
        ("12:30", True),
    ],
)
def test_hours_are_the_stores_own_over_midnight_too(clock: str, open_: bool) -> None:
    zone = "America/Martinique"
    local = datetime.fromisoformat(f"2026-11-20T{clock}").replace(tzinfo=ZoneInfo(zone))
    now = Now(int(local.timestamp() * 1000), 10)
    assert NIGHT.latest_need(now, zone) == (None if open_ else now.ms + SOON_MS)
    assert Hours().latest_need(now, zone) is None
    assert NIGHT.latest_need(replace(now, uncertainty_ms=None), zone) == now.ms + SOON_MS


@pytest.mark.parametrize("zone", ["Nowhere/Land", "../etc/passwd", "Europe"])
def test_a_zone_that_this_system_does_not_know_ends_no_player(zone: str) -> None:
    """Debian 13 has the older names in a package of their own (tzdata-legacy)."""
    now = Now(NOON, 10)
    assert NIGHT.latest_need(now, zone) == NOON + SOON_MS
    assert Hours().latest_need(now, zone) is None


def test_of_the_players_own_settings_and_the_servers_the_stricter_count(tmp_path: Path) -> None:
    rates: list[int] = []
    orders = Orders(tmp_path / "orders.db")
    pacing = Pacing(orders, rates.append, 500, ((20 * 60, 6 * 60),))
    pacing.follow(FetchRule(800, ((22 * 60, 8 * 60),)), 5)
    pacing.follow(FetchRule(300, ((22 * 60, 8 * 60),)), 6)
    assert not pacing.follow(FetchRule(900), 4), "an older rule"
    hours = [NOON - NOON % DAY_MS + hour * HOUR_MS for hour in (21, 23, 24 + 5, 24 + 7)]
    open_ = [pacing.latest_need(Now(at, 10), "UTC") is None for at in hours]
    assert open_ == [False, True, True, False]
    orders.close()
    again = Pacing(Orders(tmp_path / "orders.db"), rates.append)
    assert again.known() == pacing.known() != {"fetch_rule": FetchRule().id}
    again.forget()
    assert rates == [500, 500, 300, 300, 0]


def test_outside_the_hours_only_what_is_needed_soon_is_fetched(screen: Bench) -> None:
    screen.parts.body.pacing.follow(FetchRule(0, ((2 * 60, 3 * 60),)), NOON)
    first_day = NOON - NOON % DAY_MS + DAY_MS
    address = screen.sim.add_asset(PICTURE)
    tomorrow = content("Demain", picture=address, first_day_ms=first_day)
    screen.hear("head", screen.sim.publish(tomorrow))
    screen.wait(60_000)
    assert screen.state["held"] == []
    assert screen.agent.health()["missing"] == 1
    while screen.clocks.true_ms < first_day - SOON_MS - 60_000:
        screen.wait(HOUR_MS, step_ms=HOUR_MS // 2)
        if (screen.clocks.true_ms % DAY_MS) // HOUR_MS == 2:
            break
    screen.wait(SOON_MS + 120_000, step_ms=60_000)
    assert screen.state["held"] == [address]
    assert screen.clocks.true_ms < first_day + HOUR_MS


def test_what_a_neighbour_gave_says_nothing_of_the_server(
    screen: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen that the server has parted from its device stays so, whatever else comes in."""
    calls: list[Sha256] = []

    def get(address: Sha256, keep: Set[Sha256]) -> Spared:
        calls.append(address)
        if len(calls) < 3:
            return Spared(2_000)
        screen.parts.assets.put(address, PICTURE, keep)
        return Spared()

    monkeypatch.setattr(screen.parts.fetch, "get", get)
    screen.agent._parting._since = 77
    address = screen.sim.add_asset(PICTURE)
    token = screen.sim.publish(content("Photo", picture=address))
    monkeypatch.setattr(screen.agent._parting, "welcomed", lambda: None)
    screen.hear("head", token)
    assert (screen.state["held"], len(calls)) == ([], 1)
    monkeypatch.undo()
    monkeypatch.setattr(screen.parts.fetch, "get", get)
    screen.sim.faults.down = True
    screen.wait(5_000)
    assert (screen.state["held"], len(calls)) == ([address], 3)
    assert screen.agent._parting._since == 77


def test_what_is_left_to_others_holds_back_what_comes_after_it() -> None:
    pace = Pace(limits={"asset": 2})
    needs = [Need("asset", str(number)) for number in range(10)]
    assert pace.begin(needs, 0) == needs[:2]
    for need in needs[:2]:
        pace.leave(need, 0, 1_000)
    assert pace.begin(needs, 0) == needs[2 : 2 + LEFT]
    for need in needs[2:4]:
        pace.leave(need, 0, 1_000)
    assert pace.begin(needs, 0) == []
    for _ in range(8):
        pace.failed(Need("asset", "0"), 0)  # it waits for over 30 s
    assert pace.begin(needs, 0) == [needs[4]], "what fails holds nothing back"
    pace.done(needs[4])
    assert pace.begin(needs, 1_000) == needs[1:3], "those left come first"
    assert pace.begin([], 2_000) == []
    assert not pace.put_off, "what is wanted no more is left to nobody"


def test_what_is_needed_soon_waits_for_no_film_of_next_week() -> None:
    pace = Pace()
    films = [Need("asset", f"film {number}") for number in range(3)]
    assert pace.begin(films, 0) == films[:2]
    now, too = Need("asset", "now"), Need("asset", "now too")
    soon = {now.key, too.key}
    assert pace.begin([now, too, *films], 0, soon) == [now]
    assert pace.begin([now, too, *films], 0, soon) == []
    pace.done(films[0])
    assert pace.begin([now, too, films[1], films[2]], 0, soon) == [too]
    assert pace.begin([now, too, films[1], films[2]], 0, soon) == []
    alone = Pace()
    assert alone.begin([now, too, Need("asset", "third")], 0, soon | {"third"}) == [now, too]


def test_what_plays_within_the_hour_is_urgent_and_what_plays_in_the_evening_is_not(
    screen: Bench,
) -> None:
    playback = screen.agent._playback
    playback._needed = {sha256(b"A"): NOON, sha256(b"B"): NOON + 6 * HOUR_MS}
    assert playback.urgent() == {sha256(b"A")}


def test_a_server_that_asks_for_patience_is_not_asked_for_the_other_files() -> None:
    pace, files = Pace(), [Need("asset", f"{number}") for number in range(50)]
    asked = 0
    for second in range(60):
        for need in pace.begin(files, second * 1_000):
            asked += 1
            pace.failed(need, second * 1_000, 30_000)
    assert asked == 4, "two at once, twice"
    pace.hurry()
    assert pace.begin(files, 60_000)


def test_no_more_bytes_a_second_than_allowed() -> None:
    throttle = Throttle(400 * KIB)
    began = time.monotonic()
    sent = sum(len(block) for block in throttle.through(bytes(16 * KIB) for _ in range(20)))
    assert sent / (time.monotonic() - began) <= 400 * KIB * 2
    assert sum(map(len, Throttle(0).through([b"any"] * 1_000))) == 3_000


def test_a_player_that_ends_fetches_no_further() -> None:
    throttle = Throttle(10)
    blocks = throttle.through(iter([b"a", b"b" * 1_000_000]))
    next(blocks)
    throttle.end()
    with pytest.raises(Unreachable):
        next(blocks)


def test_the_settings_of_fetching_are_read() -> None:
    base = ["--server", "https://signs.example"]
    more = ["--fetch-kib-s", "250", "--fetch-hours", "21:00-07:00, 12:00-13:30", "--no-share"]
    config = read_config([*base, *more], {})
    assert config.fetch_bytes_s == 250 * KIB
    assert config.fetch_hours == ((1260, 420), (720, 810))
    assert not config.share
    assert read_config(base, {}).share
    assert not read_config(base, {"ENSEIGNE_PLAYER_NO_SHARE": "1"}).share
    for wrong in ("25:00-07:00", "9-17", "21:00", "21:00-07:60"):
        with pytest.raises(BadConfig, match="--fetch-hours"):
            read_config([*base, "--fetch-hours", wrong], {})


def test_a_file_that_was_whole_when_the_power_went_is_not_fetched_again(tmp_path: Path) -> None:
    """It is read through before it counts, which takes a slow card half a minute."""
    key, sim = SigningKey.generate(), Sim(lambda: NOON)
    sim.device = device_of(key)
    address = sim.add_asset(PICTURE)
    store = Store(tmp_path, Budget(10_000_000))
    with running_peer(sim) as peer:
        server = Server(peer.url, key)
        server.be(SCREEN)
        fetch = Fetch(server, store, Health())
        store.write_part(address, (0, len(PICTURE)), [PICTURE], frozenset())
        fetch.get(address, frozenset())
        assert store.read(address) == PICTURE
        asked = [path for _, path in sim.requests if path.startswith("/assets")]
        assert (len(asked), sim.ranges) == (1, [f"bytes={len(PICTURE)}-"])
        store.drop(address)
        # One as long, but changed, is begun anew the next time; one that is too long at once.
        store.write_part(address, (0, len(PICTURE)), [PICTURE[::-1]], frozenset())
        with pytest.raises(Corrupt):
            fetch.get(address, frozenset())
        fetch.get(address, frozenset())
        store.drop(address)
        store.write_part(address, (0, len(PICTURE) + 1), [PICTURE + b"!"], frozenset())
        fetch.get(address, frozenset())
        assert store.read(address) == PICTURE


def test_a_line_that_is_cut_at_random_bytes_costs_a_tenth_more_at_most(tmp_path: Path) -> None:
    dice, key = random.Random(7), SigningKey.generate()
    data = dice.randbytes(6_000_000)
    sim = Sim(lambda: NOON)
    sim.device = device_of(key)
    address = sim.add_asset(data)
    store = Store(tmp_path, Budget(10_000_000))
    sent = cuts = 0
    with running_peer(sim) as peer:
        server = Server(peer.url, key)
        server.be(SCREEN)
        fetch = Fetch(server, store, Health())
        while address not in store.held():
            peer.cut_assets_at = dice.randrange(600_000)
            sent += min(peer.cut_assets_at, len(data) - store.part_size(address))
            try:
                fetch.get(address, frozenset())
            except Unreachable:
                cuts += 1
    assert store.read(address) == data
    assert cuts > 10
    assert sent <= 1.1 * len(data)
