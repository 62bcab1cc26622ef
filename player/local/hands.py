"""Holds by hand while the server is out of reach: begun, ended, remembered until the server has
answered for each.

One hold at a time, of one zone. It ends by itself: by the trusted time, and where nobody vouches
for the time by what went by since the player started. It plays as `LocalOverride`s, a few minutes
of turns ahead, so that the page goes on by itself whatever becomes of the agent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace

from player.cache.orders import Orders
from player.clock import Clock
from player.local.guard import Entrant, Guard, NotNow, Shown
from player.local.tries import Tries
from player.local.turns import turns_of
from playlists.cards import card_json, files_of
from playlists.errors import Invalid
from playlists.fields import Fields
from playlists.ids import CardId, Json, Sha256, ZoneId
from playlists.manifest import DeckCard, Plan
from playlists.shown import LocalOverride, Now
from playlists.turns import turn_at
from playlists.wire.hands import MAX_ACTS, Act, Acts, Choice, HandsPlan, How, Person, Verdict
from playlists.wire.shop_hands import Sealed

MAX_KEPT = 200
"""Acts that wait for the server; then no more are begun."""
MINUTE_MS = 60_000
_PLAN = "hands"
_ACTS = "hand_acts"
_VIA = "hand_tries_"
OVERRIDE = "override"
"""The layer in which the server's own override plays."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What the page on the shop's network says."""

    store: str
    away: bool
    running: Act | None
    what: str
    who: str
    choices: tuple[Choice, ...]
    longest_ms: int
    zone: str
    now: int


@dataclass(frozen=True, slots=True)
class _World:
    """What the agent saw last."""

    plan: Plan | None = None
    held: Set[Sha256] = frozenset()
    now: Now | None = None


class Hands:
    """For any thread. `changed` is called when the agent should look again; the server is away when
    it was not heard for `away_ms`.
    """

    def __init__(
        self, orders: Orders, clock: Clock, away_ms: int, changed: Callable[[], None] = lambda: None
    ) -> None:
        self.guard = Guard(orders)
        self.changed = changed
        self._orders, self._clock, self._away_ms = orders, clock, away_ms
        self._lock = threading.RLock()
        self._heard_at = clock.monotonic_ms()
        self._world = _World()
        self._anchor: tuple[int, int] | None = None
        self.plan, self._issued_at = _plan_of(orders.settings.get(_PLAN))
        self._acts = _acts_of(orders.settings.get(_ACTS))
        self._taken: dict[str, int] = {}

    # --- the server says --------------------------------------------------------------------------

    def heard(self) -> None:
        """The server answered."""
        self._heard_at = self._clock.monotonic_ms()

    @property
    def is_away(self) -> bool:
        """Whether the server is out of reach."""
        return self._clock.monotonic_ms() - self._heard_at >= self._away_ms

    def follow(self, plan: HandsPlan, issued_at: int) -> bool:
        """Keep this plan, unless a newer one is held. Raises NoRoom."""
        with self._lock:
            if issued_at < self._issued_at:
                return False
            self._orders.set(_PLAN, {**plan.to_json(), "issued_at": issued_at})
            self.plan, self._issued_at = plan, issued_at
            return True

    def unsent(self) -> tuple[Act, ...]:
        """What the server has not answered for."""
        with self._lock:
            return tuple(self._acts[:MAX_ACTS])

    def said(self) -> Acts:
        """The same with the cards that they showed, as far as these are still here."""
        with self._lock:
            acts = self.unsent()
            chosen = {act.choice: self._choice(act.choice) for act in acts}
            return Acts(acts, {name: self._cards(it) for name, it in chosen.items() if it})

    def judged(self, verdicts: Mapping[str, Verdict]) -> None:
        """The server's word on acts. What is over or refused there ends here at once. Raises
        NoRoom.
        """
        with self._lock:
            kept: list[Act] = []
            for act in self._acts:
                said = verdicts.get(act.id)
                if said is None:
                    kept.append(act)
                elif said.state == "taken":
                    self._taken[act.id] = said.since_ms
                    # One that ended here meanwhile is told again.
                    until = act.until_ms if act.ended else max(act.from_ms + 1, said.until_ms)
                    kept.append(replace(act, until_ms=until))
            self._keep(kept)
            self._taken = {act.id: self._taken[act.id] for act in kept if act.id in self._taken}

    def forget(self) -> None:
        """This device is no screen any more. Raises NoRoom."""
        with self._lock:
            self._keep([])
            self._orders.set(_PLAN, None)
            self.plan, self._issued_at = HandsPlan(), 0
            self.guard.forget()

    # --- the agent looks --------------------------------------------------------------------------

    def see(self, plan: Plan | None, revision: int, held: Set[Sha256], now: Now) -> None:
        """What plays, and what time it is; ends what is to end. Raises NoRoom."""
        with self._lock:
            self._world = _World(plan, held, now)
            at = self._time()
            running = self._running()
            if running is None:
                return
            if at >= running.until_ms:
                self._end(running, "time", running.until_ms)
            elif plan is not None and self._is_servers(plan, revision, running, now.ms):
                self._keep([one for one in self._acts if one is not running])

    def overrides(self) -> tuple[LocalOverride, ...]:
        """What the hold that runs makes the screen show, a few minutes ahead."""
        with self._lock:
            act = self._running()
            choice = self._choice(act.choice) if act else None
            if act is None or choice is None:
                return ()
            return tuple(turns_of(act, choice.turns, self._time()))

    def cards(self) -> Mapping[CardId, DeckCard]:
        """The cards of the hold that runs."""
        with self._lock:
            act = self._running()
            choice = self._choice(act.choice) if act else None
            if choice is None:
                return {}
            return self._cards(choice)

    def section(self) -> list[Json]:
        """`overrides` as the page reads it, each with its card."""
        with self._lock:
            cards, shown = self.cards(), self.overrides()
        return [
            {
                "id": one.id,
                "zone": one.zone,
                "kind": one.kind,
                "card": one.card,
                "from": one.from_ms,
                "until": one.until_ms,
                "body": card_json(cards[one.card]),
            }
            for one in shown
            if one.card in cards
        ]

    def shown(self) -> Shown | None:
        """The token that the screen is to show."""
        return self.guard.shown(self._clock.monotonic_ms())

    # --- people ask -------------------------------------------------------------------------------

    def sight(self) -> Sight:
        """How it stands."""
        with self._lock:
            act, plan = self._running(), self.plan
            choice = self._choice(act.choice) if act else None
            who = [one.name for one in plan.people if act and one.id == act.person]
            zone = self._world.plan.manifest.time_zone if self._world.plan else "UTC"
            return Sight(
                store=plan.store,
                away=self.is_away,
                running=act,
                what=choice.name if choice else "",
                who=who[0] if who else "",
                choices=tuple(it for it in plan.choices if self._zone() and self._can_show(it)),
                longest_ms=plan.longest_ms,
                zone=zone,
                now=self._time(),
            )

    def show(self, address: str, host: str) -> None:
        """Show a token on the screen, to who asks from `host`. Raises NotNow."""
        self.only_away()
        self.guard.show(address, host, self._clock.monotonic_ms())
        self.changed()

    def enter(self, token: str, code: str, host: str) -> str:
        """Come in; the pass. Raises NotNow, NoRoom."""
        self.only_away()
        people, now = self.plan.people, self._time()
        given = self.guard.enter(token, code, host, people, now, self._clock.monotonic_ms())
        self.changed()
        return given

    def entrant(self, given: str, host: str) -> Entrant:
        """Who bears a pass and may still. Raises NotNow."""
        entrant = self.guard.whose(given, host, self._clock.monotonic_ms())
        if self.person(entrant.person) is None:
            raise NotNow("gone")
        return entrant

    def person(self, name: str) -> Person | None:
        """Who may now, by their id."""
        now = self._time()
        return next((it for it in self.plan.people if it.id == name and now < it.until), None)

    def tried(self, via: str, right: bool) -> None:
        """Count an order that the screen `via` carried. Raises NotNow, NoRoom."""
        tries, now = Tries(self._orders, f"{_VIA}{via}"), self._time()
        if (wait := tries.pause(now)) > 0:
            raise NotNow("pause", wait)
        tries.tried(right, now)
        if not right:
            raise NotNow("code")

    def begin(self, sealed: Sealed) -> None:
        """Do an order that shows something, whose signatures hold. Raises NotNow, NoRoom."""
        self.only_away()
        order = sealed.order
        with self._lock:
            found = self._choice(order.choice)
            zone = self._zone()
            if found is None or zone is None or not self._can_show(found):
                raise NotNow("choice")
            if not MINUTE_MS <= order.length_ms <= self.plan.longest_ms:
                raise NotNow("until")
            if len(self._acts) >= MAX_KEPT:
                raise NotNow("full")
            at = self._time()
            running = self._running()
            if running is not None:
                self._end(running, "replaced", at)
            until, proof = at + order.length_ms, sealed.body.decode()
            begun = Act(sealed.act, order.person, order.choice, zone, at, until, proof)
            acts = [*self._acts, begun]
            # It is on the disk before anybody sees it.
            self._save(acts)
            self._acts = acts
        self.changed()

    def end(self) -> None:
        """End the hold now. Raises NoRoom."""
        with self._lock:
            running = self._running()
            if running is not None:
                self._end(running, "hand", self._time())
        self.changed()

    def only_away(self) -> None:
        """Raises NotNow while the server is there."""
        if not self.is_away:
            raise NotNow("online")

    def monotonic_ms(self) -> int:
        """As this screen's clock has it."""
        return self._clock.monotonic_ms()

    # --- helpers ----------------------------------------------------------------------------------

    def _time(self) -> int:
        """The instant; without trust it goes on by itself from what the start knew."""
        now, monotonic = self._world.now, self._clock.monotonic_ms()
        if now is None:
            return 0
        if now.uncertainty_ms is not None:
            self._anchor = None
            return now.ms
        if self._anchor is None:
            self._anchor = (now.ms, monotonic)
        return max(now.ms, self._anchor[0] + monotonic - self._anchor[1])

    def _zone(self) -> ZoneId | None:
        """Where a hold shows: the first zone that is not locked."""
        layout = self._world.plan.manifest.layout if self._world.plan else ()
        return next((box.id for box in layout if not box.locked), None)

    def _is_servers(self, plan: Plan, revision: int, act: Act, now_ms: int) -> bool:
        """Whether the server's plan goes on from here: with the same, or, made since it took the
        act, with a hand that goes before it.
        """
        slot = turn_at(plan, act.zone, now_ms).slot
        if slot is None or slot.why.layer != OVERRIDE:
            return False
        since = self._taken.get(act.id)
        return slot.why.source == act.id or (since is not None and revision > since)

    def _running(self) -> Act | None:
        return next((act for act in self._acts if act.ended is None), None)

    def _choice(self, name: str) -> Choice | None:
        return next((one for one in self.plan.choices if one.id == name), None)

    def _cards(self, choice: Choice) -> dict[CardId, DeckCard]:
        held = self.plan.cards
        return {name: held[name] for name, _ in choice.turns if name in held}

    def _can_show(self, choice: Choice) -> bool:
        """Whether a card of it is there with all its files."""
        cards = self._cards(choice)
        whole = all(name in cards for name, _ in choice.turns)
        return whole and any(self._world.held >= set(files_of(one)) for one in cards.values())

    def _end(self, act: Act, how: How, at: int) -> None:
        ended = replace(act, ended=max(act.from_ms, min(at, act.until_ms)), how=how)
        self._keep([ended if one is act else one for one in self._acts])

    def _keep(self, acts: list[Act]) -> None:
        """What ends, ends also where the disk is full; it ends again after a restart."""
        if acts != self._acts:
            self._acts = acts
            self._save(acts)

    def _save(self, acts: list[Act]) -> None:
        self._orders.set(_ACTS, [one.to_json() for one in acts] or None)


def _plan_of(kept: object) -> tuple[HandsPlan, int]:
    try:
        return HandsPlan.from_json(kept), Fields.of(kept).whole("issued_at")
    except Invalid:
        return HandsPlan(), 0


def _acts_of(kept: object) -> list[Act]:
    if not isinstance(kept, list):
        return []
    found = []
    for one in kept:
        try:
            found.append(Act.from_json(one))
        except Invalid:
            continue
    return found
