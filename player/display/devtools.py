"""A browser that was started here, and its end of the DevTools protocol over a pipe.

A pipe, not a port: no other program of the machine can steer what a screen shows. Chromium reads
descriptor 3 and writes to 4; messages are JSON and end in a zero byte.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

FLAG = "--remote-debugging-pipe"
ANSWER_S = 10.0
STOP_S = 5.0
MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes; a picture of a large display has some of them."""
FREE_FROM = 10
"""Descriptors are moved up here, so that 3 and 4 are free to be theirs."""
_BECOME = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); "
    "os.execvp(sys.argv[3], sys.argv[3:])"
)
_GONE = {"error": {"message": "it has ended"}}


class NoAnswer(Exception):
    """The browser does not answer, or refuses; the message says what was asked."""


class Browser:
    """One life of Chromium, begun by `line`. Raises OSError where it cannot be started."""

    def __init__(self, line: Sequence[str]) -> None:
        theirs_in, self._out = _pipe()
        self._in, theirs_out = _pipe()
        become = [sys.executable, "-I", "-S", "-c", _BECOME, str(theirs_in), str(theirs_out)]
        try:
            self._child = subprocess.Popen(
                [*become, *line],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs_in, theirs_out),
                start_new_session=True,
            )
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._crashed = threading.Event()
        self._is_deaf = False
        self._asked: tuple[int, float] | None = None
        self.has_spoken = False
        """Whether it ever said a word."""
        threading.Thread(target=self._read, name="devtools", daemon=True).start()
        with contextlib.suppress(NoAnswer):
            self._send(next(self._numbers), "Target.setDiscoverTargets", "", {"discover": True})

    @property
    def pid(self) -> int:
        """Of its first process, which is also the number of its process group."""
        return self._child.pid

    @property
    def is_over(self) -> bool:
        """Whether it ended by itself."""
        return self._child.poll() is not None

    @property
    def has_crashed(self) -> bool:
        """Whether a page of it ended; then all of it is ended at once."""
        return self._crashed.is_set()

    def quiet_s(self) -> float:
        """Seconds for which it has owed a sign of life; each time it owes none it is asked."""
        asked = self._asked
        if asked is not None:
            return time.monotonic() - asked[1]
        number = next(self._numbers)
        self._asked = number, time.monotonic()
        with contextlib.suppress(NoAnswer):
            self._send(number, "Browser.getVersion", "", {})
        return 0.0

    def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """Ask, of a page where a session is named. Raises NoAnswer."""
        number = next(self._numbers)
        answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._waiting[number] = answers
        try:
            self._send(number, method, session, params)
            if self._is_deaf:
                answers.put(_GONE)
            told = answers.get(timeout=ANSWER_S)
        except queue.Empty:
            raise NoAnswer(f"Chromium did not answer {method} in {ANSWER_S:.0f} s.") from None
        finally:
            self._waiting.pop(number, None)
        if "error" in told:
            raise NoAnswer(f"Chromium refuses {method}: {told['error'].get('message')}")
        result: dict[str, Any] = told["result"]
        return result

    @contextmanager
    def page(self) -> Iterator[str]:
        """A session with the page that it shows, for a while. Raises NoAnswer."""
        targets = self.call("Target.getTargets")["targetInfos"]
        pages = [one["targetId"] for one in targets if one["type"] == "page"]
        if not pages:
            raise NoAnswer("Chromium shows no page.")
        session = self.call("Target.attachToTarget", targetId=pages[0], flatten=True)["sessionId"]
        try:
            yield session
        finally:
            with contextlib.suppress(NoAnswer):
                self.call("Target.detachFromTarget", sessionId=session)

    def end(self, *, at_once: bool = False) -> None:
        """End it: asked first, unless `at_once`; then with all that it started."""
        if not at_once and not self.is_over:
            self._child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(STOP_S)
        self._kill()
        self._child.wait()
        with self._lock:
            if self._out >= 0:
                os.close(self._out)
                self._out = -1

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, 9)

    def _send(self, number: int, method: str, session: str, params: dict[str, Any]) -> None:
        asked = {"id": number, "method": method, "params": params}
        message = json.dumps({**asked, "sessionId": session} if session else asked).encode() + b"\0"
        try:
            with self._lock:
                os.write(self._out, message)
        except OSError as why:
            raise NoAnswer(f"Chromium cannot be asked: {why}") from why

    def _read(self) -> None:
        """Until it ends: the last of those that could write to the pipe is gone."""
        kept = b""
        with os.fdopen(self._in, "rb", buffering=0) as pipe:
            while data := pipe.read(65_536):
                *whole, kept = (kept + data).split(b"\0")
                for message in whole:
                    self._hear(json.loads(message))
                if len(kept) > MAX_MESSAGE:
                    break
        self._is_deaf = True
        for answers in list(self._waiting.values()):
            answers.put(_GONE)

    def _hear(self, told: dict[str, Any]) -> None:
        self.has_spoken = True
        if told.get("method") == "Target.targetCrashed":
            self._crashed.set()
            # In its next frame it would show a page of its own that tells of it.
            self._kill()
        asked = self._asked
        if asked is not None and told.get("id") == asked[0]:
            self._asked = None
        if answers := self._waiting.get(told.get("id", 0)):
            answers.put(told)


def _pipe() -> tuple[int, int]:
    """Its reading and its writing end."""
    ends = os.pipe()
    try:
        moved = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, FREE_FROM) for one in ends]
    finally:
        for one in ends:
            os.close(one)
    return moved[0], moved[1]
