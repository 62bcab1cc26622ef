"""What a rehearsal foresaw, held against what screens say in their play records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from playlists.slot import Shown
from server.db.models import CampaignRow, PlaylistRow
from server.errors import NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.objects import Plans, load_object
from server.services.drafting import releases
from server.services.drafting.release_rows import Release
from server.services.publishing.inputs import Recalled, recall
from server.services.rehearsing import rehearsals
from server.services.rehearsing.foreseeing import Foreseen, Instant, Told, agrees, moved_facts
from server.services.showing.explaining import what_comes
from server.services.showing.holding import holdings

MAX_SCREENS = 200
"""Screens that are looked at."""
MAX_INSTANTS = 6
"""The latest instants that are over are looked at."""
SETTLED_MS = 90_000
"""How long after a release screens may still play the slot that was on, or have yet to hear."""

Reason = str
"""asset, price, stale, paused: its record says so; late: it had not heard of the release; fact,
edited, elsewhere: what the prediction stood on has changed since (`subject` says what); hand: by
hand or an emergency; unexplained.
"""


@dataclass(frozen=True, slots=True)
class Differs:
    """A screen that played something else at an instant (unix ms)."""

    screen: str
    at: int
    why: Reason
    subject: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Of `screens` that were foreseen, so many played as predicted, of `waiting` no play record
    covers a foreseen instant yet.
    """

    screens: int
    as_predicted: int
    waiting: int
    differing: tuple[Differs, ...]


def prove(ctx: Context, actor: Actor, name: str) -> Proof | None:
    """How what a release's rehearsal foresaw came out; None where there was none, or it is not on
    air. Raises NotFound, Forbidden.
    """
    release = releases.get(ctx, actor, name)
    if not release.rehearsal or release.done_at is None or release.ended_at is not None:
        return None
    try:
        foreseen = rehearsals.get(ctx, actor, release.rehearsal).foreseen
    except NotFound:
        return None
    here = [
        one
        for one in foreseen
        if (release.stores is None or one.store in release.stores) and actor.sees(one.store)
    ]
    return _Proving(ctx, actor, release, release.done_at, here).proof()


class _Proving:
    def __init__(
        self,
        ctx: Context,
        actor: Actor,
        release: Release,
        done_at: int,
        foreseen: Sequence[Foreseen],
    ) -> None:
        self._ctx = ctx
        self._actor = actor
        self._release = release
        self._done_at = done_at
        pairs = [(screen, one) for one in foreseen for screen in one.screens]
        self._foreseen: Mapping[str, Foreseen] = dict(pairs[:MAX_SCREENS])

    def proof(self) -> Proof:
        """Look at every screen at the latest foreseen instants that are over."""
        found: dict[str, Differs] = {}
        proven: set[str] = set()
        plans = Plans()
        for at in self._instants():
            shown = what_comes(
                *(self._ctx, self._actor, self._foreseen.keys(), at, at + 1, 1, plans), proven=True
            )
            for screen, zones in shown.items():
                for zone, turns in zones.items():
                    instant = self._instant(screen, zone, at)
                    if instant is None or not turns or turns[0].basis != "run":
                        continue
                    proven.add(screen)
                    one = turns[0].shown
                    if not agrees(instant, _told(one), self._done_at):
                        found[screen] = self._differs(screen, instant, one)
        return Proof(
            screens=len(self._foreseen),
            as_predicted=len(proven - found.keys()),
            waiting=len(self._foreseen) - len(proven),
            differing=tuple(found[screen] for screen in sorted(found)),
        )

    def _instants(self) -> list[int]:
        now = self._ctx.clock()
        times = {
            one.at
            for foreseen in self._foreseen.values()
            for one in foreseen.instants
            if self._done_at + SETTLED_MS <= one.at < now
        }
        return sorted(times)[-MAX_INSTANTS:]

    def _instant(self, screen: str, zone: str, at: int) -> Instant | None:
        instants = self._foreseen[screen].instants
        return next((one for one in instants if (one.at, one.zone) == (at, zone)), None)

    def _differs(self, screen: str, instant: Instant, shown: Shown) -> Differs:
        if shown.why is not None and shown.because and shown.variant != "planned":
            code, _, subject = shown.because[0].partition(":")
            words = {"asset_missing": "asset", "gate_stale": "stale", "price_lost": "price"}
            words["by_hand"] = "hand"
            return Differs(screen, instant.at, words.get(code, code), subject)
        if shown.why is not None and shown.why.layer in ("override", "emergency"):
            return Differs(screen, instant.at, "hand", shown.why.source)
        with self._ctx.db.read() as session:
            why, subject = self._reason(session, screen, instant)
        return Differs(screen, instant.at, why, subject)

    def _reason(self, session: Session, screen: str, instant: Instant) -> tuple[Reason, str]:
        held = holdings(self._ctx, session, [screen], instant.at, proven=True)[screen]
        if held.head.issued_at < self._done_at:
            return "late", ""
        if held.head.inputs is None:
            return "unexplained", ""
        recalled = recall(session, held.head.inputs)
        foreseen = self._foreseen[screen]
        if recalled.profile.key != foreseen.profile:
            return "elsewhere", ""
        lines = recalled.body["facts"].items()
        then = {key: line and line[2] for key, line in lines}
        moved = next(iter(moved_facts(foreseen, then, instant.at)), "")
        if moved:
            return "fact", moved
        edited = self._edited(session, foreseen, recalled)
        return ("edited", edited) if edited else ("unexplained", "")

    def _edited(self, session: Session, foreseen: Foreseen, recalled: Recalled) -> str:
        """A wish that is another than the one foreseen, "" where all are the same."""
        mine = {f"{part.kind}:{part.id}": part for part in self._release.parts}
        listed: dict[str, str] = json.loads(load_object(session, recalled.body["wishes"]))
        for name in sorted({*foreseen.wishes, *listed}):
            part = mine.get(name)
            if part is None and foreseen.wishes.get(name) != listed.get(name):
                return name
            if part is not None and part.version:
                table = PlaylistRow if part.kind == "playlist" else CampaignRow
                row: Any = session.get(table, part.id)
                if row is None or row.version != part.version:
                    return name
        return ""


def _told(shown: Shown) -> Told | None:
    if shown.why is None:
        return None
    return shown.why.layer, shown.why.source, str(shown.why.item), str(shown.card)
