"""What was foreseen is held against play records: as predicted, not yet, or otherwise and why."""

from __future__ import annotations

from typing import Any

import pytest

from playlists.ids import Sha256, StoreId, ZoneId
from playlists.model import Override
from playlists.runs import GENESIS, Play, Run, append
from playlists.signing import SigningKey, kid_of
from playlists.wire.http import PairingRequest
from server.db.models import ScreenHeadRow
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.drafting import drafts, releases
from server.services.rehearsing import rehearsals
from server.services.rehearsing.proving import Proof, prove
from server.services.screens import pairing, proof
from server.services.screens.devices import Viewer
from server.services.wishes import overrides
from tests.support.record import TestClock
from tests.support.shops import Watched, observe_rain, open_chain

MINUTE = 60_000
SUBJECTS: list[tuple[drafts.Kind, str]] = [("playlist", "base")]


@pytest.fixture
def chain(any_ctx: Context) -> Watched:
    """Rain is foreseen dry; the window of Lille is a device that keeps play records."""
    open_chain(any_ctx)
    observe_rain(any_ctx, "lille", 0)
    watched = Watched(any_ctx)
    watched.publish()
    any_ctx.clock.advance(7 * MINUTE)  # type: ignore[attr-defined]
    return watched


class Screen:
    """A device of one screen that records what it played."""

    def __init__(self, ctx: Context, name: str) -> None:
        key = SigningKey.generate()
        given = pairing.begin(ctx, PairingRequest(key.x, "Pi", (1080, 1920)))
        pairing.claim(ctx, SYSTEM, code=given.code, screen_id=name)
        self._ctx, self._name = ctx, name
        self._viewer = Viewer((name,), kid_of(key.public))
        self._last: Run | None = None

    def played(self, ms: int, because: tuple[str, ...] = ()) -> None:
        """By its plan, until now, for so long."""
        with self._ctx.db.read() as session:
            head = session.get_one(ScreenHeadRow, self._name)
            revision, manifest = head.revision, Sha256(head.manifest)
        now = self._ctx.clock()
        play = Play(ZoneId("main"), revision, manifest, now - ms, now)
        seq, prev = (self._last.seq, self._last.hash) if self._last else (0, GENESIS)
        self._last = append(seq + 1, prev, play)
        proof.take(self._ctx, self._viewer, [self._last])


def publish(chain: Watched) -> str:
    """Rehearse and release a turn that shows in the rain beside one that always does."""
    rain = {"compare": {"fact": "weather.rain:{store}", "op": ">=", "value": 1}}
    texts = {"headline": {"fr": "Pluie", "en": "Rain"}}
    card = {"template": "message", "texts": texts}
    value = {"id": "wet", "content": {"card": card}, "condition": rain}
    ops: list[dict[str, Any]] = [
        {"op": "add", "path": "items", "id": "wet", "after": None, "value": value},
        {"op": "set", "path": "items/base-0/content/card/texts/headline/fr", "value": "Sec"},
    ]
    drafts.edit(chain.ctx, SYSTEM, "playlist", "base", ops)
    asked = rehearsals.begin(chain.ctx, SYSTEM, SUBJECTS)
    rehearsals.run(chain.ctx, SYSTEM, asked.id)
    made = releases.release(chain.ctx, SYSTEM, SUBJECTS, rehearsal=asked.id)
    chain.publish()
    return made.id


def told(found: Proof | None) -> tuple[int, int, list[tuple[str, str, str]]]:
    assert found is not None
    assert found.screens == 4
    return (
        found.as_predicted,
        found.waiting,
        [(one.screen, one.why, one.subject) for one in found.differing],
    )


def test_as_predicted_where_records_say_so_and_not_yet_elsewhere(
    chain: Watched, clock: TestClock
) -> None:
    window = Screen(chain.ctx, "lille-window")
    name = publish(chain)
    assert told(prove(chain.ctx, SYSTEM, name)) == (0, 4, [])
    clock.advance(45 * MINUTE)
    window.played(44 * MINUTE)
    assert told(prove(chain.ctx, SYSTEM, name)) == (1, 3, [])


def test_a_fact_that_changed_since_is_named(chain: Watched, clock: TestClock) -> None:
    window = Screen(chain.ctx, "lille-window")
    name = publish(chain)
    clock.advance(12 * MINUTE)
    observe_rain(chain.ctx, "lille", 9)
    chain.publish()
    clock.advance(33 * MINUTE)
    window.played(32 * MINUTE)
    differs = told(prove(chain.ctx, SYSTEM, name))
    assert differs[0] + len(differs[2]) == 1
    assert differs[2] in ([], [("lille-window", "fact", "weather.rain:lille")])


def test_a_screen_that_had_not_heard_of_it_is_late(chain: Watched, clock: TestClock) -> None:
    window = Screen(chain.ctx, "lille-window")
    with chain.ctx.db.read() as session:
        head = session.get_one(ScreenHeadRow, "lille-window")
        before = head.revision, head.manifest
    name = publish(chain)
    clock.advance(45 * MINUTE)
    now = clock()
    play = Play(ZoneId("main"), before[0], Sha256(before[1]), now - 44 * MINUTE, now)
    proof.take(chain.ctx, window._viewer, [append(1, GENESIS, play)])
    assert told(prove(chain.ctx, SYSTEM, name)) == (0, 3, [("lille-window", "late", "")])


def test_a_hand_on_the_screen_is_named(chain: Watched, clock: TestClock) -> None:
    window = Screen(chain.ctx, "lille-window")
    name = publish(chain)
    clock.advance(5 * MINUTE)
    until = clock() + 60 * MINUTE
    hand = Override("hand", StoreId("lille"), "pause", clock(), until, subject="base-0")  # type: ignore[arg-type]
    overrides.create_override(chain.ctx, SYSTEM, hand)
    chain.publish()
    clock.advance(40 * MINUTE)
    window.played(39 * MINUTE)
    found = told(prove(chain.ctx, SYSTEM, name))
    assert found == (0, 3, [("lille-window", "edited", "override:hand")])


def test_nothing_is_told_of_what_was_taken_back(chain: Watched, clock: TestClock) -> None:
    name = publish(chain)
    releases.take_back(chain.ctx, SYSTEM, name)
    assert prove(chain.ctx, SYSTEM, name) is None
