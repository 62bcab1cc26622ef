"""Commands that the server signed: heard, written down, done once, answered.

A command counts only where it is for this screen, the time is trusted, and its deadline has not
come; it is on the disk before it is begun. What needs the display is wished of the kiosk. What is
not answered when the player starts again is answered then: `restart` and `reboot` by being back,
an `update` by what root tells of it (updates.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from player.agent.beliefs import Beliefs
from player.agent.body import Body
from player.agent.handing import Handing
from player.agent.needs import Need
from player.agent.outcome import Job, Outcome, attempted, came_back
from player.agent.powering import Powering
from player.clock import Clock
from player.display.wishes import Did, Wish
from player.errors import NoRoom
from player.health import Health
from player.link.http import Server
from player.machine import logs
from player.machine.facts import TROUBLES, troubles_of
from player.machine.tools import run, short
from player.updating.handover import KIND as UPDATE
from player.updating.handover import Wanted
from playlists.errors import Invalid, Refused
from playlists.fields import Fields
from playlists.ids import Json
from playlists.signing import verify
from playlists.wire.commands import Answer, Answers, Command, FetchRule, PowerPlan
from playlists.wire.door import Cap

PLATE_MS = 30_000
"""A screen says who it is for so long."""
PICTURE_MS = 45_000
"""A kiosk that has brought no picture by then is not there."""
FACTS_EVERY_MS = 30_000
ANSWERS_AGAIN_MS = 60_000
"""Between two words of what the server did not take, or of what it took and the disk did not note.
"""
COLOURS = ("#A92B13", "#1D409F", "#0B6350", "#7A4E00", "#5B2A86", "#0A3F59")
"""Of the plate: screens side by side are told apart by it."""
DEGREES = (0, 90, 180, 270)
SETTINGS = ("rotate", "volume")
"""Kinds that stay in force."""
SLOW = frozenset(("logs", "reboot"))
"""Kinds that other programs do."""


class Obeying:
    """`end` ends the player as systemd would; it starts again. For the agent's thread alone, but
    for the jobs.
    """

    def __init__(
        self,
        body: Body,
        beliefs: Beliefs,
        server: Server,
        clock: Clock,
        health: Health,
        end: Callable[[], None],
        handing: Handing,
    ) -> None:
        self._orders, self._wishes, self._machine = body.orders, body.wishes, body.machine
        self._beliefs, self._server, self._clock = beliefs, server, clock
        self._health, self._end, self._handing = health, end, handing
        self._power, self._updates = Powering(body.orders, body.wishes), body.updates
        self._pacing = body.pacing
        self._todo: list[tuple[Command, str]] = []
        self._slow: dict[str, Job] = {}
        self._pictures: dict[str, int] = {}
        self._plate: tuple[str, int] | None = None
        self._reload = ""
        self._by_page: dict[str, int] = {}
        self._facts: dict[str, Cap] = {}
        self._facts_at = self._answers_at = self._power_at = 0

    def start(self) -> None:
        """Answer what was begun before, and wish what was set."""
        for old in self._orders.begun():
            if old.id != self._updates.order:
                self._answer(old.id, came_back(old.kind, old.boot != self._machine.boot))
        for name in SETTINGS:
            self._wish(name)
        self._facts_at = self._clock.monotonic_ms()

    def hear(self, token: str) -> None:
        """Take a command. What does not count is passed over: it is told again while it lasts."""
        trusted, now = self._beliefs.trusted, self._beliefs.now()
        if trusted is None or now.uncertainty_ms is None:
            self._health.count("command:no_time")
            return
        try:
            command = Command.from_json(verify(token, "command", trusted.ring, now.ms))
            if command.screen != trusted.screen:
                raise Invalid("It is for another screen.", "screen")
            if now.ms + now.uncertainty_ms >= command.deadline:
                self._health.count("command:overdue")
            elif not self._orders.knows(command.id):
                boot = self._machine.boot
                self._orders.begin(command.id, command.kind, command.deadline, boot)
                self._todo.append((command, token))
        except Refused as refused:
            self._health.count(f"refused:command:{refused.reason}")
            self._beliefs.keys = self._beliefs.keys or refused.reason == "unknown_key"
        except Invalid as wrong:
            self._health.count(f"refused:command:{wrong.field}")
        except NoRoom as full:
            self._health.note("disk_full", str(full))

    def turn(self) -> None:
        """Begin what can be done at once, and end what has lasted."""
        monotonic = self._clock.monotonic_ms()
        todo, self._todo = self._todo, []
        for command, token in todo:
            self._do(command, token, monotonic)
        if self._plate and monotonic >= self._plate[1]:
            self._plate = None
        for order, until in list(self._pictures.items()):
            if monotonic >= until:
                self._picture_over(order)
                said = "No kiosk answered; nobody sees the display."
                self._answer(order, Outcome("failed", said))
        now = self._beliefs.now()
        known_ms = now.ms if now.uncertainty_ms is not None else None
        self._power.turn(known_ms)
        self._go_on_updating(known_ms)

    def needs(self) -> Iterator[Need]:
        """What is to be done beside the agent's thread."""
        yield from (Need("order", order) for order in self._slow)
        yield from self._updates.needs()
        if self._clock.monotonic_ms() >= self._facts_at:
            yield Need("facts")
        if self._has_answers(self._clock.monotonic_ms()):
            yield Need("answers")
        yield from self._handing.needs()

    def job(self, need: Need) -> Callable[[], object]:
        """How it is done."""
        if need.kind == "order":
            return partial(attempted, self._slow[need.key])
        if need.kind == "facts":
            return self._machine.facts
        if need.kind == "package":
            return self._updates.bring
        if need.kind == "hands":
            return self._handing.job()
        said = Answers(self._orders.unsent(), self._orders.power())
        return lambda: (said, self._server.answers(said))

    def done(self, need: Need, result: object) -> bool:
        """It is done. Whether this device is to be no screen any more, as it was told."""
        if need.kind == "facts" and isinstance(result, dict):
            self._know(result)
        if need.kind == "package":
            self._updates.brought(need.key)
        if need.kind == "order":
            self._slow.pop(need.key, None)
            if isinstance(result, Outcome):
                self._answer(need.key, result)
        if need.kind == "hands":
            self._handing.done(result)
        elif isinstance(result, tuple):
            return self._answered(*result)
        return False

    def told(self, did: Did) -> None:
        """The kiosk says what came of a wish."""
        name, _, order = did.id.partition(":")
        if name == "picture" and order in self._pictures:
            self._picture_over(order)
            at = {"at": self._beliefs.now().ms, "off": self._power.is_dark}
            self._slow[order] = lambda: self._bring(order, did, at)
        elif name == "power":
            self._power.told(did)
        elif name in SETTINGS:
            setting = self._orders.settings.get(name)
            if not did.ok and isinstance(setting, int):
                self._by_page[name] = setting
            else:
                self._by_page.pop(name, None)

    def forget(self) -> None:
        """This device is no screen any more: nothing of what was set holds."""
        try:
            self._updates.forget()
            for name in (*SETTINGS, "power", "fetch"):
                self._orders.set(name, None)
        except NoRoom as full:
            self._health.note("disk_full", str(full))
        for name in (*SETTINGS, "power"):
            self._wishes.put(name, None)
        self._by_page.clear()
        self._pacing.forget()
        self._plate = None
        self._handing.forget()
        self._power = Powering(self._orders, self._wishes)
        self._power.turn(None)  # on, so that the code is seen

    def section(self) -> dict[str, Any]:
        """What the page is told beside what it plays."""
        plate = None
        if self._plate and self._beliefs.trusted:
            screen = str(self._beliefs.trusted.screen)
            head = self._beliefs.trusted.head
            colour = COLOURS[sum(screen.encode()) % len(COLOURS)]
            revision = head.head.revision if head else 0
            plate = {"screen": screen, "name": self._plate[0], "colour": colour}
            plate["revision"] = str(revision)
        return {
            "plate": plate,
            "reload": self._reload,
            "rotate": self._by_page.get("rotate", 0),
            "volume": self._orders.settings.get("volume"),
            "dark": self._power.is_dark,
            "scan": self._handing.scan(),
        }

    def known(self) -> dict[str, Cap]:
        """What goes with a report: the machine's facts, and how the display is switched."""
        now = self._beliefs.now()
        trusted = now.uncertainty_ms is not None
        offset = {"clock_offset_ms": self._clock.wall_ms() - now.ms} if trusted else {}
        own = {**self._power.known(), **self._pacing.known(), **self._handing.known()}
        return {**self._facts, **offset, **own, **self._updates.known()}

    # --- each kind --------------------------------------------------------------------------------

    def _do(self, command: Command, token: str, monotonic: int) -> None:
        kinds: dict[str, Callable[[Command, int], Outcome | None]] = {
            "identify": self._identify,
            "reload": self._reload_page,
            "screenshot": self._picture,
            "restart": self._restart,
            "reboot": self._reboot,
            "rotate": self._set,
            "volume": self._set,
            "power": self._plan,
            "fetch": self._fetch,
            "hands": self._hands,
            "logs": self._logs,
            "forget": self._forget,
            UPDATE: partial(self._update, token),
        }
        do = kinds.get(command.kind)
        if do is None:
            said = f"This player does not know “{command.kind}”; it is older than the server."
            self._answer(command.id, Outcome("unknown", said))
        elif command.kind in SLOW:
            self._slow[command.id] = partial(do, command, monotonic)
        else:
            outcome = attempted(partial(do, command, monotonic))
            if outcome is not None:
                self._answer(command.id, outcome)

    def _identify(self, command: Command, monotonic: int) -> Outcome:
        name = command.arguments.get("name")
        self._plate = (name if isinstance(name, str) else "", monotonic + PLATE_MS)
        return Outcome("done", f"The screen says who it is for {PLATE_MS // 1000} s.")

    def _reload_page(self, command: Command, monotonic: int) -> Outcome:
        self._reload = command.id
        return Outcome("done", "The page is loaded anew.")

    def _picture(self, command: Command, monotonic: int) -> None:
        self._pictures[command.id] = monotonic + PICTURE_MS
        self._wishes.put(command.id, Wish(f"picture:{command.id}", "picture"))

    def _restart(self, command: Command, monotonic: int) -> None:
        self._end()

    def _reboot(self, command: Command, monotonic: int) -> Outcome | None:
        told = run(["systemctl", "reboot"])
        if told.ok:
            return None
        return Outcome("failed", f"The machine does not restart: {short(told.text)}")

    def _set(self, command: Command, monotonic: int) -> Outcome:
        given = Fields.of(command.arguments, "arguments")
        if command.kind == "rotate":
            value = given.whole("degrees", 0, 270)
            if value not in DEGREES:
                raise Invalid("Turns are of 90 degrees.", given.at("degrees"))
        else:
            value = given.whole("percent", 0, 100)
        self._orders.set(command.kind, value)
        self._wish(command.kind)
        return Outcome("done", "It is set, and kept.", {command.kind: value})

    def _plan(self, command: Command, monotonic: int) -> Outcome:
        plan = PowerPlan.from_json(command.arguments)
        if not self._power.follow(plan, command.issued_at):
            return Outcome("refused", "A newer plan is held.", {"power_plan": self._power.plan.id})
        return Outcome("done", "The display follows this plan.", {"power_plan": plan.id})

    def _hands(self, command: Command, monotonic: int) -> Outcome:
        kept, held = self._handing.command(command)
        said = "Who may act while the server is away is known." if kept else "A newer plan is held."
        return Outcome("done" if kept else "refused", said, {"hands": held})

    def _fetch(self, command: Command, monotonic: int) -> Outcome:
        rule = FetchRule.from_json(command.arguments)
        if not self._pacing.follow(rule, command.issued_at):
            return Outcome("refused", "A newer rule is held.", dict(self._pacing.known()))
        return Outcome("done", "Files are fetched by this rule.", dict(self._pacing.known()))

    def _logs(self, command: Command, monotonic: int) -> Outcome:
        packed = logs.bundle({"health": self._health.to_json(), "device": self.known()})
        self._server.bring(command.id, packed)
        return Outcome("done", "The logs are there.", {"bytes": len(packed)})

    def _forget(self, command: Command, monotonic: int) -> Outcome:
        return Outcome("done", "This device forgets its screen and shows a code.")

    def _update(self, token: str, command: Command, monotonic: int) -> Outcome | None:
        wanted = Wanted.from_arguments(command.arguments)
        return self._updates.begin(command.id, token, wanted, command.deadline)

    def _go_on_updating(self, now_ms: int | None) -> None:
        trusted = self._beliefs.trusted
        try:
            out = self._updates.turn(now_ms, trusted.ring.token) if trusted else None
            if out:
                self._answer(self._updates.order, out)
                self._updates.answered()
        except (NoRoom, OSError) as full:
            self._health.note("disk_full", str(full))

    # --- helpers ----------------------------------------------------------------------------------

    def _has_answers(self, monotonic: int) -> bool:
        if monotonic >= self._answers_at and self._orders.unsent():
            return True
        return monotonic >= self._power_at and bool(self._orders.power())

    def _answered(self, said: Answers, acked: int) -> bool:
        """The server took what was said, and holds the display's records up to a number. Whether
        one of the answers was to `forget`.
        """
        again_at = self._clock.monotonic_ms() + ANSWERS_AGAIN_MS
        if said.power and acked < said.power[0].seq:
            self._power_at = again_at
        try:
            self._orders.power_sent(acked)
            return "forget" in self._orders.sent(said.answers)
        except NoRoom as full:
            self._health.note("disk_full", str(full))
            self._answers_at = self._power_at = again_at
            return False

    def _answer(self, order: str, out: Outcome) -> None:
        answer = Answer(order, out.state, out.said, self._beliefs.now().ms, out.detail)
        try:
            self._orders.answer(answer)
        except NoRoom as full:
            self._health.note("disk_full", str(full))

    def _bring(self, order: str, did: Did, at: Mapping[str, Cap]) -> Outcome:
        """The picture first, then the answer that says it is there."""
        if not did.ok or not did.picture:
            return Outcome("failed", did.said or "There is no picture.")
        self._server.bring(order, did.picture)
        about = {"how": did.how, "turned": self._by_page.get("rotate", 0), **at}
        return Outcome("done", did.said, {**did.detail, **about})

    def _picture_over(self, order: str) -> None:
        self._pictures.pop(order, None)
        self._wishes.put(order, None)

    def _wish(self, name: str) -> None:
        value: Json = self._orders.settings.get(name)  # type: ignore[assignment]
        if value is not None:
            self._wishes.put(name, Wish(f"{name}:{value}", name, {"value": value}))

    def _know(self, facts: dict[str, Cap]) -> None:
        self._facts = facts
        self._facts_at = self._clock.monotonic_ms() + FACTS_EVERY_MS
        wrong = troubles_of(facts)
        for code in TROUBLES:
            if code in wrong:
                self._health.note(code, wrong[code])
            else:
                self._health.clear(code)
