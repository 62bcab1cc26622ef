"""The agent's loop: one thread owns what is believed and played; news comes in, needs go out.

    hear   a signed message: verified, admitted, saved, and only then acted on (beliefs.py)
    look   compare what is wanted (the head, its plan, its channels and files) with what is held
    do     begin the needs that are due; their ends come back as news

It is level-triggered: nothing remembers what was to be done, each turn finds it out again. So a
lost push, a failed download or a crash anywhere costs a turn, never truth.
"""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from player.agent.beliefs import Beliefs
from player.agent.events import Checked, DoorAt, Event, Handed, Link, Parts, Stop
from player.agent.failing import note_complete, note_failure, note_success, waits_of
from player.agent.handing import Handing
from player.agent.inbox import Inbox
from player.agent.needs import OBEYED, SAME_KEYS_MS, Lacking, Need, Pace, needs_of
from player.agent.obeying import Obeying
from player.agent.pairing import Pairing
from player.agent.parting import Parting
from player.agent.playback import Playback
from player.agent.pulling import Pulling
from player.agent.sharing import Spared
from player.agent.told import Scene, report_of, sections_of
from player.agent.work import Done, Jobs
from player.display.wishes import Did
from player.link.door import Down, Heard, Told, Up
from player.spool import SpoolStuck
from playlists.ids import ChannelId, Sha256
from playlists.wire.door import Pull, Report
from playlists.wire.http import PARTED, Difference

FIRST_REPORT_MS = (1_500, 4_000)
"""After the start, where the door has not let this device in before."""
REPORT_MS = 45_000
SPREAD = (35 / 45, 55 / 45)
"""A report every 45 ± 10 s, or about as the door wishes."""
ANSWER_MS = 10_000
"""A report over the socket is answered within this, or the socket is taken for dead."""
CATCH_UP_MS = 10_000
"""More came than could be heard: what lacks is asked for within this."""
PLAYS_EVERY_MS = 60_000
TURN_S = 1.0
"""The longest that the loop waits for news."""


class Agent:
    """`run` until `stop`; or, in tests, `start`, then `settle` by hand."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._kept, self._clock, self._health = parts.kept, parts.clock, parts.health
        self._inbox = Inbox()
        self._pace = Pace()
        self._beliefs = Beliefs(parts.kept, parts.clock, parts.health)
        self._pairing = Pairing(parts.kept, parts.clock, self._pace, parts.health)
        self._playback = Playback(self._beliefs, parts)
        self._pulling = Pulling(self._beliefs)
        self._parting = Parting(parts.server.is_certain)
        end = partial(self.post, Stop(again=True))
        self._handing = Handing(parts, partial(self.post, Handed()))
        given = (parts.body, self._beliefs, parts.server, parts.clock, parts.health, end)
        self._obeying = Obeying(*given, self._handing)
        parts.body.wishes.told = self.post
        self._runner = parts.make_runner(self.post)
        self._jobs = Jobs(
            parts.server, parts.objects, parts.fetch, parts.spool, parts.clock.monotonic_ms
        )
        self._link: Link | None = None
        self._report_ms, self._report_at = REPORT_MS, 0
        self._awaited: tuple[str, int] | None = None
        self._plays_at = self._close_plays_at = 0
        self._heard = True
        self._notice = ""

    def post(self, event: Event) -> None:
        """Tell the agent something; for any thread."""
        self._inbox.put(event)

    def start(self) -> None:
        """Play from the disk at once, then begin to speak with the server."""
        monotonic = self._clock.monotonic_ms()
        self._report_at = monotonic + random.randint(*FIRST_REPORT_MS)
        self._plays_at = monotonic
        self._close_plays_at = monotonic + self._parts.records_every_ms
        if self._kept.damaged:
            again = "the server gives it again" if self._beliefs.trusted else "pair it anew"
            self._health.note("state_damaged", f"The disk changed what was believed: {again}.")
        self._playback.load()
        self._obeying.start()
        if self._beliefs.trusted:
            self._become_screen()
            self._handing.look(self._playback.plan, self._beliefs.now(), None)
        self._tell()
        self._health.ready()

    def run(self) -> bool:
        """Turn until `Stop` is posted. Whether the player is to begin anew."""
        self.turn()
        while True:
            for event in self._inbox.some(TURN_S):
                if isinstance(event, Stop):
                    self._end()
                    return event.again
                self._handle(event)
            self.turn()

    def settle(self) -> None:
        """Turn until there is no news left."""
        self.turn()
        while event := self._inbox.get():
            self._handle(event)
            self.turn()

    def turn(self) -> None:
        """Look, and do. What was heard is on the page first: prices wait for nothing else."""
        self._tell()
        self._beliefs.save()
        if self._beliefs.trusted:
            if self._link is None:
                self._become_screen()
            self._playback.advance()
            self._beliefs.note_time()
            # Looked at each time: a wall clock that leaps would else end all TLS for good.
            self._parts.server.dates = self._beliefs.is_wall_right()
            self._report_if_due()
            self._close_plays()
            self._obeying.turn()
            self._handing.look(self._playback.plan, self._beliefs.now(), self._link)
        monotonic = self._clock.monotonic_ms()
        for need in self._pace.begin(self._needs(), monotonic, self._playback.urgent()):
            self._runner.submit(need, self._job(need))
        self._tell()
        self._heard = False
        self._health.turned()

    def health(self) -> dict[str, Any]:
        """For people and monitoring; for any thread."""
        memory = self._kept.memory
        now = self._beliefs.now()
        return {
            **self._health.to_json(),
            "screen": memory.trusted.screen if memory.trusted else None,
            "revision": memory.playing.revision if memory.playing else 0,
            "link": self._link is not None and self._link.is_up,
            "clock": {"now": now.ms, "uncertainty": now.uncertainty_ms},
            "missing": len(self._playback.missing()),
            "runs_waiting": self._parts.spool.depth(),
        }

    def clock(self) -> dict[str, int | None]:
        """The instant and its uncertainty in ms; for any thread."""
        now = self._beliefs.now()
        return {"now": now.ms, "uncertainty": now.uncertainty_ms}

    # --- hear -------------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        self._heard = True
        match event:
            case Heard(kind="command"):
                self._obeying.hear(event.token)
            case Heard():
                self._beliefs.hear(event)
            case Did():
                self._obeying.told(event)
            case Told():
                self._told(event)
            case Up():
                self._up(event)
            case Down():
                self._down(event)
            case Pull():
                self._beliefs.pull(event)
            case Done():
                self._done(event)
            case DoorAt():
                self._beliefs.keep_door(event.url)
            case Checked() if self._playback.missing():
                self._health.note("files_damaged", "Files were damaged; they are fetched again.")
            case Checked() | Handed() | Stop():
                pass

    def _told(self, told: Told) -> None:
        if self._awaited and self._awaited[0] == told.nonce:
            self._awaited = None
        self._beliefs.hear(told)

    def _up(self, up: Up) -> None:
        self._health.clear("door")
        self._parts.server.use_token(up.token)
        self._parting.welcomed()
        self._report_ms = up.report_ms
        self._report_at = self._clock.monotonic_ms()
        self._pace.hurry()

    def _down(self, down: Down) -> None:
        self._awaited = None
        if down.code:
            self._health.note("door", f"The door refuses this device: {down.code}.")
            self._health.count(f"door_refused:{down.code}")
        if down.code in PARTED:
            # A hint; only the server's own word, asked over HTTP, can part us.
            self._beliefs.report = True
            self._parts.server.use_token("")

    # --- look -------------------------------------------------------------------------------------

    def _needs(self) -> Iterator[Need]:
        if self._beliefs.trusted is None:
            return self._pairing.needs()
        plays = self._clock.monotonic_ms() >= self._plays_at and self._parts.spool.depth() > 0
        lacking = Lacking(
            keys=self._beliefs.keys,
            report=self._beliefs.report,
            plays=plays,
            channels=self._beliefs.lacking_channels(),
            objects=self._playback.lacking,
            assets=self._playback.due(),
        )
        return chain(self._obeying.needs(), needs_of(lacking))

    def _report_if_due(self) -> None:
        monotonic = self._clock.monotonic_ms()
        if self._awaited and monotonic >= self._awaited[1]:
            self._awaited = None
            self._health.count("socket_silent")
            self._beliefs.report = True
            if self._link:
                self._link.drop()
        if dropped := self._inbox.dropped():
            self._health.count("news_dropped", dropped)
            self._report_at = min(self._report_at, monotonic + CATCH_UP_MS)
        if not self._beliefs.confirms() and monotonic < self._report_at:
            return
        self._report_at = monotonic + int(self._report_ms * random.uniform(*SPREAD))
        report = self._report()
        if self._link and self._link.report(report):
            self._awaited = (report.nonce, monotonic + ANSWER_MS)
        else:
            self._beliefs.report = True

    def _report(self) -> Report:
        report = report_of(self._scene(), self._beliefs.now(), secrets.token_urlsafe(16))
        return replace(report, device=self._obeying.known())

    def _close_plays(self) -> None:
        monotonic = self._clock.monotonic_ms()
        if monotonic >= self._close_plays_at:
            self._close_plays_at = monotonic + self._parts.records_every_ms
            try:
                self._parts.spool.close_open()
            except SpoolStuck as stuck:
                self._health.note("disk_full", str(stuck))

    # --- do ---------------------------------------------------------------------------------------

    def _job(self, need: Need) -> Callable[[], object]:
        playback, jobs = self._playback, self._jobs
        memory = self._kept.memory
        match need.kind:
            case "register":
                return jobs.register(self._parts.request)
            case "paired" if memory.pairing:
                return jobs.paired(memory.pairing)
            case "keys":
                return jobs.keys()
            case "report":
                return jobs.report(self._report())
            case "offers":
                channel = ChannelId(need.key)
                return jobs.offers(channel, self._pulling.since(channel))
            case "object":
                return jobs.object(Sha256(need.key), playback.objects_kept())
            case "asset":
                return jobs.asset(Sha256(need.key), playback.files)
            case "plays":
                return jobs.plays()
        return self._obeying.job(need)

    def _done(self, done: Done) -> None:
        if done.need.kind in ("register", "paired"):
            self._pairing.done(done)
        elif done.error is not None:
            self._failed(done.need, done.error)
        elif done.need.kind in OBEYED:
            self._pace.done(done.need)
            if self._obeying.done(done.need, done.result):
                self._part()
        elif isinstance(done.result, Spared):
            self._pace.leave(done.need, self._clock.monotonic_ms(), done.result.wait_ms)
            note_complete(self._health, complete=self._playback.is_complete)
        else:
            self._pace.done(done.need)
            if done.need.kind != "keys":
                self._parting.welcomed()
                self._handing.heard()
            self._take(done.need, done.result)
            note_success(self._health, done.need, complete=self._playback.is_complete)

    def _take(self, need: Need, result: object) -> None:
        monotonic = self._clock.monotonic_ms()
        match need.kind, result:
            case "keys", str() as token:
                if not self._beliefs.hear_keys(token):
                    self._pace.later(need, monotonic, SAME_KEYS_MS)
            case "offers", tuple() as tokens:
                if not self._pulling.pulled(ChannelId(need.key), tokens):
                    self._pace.failed(need, monotonic)
            case "report", (Difference() as difference, Told() as told):
                self._beliefs.report = False
                self._difference(difference, told)
            case "plays", _:
                self._plays_at = monotonic + PLAYS_EVERY_MS

    def _difference(self, difference: Difference, told: Told) -> None:
        if told.token:
            self._told(told)
        self._beliefs.hear_all(difference)
        for token in difference.commands:
            self._obeying.hear(token)

    def _failed(self, need: Need, error: Exception) -> None:
        monotonic = self._clock.monotonic_ms()
        if need.kind == "offers":
            self._beliefs.channels.add(ChannelId(need.key))
        note_failure(self._health, need, error)
        self._pace.failed(need, monotonic, *waits_of(need, error))
        if self._parting.refused(error, self._beliefs.trusted, monotonic):
            self._part()

    def _part(self) -> None:
        """This device is no screen any more: show a code again."""
        if not self._beliefs.forget():
            return
        link, self._link = self._link, None
        if link:
            # It may wait for the other side's goodbye.
            threading.Thread(target=link.stop, name="goodbye", daemon=True).start()
        self._parts.server.be("")
        self._playback.forget()
        self._obeying.forget()
        self._parting.welcomed()
        self._pulling.forget()
        self._pace.hurry()
        self._health.clear("door")

    def _become_screen(self) -> None:
        trusted = self._beliefs.trusted
        if trusted is None:
            return
        try:
            self._parts.spool.begin(trusted.screen)
        except SpoolStuck as stuck:
            self._health.note("disk_full", str(stuck))
        self._parts.server.be(trusted.screen)
        self._link = self._parts.make_link(trusted.screen, self.post)
        self._link.start()

    def _scene(self) -> Scene:
        return Scene(
            memory=self._kept.memory,
            plan=self._handing.with_cards(self._playback.plan),
            held=self._parts.assets.held(),
            files=self._playback.files,
            server=self._parts.server.url,
            notice=self._health.first_note,
            page=self._parts.page,
            troubles=self._health.troubles(self._beliefs.now().ms),
            hands=self._handing.overrides(),
        )

    def _tell(self) -> None:
        """Put on the board what the page shows from."""
        if self._heard or self._health.first_note != self._notice:
            self._notice = self._health.first_note
            self._parts.board.put(sections_of(self._scene()))
        self._parts.board.put({"device": self._obeying.section(), **self._handing.told()})

    def _end(self) -> None:
        self._health.stopping()
        self._handing.stop()
        self._runner.stop()
        if self._link:
            self._link.stop()
