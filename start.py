#!/usr/bin/env python3
"""Set Enseigne up in this folder and start it; needs nothing beforehand but Python 3.11 or newer.

    python3 start.py demo [--smoke ...]    the demo chain: a shop, a server, screens
    python3 start.py run COMMAND ...       any `enseigne` command (`run --help` lists them)
    python3 start.py test [PYTEST ...]     the tests
    python3 start.py bench NAME ...        one measurement of tests/bench

The first run makes .venv and installs the locked packages; the next ones start at once.
Kept to the grammar of Python 2.7, so that an old Python can still say which one is needed.
"""

from __future__ import print_function

import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
CUT = os.path.join(VENV, "setting-up")
NEEDED = (3, 11)
LOCKS = {"demo": "run", "run": "run", "test": "test", "bench": "test"}
REPORT_EVERY_S = 5
PROGRAMS = {  # name: (where to look, Debian package)
    "chromium": (("chromium", "/usr/bin/chromium"), "chromium"),
    "debootstrap": (("debootstrap", "/usr/sbin/debootstrap"), "debootstrap"),
    "faketime": (("faketime", "/usr/bin/faketime"), "faketime"),
    "ffmpeg": (("ffmpeg", "/usr/bin/ffmpeg"), "ffmpeg"),
    "mosquitto": (("mosquitto", "/usr/sbin/mosquitto"), "mosquitto"),
    "tc": (("tc", "/usr/sbin/tc"), "iproute2"),
    "postgres": (("postgres", "/usr/lib/postgresql/*/bin/postgres"), "postgresql"),
    "strace": (("strace", "/usr/bin/strace"), "strace"),
}


def find_program(name):
    """The path of a system program, or None; PostgreSQL's lie outside PATH on Debian."""
    on_path, pattern = PROGRAMS[name][0]
    return shutil.which(on_path) or next(iter(sorted(glob.glob(pattern), reverse=True)), None)


def debian_packages(names):
    """The Debian packages of those programs that this machine lacks, sorted."""
    return sorted(PROGRAMS[name][1] for name in names if not find_program(name))


def install_programs(names):
    """Install missing programs with apt-get if allowed to, else say how. True: none is missing."""
    missing = debian_packages(names)
    if not missing:
        return True
    packages = " ".join(missing)
    if not (shutil.which("apt-get") and os.geteuid() == 0):
        say("Missing programs. On Debian or Ubuntu: sudo apt-get install " + packages)
        return False
    say("Installing " + packages + " (apt-get, a minute or two) ...")
    began = time.time()
    os.environ.setdefault("DEBIAN_FRONTEND", "noninteractive")
    wait = ["-q", "-o", "DPkg::Lock::Timeout=300"]
    update = ["apt-get", "update"] + wait
    install = ["apt-get", "install", "--yes", "--no-install-recommends"] + wait + missing
    for step in (update, install):
        code, lines = stream(step)
        if code:
            say("\n".join(lines[-15:]) + "\n`" + " ".join(step) + "` failed; see above.")
    say("  done in %d s" % (time.time() - began))
    return not debian_packages(names)


def say(text):
    """One line for the person, at once."""
    print(text)
    sys.stdout.flush()


def stop(text):
    """Say what is wrong and what to do, and leave."""
    sys.stdout.flush()
    sys.stderr.write(text + "\n")
    sys.exit(1)


def stream(command, each=lambda line: None):
    """Run a command, hand each line of its output to `each`; its exit code and all its lines."""
    lines = []
    pipe, merged = subprocess.PIPE, subprocess.STDOUT
    with open(os.devnull) as nothing:
        child = subprocess.Popen(command, stdin=nothing, stdout=pipe, stderr=merged)
    assert child.stdout
    for raw in iter(child.stdout.readline, b""):
        lines.append(raw.decode("utf-8", "replace").rstrip())
        each(lines[-1])
    return child.wait(), lines


def runs(python, code=""):
    """True if this Python runs this code; a name on PATH may be a shim with nothing behind it."""
    try:
        return stream([python, "-c", code])[0] == 0
    except (IOError, OSError):
        return False


def too_old(version, works):
    """None for a Python that will do, else what to say; `works(name)` tries another Python."""
    if tuple(version[:2]) >= NEEDED:
        return None
    text = "Enseigne needs Python 3.11 or newer; this is Python %d.%d." % tuple(version[:2])
    for minor in range(NEEDED[1] + 4, NEEDED[1] - 1, -1):
        if works("python3.%d" % minor):
            return text + "\nThis machine has one: python3.%d start.py" % minor
    return text + "\nOn Debian 12 or Ubuntu 24.04: sudo apt-get install python3 python3-venv"


def lock_file(name):
    """The path of a lock: `run` or `test`."""
    return os.path.join(ROOT, "requirements", name + ".txt")


def stamp_file(name):
    """Where .venv notes which lock it holds."""
    return os.path.join(VENV, "holds-" + name)


def stamp(name):
    """What the note must say: the lock's hash, this folder and the Python behind .venv."""
    with open(lock_file(name), "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return "\n".join((digest, VENV, os.path.realpath(PYTHON), ""))


def is_ready(name):
    """True if .venv holds exactly this lock: then nothing is run, not even pip."""
    try:
        with open(stamp_file(name)) as file:
            return os.path.exists(PYTHON) and not os.path.exists(CUT) and file.read() == stamp(name)
    except (IOError, OSError):
        return False


def must_remake():
    """True if .venv is absent, or what a killed or moved installation left of it."""
    if not os.path.exists(PYTHON) or os.path.exists(CUT):
        return True
    return not runs(PYTHON, "import pip")


def make_venv():
    """Make .venv anew; stops with the Debian package to install where Python comes without venv."""
    try:
        import ensurepip  # noqa: F401  (Debian's python3 lacks it until python3-venv is there)
        import venv  # noqa: F401
    except ImportError:
        package = "python%d.%d-venv" % sys.version_info[:2]
        stop("This Python has no venv. On Debian or Ubuntu: sudo apt-get install " + package)
    say("Setting up .venv with Python %d.%d ..." % sys.version_info[:2])
    shutil.rmtree(VENV, ignore_errors=True)
    os.mkdir(VENV)
    open(CUT, "w").close()
    code, lines = stream([sys.executable, "-m", "venv", VENV])
    if code:
        stop("\n".join(lines[-15:] + ["Could not make " + VENV + "."]))


def install(name):
    """Install a lock with pip, every file checked against its hash, and note it in .venv."""
    with open(lock_file(name)) as file:
        total = len(re.findall(r"(?m)^[A-Za-z0-9][^\s;]*==", file.read()))
    say("Installing %d packages (once; pip keeps to your own pip settings) ..." % total)
    began = time.time()
    seen = [0, began]  # packages, and when that was last said

    def progress(line):
        if line.startswith(("Collecting ", "Processing ", "Ignoring ", "Requirement already ")):
            seen[0] += 1
        if line.startswith("Installing collected packages"):
            say("  all %d here, unpacking" % total)
        elif seen[0] < total and time.time() - seen[1] > REPORT_EVERY_S:
            seen[1] = time.time()
            say("  %d of %d: %s" % (seen[0], total, os.path.basename("".join(line.split()[1:2]))))

    open(CUT, "w").close()
    for held in glob.glob(stamp_file("*")):
        os.remove(held)
    pip = [PYTHON, "-m", "pip", "install", "--require-hashes", "--no-deps", "--no-compile"]
    pip += ["--no-user", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    code, lines = stream(pip + ["-r", lock_file(name)], progress)
    if code == 0:
        for held in {"run", name}:  # the test lock holds the run lock too
            with open(stamp_file(held), "w") as file:
                file.write(stamp(held))
    os.remove(CUT)
    if code:
        stop("\n".join(lines[-15:] + ["pip could not install this; see above, then try again."]))
    say("  done in %d s" % (time.time() - began))


def prepare(name):
    """Have .venv hold a lock. Two starts at once take turns."""
    if is_ready(name):
        return
    with open(os.path.abspath(__file__)) as turn:
        import fcntl

        fcntl.flock(turn, fcntl.LOCK_EX)
        if not is_ready(name):
            if must_remake():
                make_venv()
            install(name)


def together():
    """How all tests run: more at a time than there are cores, since a third of their time is waited
    for processes and browsers; folder by folder, since the files with the fewest are the longest.
    """
    return ["-n", str((os.cpu_count() or 1) + 2), "--dist=loadfile", "--no-loadscope-reorder"]


def command_line(command, args):
    """What .venv's Python is given for a command of this script."""
    if command == "test":
        part = any(os.path.exists(arg.split("::")[0]) for arg in args)
        return ["-m", "pytest", "-rs"] + ([] if part else together()) + args
    if command == "bench":
        return ["-m", "tests.bench." + args[0].replace("-", "_")] + args[1:]
    return ["-m", "server.cli"] + (["demo"] if command == "demo" else []) + args


def main(argv):
    """Set up what the command needs, then become it."""
    command, args = (argv[0], argv[1:]) if argv else ("", [])
    if command not in LOCKS or (command == "bench" and not args):
        asked_for_help = command in ("-h", "--help", "help")
        (say if asked_for_help else stop)(__doc__.strip())
        return
    problem = too_old(sys.version_info, runs)
    if problem or os.name != "posix":
        stop(problem or "Enseigne runs on Linux and macOS. On Windows, start it inside WSL.")
    os.chdir(ROOT)
    # Nothing is compiled at installation: each of many processes would do it again, for seconds.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    prepare(LOCKS[command])
    if command == "test":
        install_programs(PROGRAMS)
    elif "--smoke" in args:
        install_programs(["chromium"])
    elif command == "bench" and args[0] == "faults":
        install_programs(["faketime", "strace"])
    line = [PYTHON] + command_line(command, args)
    sys.stdout.flush()
    os.execv(PYTHON, line)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
