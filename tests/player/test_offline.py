"""A player whose server is away: from its first start, over power cuts, for a month."""

from __future__ import annotations

from player.spool import Turn
from playlists.ids import Sha256, ZoneId
from playlists.runs import GENESIS, Play, verify_chain
from playlists.slot import Freshness, slot_at
from tests.fakes.shop_content import DAY_MS, HOUR_MS
from tests.player.bench import Bench, paired

DAYS = 30


def test_a_first_start_without_a_network_shows_the_slate_and_says_why(bench: Bench) -> None:
    bench.sim.faults.down = True
    bench.reboot()
    bench.wait(60_000)
    assert bench.state["plan"] is None
    assert bench.state["pairing"] is None
    assert bench.state["notice"] == "server"
    (shown,) = slot_at(None, {}, Freshness(), frozenset(), (), bench.agent._beliefs.now()).values()
    assert shown.variant == "slate"


def test_it_shows_a_code_within_a_minute_of_the_network_coming(bench: Bench) -> None:
    bench.sim.faults.down = True
    bench.reboot()
    bench.wait(10 * 60_000, step_ms=10_000)
    bench.sim.faults.down = False
    bench.wait(90_000)
    assert bench.state["pairing"]["code"]


def test_a_code_outlives_a_power_cut_without_a_network(bench: Bench) -> None:
    bench.settle()
    code = bench.state["pairing"]["code"]
    bench.sim.faults.down = True
    bench.reboot()
    bench.wait(60_000)
    assert bench.state["pairing"]["code"] == code
    bench.sim.faults.down = False
    bench.sim.accept(code)
    bench.wait(120_000)
    assert bench.state["plan"]


def test_a_restart_without_network_or_time_shows_the_plan_and_no_price(bench: Bench) -> None:
    screen = paired(bench)
    assert screen.prices()
    screen.sim.faults.down = True
    for wrong_ms in (0, -DAYS * DAY_MS, DAYS * DAY_MS):
        screen.clocks.wrong_ms = wrong_ms
        screen.reboot()
        screen.wait(10_000)
        assert screen.state["plan"]
        assert screen.shown().card is not None
        assert screen.prices() == []


def test_what_a_month_without_the_server_showed_arrives_once_and_unbroken(screen: Bench) -> None:
    screen.sim.faults.down = True
    spool, told = screen.parts.spool, 0
    for day in range(DAYS):
        if day % 7 == 6:
            screen.reboot()
            spool = screen.parts.spool
        for _ in range(24):
            told += 1
            begin = screen.clocks.true_ms
            play = Play(ZoneId("main"), told, Sha256("a" * 64), begin, begin + HOUR_MS)
            assert spool.saw("page", [Turn(told, play, ("base", "loop", "i"))]) == 1
            screen.clocks.true_ms += HOUR_MS
    assert spool.depth() == told - 1
    screen.sim.faults.down = False
    screen.wait(120_000)
    runs = screen.sim.runs
    assert [run.play.head for run in runs[: told - 1]] == list(range(1, told))
    verify_chain(runs, GENESIS)
