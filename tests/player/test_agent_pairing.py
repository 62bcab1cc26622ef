"""How a device becomes a screen, and ceases to be one."""

from __future__ import annotations

from player.link.door import Down
from playlists.signing import SigningKey
from tests.fakes.server_sim import device_of
from tests.player.bench import Bench


def test_a_new_device_shows_its_code_with_the_roots_fingerprint(bench: Bench) -> None:
    bench.settle()
    pairing = bench.state["pairing"]
    assert len(pairing["code"]) == 7
    assert pairing["fingerprint"].count("-") == 3
    assert bench.state["plan"] is None


def test_the_same_code_stands_after_a_power_cut(bench: Bench) -> None:
    bench.settle()
    code = bench.state["pairing"]["code"]
    bench.reboot()
    bench.settle()
    assert bench.state["pairing"]["code"] == code


def test_a_code_that_is_over_gives_way_to_a_new_one(bench: Bench) -> None:
    bench.settle()
    code = bench.state["pairing"]["code"]
    bench.sim.pairings.clear()
    bench.wait(5_000)
    assert bench.state["pairing"]["code"] != code


def test_a_root_key_swapped_while_pairing_is_not_believed(bench: Bench) -> None:
    bench.settle()
    bench.sim.accept(bench.state["pairing"]["code"])
    bench.sim.root = SigningKey.generate()
    bench.wait(2_000)
    assert bench.state["screen"] is None
    assert "root key changed" in bench.notes["pairing"]


def removed(screen: Bench) -> None:
    """Somebody took the device from its screen; the door says so."""
    screen.sim.device = b""
    screen.post(Down("unknown_screen"))


def test_a_removed_screen_plays_on_until_the_server_said_so_twice_then_shows_a_code(
    screen: Bench,
) -> None:
    removed(screen)
    assert screen.state["plan"] is not None
    assert "unknown_screen" in screen.notes["server"]
    screen.wait(60_000)
    assert screen.state["plan"] is None
    assert screen.state["screen"] is None
    screen.sim.accept(screen.state["pairing"]["code"])
    screen.wait(60_000)  # it asks again after a wait that is drawn at random
    assert screen.prices() == [8_990]
    assert screen.notes == {}
    screen.reboot()
    assert screen.state["plan"] is not None


def test_a_screen_given_another_device_shows_a_code(screen: Bench) -> None:
    screen.sim.device = device_of(SigningKey.generate())
    screen.post(Down("bad_signature"))
    screen.wait(60_000)
    assert screen.state["pairing"]["code"]


def test_one_who_is_not_the_server_parts_no_device_from_its_screen(screen: Bench) -> None:
    screen.sim.signs = False
    removed(screen)
    screen.wait(600_000)
    assert screen.state["plan"] is not None
    screen.sim.signs = True
    timer = screen.sim.timer
    screen.sim.timer = SigningKey.generate()
    screen.wait(600_000)
    assert screen.state["plan"] is not None
    screen.sim.timer = timer
    for other in ({"screen": "another"}, {"sig": "c2ln"}):
        screen.sim.refused_instead = other
        screen.wait(600_000)
        assert screen.state["plan"] is not None


def test_a_server_that_knows_the_screen_again_keeps_it(screen: Bench) -> None:
    device = screen.sim.device
    removed(screen)
    screen.wait(3_000)
    screen.sim.device = device
    screen.wait(30_000)
    removed(screen)
    screen.wait(3_000)
    assert screen.state["plan"] is not None
