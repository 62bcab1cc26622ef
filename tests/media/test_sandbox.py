"""A helper that hangs, or starts something that hangs, is gone when its time is up."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from media import _sandbox
from media.errors import HelperCrashed, Reason, Refused
from media.limits import DEFAULT_LIMITS, MIB
from media.probe import probe

SHORT = _sandbox.Budget(wall_s=1, memory_bytes=1024 * MIB, file_bytes=MIB)


def pipe_job(tmp_path: Path) -> dict[str, object]:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    return {"path": str(pipe), "mime": "image/png", "limits": asdict(DEFAULT_LIMITS)}


def helper_opening(path: str, within_s: float = 10.0) -> int:
    """The helper process that was given ``path``, found by its command line."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        for line in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = line.read_bytes()
            except OSError:
                continue
            if path.encode() in words and b"media._probe_child" in words.split(b"\0"):
                return int(line.parent.name)
        time.sleep(0.01)
    raise AssertionError(f"no helper was given {path}")


def held_open(path: str, within_s: float = 10.0) -> int:
    """Hold the writing end of a pipe, once somebody opened it for reading."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.01)
    raise AssertionError(f"nobody reads {path}")


def gone(pid: int, within_s: float = 5.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def test_a_helper_blocked_on_a_pipe_is_killed(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        _sandbox.run("media._probe_child", pipe_job(tmp_path), SHORT)
    assert refused.value.reason is Reason.TIMEOUT
    assert refused.value.params["limit_s"] == 1


def test_what_the_helper_started_is_killed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file = tmp_path / "pid"
    for tool in ("ffprobe", "ffmpeg"):
        script = tmp_path / tool
        script.write_text(f"#!/bin/sh\necho $$ > {pid_file}\nexec sleep 600\n")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    video = tmp_path / "film.mp4"
    video.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0")
    with pytest.raises(Refused) as refused:
        probe(video, replace(DEFAULT_LIMITS, probe_s=1))
    assert refused.value.reason is Reason.TIMEOUT
    assert gone(int(pid_file.read_text()))


def test_a_helper_whose_parent_was_killed_ends_by_itself(tmp_path: Path) -> None:
    script = (
        "import json,sys; from media import _sandbox\n"
        "job, budget = json.loads(sys.argv[1])\n"
        "print(_sandbox.run('media._probe_child', job, _sandbox.Budget(**budget)))\n"
    )
    job = pipe_job(tmp_path)
    request = json.dumps([job, asdict(replace(SHORT, wall_s=600))])
    parent = subprocess.Popen([sys.executable, "-c", script, request])
    helper, pipe = helper_opening(str(job["path"])), held_open(str(job["path"]))
    parent.kill()
    parent.wait()
    assert Path(f"/proc/{helper}").exists()
    assert gone(helper, within_s=20)
    os.close(pipe)


@pytest.mark.parametrize(
    ("number", "reason"),
    [(signal.SIGSEGV, Reason.UNREADABLE), (signal.SIGKILL, Reason.TOO_HEAVY)],
)
def test_a_decoder_that_crashes_or_is_killed_for_memory_refuses_the_file(
    tmp_path: Path, number: signal.Signals, reason: Reason
) -> None:
    job = pipe_job(tmp_path)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(_sandbox.run, "media._probe_child", job, replace(SHORT, wall_s=20))
        os.kill(helper_opening(str(job["path"])), number)
        with pytest.raises(Refused) as refused:
            running.result()
    assert refused.value.reason is reason


def test_a_fault_of_the_helper_is_told_apart_from_a_bad_file(tmp_path: Path) -> None:
    with pytest.raises(HelperCrashed, match="KeyError"):
        _sandbox.run("media._probe_child", {"path": str(tmp_path)}, SHORT)
