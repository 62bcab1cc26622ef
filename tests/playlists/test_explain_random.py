"""What explains is what shows, on schedules drawn at random."""

from __future__ import annotations

import random

import pytest

from playlists.conditions import Not
from playlists.explain import explain
from playlists.ids import PlaylistId, ScreenId
from playlists.manifest import Plan
from playlists.model import Target
from playlists.resolve import Memo, profile_of, wishes_of
from playlists.schedule import Schedule
from playlists.shown import Freshness, Now, Shown
from playlists.slot import slot_at
from tests.playlists.asking import DAY, HOUR, RAIN
from tests.playlists.small_chain import MAIN, SmallChain, a_screen, at, between, item


def shown_at(plan: Plan, now_ms: int) -> Shown:
    """What slot_at shows with every source fresh and no file missing."""
    sources = {
        source: now_ms
        for chunk in plan.chunks.values()
        for slot in chunk.slots
        for source, _ in slot.gates
    }
    return slot_at(plan, {}, Freshness(sources=sources), set(), (), Now(now_ms))[MAIN]


def random_chain(draw: random.Random) -> SmallChain:
    """A small chain with a bit of everything."""
    chain = SmallChain()
    chain.playlist("inner", item("n1", draw.choice((5, 9))), item("n2", 11))
    chain.playlist(
        "base",
        item("b1", draw.choice((7, 10)), condition=draw.choice((None, RAIN))),
        item(
            "b2",
            draw.choice((8, 60)),
            schedule=draw.choice((Schedule(), between("09:00", "16:00"))),
        ),
        item("b3", content=PlaylistId("inner")),
    )
    if draw.random() < 0.3:
        chain.base("own", item("o1", 13), scope="store", owner="lille")
    for number in range(draw.randint(0, 7)):
        start, length = draw.randint(0, 22 * 60), draw.randint(1, 90)
        end = start + length
        chain.campaign(
            f"c{number}",
            *(
                item(f"c{number}{n}", draw.choice((5, 8, 10, 45)))
                for n in range(draw.randint(1, 3))
            ),
            layer=draw.choice(("takeover", "campaign", "campaign", "campaign")),
            share=draw.choice((500, 1_000, 3_333, 9_000)),
            priority=draw.randint(0, 1),
            schedule=draw.choice(
                (
                    Schedule(),
                    between(
                        f"{start // 60:02d}:{start % 60:02d}", f"{end // 60:02d}:{end % 60:02d}"
                    ),
                )
            ),
            condition=draw.choice((None, None, RAIN, Not(RAIN))),
            target=draw.choice((Target(), Target(screens=frozenset({ScreenId("lille-1")})))),
        )
    turn = draw.randint(1, 22)
    chain.fact(
        "weather.rain:lille",
        (f"{DAY}T00:00", f"{DAY}T{turn:02d}:00", draw.randint(0, 1)),
        (f"{DAY}T{turn:02d}:30", f"{DAY}T23:30", draw.randint(0, 1)),
    )
    for kind in ("hand", "pause", "fire"):
        begin = (
            f"{DAY}T{draw.randint(0, 21):02d}:{draw.randint(0, 59):02d}:{draw.randint(0, 59):02d}"
        )
        end = f"{DAY}T22:{draw.randint(0, 59):02d}:17"
        if draw.random() < 0.7:
            continue
        if kind == "fire":
            chain.emergency("fire", begin, end)
        elif kind == "hand":
            chain.override("hand", begin, end, item("h1", 6))
        else:
            chain.override("pause", begin, end, subject=draw.choice(("b1", "c0", "c1")))
    return chain


def agrees(seed: int) -> None:
    """One random chain at random instants: what explains is what shows."""
    draw = random.Random(seed)
    chain = random_chain(draw)
    screen = a_screen()
    reader = chain.reader()
    profile = profile_of(screen, wishes_of(reader, screen.store, [screen.id]))
    memo = Memo()
    played = chain.played(memo=memo)
    plan = played.plan
    for _ in range(3):
        now = at(f"{DAY}T00:00") + draw.randrange(36 * HOUR)
        shown = shown_at(plan, now)
        found = explain(profile, reader, played.days, now, memo=memo)
        assert found.winner == shown.why
        assert (found.since, found.until) == (shown.since, shown.until) or shown.why is None
        wishes = [(x.layer, x.wish) for x in found.losers if not x.item]
        names = {row.id for row in chain.campaign_rows} | {
            base.playlist for base in chain.base_rows
        }
        names |= {row.id for row in chain.override_rows if row.kind == "show"}
        names |= {row.id for row in chain.emergency_rows}
        winner = {found.winner.source} if found.winner else set()
        assert sorted(name for _, name in wishes) == sorted(names - winner)


def test_the_explanation_agrees_with_slot_at_on_random_schedules() -> None:
    for seed in range(400):
        agrees(seed)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_explanation_agrees_with_slot_at_on_ten_thousand_random_schedules() -> None:
    for seed in range(10_000):
        agrees(seed)
