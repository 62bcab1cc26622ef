"""A link that floods: what waits has an end, and nothing that comes only once is lost."""

from __future__ import annotations

import pytest

from player.agent import inbox
from player.agent.events import DoorAt
from player.agent.inbox import MAX_NEWS, MAX_NEWS_BYTES, Inbox
from player.agent.needs import Need
from player.agent.work import Done
from player.display.wishes import Did
from player.link.door import Down, Heard, Told, Up
from playlists.signing import MAX_BYTES
from playlists.wire.door import Pull
from tests.fakes.shop_content import SHOP, boot_offer
from tests.player.bench import Bench

ONCE = (
    Up("token", 45_000),
    Done(Need("report")),
    Did("picture:1", True, "grim", "Taken."),
    DoorAt("http://door.test"),
    Down("cloned_key"),
)


def test_beyond_the_limit_hints_are_dropped_and_counted_and_nothing_else() -> None:
    box = Inbox()
    for number in range(3 * MAX_NEWS):
        box.put(Heard("offers", f"{number}"))
    for event in (Told("t", "n", 0, 0), Pull("offers", SHOP), *ONCE):
        box.put(event)
    heard = list(iter(box.get, None))
    assert heard == [*(Heard("offers", f"{number}") for number in range(MAX_NEWS)), *ONCE]
    assert (box.dropped(), box.dropped()) == (2 * MAX_NEWS + 2, 0)
    box.put(Heard("head", "again"))
    assert box.get() == Heard("head", "again")


def test_long_hints_are_fewer() -> None:
    box = Inbox()
    long = Heard("offers", "x" * MAX_BYTES["offers"])
    for _ in range(10):
        box.put(long)
    held = len(list(iter(box.get, None)))
    assert held * MAX_BYTES["offers"] == MAX_NEWS_BYTES


def test_the_agent_turns_within_a_flood_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MAX_NEWS", 8)
    box = Inbox()
    box.put(DoorAt("first"))
    taken = 0
    for _ in box.some(1.0):
        taken += 1
        box.put(DoorAt("another"))
    assert taken == 8


def test_what_was_dropped_in_a_flood_of_junk_is_had_soon_after(screen: Bench) -> None:
    for _ in range(2 * MAX_NEWS):
        screen.agent.post(Heard("offers", "junk"))
    screen.agent.post(Heard("offers", screen.sim.price(boot_offer(7_900))))
    screen.hear("freshness", screen.sim.renew())
    assert screen.counts["news_dropped"] == MAX_NEWS + 2
    screen.wait(11_000)
    assert screen.prices() == [7_900]
