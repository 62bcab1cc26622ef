"""What the worker tells the door: who may come in, heads, offers, freshness; all of it on hello."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from playlists.signing import b64
from server.services.base.context import Context
from server.services.base.kept import batched
from server.services.entry import ended
from server.services.prices import offers
from server.services.prices.compiling import Change
from server.services.prices.freshness import FreshnessMaker
from server.services.publishing.publish import Published
from server.services.publishing.storing import SignedHead, heads_in_force
from server.services.screens import commands, devices
from server.worker.rounds import Rounds

HEADS_AT_ONCE = 500
"""Heads in one message on the bus."""
COMMANDS_AT_ONCE = 100
"""Commands in one message on the bus."""
OFFERS_AT_ONCE = 100
OFFERS_CHARACTERS = 1024 * 1024
"""Channels, and characters of what is said of them, in one message: the door passes on the first
while the next are on their way.
"""
BEHIND_S = 0.5
"""Freshness for channels that moved waits until no more did for so long: a delta brings its own
lease, so nothing that may be shown hangs on it.
"""
BEHIND_STORES = 50
"""Stores that are told freshness behind their offers at once."""

Send = Callable[[Mapping[str, Any]], bool]
Row = list[Any]


class Teller:
    """Keeps the door at what the record says. `send` goes to every peer that said hello.

    What was sent is remembered only to send no more than needed: a door that was away says hello
    and is told everything.
    """

    def __init__(self, ctx: Context, send: Send) -> None:
        self._ctx = ctx
        self._send = send
        self._freshness = FreshnessMaker(ctx.keys)
        self._rounds = Rounds(ctx.settings.freshness_every_s * 1000, _monotonic_ms())
        self._versions: dict[str, int] = {}
        self._screens: dict[str, Row] = {}
        self._stamp: tuple[int, int, int] | None = None
        self._commands: dict[str, str] = {}
        self._commands_stamp = (0, 0, "", "")
        self._ended: set[str] = set()
        self._ended_stamp = (0, 0)
        self._lock = threading.Lock()  # hello comes in the bus's thread
        self._channels = threading.Lock()  # what follows: prices have a thread of their own
        self._behind: set[str] = set()
        self._moved_at = 0.0

    def everything(self, send: Send) -> None:
        """Tell one peer all there is: the directory first, so that screens may come in at once."""
        with self._lock, self._ctx.db.read() as session:
            rows = [found.to_row() for found in devices.directory(session)]
            self._ended = set(ended.hashes(session))
            send(self._directory(rows))
            self._screens = {row[0]: row for row in rows}
            waiting = commands.open_commands(session, self._ctx.clock())
            send({"t": "commands", "set": [], "gone": [], "all": True})
            for part in batched(waiting, COMMANDS_AT_ONCE):
                send({"t": "commands", "set": list(map(_command, part)), "gone": []})
            for some in batched(heads_in_force(session), HEADS_AT_ONCE):
                send(_heads(some))
            with self._channels:
                for channel in offers.versions(session):
                    whole = offers.snapshot(self._ctx, session, channel)
                    if whole is not None:
                        send(_offers([whole]))
                        self._versions[channel] = whole.version
            for store, jws in self._freshness.make(session, self._ctx.clock()):
                send(_fresh(store, jws))

    def offers(self) -> None:
        """Send what channels have that the door has not. Waits for no plan and no freshness."""
        with self._channels, self._ctx.db.read() as session:
            for some in _messages(offers.pending(session, self._versions)):
                self._send(_offers(some))
                self._versions.update((change.channel, change.version) for change in some)
                self._behind.update(change.channel for change in some)
                self._moved_at = time.monotonic()

    def behind(self) -> bool:
        """Send freshness behind the offers of some channels; whether there are more to follow."""
        if not self._behind or time.monotonic() - self._moved_at < BEHIND_S:
            return False
        with self._channels:
            moved, self._behind = self._behind, set()
        with self._lock, self._ctx.db.read() as session:
            readers = sorted(self._freshness.readers_of(session, moved))
            self._send_freshness(session, readers[:BEHIND_STORES])
            rest = self._freshness.needs_of(readers[BEHIND_STORES:]).values()
        with self._channels:
            self._behind.update(name for needs in rest for name in needs.channels & moved)
            return bool(self._behind)

    def published(self, done: Published) -> None:
        """Hand heads over, then what follows from new plans: channels, sources and texts."""
        for some in batched(done.heads, HEADS_AT_ONCE):
            self._send(_heads(some))
        if not done.stores:
            return
        with self._lock, self._ctx.db.read() as session:
            before = self._freshness.needs_of(done.stores)
            self._freshness.forget(done.stores)
            self._tell_screens(session, [screen for screen, _, _ in done.heads])
            after = self._freshness.needs_now(session, done.stores)
            self._send_freshness(
                session, {store for store in done.stores if before.get(store) != after.get(store)}
            )

    def freshness(self) -> None:
        """Send the freshness of the stores whose turn it is, all of them within a round; at once
        where prices that no lease held may show again.
        """
        with self._lock, self._ctx.db.read() as session:
            due = set(self._rounds.due(self._freshness.stores(session), _monotonic_ms()))
            if back := self._freshness.back(session, self._ctx.clock()):
                due |= self._freshness.readers_of(session, back)
            self._send_freshness(session, sorted(due))

    def directory(self) -> None:
        """Tell who came and went among the devices, and what people signed in with that ended."""
        with self._ctx.db.read() as session:
            self._tell_ended(session)
            stamp = devices.stamp(session)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            with self._lock:
                self._tell_screens(session, None)

    def commands(self) -> None:
        """Tell which commands wait for their answers now, and which do not any more."""
        with self._lock:  # a peer that is told everything would forget what it hears meanwhile
            self._tell_commands(self._ctx.clock())

    def _tell_commands(self, now: int) -> None:
        with self._ctx.db.read() as session:
            stamp = commands.stamp(session, now)
            if stamp == self._commands_stamp:
                return
            self._commands_stamp = stamp
            waiting = commands.open_commands(session, now)
        open_now = {one.id: one.screen for one in waiting}
        gone = [[at, one] for one, at in self._commands.items() if one not in open_now]
        if gone:
            self._send({"t": "commands", "set": [], "gone": gone})
        for some in batched(
            [one for one in waiting if one.id not in self._commands], COMMANDS_AT_ONCE
        ):
            self._send({"t": "commands", "set": list(map(_command, some)), "gone": []})
        self._commands = open_now

    def _tell_ended(self, session: Any) -> None:
        stamp = ended.stamp(session)
        if stamp == self._ended_stamp:
            return
        self._ended_stamp = stamp
        with self._lock:
            found = set(ended.hashes(session))
            if later := sorted(found - self._ended):
                self._send({"t": "ended", "hashes": later})
            self._ended = found

    def _tell_screens(self, session: Any, screens: Collection[str] | None) -> None:
        found = {row.screen: row.to_row() for row in devices.directory(session, _listed(screens))}
        known = list(self._screens) if screens is None else screens
        changed = [row for name, row in found.items() if self._screens.get(name) != row]
        gone = [name for name in known if name in self._screens and name not in found]
        if changed or gone:
            self._send({"t": "screens", "set": changed, "gone": gone})
        self._screens.update(found)
        for name in gone:
            del self._screens[name]

    def _send_freshness(self, session: Any, stores: Collection[str]) -> None:
        if stores:
            for store, jws in self._freshness.make(session, self._ctx.clock(), stores):
                self._send(_fresh(store, jws))

    def _directory(self, rows: list[Row]) -> dict[str, Any]:
        keys = self._ctx.keys
        watch = [key.to_json() for key in keys.document.keys if "watch" in key.uses]
        return {
            "t": "directory",
            "secret": b64(keys.channel_secret),
            "time_key": b64(keys.time_raw),
            "watch_keys": watch,
            "ended": sorted(self._ended),
            "screens": rows,
        }


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _listed(screens: Iterable[str] | None) -> list[str] | None:
    return None if screens is None else list(screens)


def _heads(heads: Iterable[SignedHead]) -> dict[str, Any]:
    return {"t": "heads", "heads": [list(head) for head in heads]}


def _command(one: commands.Open) -> Row:
    return [one.screen, one.id, one.deadline, one.jws]


def _offers(changes: Iterable[Change]) -> dict[str, Any]:
    rows = [[change.channel, change.version, change.jws] for change in changes]
    return {"t": "offers", "offers": rows}


def _messages(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Changes in messages' worth."""
    some: list[Change] = []
    size = 0
    for change in changes:
        if some and (len(some) == OFFERS_AT_ONCE or size + len(change.jws) > OFFERS_CHARACTERS):
            yield some
            some, size = [], 0
        some.append(change)
        size += len(change.jws)
    if some:
        yield some


def _fresh(store: str, jws: str) -> dict[str, Any]:
    return {"t": "freshness", "store": store, "jws": jws}
