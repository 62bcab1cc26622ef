"""Proof of play: kept once, chained, and what becomes of gaps, forgeries and copies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from playlists.ids import ChannelId, Sha256, ZoneId
from playlists.runs import GENESIS, Play, Run, append
from playlists.signing import SigningKey, kid_of
from playlists.wire.http import PairingRequest
from server.db.models import AuditRow, RunChainRow, RunRow
from server.errors import BadInput, Conflict, TooMany
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.chain.place_wishes import ScreenWish, StoreWish
from server.services.chain.places import create_screen, create_store
from server.services.screens import pairing, plays, proof
from server.services.screens.devices import Viewer
from tests.support.record import START_MS, TestClock

SCREEN = "lille-window"
MANIFEST = Sha256("a" * 64)


@pytest.fixture
def chain(any_ctx: Context) -> Context:
    create_store(any_ctx, SYSTEM, StoreWish("Lille", "Europe/Paris"), "lille")
    create_screen(any_ctx, SYSTEM, ScreenWish("Window", "lille"), SCREEN)
    return any_ctx


@pytest.fixture
def device(chain: Context) -> Viewer:
    return paired(chain)


def paired(ctx: Context) -> Viewer:
    """A new device for the screen."""
    key = SigningKey.generate()
    given = pairing.begin(ctx, PairingRequest(key.x, "Pi", (1080, 1920)))
    pairing.claim(ctx, SYSTEM, code=given.code, screen_id=SCREEN)
    return Viewer((SCREEN,), kid_of(key.public))


def played(count: int, after: Run | None = None, hours: int = 0) -> list[Run]:
    """So many runs of a minute each, chained after `after`."""
    runs: list[Run] = []
    seq, prev = (after.seq, after.hash) if after else (0, GENESIS)
    for _ in range(count):
        begin = START_MS + seq * 60_000 + hours * 3_600_000
        offers = {ChannelId("pluvier@lille"): START_MS}
        play = Play(ZoneId("main"), START_MS, MANIFEST, begin, begin + 60_000, offers)
        runs.append(append(seq + 1, prev, play))
        seq, prev = runs[-1].seq, runs[-1].hash
    return runs


def kept(ctx: Context) -> list[tuple[int, int]]:
    with ctx.db.read() as session:
        rows = select(RunRow.chain, RunRow.seq).order_by(RunRow.chain, RunRow.seq)
        return [(chain, seq) for chain, seq in session.execute(rows)]


def told(ctx: Context) -> list[str]:
    with ctx.db.read() as session:
        actions = session.scalars(select(AuditRow.action).order_by(AuditRow.id))
        return [action for action in actions if action.startswith("plays.")]


def test_runs_posted_twice_are_kept_once(chain: Context, device: Viewer) -> None:
    runs = played(3)
    assert proof.take(chain, device, runs) == 3
    assert proof.take(chain, device, runs) == 3
    assert proof.take(chain, device, [*runs, *played(2, runs[-1])]) == 5
    assert kept(chain) == [(1, seq) for seq in range(1, 6)]
    assert told(chain) == []


def test_what_is_kept_is_what_was_proved(chain: Context, device: Viewer) -> None:
    runs = played(2)
    proof.take(chain, device, runs)
    page = plays.list_runs(chain, SYSTEM, SCREEN)
    assert [(run.chain, run.seq) for run in page.items] == [(1, 2), (1, 1)]
    assert Run.from_json(page.items[0].body) == runs[1]


def test_nothing_posted_is_answered_with_where_the_chain_stands(
    chain: Context, device: Viewer
) -> None:
    assert proof.take(chain, device, []) == 0
    proof.take(chain, device, played(4))
    assert proof.take(chain, device, []) == 4


def test_a_gap_is_counted_and_told_and_the_chain_goes_on(chain: Context, device: Viewer) -> None:
    runs = played(10)
    proof.take(chain, device, runs[:3])
    assert proof.take(chain, device, runs[6:]) == 10
    assert [seq for _, seq in kept(chain)] == [1, 2, 3, 7, 8, 9, 10]
    with chain.db.read() as session:
        row = session.get_one(RunChainRow, (SCREEN, 1))
        assert (row.gaps, row.lost, row.seq) == (1, 3, 10)
    assert told(chain) == ["plays.gap"]


def test_a_gap_inside_one_post_is_one_too(chain: Context, device: Viewer) -> None:
    runs = played(6)
    assert proof.take(chain, device, [*runs[:2], *runs[4:]]) == 6
    assert [seq for _, seq in kept(chain)] == [1, 2, 5, 6]
    assert told(chain) == ["plays.gap"]


def test_a_server_restored_from_a_backup_takes_what_follows(chain: Context, device: Viewer) -> None:
    runs = played(8)
    proof.take(chain, device, runs[:6])
    with chain.db.write() as session:  # yesterday's backup knew of two
        for run in session.scalars(select(RunRow).where(RunRow.seq > 2)):
            session.delete(run)
        row = session.get_one(RunChainRow, (SCREEN, 1))
        row.seq, row.hash = 2, runs[1].hash
    assert proof.take(chain, device, runs[6:]) == 8
    assert [seq for _, seq in kept(chain)] == [1, 2, 7, 8]


@pytest.mark.parametrize(
    ("forge", "code"),
    [
        (lambda runs: [runs[0], replace(runs[1], prev=Sha256("0" * 64))], "broken_chain"),
        (
            lambda runs: [
                runs[0],
                replace(runs[1], play=replace(runs[1].play, until_ms=START_MS + 999_999_999)),
            ],
            "bad_hash",
        ),
        (lambda runs: [runs[1], runs[0]], "bad_input"),
        (lambda runs: [runs[0], runs[0]], "bad_input"),
    ],
)
def test_a_forged_chain_leaves_nothing(
    chain: Context, device: Viewer, forge: object, code: str
) -> None:
    with pytest.raises(BadInput) as refused:
        proof.take(chain, device, forge(played(2)))
    assert refused.value.code == code
    assert kept(chain) == []


def test_a_device_put_back_to_an_older_state_starts_a_chain_that_is_told(
    chain: Context, device: Viewer
) -> None:
    runs = played(6)
    proof.take(chain, device, runs)
    other = played(3, runs[2], hours=5)
    assert proof.take(chain, device, other) == 6
    assert proof.take(chain, device, other) == 6
    more = played(1, other[-1], hours=5)
    assert proof.take(chain, device, more) == 7
    assert kept(chain) == [*((1, seq) for seq in range(1, 7)), *((2, s) for s in range(4, 8))]
    assert told(chain) == ["plays.fork"]


def test_two_copies_that_post_in_turn_make_two_chains_no_more(
    chain: Context, device: Viewer
) -> None:
    one, two = played(9), played(9, hours=2)
    for at in range(0, 9, 3):
        proof.take(chain, device, one[at : at + 3])
        proof.take(chain, device, two[at : at + 3])
    assert [(c, max(s for k, s in kept(chain) if k == c)) for c in (1, 2)] == [(1, 9), (2, 9)]
    assert told(chain) == ["plays.restart"]


def test_a_new_device_begins_its_own_chain_without_blame(chain: Context, device: Viewer) -> None:
    proof.take(chain, device, played(3))
    proof.take(chain, paired(chain), played(2, hours=1))
    assert kept(chain) == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]
    assert told(chain) == []


def test_a_device_without_memory_is_stopped(
    chain: Context, device: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "MAX_CHAINS", 2)
    proof.take(chain, device, played(2))
    proof.take(chain, device, played(2, hours=1))
    with pytest.raises(Conflict):
        proof.take(chain, device, played(2, hours=2))
    assert len(kept(chain)) == 4


def test_a_device_cannot_flood_the_record(
    chain: Context, device: Viewer, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "MAX_RUNS_A_DAY", 5)
    runs = played(8)
    proof.take(chain, device, runs[:4])
    with pytest.raises(TooMany):
        proof.take(chain, device, runs[4:])
    clock.advance(86_400_000)
    assert proof.take(chain, device, runs[4:]) == 8
