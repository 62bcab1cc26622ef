"""The helper's side of `media._sandbox`: confine ourselves, do the job, print the answer."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from media.errors import Reason, Refused

MAX_OPEN_FILES = 64
_NICENESS = 10
_ORPHAN_GRACE_S = 2
_PARENT_CHECK_S = 0.5


def main(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Do the job given as JSON in ``argv[1]``; print ``{"done": …}`` or ``{"refused": …}``."""
    request = json.loads(sys.argv[1])
    threading.Thread(target=_end_with, args=(request["parent"],), daemon=True).start()
    confine(**request["budget"])
    print(json.dumps(_outcome(work, request["job"])))


def confine(wall_s: int, memory_bytes: int, file_bytes: int) -> None:
    """Lower this process's limits for good; what it starts inherits them."""
    os.nice(_NICENESS)
    # A helper whose parent was killed must still end, even when it is blocked in a read.
    signal.alarm(wall_s + _ORPHAN_GRACE_S)
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, wall_s * 2),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, MAX_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (value, value))


def _end_with(parent: int) -> None:
    """End this helper and all that it started once its parent is gone: nobody awaits the answer."""
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_S)
    os.killpg(0, signal.SIGKILL)


def _outcome(
    work: Callable[[dict[str, Any]], dict[str, Any]], job: dict[str, Any]
) -> dict[str, Any]:
    try:
        return {"done": work(job)}
    except Refused as refused:
        return {"refused": refused.reason.value, "params": dict(refused.params)}
    except MemoryError:
        return {"refused": Reason.TOO_HEAVY.value, "params": {}}
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        return {"refused": Reason.TOO_HEAVY.value, "params": {}}
