"""A helper process: plans stores for the worker that started it, and ends with it.

`python -m server.services.publishing.helper FD`: messages come and go, pickled, over the socket
with this number; standard input ends when the worker does, however it ended.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import MutableMapping
from multiprocessing.connection import Connection
from typing import Any

import structlog

from server.db.engine import Database
from server.services.publishing import tidying
from server.services.publishing.planning import Planner, Prepared
from server.services.publishing.slices import plan_slice
from server.services.publishing.talk import Line, Ready, Setup, Slice, Stored, receive, send

log = structlog.get_logger(__name__)

IDLE_S = 5.0
"""After so long without a word there is time to look for garbage."""
SETTLE_STORES = 20
"""So many stores planned without a rest are very much to remember."""


class Helper:
    """Answers what comes over a connection, one after the other."""

    def __init__(self, connection: Connection, setup: Setup) -> None:
        self._connection = connection
        self._db = Database(setup.database_url)
        self._planner = Planner(setup.spread_s, setup.margin_ms)
        self._answered: dict[str, Prepared] = {}
        self._planned = 0

    def run(self) -> None:
        """Until the other end closes, which raises EOFError or OSError."""
        send(self._connection, Ready())
        while True:
            if not self._connection.poll(IDLE_S):
                self._rest()
            message = receive(self._connection)
            if isinstance(message, Slice):
                self._plan(message)
            elif isinstance(message, Stored):
                found = (self._answered.pop(key, None) for key in message.profiles)
                self._planner.confirm([plan for plan in found if plan is not None], message.now)

    def _rest(self) -> None:
        if self._planned >= SETTLE_STORES:
            tidying.after_much()
            self._planned = 0
        else:
            tidying.at_rest()

    def _plan(self, asked: Slice) -> None:
        until = time.monotonic() + asked.slice_ms / 1000
        answer = plan_slice(
            self._planner, self._db, asked.now, asked.asks, lambda: time.monotonic() > until
        )
        send(self._connection, answer)
        for plan in answer.plans:
            self._answered.update((prepared.key, prepared) for prepared in plan.prepared)
        self._planned += len(answer.plans)
        tidying.after_work()


def main() -> None:
    """Serve until the worker ends."""
    threading.Thread(target=_end_with_the_worker, daemon=True, name="life").start()
    connection = Connection(int(sys.argv[1]))
    tidying.begin()
    try:
        setup = receive(connection)
        _log_through(connection)
        Helper(connection, setup).run()
    except (EOFError, OSError):
        return
    except Exception:
        log.exception("helper_failed")
        sys.exit(1)


def _end_with_the_worker() -> None:
    """Nothing is ever written to standard input: reading it lasts as long as the worker."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(0)


def _log_through(connection: Connection) -> None:
    """Give what is logged here to the worker, which has its own way to write."""

    def forward(_logger: object, level: str, line: MutableMapping[str, Any]) -> str:
        fields = {name: str(value) for name, value in line.items() if name != "event"}
        send(connection, Line(level, str(line["event"]), fields))
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.processors.format_exc_info, forward])


if __name__ == "__main__":
    main()
