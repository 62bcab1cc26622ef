"""start.py: says what is missing, sets .venv up once, repairs what a kill left, then gets away."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import start

SOURCE = Path(start.__file__)
NEWER_GRAMMAR = (
    ast.JoinedStr,
    ast.AnnAssign,
    ast.NamedExpr,
    ast.AsyncFunctionDef,
    ast.Nonlocal,
    ast.YieldFrom,
    ast.Match,
    ast.Starred,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder of the test's own, with two locks and no .venv."""
    monkeypatch.setattr(start, "ROOT", str(tmp_path))
    monkeypatch.setattr(start, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(start, "PYTHON", str(tmp_path / ".venv/bin/python"))
    monkeypatch.setattr(start, "CUT", str(tmp_path / ".venv/setting-up"))
    (tmp_path / "requirements").mkdir()
    for name in ("run", "test"):
        (tmp_path / "requirements" / f"{name}.txt").write_text("# nothing to install\n")
    return tmp_path


def make_usable_venv(folder: Path) -> Path:
    """A .venv whose Python is this one, pip and all; where it lies."""
    (folder / ".venv/bin").mkdir(parents=True)
    shell = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
    (folder / ".venv/bin/python").write_text(shell)
    (folder / ".venv/bin/python").chmod(0o755)
    return folder / ".venv"


def run(line: list[str]) -> "subprocess.CompletedProcess[str]":
    """A program run to its end, with what it said."""
    return subprocess.run(line, capture_output=True, text=True, check=False)


# --- an old Python ---


def test_uses_no_grammar_newer_than_python_2_7() -> None:
    tree = ast.parse(SOURCE.read_text())
    newer = {type(node).__name__ for node in ast.walk(tree) if isinstance(node, NEWER_GRAMMAR)}
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    annotated = [f.name for f in functions if f.returns or any(a.annotation for a in f.args.args)]
    keyword_only = [f.name for f in functions if f.args.kwonlyargs or f.args.posonlyargs]
    assert (newer, annotated, keyword_only) == (set(), [], [])
    assert SOURCE.read_text().isascii()


@pytest.mark.parametrize("old", ["2.7", "3.6", "3.8", "3.10"])
def test_an_old_python_says_which_one_is_needed(old: str) -> None:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = shutil.which(f"python{old}", path=":".join(map(str, root.glob(f"{old}.*/bin"))))
    if found is None:
        version = tuple(map(int, old.split(".")))
        said = start.too_old(version, lambda name: False)
    else:
        done = subprocess.run(
            [found, str(SOURCE), "demo"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        said = done.stderr
    assert f"needs Python 3.11 or newer; this is Python {old}." in said


def test_names_a_python_that_will_do_when_there_is_one() -> None:
    said = start.too_old((3, 9, 2), lambda name: name == "python3.12")
    assert said.endswith("python3.12 start.py")


def test_a_python_new_enough_is_not_complained_about() -> None:
    assert start.too_old((3, 11, 0), lambda name: True) is None


# --- what is asked for ---


def test_an_unknown_command_shows_how_to_use_it() -> None:
    done = subprocess.run(
        [sys.executable, str(SOURCE), "dmeo"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "start.py demo" in done.stderr


def test_help_is_not_an_error() -> None:
    done = subprocess.run(
        [sys.executable, str(SOURCE), "--help"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "start.py bench" in done.stdout


@pytest.mark.parametrize(
    ("command", "args", "line"),
    [
        ("demo", ["--smoke"], ["-m", "server.cli", "demo", "--smoke"]),
        ("run", ["migrate", "--check"], ["-m", "server.cli", "migrate", "--check"]),
        ("bench", ["door-fanout", "--quick"], ["-m", "tests.bench.door_fanout", "--quick"]),
        ("test", ["tests/media"], ["-m", "pytest", "-rs", "tests/media"]),
        ("test", [], ["-m", "pytest", "-rs", *start.together()]),
        ("test", ["-m", "slow"], ["-m", "pytest", "-rs", *start.together(), "-m", "slow"]),
    ],
)
def test_a_command_becomes(command: str, args: list[str], line: list[str]) -> None:
    assert start.command_line(command, args) == line


# --- .venv ---


def test_nothing_there_is_not_ready_and_is_made(folder: Path) -> None:
    assert not start.is_ready("run")
    assert start.must_remake()


def test_an_installed_lock_is_ready_without_running_anything(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_usable_venv(folder)
    start.install("run")
    monkeypatch.setattr(start, "stream", None)
    start.prepare("run")
    assert start.is_ready("run")


def test_the_test_lock_holds_the_run_lock_but_not_the_reverse(folder: Path) -> None:
    make_usable_venv(folder)
    start.install("test")
    assert start.is_ready("run")
    start.install("run")
    assert not start.is_ready("test")


def test_a_changed_lock_is_installed_again(folder: Path) -> None:
    make_usable_venv(folder)
    start.install("run")
    (folder / "requirements/run.txt").write_text("# another\n")
    assert not start.is_ready("run")
    assert not start.must_remake()


def test_a_moved_folder_is_installed_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_usable_venv(folder)
    start.install("run")
    moved = folder.with_name("moved")
    folder.rename(moved)
    monkeypatch.setattr(start, "ROOT", str(moved))
    monkeypatch.setattr(start, "VENV", str(moved / ".venv"))
    monkeypatch.setattr(start, "PYTHON", str(moved / ".venv/bin/python"))
    assert not start.is_ready("run")


def test_an_installation_cut_short_is_made_anew(folder: Path) -> None:
    venv = make_usable_venv(folder)
    start.install("run")
    (venv / "setting-up").touch()
    assert not start.is_ready("run")
    assert start.must_remake()


def test_a_venv_whose_python_is_gone_is_made_anew(folder: Path) -> None:
    venv = make_usable_venv(folder)
    (venv / "bin/python").unlink()
    (venv / "bin/python").symlink_to(folder / "no-such-python")
    assert start.must_remake()


def test_a_killed_set_up_is_repaired_by_the_next(folder: Path) -> None:
    (folder / ".venv/lib").mkdir(parents=True)
    (folder / ".venv/lib/half").touch()
    (folder / ".venv/setting-up").touch()
    start.prepare("run")
    assert start.is_ready("run")
    assert not (folder / ".venv/lib/half").exists()


def test_a_failed_installation_says_why_and_is_tried_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_usable_venv(folder)
    (folder / "requirements/run.txt").write_text("-r gone.txt\n")
    with pytest.raises(SystemExit):
        start.install("run")
    assert "gone.txt" in capsys.readouterr().err
    assert not start.is_ready("run")
    assert not start.must_remake()


def test_a_python_without_venv_names_the_debian_package(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit):
        start.make_venv()
    wanted = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert wanted in capsys.readouterr().err
    assert not (folder / ".venv").exists()


# --- the system's programs ---


def test_missing_programs_are_named_when_they_may_not_be_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start, "find_program", lambda name: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not start.install_programs(start.PROGRAMS)
    packages = "chromium debootstrap faketime ffmpeg iproute2 mosquitto postgresql strace"
    assert f"apt-get install {packages}" in capsys.readouterr().out


def test_programs_are_installed_after_one_update_when_root(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps: list[list[str]] = []
    there = {"chromium": False, "ffmpeg": True}
    monkeypatch.setattr(start, "find_program", lambda name: there[name] or len(steps) == 2)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    def stream(command: list[str]) -> tuple[int, list[str]]:
        steps.append(command)
        return 0, []

    monkeypatch.setattr(start, "stream", stream)
    assert start.install_programs(["chromium", "ffmpeg"])
    assert [step[1] for step in steps] == ["update", "install"]
    assert steps[1][-1] == "chromium"


def test_programs_that_are_there_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "find_program", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(start, "stream", None)
    assert start.install_programs(start.PROGRAMS)
