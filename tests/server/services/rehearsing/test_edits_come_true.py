"""The rehearsal of 200 random edits, and what is really published after each: the same."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import select

from playlists.manifest import Plan
from playlists.model import MAIN
from playlists.slot import Freshness, Now, slot_at
from server.db.models import ScreenHeadRow
from server.errors import ServerError
from server.services.base.actors import SYSTEM
from server.services.base.context import Context
from server.services.base.objects import Plans
from server.services.drafting import drafts, releases
from server.services.drafting.drafts import Kind
from server.services.keeping.retention import mark_expired
from server.services.rehearsing import rehearsals
from server.services.rehearsing.foreseeing import Foreseen, instant_at
from tests.support.record import TestClock
from tests.support.shops import STORES, Watched, observe_rain, open_chain

SEED = 20261122
MINUTE = 60_000
SCREENS = tuple(f"{store}-{kind}" for store in STORES for kind in ("window", "till"))
Op = dict[str, Any]


class Editor:
    """Writes drafts as people do, at random; what is refused is tried otherwise."""

    def __init__(self, ctx: Context, luck: random.Random) -> None:
        self._ctx = ctx
        self._luck = luck
        self._n = 0
        self.on_air: dict[str, str] = {"base": "playlist"}

    def edit(self) -> list[tuple[Kind, str]]:
        """One edit of one draft, or of a new campaign with its playlist."""
        if len(self.on_air) < 3 or (len(self.on_air) < 12 and self._luck.random() < 0.1):
            return self._plan()
        name = self._luck.choice(sorted(self.on_air))
        if self.on_air[name] == "playlist":
            body = drafts.read(self._ctx, SYSTEM, "playlist", name).body
            return self._write("playlist", name, self._of_playlist(list(body["items"])))
        return self._write("campaign", name, self._of_campaign())

    def _write(self, kind: Kind, name: str, op: Op) -> list[tuple[Kind, str]]:
        drafts.edit(self._ctx, SYSTEM, kind, name, [op])
        return [(kind, name)]

    def _plan(self) -> list[tuple[Kind, str]]:
        self._n += 1
        items = [self._item() for _ in range(self._luck.randint(1, 3))]
        name = f"p{self._n:04}"
        playlist = drafts.begin(self._ctx, SYSTEM, "playlist", {"name": "P", "items": items}, name)
        body: dict[str, Any] = {"name": f"C{self._n}", "playlist": playlist.id}
        for _ in range(3):
            op = self._of_campaign()
            if op.get("value") is not None:
                body[op["path"]] = op["value"]
        campaign = drafts.begin(self._ctx, SYSTEM, "campaign", body, f"c{self._n:04}")
        self.on_air |= {playlist.id: "playlist", campaign.id: "campaign"}
        return [("campaign", campaign.id), ("playlist", playlist.id)]

    def _of_playlist(self, items: list[dict[str, Any]]) -> Op:
        luck = self._luck
        item = luck.choice(items)["id"] if items else ""
        last = items[-1]["id"] if items else None
        ways: list[Op] = [{"op": "add", "path": "items", "after": last, "value": self._item()}]
        ways[0]["id"] = ways[0]["value"]["id"]
        if items:
            path = f"items/{item}"
            ways += [
                {"op": "set", "path": f"{path}/duration_ms", "value": luck.randint(3, 40) * 1000},
                {"op": "set", "path": f"{path}/content/card/texts", "value": self._texts()},
                {"op": "set", "path": f"{path}/condition", "value": self._condition()},
                {"op": "set", "path": f"{path}/schedule", "value": self._schedule()},
                {"op": "move", "path": "items", "id": item, "after": None},
            ]
        if len(items) > 1:
            ways.append({"op": "remove", "path": "items", "id": item})
        return luck.choice(ways)

    def _of_campaign(self) -> Op:
        luck = self._luck
        target: dict[str, Any] = luck.choice(
            [
                {"stores": [luck.choice(STORES)]},
                {"tags_any": [luck.choice(["window", "till"])]},
                {"screens": [luck.choice(SCREENS)]},
                {"tags_none": ["till"]},
            ]
        )
        ways: list[tuple[str, Any]] = [
            ("layer", luck.choice(["campaign", "takeover", "campaign"])),
            ("share", luck.choice([500, 1_000, 2_500, 5_000, 10_000])),
            ("priority", luck.randint(0, 5)),
            ("target", luck.choice([target, None])),
            ("condition", self._condition()),
            ("schedule", self._schedule()),
        ]
        path, value = luck.choice(ways)
        return {"op": "set", "path": path, "value": value}

    def _item(self) -> dict[str, Any]:
        self._n += 1
        card = {"template": "message", "texts": self._texts()}
        seconds = self._luck.randint(3, 30)
        return {"id": f"i{self._n}", "content": {"card": card}, "duration_ms": seconds * 1000}

    def _texts(self) -> dict[str, Any]:
        said = f"words {self._luck.randrange(10**6)}".replace("%", "")
        return {"headline": {"fr": said, "en": said}}

    def _condition(self) -> Any:
        rain = {"compare": {"fact": "weather.rain:{store}", "op": ">=", "value": 1}}
        return self._luck.choice([None, None, rain, {"not": rain}])

    def _schedule(self) -> Any:
        luck = self._luck
        first = luck.randint(10, 25)
        return luck.choice(
            [
                None,
                {"start": f"2026-10-{first}", "end": f"2026-11-{luck.randint(1, 9):02d}"},
                {"dayparts": [daypart(540, 1110, 0, 5), daypart(1320, 120, 4)]},
                {"dayparts": [daypart(luck.randint(600, 1000), 1200)]},
            ]
        )


def daypart(begin: int, end: int, *weekdays: int) -> dict[str, Any]:
    """From one minute of the day to another, on some weekdays (none given: on all)."""
    edges = {
        name: {"anchor": "clock", "minutes": at} for name, at in (("start", begin), ("end", end))
    }
    return {**edges, **({"weekdays": list(weekdays)} if weekdays else {})}


@pytest.mark.parametrize("wanted", [20, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.timeout(300)
def test_the_rehearsal_of_random_edits_is_what_plays(
    ctx: Context, clock: TestClock, wanted: int
) -> None:
    open_chain(ctx)
    luck = random.Random(SEED)
    watched, editor, plans = Watched(ctx), Editor(ctx, luck), Plans()
    watched.publish()
    edits = changes = looked = seen = 0
    while edits < wanted:
        clock.advance(luck.choice([7_000, 13 * MINUTE, 2 * 60 * MINUTE + 531]))
        seen = mark_expired(ctx, seen)
        if luck.random() < 0.2:
            observe_rain(ctx, luck.choice(STORES), luck.randint(0, 9))
        watched.publish()
        try:
            subjects = editor.edit()
            parts = rehearsals.begin(ctx, SYSTEM, subjects).parts
        except ServerError:
            continue  # nothing changed, or not what anybody may write
        before = manifests(ctx)
        found, foreseen = rehearsals.rehearse(ctx, SYSTEM, parts)
        releases.release(ctx, SYSTEM, subjects)
        watched.publish()
        after = manifests(ctx)
        moved = {screen for screen in after if after[screen] != before[screen]}
        told = {screen for group in found.groups for screen in group.screens}
        assert told <= moved, "what is said to change does"
        edits += 1
        changes += len(told)
        for screen in moved - told:  # made anew, to play what it did
            same_from_now(ctx, plan(ctx, plans, before[screen]), plan(ctx, plans, after[screen]))
        for one in foreseen:
            assert {after[screen] for screen in one.screens} == {one.manifest}
            looked += came_true(plan(ctx, plans, one.manifest), one)
    assert changes >= wanted // 2
    assert looked > 10 * wanted


def manifests(ctx: Context) -> dict[str, str]:
    """The manifest in force of every screen."""
    with ctx.db.read() as session:
        rows = select(ScreenHeadRow.screen_id, ScreenHeadRow.manifest)
        return dict(session.execute(rows).all())


def plan(ctx: Context, plans: Plans, manifest: str) -> Plan:
    """A published manifest with all of its days."""
    with ctx.db.read() as session:
        found = plans.plan(session, manifest, ctx.clock())
    assert found is not None
    return found


def same_from_now(ctx: Context, before: Plan, after: Plan) -> None:
    """Two plans of one screen play the same rounds for the rest of the day; which turn of the round
    is on may differ where the round began anew. (Tomorrow's hang on what is observed today: a plan
    that was made yesterday knew less of them.)
    """
    begin = ctx.clock() + MINUTE
    end = next(day.until_ms for day in after.manifest.days if begin < day.until_ms)
    for at in range(begin, end, 10 * MINUTE):
        assert instant_at(before, MAIN, at).loop == instant_at(after, MAIN, at).loop, at


def came_true(published: Plan, foreseen: Foreseen) -> int:
    """Ask what a screen shows at every foreseen instant."""
    gates = {s for c in published.chunks.values() for slot in c.slots for s, _ in slot.gates}
    for instant in foreseen.instants:
        fresh = Freshness({}, dict.fromkeys(gates, instant.at))
        shown = slot_at(published, {}, fresh, set(), (), Now(instant.at))
        one = next(found for zone, found in shown.items() if zone == instant.zone)
        got = None
        if one.why is not None:
            got = (one.why.layer, one.why.source, str(one.why.item), str(one.card))
        assert got == instant.slot, (foreseen.screens, instant)
    return len(foreseen.instants)
