"""The browser of a kiosk: replaced when it ends, hangs or swells. Its part is played by programs
that speak as Chromium does on its pipe; `tests.bench.kiosk` does the same to a real one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from player.display.devtools import Browser, NoAnswer
from player.display.glimpse import NoGlimpse
from player.display.kiosk import Kiosk
from player.machine.memory import held_mib, total_mib
from tests.player.life import until

SPEAKS = """
import json, os
kept = b""
while data := os.read(3, 65536):
    *asked, kept = (kept + data).split(b"\\0")
    for message in map(json.loads, asked):
        said = {"id": message["id"], "result": {"you": message["method"]}}
        if message["method"] == "Target.getTargets":
            said["result"] = {"targetInfos": []}
        if message["method"] == "Refused":
            said = {"id": message["id"], "error": {"message": "no such thing"}}
        os.write(4, json.dumps(said).encode() + b"\\0")
        if message["method"] == "Crash":
            os.write(4, b'{"method": "Target.targetCrashed", "params": {}}\\0')
"""
HANGS = "import time; time.sleep(600)"
ENDS = "pass"
SWELLS = f"much = bytearray(96 << 20)\n{SPEAKS}"


@dataclass
class Shown:
    """What is to be shown: a program of ours, which is well until it is told otherwise."""

    profile: Path
    program: str = SPEAKS
    wrong: str = ""
    lived: list[float] = field(default_factory=list)

    def command(self) -> list[str]:
        return [sys.executable, "-S", "-c", self.program]

    def trouble(self, lived_s: float) -> str:
        self.lived.append(lived_s)
        return self.wrong


@dataclass
class Backdrop:
    """Says what is asked of it."""

    seen: list[str]

    def stand(self) -> None:
        self.seen.append("stands")

    def veil(self) -> None:
        self.seen.append("veiled")

    def unveil(self) -> None:
        self.seen.append("seen")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ASK_EVERY_S", "LOOK_EVERY_S", "RETRY_S"):
        monkeypatch.setattr(f"player.display.kiosk.{name}", 0.01)


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path / "profile")


@pytest.fixture
def run() -> Iterator[Callable[[Shown, int], Kiosk]]:
    """Starts a kiosk with so many MiB for its browser, 0 for any."""
    running = []

    def started(shown: Shown, most_mib: int = 0) -> Kiosk:
        kiosk = Kiosk(shown, most_mib)
        running.append(kiosk)
        kiosk.start()
        return kiosk

    yield started
    for kiosk in running:
        kiosk.stop()


Run = Callable[..., Kiosk]


def test_it_is_started_again_whenever_it_ends(shown: Shown, run: Run) -> None:
    shown.program = ENDS
    kiosk = run(shown)
    until(lambda: kiosk.ends[2:] == ["it ended"] or len(kiosk.ends) > 3, "three ends")
    kiosk.stop()
    assert set(kiosk.ends) == {"it ended"}
    assert kiosk.pid == 0


def test_what_goes_wrong_in_a_kiosk_leaves_no_display_without_a_browser(
    shown: Shown, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    command, wrong = shown.command, [RuntimeError("can't start new thread")]

    def commands() -> list[str]:
        if wrong:
            raise wrong.pop()
        return command()

    monkeypatch.setattr(shown, "command", commands)
    kiosk = run(shown)
    assert until(lambda: kiosk.pid, "a browser")
    assert kiosk.ends == ["RuntimeError: can't start new thread"]


def test_a_kiosk_that_waits_for_ever_says_so(
    shown: Shown, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that systemd's watchdog ends it: the kernel may hold a killed browser by its driver."""
    kiosk, held = run(shown), threading.Event()
    until(lambda: shown.lived, "it lives")
    assert not kiosk.hangs
    monkeypatch.setattr(shown, "trouble", lambda lived_s: held.wait(20) and "")
    monkeypatch.setattr("player.display.kiosk.HUNG_S", 0.2)
    until(lambda: kiosk.hangs, "it is said")
    held.set()
    until(lambda: not kiosk.hangs, "it goes on")


def test_one_that_is_killed_is_replaced_by_another(shown: Shown, run: Run) -> None:
    kiosk = run(shown)
    first = until(lambda: kiosk.pid, "a browser")
    until(lambda: shown.lived, "it lives")
    os.kill(first, signal.SIGKILL)
    assert until(lambda: kiosk.pid not in (0, first), "another")
    assert kiosk.ends == ["it ended"]


def test_a_page_in_trouble_ends_its_browser_with_all_that_it_started(
    shown: Shown, run: Run, tmp_path: Path
) -> None:
    child = tmp_path / "child"
    shown.program = f"""
import subprocess
with open({str(child)!r}, "w") as file:
    file.write(str(subprocess.Popen(["sleep", "600"]).pid))
{SPEAKS}"""
    kiosk = run(shown)
    until(lambda: shown.lived and child.exists() and child.read_text(), "it lives")
    began = int(child.read_text())
    shown.wrong = "its page hangs"
    until(lambda: kiosk.ends, "an end")
    shown.wrong = ""
    assert kiosk.ends[0] == "its page hangs"
    until(lambda: not _runs(began), "its child is gone")


def test_something_stands_before_it_comes_and_before_it_goes(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    begun = Browser.__init__

    def begin(browser: Browser, line: list[str]) -> None:
        seen.append("comes")
        begun(browser, line)

    def end(browser: Browser, *, at_once: bool) -> None:
        seen.append("goes")
        os.killpg(browser.pid, signal.SIGKILL)

    monkeypatch.setattr(Browser, "__init__", begin)
    monkeypatch.setattr(Browser, "end", end)
    kiosk = Kiosk(shown, 0, Backdrop(seen))
    kiosk.start()
    until(lambda: shown.lived, "it lives")
    shown.wrong = "its page hangs"
    until(lambda: len(seen) > 11, "two lives")
    kiosk.stop()
    assert seen[:12] == ["stands", "veiled", "comes", "stands", "goes", "seen"] * 2


def test_a_page_that_crashed_is_replaced_at_once(shown: Shown, run: Run) -> None:
    kiosk = run(shown)
    until(lambda: shown.lived, "it lives")
    with suppress(NoAnswer):
        kiosk._browser.call("Crash")  # type: ignore[union-attr]
    until(lambda: kiosk.ends, "an end")
    assert kiosk.ends == ["its page crashed"]


def test_nobody_is_waited_for_to_end_a_browser_whose_page_crashed(shown: Shown) -> None:
    """In its next frame it would show a page of its own that says so."""
    browser = Browser(shown.command())
    try:
        with suppress(NoAnswer):
            browser.call("Crash")
        until(lambda: browser.is_over, "its end")
        assert browser.has_crashed
    finally:
        browser.end()


def test_one_that_answers_nothing_any_more_is_replaced(
    shown: Shown, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("player.display.kiosk.SILENT_S", 0.2)
    kiosk = run(shown)
    until(lambda: kiosk._browser and kiosk._browser.has_spoken, "a word")
    os.kill(kiosk.pid, signal.SIGSTOP)
    until(lambda: kiosk.ends, "an end")
    assert kiosk.ends[0].startswith("it has answered nothing")


def test_one_that_never_says_a_word_has_longer(
    shown: Shown, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("player.display.kiosk.SILENT_S", 0.0)
    shown.program = HANGS
    kiosk = run(shown)
    until(lambda: len(shown.lived) > 20, "it is let live")
    assert kiosk.ends == []
    monkeypatch.setattr("player.display.kiosk.BEGIN_S", 0.1)
    until(lambda: kiosk.ends, "an end")


def test_one_that_holds_too_much_is_replaced(shown: Shown, run: Run) -> None:
    shown.program = SWELLS
    kiosk = run(shown, 64)
    until(lambda: kiosk.ends, "an end")
    assert kiosk.ends[0].endswith("MiB of at most 64")
    assert total_mib() > 0
    assert held_mib(2**30) == 0


def test_what_a_killed_one_left_asks_nobody_a_question(shown: Shown, run: Run) -> None:
    """Chromium asks in a dialog what to do with a profile that another machine seems to use."""
    shown.profile.mkdir()
    (shown.profile / "SingletonLock").symlink_to("another-name-4711")
    run(shown)
    until(lambda: shown.lived, "it lives")
    assert not (shown.profile / "SingletonLock").is_symlink()


def test_a_profile_with_which_none_lives_is_thrown_away(shown: Shown, run: Run) -> None:
    shown.profile.mkdir()
    (shown.profile / "ruined").touch()
    shown.program = ENDS
    kiosk = run(shown)
    until(lambda: not shown.profile.exists(), "a new beginning")
    assert len(kiosk.ends) >= 3


def test_a_program_that_is_not_there_is_tried_again(
    shown: Shown, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shown, "command", lambda _: ["/nowhere/chromium"])
    kiosk = run(shown)
    until(lambda: len(kiosk.ends) > 1, "it is tried again")
    with pytest.raises(NoGlimpse):
        kiosk.picture()


def test_what_a_browser_refuses_is_said(shown: Shown) -> None:
    browser = Browser(shown.command())
    try:
        assert browser.call("Browser.getVersion") == {"you": "Browser.getVersion"}
        with pytest.raises(NoAnswer, match="no such thing"):
            browser.call("Refused")
    finally:
        browser.end()
    with pytest.raises(NoAnswer):
        browser.call("Browser.getVersion")


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
