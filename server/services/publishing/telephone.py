"""The worker's end of a helper process: starts it, and talks with it in a thread of its own, so
that a helper that hangs keeps nobody waiting.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
from multiprocessing.connection import Connection
from queue import SimpleQueue

import structlog

from server.services.publishing.slices import Answer
from server.services.publishing.talk import Line, Ready, Setup, Slice, Stored, receive, send

log = structlog.get_logger(__name__)

Heard = Answer | Ready | str
"""What is heard of a helper; a str says why there will be nothing more."""


class Telephone:
    """One process. What it says is put into `heard`, beside this object."""

    def __init__(self, setup: Setup, heard: SimpleQueue[tuple[Telephone, Heard]]) -> None:
        self._heard = heard
        self._connection, theirs = multiprocessing.Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "server.services.publishing.helper", str(theirs.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # a Ctrl-C is for the worker
        )
        theirs.close()
        self._said: SimpleQueue[Setup | Slice | Stored | None] = SimpleQueue()
        self._said.put(setup)
        threading.Thread(target=self._talk, daemon=True, name=f"helper {self.pid}").start()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def say(self, message: Slice | Stored) -> None:
        """Send it as soon as what was said before is answered."""
        self._said.put(message)

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._said.put(None)

    def _talk(self) -> None:
        """Send what is to be said, hear the answer where there is one, until either end closes."""
        try:
            while (message := self._said.get()) is not None:
                send(self._connection, message)
                if not isinstance(message, Stored):
                    self._heard.put((self, _answer(self._connection)))
        except (EOFError, OSError):
            self._process.kill()
            self._heard.put((self, f"ended with {self._process.wait()}"))
        finally:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait()
            self._connection.close()


def _answer(connection: Connection) -> Answer | Ready:
    """The next answer; lines for the log that come before it are logged."""
    while True:
        heard = receive(connection)
        if isinstance(heard, Line):
            getattr(log, heard.level)(heard.event, **heard.fields)
            continue
        assert isinstance(heard, Answer | Ready)
        return heard
