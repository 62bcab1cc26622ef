"""What every test may ask for: the system's own programs, started on free ports and ended after."""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.children import left_behind, running_children
from tests.support.mosquitto import Broker, running_broker
from tests.support.no_skips import (  # noqa: F401  (hooks)
    pytest_make_collect_report,
    pytest_runtest_makereport,
)
from tests.support.postgres import Cluster, running_cluster
from tests.support.programs import CHROMIUM_FLAGS, need

MEMORY = Path("/dev/shm")
MEMORY_BYTES = 4 * 2**30
"""Free there for the run's files; with less they go where they always do."""


def _use_memory() -> None:
    """Keep the run's files in memory: thousands of small records wait for no disk."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return
    if shutil.disk_usage(MEMORY).free >= MEMORY_BYTES:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


GC_THRESHOLDS = (20_000, 25, 100)
"""As in the web process, and for its reason: so much stays that looking through it costs a lot."""


def pytest_collection_finish() -> None:
    """Look for garbage among what tests leave, not among the thousands of tests themselves."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


_use_memory()
# Players that tests start look for nobody on this machine's network.
os.environ.setdefault("ENSEIGNE_PLAYER_NO_SHARE", "1")


@pytest.fixture(scope="session", autouse=True)
def _no_child_left() -> Iterator[None]:
    """Fail the run if a test leaves a process behind; set up first, so torn down last."""
    before = running_children()
    yield
    left = left_behind(before)
    assert not left, "tests left these processes running:\n" + "\n".join(left)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A PostgreSQL server shared by the run; `create(template)` copies a prepared database."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def mosquitto() -> Iterator[Broker]:
    """A Mosquitto broker shared by the run (host, port): use topics of the test's own."""
    with running_broker() as broker:
        yield broker


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Debian's Chromium."""
    return need("chromium")


@pytest.fixture(scope="session")
def ffmpeg_path() -> str:
    """ffmpeg; ffprobe comes with it."""
    return need("ffmpeg")


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], chromium_path: str
) -> dict[str, Any]:
    """Have Playwright drive Debian's Chromium, kept off the network by its flags."""
    return {
        **browser_type_launch_args,
        "executable_path": chromium_path,
        "args": [*browser_type_launch_args.get("args", []), *CHROMIUM_FLAGS],
    }
