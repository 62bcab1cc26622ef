"""Proof of play: a few rows prove every second, and nobody can change one unseen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from playlists.errors import Invalid, Refused
from playlists.ids import ChannelId, Sha256, ZoneId
from playlists.runs import GENESIS, Play, Recorder, Run, Slot, append, verify_chain

MAIN, SIDE = ZoneId("main"), ZoneId("side")
SHOP = ChannelId("shop@lille")
BASE: Slot = ("base", "p", "i1")
RAIN: Slot = ("campaign", "rain", "i2")
TURN = 10_000


def play(
    at: int, *, zone: ZoneId = MAIN, head: int = 7, version: int = 3, until: int | None = None
) -> Play:
    end = at + TURN if until is None else until
    return Play(zone, head, Sha256("a" * 64), at, end, {SHOP: version})


def fallback(at: int, card: str | None = "c1", because: str = "gate_stale:weather@lille") -> Play:
    return replace(play(at), card=card, because=(because,))


def record(*seen: tuple[Play, Slot]) -> list[Play]:
    """All plays that a recorder ends for what was seen, the open ones last."""
    recorder, out = Recorder(), []
    for shown, slot in seen:
        recorder, ended = recorder.saw(shown, slot)
        out += ended
    recorder, rest = recorder.closed()
    assert recorder == Recorder()
    return [*out, *rest]


def spans(plays: list[Play]) -> list[tuple[int, int, bool]]:
    return [(p.from_ms, p.until_ms, bool(p.because)) for p in plays]


def chain(*plays: Play) -> list[Run]:
    runs: list[Run] = []
    for seq, one in enumerate(plays, 1):
        runs.append(append(seq, runs[-1].hash if runs else GENESIS, one))
    return runs


# --- merging --------------------------------------------------------------------------------------


def test_a_day_of_equal_loops_is_one_run() -> None:
    day = 8_640
    seen = [(play(turn * TURN), (BASE, RAIN)[turn % 2]) for turn in range(day)]
    assert spans(record(*seen)) == [(0, day * TURN, False)]


def test_a_new_head_or_offer_version_begins_a_run() -> None:
    seen = [play(0), play(TURN), play(2 * TURN, head=8), play(3 * TURN, head=8, version=4)]
    runs = record(*((one, BASE) for one in seen))
    assert spans(runs) == [
        (0, 2 * TURN, False),
        (2 * TURN, 3 * TURN, False),
        (3 * TURN, 4 * TURN, False),
    ]
    assert [(run.head, run.offers[SHOP]) for run in runs] == [(7, 3), (8, 3), (8, 4)]


def test_an_exception_over_many_loops_is_one_row_beside_the_plan() -> None:
    seen: list[tuple[Play, Slot]] = []
    for turn in range(0, 100, 2):
        seen += [(play(turn * TURN), BASE), (fallback((turn + 1) * TURN), RAIN)]
    plan, exception = record(*seen)
    assert spans([plan, exception]) == [(0, 100 * TURN, False), (TURN, 100 * TURN, True)]
    assert (exception.slot, exception.card) == (RAIN, "c1")
    assert (plan.slot, plan.card, plan.because) == (None, None, ())


def test_an_exception_ends_when_its_slot_shows_as_planned_again() -> None:
    seen = [
        (fallback(0), RAIN),
        (play(TURN), BASE),
        (play(2 * TURN), RAIN),
        (fallback(3 * TURN), RAIN),
    ]
    assert sorted(spans(record(*seen))) == [
        (0, TURN, True),
        (0, 4 * TURN, False),
        (3 * TURN, 4 * TURN, True),
    ]


def test_another_reason_or_another_card_is_another_exception() -> None:
    seen = [fallback(0), fallback(TURN, because="paused:c1"), fallback(2 * TURN, None, "paused:c1")]
    exceptions = [one for one in record(*((one, RAIN) for one in seen)) if one.because]
    assert spans(exceptions) == [(at * TURN, (at + 1) * TURN, True) for at in range(3)]


def test_a_gap_in_time_is_never_bridged() -> None:
    seen = [
        (play(0), BASE),
        (fallback(TURN), RAIN),
        (play(5 * TURN), BASE),
        (fallback(6 * TURN), RAIN),
    ]
    assert sorted(spans(record(*seen))) == [
        (0, 2 * TURN, False),
        (TURN, 2 * TURN, True),
        (5 * TURN, 7 * TURN, False),
        (6 * TURN, 7 * TURN, True),
    ]


def test_a_new_head_ends_the_exceptions_of_its_zone_only() -> None:
    side = replace(fallback(0), zone=SIDE)
    recorder, _ = Recorder().saw(side, RAIN)
    recorder, _ = recorder.saw(fallback(0), RAIN)
    recorder, ended = recorder.saw(play(TURN, head=8), BASE)
    assert [(one.zone, bool(one.because)) for one in ended] == [(MAIN, False), (MAIN, True)]
    assert {zone for zone, _ in recorder.exceptions} == {SIDE}
    assert set(recorder.planned) == {MAIN, SIDE}


def test_zones_are_recorded_apart() -> None:
    seen = [
        (play(0), BASE),
        (play(0, zone=SIDE), BASE),
        (play(TURN), BASE),
        (play(TURN, zone=SIDE), BASE),
    ]
    runs = record(*seen)
    assert [(run.zone, run.from_ms, run.until_ms) for run in runs] == [
        (MAIN, 0, 2 * TURN),
        (SIDE, 0, 2 * TURN),
    ]


def test_a_play_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(Invalid, match="ends after"):
        Recorder().saw(replace(play(5), until_ms=4), BASE)


# --- the chain ------------------------------------------------------------------------------------


def test_a_chain_holds_and_goes_on_from_any_run() -> None:
    runs = chain(play(0), fallback(TURN), play(2 * TURN))
    assert verify_chain(runs, GENESIS) == runs[-1].hash
    assert verify_chain(runs[1:], runs[0].hash, 2) == runs[-1].hash
    assert verify_chain([], GENESIS) == GENESIS


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda runs: [runs[0], runs[2]], "gap"),
        (lambda runs: [runs[1], runs[0], runs[2]], "gap"),
        (lambda runs: [runs[0], append(2, GENESIS, runs[1].play), runs[2]], "broken_chain"),
        (lambda runs: [runs[0], replace(runs[1], play=play(9)), runs[2]], "bad_hash"),
        (lambda runs: [runs[0], append(2, runs[0].hash, play(9)), runs[2]], "broken_chain"),
    ],
)
def test_a_run_left_out_moved_or_changed_is_noticed(change: object, reason: str) -> None:
    runs = chain(play(0), fallback(TURN), play(2 * TURN))
    with pytest.raises(Refused) as caught:
        verify_chain(change(runs), GENESIS)  # type: ignore[operator]
    assert caught.value.reason == reason


def test_every_part_of_a_play_is_bound_by_its_hash() -> None:
    base = replace(fallback(0), slot=RAIN)
    others = [
        replace(base, zone=SIDE),
        replace(base, head=8),
        replace(base, manifest=Sha256("b" * 64)),
        replace(base, from_ms=1),
        replace(base, until_ms=1),
        replace(base, offers={}),
        replace(base, card=None),
        replace(base, because=()),
        replace(base, slot=BASE),
        replace(base, slot=None),
    ]
    hashes = {append(1, GENESIS, one).hash for one in [base, *others]}
    assert len(hashes) == len(others) + 1


def test_a_run_reads_back_with_its_hash_still_true() -> None:
    runs = chain(play(0), replace(fallback(TURN), slot=RAIN), fallback(2 * TURN, None))
    again = [Run.from_json(run.to_json()) for run in runs]
    assert again == runs
    assert verify_chain(again, GENESIS) == runs[-1].hash


@pytest.mark.parametrize("slot", [["base", "p"], ["sky", "p", "i1"], ["base", "p", ""]])
def test_a_run_of_an_impossible_slot_is_refused(slot: list[str]) -> None:
    [run] = chain(fallback(0))
    with pytest.raises(Invalid):
        Run.from_json({**run.to_json(), "slot": slot})  # type: ignore[dict-item]
