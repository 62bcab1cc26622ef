"""Clean Debian systems in folders, each started with its own systemd: where a package is tried.

A root is made by debootstrap (minbase, with what the package depends on but a few stand-ins, below)
and kept in the cache folder of this user, outside the tree; each trial writes to a layer of its own
(overlayfs) that is thrown away. systemd runs as the first process of namespaces of its own, with
the host's network; of the host's kernel it can set nothing (/proc/sys, /sys are read-only).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from start import find_program
from tests.support.no_skips import forbidden

STAND_INS = ("cage", "sway", "chromium", "chromium-browser", "fonts-noto-core")
"""Too large for every run (half a gigabyte): a package of this project's making provides them."""
ALSO = ("curl", "systemd-sysv")
"""What every real system has, and a minbase lacks."""
CONTROL = Path(__file__).parents[2] / "player/debian/control"
KEPT_S = 14 * 24 * 3_600
"""A root that is older is made anew, with Debian's repairs since."""
MAKE_WITHIN_S, BOOT_WITHIN_S, RUN_WITHIN_S = 420, 60, 180
NAMESPACES = ("--mount", "--pid", "--uts", "--ipc", "--cgroup")
BOOT = r"""
set -e
lower=$1 layer=$2
root=$layer/root
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$layer/upper,workdir=$layer/work" "$root"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for folder in run tmp dev; do mount -t tmpfs tmpfs "$root/$folder"; done
mkdir "$root/dev/pts" "$root/dev/shm"
# Nodes of its own: systemd sets their owners and rights.
for node in "null 1 3" "console 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
    mknod -m 666 "$root/dev/${node%% *}" c ${node#* }
done
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
hostname screen
exec chroot "$root" env -i container=enseigne PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=multi-user.target --show-status=no
"""


def depends() -> list[str]:
    """The packages that the player's depends on, the first of each choice."""
    (line,) = re.findall(r"^Depends: (.*)$", CONTROL.read_text(), re.MULTILINE)
    return [re.split(r"[ |(]", one.strip())[0] for one in line.split(",")]


def root_of(suite: str) -> Path:
    """The folder of a clean system; made where there is none that is young enough.

    Skips the test, saying why, where it cannot be made.
    """
    include = sorted({*depends(), *ALSO} - set(STAND_INS))
    name = hashlib.sha256(" ".join(include).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "enseigne/debian"
    kept = cache / f"{suite}-{name}"
    if kept.is_dir() and time.time() - kept.stat().st_mtime < KEPT_S:
        return kept
    program = find_program("debootstrap")
    if program is None:
        pytest.skip("needs debootstrap: apt-get install debootstrap")
    shutil.rmtree(kept, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{suite}-", dir=cache))
    # debootstrap by itself chokes on virtual packages: what comes on top is left to apt.
    apt = ["chroot", made, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    try:
        for line in (
            [program, "--variant=minbase", suite, made, _mirror()],
            [*apt, "update"],
            [*apt, "install", "--no-install-recommends", *include],
        ):
            done = _call(line, MAKE_WITHIN_S)
            said = (done.stdout + done.stderr)[-2_000:]
            if done.returncode and include[0] not in line:
                forbidden(f"a clean {suite}, which its mirror of Debian does not give: {said}")
            if done.returncode:
                pytest.fail(f"What the player depends on cannot be had in {suite}: {said}")
        for folder in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(made / folder)
            (made / folder / "partial").mkdir(parents=True)
        # What is installed must do: apt has no list to look anything else up in.
        (made / "etc/apt/sources.list").write_text("")
        (made / "etc/apt/apt.conf.d/99few").write_text('APT::Install-Recommends "false";\n')
        (made / "etc/systemd/system/console-getty.service").symlink_to("/dev/null")
        made.chmod(0o755)
        made.rename(kept)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    os.utime(kept)
    return kept


@dataclass(frozen=True, slots=True)
class System:
    """A Debian system that runs."""

    root: Path
    pid: int
    """Of its systemd, as seen from here."""

    def run(self, *words: str, check: bool = True) -> str:
        """What a command inside of it prints. Raises AssertionError where it fails."""
        enter = ["nsenter", "-t", str(self.pid), "-m", "-p", "-u", "-i", "-C", "chroot", self.root]
        done = _call([*enter, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *words])
        said = (done.stdout + done.stderr).strip()
        assert done.returncode == 0 or not check, f"{' '.join(words)}: {said}\n{self._journal()}"
        return said

    def read(self, path: str) -> str:
        """A file of it."""
        return self.run("cat", path)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file of it."""
        where = Path(f"/proc/{self.pid}/root") / path.lstrip("/")
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(text)
        where.chmod(mode)

    def active(self, unit: str) -> str:
        """`active`, `inactive`, `failed`…"""
        return self.run("systemctl", "is-active", unit, check=False)

    def _journal(self) -> str:
        enter = ["nsenter", "-t", str(self.pid), "-m", "-p", "chroot", self.root]
        return _call([*enter, "journalctl", "--no-pager", "-n", "40"]).stdout


@contextmanager
def running(suite: str) -> Iterator[System]:
    """A clean system of this suite, started, for the length of the block."""
    _need_rights()
    lower = root_of(suite)
    layer = Path(tempfile.mkdtemp(prefix="enseigne-debian-", dir="/var/tmp"))
    group = _cgroups() / layer.name
    try:
        for name in ("root", "upper", "work"):
            (layer / name).mkdir()
        layer.chmod(0o755)
        (layer / "upper").chmod(0o755)
        try:
            group.mkdir()
        except OSError:
            forbidden("control groups of a test's own")
        enter = f'echo $$ > "{group}/cgroup.procs"; exec "$@"'
        unshare = ["unshare", *NAMESPACES, "--fork", "--kill-child", "bash", "-c", BOOT, "boot"]
        child = subprocess.Popen(
            ["bash", "-c", enter, "enter", *unshare, str(lower), str(layer)],
            stdin=subprocess.DEVNULL,
        )
        try:
            yield _booted(layer / "root", child)
        finally:
            child.kill()
            child.wait()
    finally:
        _within(lambda: _is_gone(group), "the end of the system's processes")
        shutil.rmtree(layer)


def _booted(root: Path, child: subprocess.Popen[bytes]) -> System:
    starter = psutil.Process(child.pid)

    def systemd() -> int | None:
        if child.poll() is not None:
            forbidden("namespaces and mounts of a test's own")
        # Not every kernel lists children by itself.
        return next((it.pid for it in starter.children() if it.name() == "systemd"), None)

    settled = ("running", "degraded")
    ask = ("systemctl", "is-system-running")
    try:
        system = System(root, _within(systemd, "systemd"))
        _within(lambda: system.run(*ask, check=False) in settled, "the system's start")
    except AssertionError as late:
        # Nothing of the project is in it yet.
        forbidden(f"a systemd of a test's own: {late}")
    return system


def _within(true: Callable[[], object], what: str) -> object:
    deadline = time.monotonic() + BOOT_WITHIN_S
    while not (found := true()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)
    return found


def _is_gone(group: Path) -> bool:
    """Remove what systemd left of control groups, as soon as nothing runs in them."""
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            return False
    return not group.exists()


def _need_rights() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        forbidden("a Debian system of a test's own: that needs Linux and root")
    if shutil.which("nsenter") is None or shutil.which("unshare") is None:
        pytest.skip("needs unshare and nsenter: apt-get install util-linux")


def _cgroups() -> Path:
    """Where the unified control groups are mounted; systemd needs a branch of them."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(where)
    forbidden("control groups: the unified ones (cgroup2) are not mounted")


def _mirror() -> str:
    """The mirror of Debian that this machine's own apt uses."""
    told = _call(["apt-get", "indextargets", "--format", "$(REPO_URI) $(LABEL) $(COMPONENT)"])
    for line in told.stdout.splitlines():
        uri, *about = line.split()
        if about == ["Debian", "main"]:
            return uri
    pytest.skip("needs a mirror of Debian in this machine's own apt sources")


def _call(
    line: Sequence[str | Path], within_s: int = RUN_WITHIN_S
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line,
        capture_output=True,
        text=True,
        timeout=within_s,
        stdin=subprocess.DEVNULL,
        check=False,
    )
