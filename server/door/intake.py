"""What the worker tells over the bus, taken into the state and passed on to the screens.

directory  secret, time_key (raw private), both base64url; watch_keys [OnlineKey JSON ...];
           screens [[id, device key as base64url, store, [channels], held] ...]: all; ended,
           as below: all there are
screens    set [rows as above], gone [ids]; setting a screen also ends its being held as cloned
ended      hashes [sha256 of the secret of a person's session or token that ended ...]
heads      heads [[screen, revision, signed head] ...]
offers     offers [[channel, version, jws] ...]: deltas or, from version 0, whole channels
freshness  store, jws
commands   set [[screen, id, deadline in unix ms, jws] ...], gone [[screen, id] ...]: those that
           wait for their answers, and those that do not any more; all: set is all there are
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog

from server.door.fanout import Fanout
from server.door.health import Counts
from server.door.links import Links
from server.door.reception import Reception
from server.door.state import State

Message = Mapping[str, Any]

log = structlog.get_logger(__name__)


class Intake:
    """`take` is the bus's callback: one message at a time, in order."""

    def __init__(
        self, state: State, links: Links, reception: Reception, fanout: Fanout, counts: Counts
    ) -> None:
        self._state = state
        self._links = links
        self._reception = reception
        self._fanout = fanout
        self._counts = counts
        self._takers: Mapping[str, Callable[[Message], None]] = {
            "directory": self._directory,
            "screens": self._screens,
            "ended": self._ended,
            "heads": self._heads,
            "offers": self._offers,
            "freshness": self._freshness,
            "commands": self._commands,
        }

    def take(self, message: Message) -> None:
        """Take one message; a kind that is not known belongs to a newer worker."""
        taker = self._takers.get(message["t"])
        if taker is None:
            log.info("bus_message_unknown", kind=message["t"])
        else:
            taker(message)

    def _directory(self, message: Message) -> None:
        self._reception.clones.held.clear()  # the worker's word from here on
        self._reception.screens_changed(self._state.take_directory(message))
        self._reception.ended(self._state.ended)
        for link in list(self._links.open.values()):
            self._reception.challenge(link)

    def _screens(self, message: Message) -> None:
        rows = message["set"]
        for row in rows:
            self._reception.clones.held.pop(row[0], None)
        self._reception.screens_changed(self._state.take_screens(rows, message["gone"]))

    def _ended(self, message: Message) -> None:
        self._state.ended.update(message["hashes"])
        self._reception.ended(message["hashes"])

    def _heads(self, message: Message) -> None:
        rows = []
        for screen, revision, token in message["heads"]:
            pushed = self._state.take_head(screen, revision, token)
            if pushed is not None:
                rows += [(link, pushed) for link in self._links.of_screen(screen)]
        self._counts.pushed.labels("head").inc(len(rows))
        self._fanout.send(rows)

    def _offers(self, message: Message) -> None:
        rows = []
        for channel, version, token in message["offers"]:
            pushed = self._state.take_offers(channel, version, token)
            if pushed is not None:
                rows += [(link, pushed) for link in self._links.of_channel(channel)]
        self._counts.pushed.labels("offers").inc(len(rows))
        self._fanout.send(rows)

    def _freshness(self, message: Message) -> None:
        pushed = self._state.take_freshness(message["store"], message["jws"])
        if pushed is not None:
            links = self._links.of_store(message["store"])
            self._counts.pushed.labels("freshness").inc(len(links))
            self._fanout.broadcast(links, pushed)

    def _commands(self, message: Message) -> None:
        if message.get("all"):
            self._state.commands.clear()
        fresh = self._state.take_commands(message["set"], message["gone"])
        rows = [(link, it) for screen, it in fresh for link in self._links.players_of(screen)]
        self._counts.pushed.labels("command").inc(len(rows))
        self._fanout.send(rows)
