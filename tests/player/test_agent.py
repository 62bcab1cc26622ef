"""The agent's decisions, told as stories over a simulated server."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable
from dataclasses import replace

import pytest

from player.agent.events import DoorAt
from player.agent.needs import Need
from player.agent.work import Done, attempt
from player.link.door import Down, Up
from playlists.ids import ScreenId, Sha256, ZoneId
from playlists.signing import SigningKey, sign, verify
from playlists.slot import PRICE_MARGIN_MS
from playlists.wire.door import Pull
from playlists.wire.signed import Head
from tests.fakes.shop_content import DAY_MS, HOUR_MS, SHOP, TEN_S, Content, boot_offer, content
from tests.player.bench import Bench, paired

YEAR_MS = 365 * DAY_MS


def test_a_typed_code_brings_plan_prices_and_trusted_time(screen: Bench) -> None:
    assert screen.state["pairing"] is None
    assert screen.state["plan"]["revision"] == screen.sim.revision
    assert screen.prices() == [8_990]
    assert screen.agent.health()["clock"]["uncertainty"] is not None


def test_a_pushed_price_is_there_at_once(screen: Bench) -> None:
    asked = len(screen.sim.requests)
    screen.hear("offers", screen.sim.price(boot_offer(7_900)))
    screen.hear("freshness", screen.sim.renew())
    assert screen.prices() == [7_900]
    assert screen.state["offers"][SHOP]["version"] == 2
    assert len(screen.sim.requests) == asked


def test_a_price_whose_lease_names_another_version_is_not_shown(screen: Bench) -> None:
    screen.hear("offers", screen.sim.price(boot_offer(7_900)))
    assert screen.prices() == []


def test_a_price_that_was_withdrawn_is_confirmed_by_a_report_of_its_own(screen: Bench) -> None:
    screen.wait(60_000)
    screen.hear("offers", screen.sim.price(boot_offer(7_900)))
    before = len(screen.sim.reports)
    screen.hear("offers", screen.sim.price(replace(boot_offer(7_900), steps=())))
    screen.wait(12_500, step_ms=500)
    assert len(screen.sim.reports) > before
    assert screen.sim.reports[-1].channels == {SHOP: 3}


def test_a_gap_is_pulled(screen: Bench) -> None:
    screen.sim.price(boot_offer(7_900))
    screen.hear("offers", screen.sim.price(boot_offer(7_500)))
    screen.hear("freshness", screen.sim.renew())
    assert screen.prices() == [7_500]


def test_deltas_that_never_fit_end_in_a_whole_snapshot_not_in_a_circle(screen: Bench) -> None:
    screen.sim.price(boot_offer(7_900))
    screen.sim.price(boot_offer(7_500))
    screen.sim.deltas = screen.sim.deltas[-1:]
    screen.post(Pull("offers", SHOP))
    asked = [path for _, path in screen.sim.requests].count("/offers/shop@lille")
    assert asked <= 3
    screen.wait(4_000)
    screen.hear("freshness", screen.sim.renew())
    assert screen.prices() == [7_500]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_in_whatever_order_the_newest_price_is_there_within_a_second(
    screen: Bench, seed: int
) -> None:
    """Deltas and freshness that are lost or overtake each other, answers that take their time."""
    dice = random.Random(seed)
    late: list[Done] = []

    def answered(need: Need, job: Callable[[], object]) -> None:
        late.append(attempt(need, job))

    screen.agent._runner.submit = answered  # type: ignore[method-assign]
    air: list[tuple[str, str]] = []

    def change() -> None:
        screen.clocks.true_ms += 1
        air.append(("offers", screen.sim.price(boot_offer(dice.randrange(5_000, 9_000)))))
        air.append(("freshness", screen.sim.renew()))

    for _ in range(30):
        screen.clocks.true_ms += dice.randrange(200)
        if late and dice.random() < 0.3:
            screen.post(late.pop(dice.randrange(len(late))))
        else:
            change()
        while air and dice.random() < 0.6:
            kind, token = air.pop(dice.randrange(len(air)))
            if dice.random() < 0.8:
                screen.hear(kind, token)
    screen.clocks.true_ms += 1
    screen.sim.price(boot_offer(9_900))
    screen.hear("freshness", screen.sim.renew())
    for _ in range(10):
        while late:
            screen.post(late.pop(0))
        screen.wait(100, 100)
    assert screen.prices() == [9_900]


def test_with_push_dead_a_change_arrives_by_report_within_a_minute(screen: Bench) -> None:
    screen.sim.price(boot_offer(7_900))
    screen.sim.renew()
    screen.wait(56_000)
    assert screen.prices() == [7_900]


def test_a_silent_socket_is_given_up_and_http_takes_over(screen: Bench) -> None:
    wire = screen.wire
    assert wire
    wire.is_up = True
    token = screen.parts.server._token
    screen.post(Up(token, 45_000))
    assert len(wire.reports) == 1
    screen.sim.price(boot_offer(7_900))
    screen.sim.renew()
    screen.wait(11_000)
    assert wire.drops == 1
    assert screen.prices() == [7_900]


def test_what_is_wrong_is_reported_with_its_begin(screen: Bench) -> None:
    screen.wait(60_000)
    assert screen.sim.reports[-1].troubles == {}
    screen.post(Down("cloned_key"))
    began = screen.clocks.true_ms
    screen.wait(120_000)
    assert screen.sim.reports[-1].troubles.keys() == {"door"}
    assert screen.sim.reports[-1].troubles["door"] == pytest.approx(began, abs=130_000)


def test_a_door_that_refuses_is_told_to_people_and_the_plan_plays_on(screen: Bench) -> None:
    screen.post(Down("cloned_key"))
    assert "cloned_key" in screen.notes["door"]
    assert screen.state["notice"] == "door"
    assert screen.shown().card is not None


def test_the_door_is_remembered_for_when_nobody_says_where_it_is(screen: Bench) -> None:
    screen.post(DoorAt("http://door.test:8081"))
    screen.reboot()
    assert screen.parts.kept.memory.door == "http://door.test:8081"


def test_a_new_plan_plays_once_all_of_it_is_here(screen: Bench) -> None:
    before = screen.state["plan"]["manifest"]
    made = content("Soldes")
    missing = max(made.objects, key=lambda address: len(made.objects[address]))
    token = screen.sim.publish(made)
    del screen.sim.objects[missing]
    screen.hear("head", token)
    assert screen.state["plan"]["manifest"] == before
    screen.sim.objects[missing] = made.objects[missing]
    screen.wait(5_000)
    assert screen.state["plan"]["manifest"] == made.manifest
    assert set(screen.state["plan"]["chunks"]) < set(made.objects)


@pytest.mark.parametrize("lie", ["cut", "other", "html"])
def test_objects_that_are_not_what_they_are_named_are_refused(screen: Bench, lie: str) -> None:
    made = content("Soldes")
    token = screen.sim.publish(made)
    for address, data in made.objects.items():
        lies = {"cut": data[:-1], "other": data + b" ", "html": b"<html>down</html>"}
        screen.sim.objects[address] = lies[lie]
    before = screen.state["plan"]
    screen.hear("head", token)
    screen.wait(3_000)
    assert screen.state["plan"] == before
    assert screen.counts["failed:object:Corrupt"] >= 1


def test_a_plan_in_a_form_not_understood_is_refused_and_the_old_one_plays(screen: Bench) -> None:
    data = b'{"v":2}'
    address = screen.sim.add_asset(data)
    before = screen.state["plan"]
    screen.hear("head", screen.sim.publish(Content(address, {address: data})))
    assert screen.state["plan"] == before
    assert "plan_refused" in screen.notes
    screen.hear("head", screen.sim.publish(content("Soldes")))
    assert "plan_refused" not in screen.notes


def forged(screen: Bench, **change: object) -> Head:
    payload = verify(screen.sim.head, "head", screen.parts.kept.memory.trusted.ring, None)  # type: ignore[union-attr]
    return replace(Head.from_json(payload), **change)  # type: ignore[arg-type]


@pytest.mark.parametrize("reboot", [False, True])
def test_old_forged_replayed_and_cut_heads_are_refused_after_a_reboot_too(
    screen: Bench, reboot: bool
) -> None:
    old = screen.sim.head
    screen.hear("head", screen.sim.publish(content("Soldes")))
    if reboot:
        screen.sim.faults.down = True
        screen.reboot()
        screen.settle()
    plan = screen.state["plan"]
    newest = forged(screen)
    later = replace(newest, revision=newest.revision + 1, manifest=Sha256("a" * 64))
    wrong_screen = replace(later, screen=ScreenId("lille-2"))
    thief = SigningKey.generate()
    for token in (
        old,
        sign("head", later.to_json(), thief),
        sign("head", wrong_screen.to_json(), screen.sim.online),
        sign("head", replace(newest, manifest=later.manifest).to_json(), screen.sim.online),
        screen.sim.head[:-3],
        "x.y.z",
        "",
    ):
        screen.hear("head", token)
    assert screen.state["plan"] == plan
    for reason in ("rollback", "unknown_key", "wrong_screen", "equivocation", "malformed"):
        assert screen.counts[f"refused:head:{reason}"] >= 1, reason


def test_a_storm_of_forged_messages_asks_for_the_keys_but_seldom(screen: Bench) -> None:
    thief = SigningKey.generate()
    for revision in range(50):
        screen.hear("head", sign("head", forged(screen, revision=revision + 1).to_json(), thief))
    assert [path for _, path in screen.sim.requests].count("/keys") == 1


def test_keys_that_rotate_are_fetched_and_what_waited_is_taken(screen: Bench) -> None:
    screen.sim.rotate()
    screen.sim.publish(content("Soldes"))
    screen.hear("head", screen.sim.head)
    assert screen.state["plan"]["revision"] == screen.sim.revision
    # What the old key had signed was forgotten, and had anew.
    assert screen.prices() == [8_990]
    trusted = screen.parts.kept.memory.trusted
    assert trusted is not None
    assert {kid for held in trusted.channels.values() for kid in held.kids} == {
        screen.sim.online.kid
    }


def test_the_plan_plays_on_though_the_key_of_its_head_is_gone(screen: Bench) -> None:
    plan = screen.state["plan"]
    screen.sim.rotate()
    screen.sim.head, screen.sim.faults.hook = (
        "",
        lambda method, path: (503, {}, b"") if path == "/reports" else None,
    )
    screen.post(Pull("keys"))
    trusted = screen.parts.kept.memory.trusted
    assert trusted is not None
    assert trusted.head is None
    assert screen.state["plan"] == plan
    screen.reboot()
    assert screen.state["plan"] == plan
    assert screen.shown().card is not None


def test_a_server_restored_from_yesterdays_backup_still_reaches_the_screen(screen: Bench) -> None:
    yesterday = screen.sim.revision - DAY_MS
    screen.sim.revision = yesterday
    screen.sim.publish(content("Après la sauvegarde"))
    assert screen.sim.revision > yesterday + 1
    screen.wait(60_000)
    assert screen.state["plan"]["revision"] == screen.sim.revision


def test_a_backup_that_lost_the_newest_plan_and_prices_converges_above_them(
    screen: Bench,
) -> None:
    backup = (screen.sim.revision, screen.sim.manifest, dict(screen.sim.objects))
    prices = (screen.sim.channel_version, dict(screen.sim.offers), list(screen.sim.deltas))
    lost = content("Perdu")
    token = screen.sim.publish(lost)
    screen.hear("offers", screen.sim.price(boot_offer(7_900)))
    screen.sim.objects = backup[2]
    screen.hear("head", token)
    assert screen.state["plan"]["manifest"] == backup[1]
    screen.sim.revision, screen.sim.manifest, _ = backup
    screen.sim.channel_version, screen.sim.offers, screen.sim.deltas = prices
    screen.wait(120_000)
    assert screen.state["plan"]["revision"] == screen.sim.revision > backup[0]
    assert screen.agent._playback.lacking == ()
    assert screen.prices() == [8_990]


def test_it_plays_from_the_disk_before_it_asks_anybody(screen: Bench) -> None:
    plan, shown = screen.state["plan"], screen.shown().card
    screen.sim.faults.down = True
    asked = len(screen.sim.requests)
    screen.reboot(off_ms=0)
    assert screen.state["plan"] == plan
    assert screen.shown().card == shown
    assert len(screen.sim.requests) == asked


def test_after_a_restart_without_network_no_price_shows_until_the_time_is_known(
    screen: Bench,
) -> None:
    screen.sim.faults.down = True
    screen.reboot()
    screen.wait(10_000)
    assert screen.prices() == []
    screen.sim.faults.down = False
    screen.wait(40_000)
    assert screen.prices() == [8_990]


@pytest.mark.parametrize("wrong_ms", [-YEAR_MS, YEAR_MS])
def test_a_wall_clock_a_year_off_changes_nothing_once_connected(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, bench: Bench, wrong_ms: int
) -> None:
    bench.clocks.wrong_ms = wrong_ms
    paired(bench)
    assert bench.prices() == [8_990]
    now = bench.agent.health()["clock"]
    assert abs(now["now"] - bench.clocks.true_ms) <= now["uncertainty"]
    assert not bench.parts.server.dates
    bench.clocks.wrong_ms = 0
    bench.wait(1_000)
    assert bench.parts.server.dates
    # It leaps again: the server would be out of reach for good if its dates went on to count.
    bench.clocks.wrong_ms = wrong_ms
    bench.wait(1_000)
    assert not bench.parts.server.dates


def test_thirty_days_offline_it_plays_to_schedule_and_prices_lapse(screen: Bench) -> None:
    screen.sim.faults.down = True
    began = screen.clocks.true_ms
    screen.wait(4 * HOUR_MS - 60_000, step_ms=HOUR_MS)
    assert screen.prices() == [8_990]
    screen.wait(60_000 + PRICE_MARGIN_MS)
    assert screen.prices() == []
    for _ in range(30):
        screen.wait(DAY_MS, step_ms=HOUR_MS * 6)
        shown = screen.shown()
        assert shown.card is not None
        assert shown.since <= screen.clocks.true_ms < shown.until
    assert screen.clocks.true_ms - began > 30 * DAY_MS
    screen.reboot()
    assert screen.shown().card is not None


def test_what_it_says_to_people_names_what_it_holds(screen: Bench) -> None:
    health = screen.agent.health()
    assert health["ok"]
    assert health["revision"] == screen.sim.revision
    assert health["missing"] == 0
    screen.wait(60_000)
    report = screen.sim.reports[-1]
    assert report.revision == screen.sim.revision
    assert report.channels == {SHOP: 1}
    playing = report.playing[ZoneId("main")]
    plan = screen.agent._playback.plan
    assert plan is not None
    assert playing.card in plan.cards
    assert playing.until - playing.since == TEN_S


def test_a_full_disk_keeps_the_old_plan_and_says_so(
    screen: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = screen.parts.kept._db
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")
    plan = screen.state["plan"]
    offers = [replace(boot_offer(), sku=f"SKU-{at}-{secrets.token_hex(8)}") for at in range(2_000)]
    screen.hear("offers", screen.sim.price(*offers))
    assert "disk_full" in screen.notes
    screen.hear("head", screen.sim.publish(content("Salut")))
    assert screen.state["plan"] == plan
    assert screen.state["offers"][SHOP]["version"] == 2, "prices wait for no disk"
    db.execute("PRAGMA max_page_count = 1000000")
    screen.wait(60_000)
    assert screen.state["plan"] != plan
    assert "disk_full" not in screen.notes
    screen.reboot()
    assert screen.state["offers"][SHOP]["version"] == 2
