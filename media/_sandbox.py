"""Run one job in a helper process that can be killed whole, and read its answer."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import IO, Any

from media.errors import HelperCrashed, Reason, Refused

log = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 64 * 1024
_POLL_S = 0.01
_STDERR_TAIL_BYTES = 2000
_HEAVY_SIGNALS = frozenset({signal.SIGXCPU, signal.SIGXFSZ, signal.SIGKILL, signal.SIGALRM})


@dataclass(frozen=True, slots=True)
class Budget:
    """What a helper may use: seconds on the wall, bytes of address space, bytes per file.

    It may spend twice its wall seconds of CPU, since encoders run on several cores.
    """

    wall_s: int
    memory_bytes: int
    file_bytes: int


def run(module: str, job: Mapping[str, Any], budget: Budget) -> dict[str, Any]:
    """Run ``python -m module`` on ``job`` and return its answer (both plain JSON).

    Raises `Refused` when the helper refuses, or is over its time or memory (its whole process
    group is then killed), `HelperCrashed` when the helper itself is at fault.
    """
    request = json.dumps({"job": job, "budget": asdict(budget), "parent": os.getpid()})
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        helper = subprocess.Popen(
            [sys.executable, "-P", "-m", module, request],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=_environment(),
            start_new_session=True,
        )
        in_time = False
        try:
            in_time = _ended_within(helper.pid, budget.wall_s)
        finally:
            # The leader is not reaped yet, so its group id cannot have been given to another.
            os.killpg(helper.pid, signal.SIGKILL)
            code = helper.wait()
        if not in_time:
            raise Refused(Reason.TIMEOUT, limit_s=budget.wall_s)
        return _answer(code, out, err)


def _environment() -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
    # The helper must import the very modules that its parent would ("" is the current folder).
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path)
    return kept | {"PYTHONPATH": paths, "LANG": "C.UTF-8"}


def _ended_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _answer(code: int, out: IO[bytes], err: IO[bytes]) -> dict[str, Any]:
    if code < 0:
        name = signal.Signals(-code).name
        log.warning("media helper ended by %s", name)
        heavy = -code in _HEAVY_SIGNALS
        raise Refused(Reason.TOO_HEAVY if heavy else Reason.UNREADABLE)
    out.seek(0)
    raw = out.read(MAX_ANSWER_BYTES + 1)
    if code != 0 or len(raw) > MAX_ANSWER_BYTES:
        err.seek(max(0, err.seek(0, os.SEEK_END) - _STDERR_TAIL_BYTES))
        raise HelperCrashed(err.read().decode("utf-8", "replace"))
    answer: dict[str, Any] = json.loads(raw)
    if "refused" in answer:
        raise Refused(Reason(answer["refused"]), **answer["params"])
    done: dict[str, Any] = answer["done"]
    return done
