"""Root's side of an update, from the agent's request to what is answered.

    take     copy what the agent handed over into root's folder, and check it there
    begin    copy the updater that runs now, write the attempt down: now there is a way back
    try      dpkg installs, systemd restarts, the page must paint (watching.py)
    confirm  the attempt is struck out of the record, in one write
    undo     else dpkg installs the package before

The record decides. Whoever finds an attempt in it that nobody is at (after a power cut: the unit
enseigne-update-undo, by the copy of the updater that began, whatever dpkg left of the code) goes
back: so the machine has the old version or one that was seen to paint, and never half of one.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import player
from player.cache.files import put_in_place, write_atomic
from player.cache.parts import digest_of
from player.errors import NoRoom
from player.machine.tools import short
from player.updating import watching
from player.updating.checking import Order, check
from player.updating.handover import (
    MAX_REQUEST_BYTES,
    NAME,
    PACKAGES,
    REQUEST,
    RESULT,
    Request,
    Result,
)
from player.updating.receiving import read_request, remove_request, take_package
from player.updating.record import Attempt, Record, load, save
from player.updating.system import System
from player.updating.watching import Before, Patience
from playlists.errors import DomainError, Invalid, Refused
from playlists.ids import Sha256, canonical
from playlists.signing import public_key
from playlists.wire.commands import MAX_SAID, State
from playlists.wire.door import Cap

CODE = "code"
"""The updater that began an attempt; where it lies, an attempt may be open."""
NEW = "new.deb"
SPARE_BYTES = 64 * 1024 * 1024
"""Left free on the disks, beside what an update takes: agent and dpkg need to write too."""
NOBODY = Request("", "", "")
TRIES = 3
"""Going back is tried so often at once; after that, at each start of the computer."""


@dataclass(frozen=True, slots=True)
class Places:
    """The agent's folder, root's, and the file with the pinned key."""

    agent: Path
    own: Path
    key: Path


class Updater:
    """For one process at a time: see `__main__`."""

    def __init__(self, places: Places, system: System, patience: Patience) -> None:
        self._places, self._system, self._patience = places, system, patience
        self._own = places.own

    def run(self) -> Result | None:
        """Answer the agent's request, if there is one. Raises OSError, NoRoom."""
        data = self._request()
        if data is None:
            return None
        request = NOBODY
        try:
            request = Request.from_bytes(data)
            record = load(self._own)
        except DomainError as wrong:
            return self._ended(None, Result(request.id, "refused", _sentence(wrong)))
        if record.attempt is not None:
            self.undo("The update before was cut off.")
            record = load(self._own)
        if record.last is not None and record.last.request == request.id:
            return self._ended(record, record.last)
        if request.boot != self._system.boot():
            # The agent knows the time, once it has heard the server, and asks anew.
            remove_request(self._places.agent, REQUEST)
            return None
        return self._answer(request, record)

    def undo(self, why: str) -> bool:
        """Go back where an attempt is open; whether the machine is as it was before.

        Raises Invalid where the record is damaged; what dpkg had unpacked is whole then at least.
        """
        try:
            record = load(self._own)
        except Invalid:
            self._system.configure()
            raise
        attempt = record.attempt
        if attempt is None:
            self._tidy(record)
            return True
        is_back = self._back(attempt, record)
        said = why if is_back else f"{why} Going back failed too; it is tried again at each start."
        result = _result("failed", said, attempt, is_back)
        self._system.restart()
        kept = None if is_back else attempt
        self._ended(replace(record, attempt=kept, last=result), result)
        return is_back

    def keep(self, deb: Path) -> str:
        """Keep the package of the version that is installed, so that one can go back to it; the
        version. A damaged record is begun anew. Raises Refused.
        """
        name, version = self._system.about(deb)
        if name != NAME or version != self._system.installed():
            raise Refused("not_installed", f"{deb} is not the package that is installed.")
        self._own.mkdir(parents=True, exist_ok=True)
        copy = self._own / NEW
        shutil.copyfile(deb, copy)
        try:
            record = load(self._own)
        except Invalid:
            record = Record()
        record = self._adopt(record, version, copy)
        save(self._own, record)
        self._tidy(record)
        return version

    def pin(self, key: str) -> None:
        """Believe a server, by its root key; which computer this is, its next update says. Raises
        Invalid, NoRoom, OSError.
        """
        public_key(key)
        write_atomic(self._places.key, f"{key}\n".encode())
        with suppress(Invalid):
            save(self._own, replace(load(self._own), device=""))

    def kept(self) -> str:
        """The installed version, where its package is kept whole; else ""."""
        version = self._system.installed()
        return version if self._package_of(version, load(self._own)) else ""

    # --- take -------------------------------------------------------------------------------------

    def _request(self) -> bytes | None:
        try:
            return read_request(self._places.agent, REQUEST, MAX_REQUEST_BYTES)
        except Refused:
            return b""

    def _answer(self, request: Request, record: Record) -> Result:
        before = self._system.installed()
        try:
            order = check(request, record, self._pinned(), self._system.now_ms())
            version = order.wanted.version
            if version == before:
                said = f"The version {before} is installed already."
                about: dict[str, Cap] = {"version": version, "from": before}
                return self._ended(record, Result(request.id, "done", said, about))
            self._prepare(order, record, before)
            attempt = Attempt(order.id, before, version)
            was = watching.before(self._system, self._patience)
            begun = self._begin(attempt, order.record)
        except (DomainError, NoRoom, OSError) as wrong:
            return self._refused(request, record, wrong, before)
        return self._try(attempt, begun, was)

    def _refused(self, request: Request, record: Record, wrong: Exception, before: str) -> Result:
        state: State = "refused" if isinstance(wrong, DomainError) else "failed"
        detail: dict[str, Cap] = {"from": before, "rolled_back": False}
        return self._ended(record, Result(request.id, state, _sentence(wrong), detail))

    def _pinned(self) -> bytes:
        try:
            return public_key(self._places.key.read_text().strip())
        except (OSError, DomainError):
            raise Refused(
                "no_pin", "This computer does not know the server's key: run the installer again."
            ) from None

    def _prepare(self, order: Order, record: Record, before: str) -> None:
        """All that can be known before anything is changed. Raises Refused, NoRoom."""
        wanted, copy = order.wanted, self._own / NEW
        if not before or not self._package_of(before, record):
            raise Refused(
                "no_way_back",
                "The package of the version that is installed is not kept, so there would be no "
                "way back: run the installer once.",
            )
        self._need(wanted.size)
        names = (PACKAGES, wanted.sha256)
        if take_package(self._places.agent, names, wanted.size, copy) != wanted.sha256:
            raise Refused("wrong_hash", "The package is not the one that the server signed for.")
        if self._system.about(copy) != (NAME, wanted.version):
            raise Refused("wrong_package", f"This is no package {NAME} {wanted.version}.")
        # dpkg unpacks beside what is there, before that goes.
        self._need(2 * max(self._system.unpacked_bytes(copy), wanted.size))

    def _need(self, size: int) -> None:
        free = self._system.free_bytes(self._own, Path(player.__file__).parent)
        if free < size + SPARE_BYTES:
            mib = (size + SPARE_BYTES - free) // 1024**2 + 1
            raise NoRoom(f"The disk lacks {mib} MiB for this update; nothing was changed.")

    # --- try --------------------------------------------------------------------------------------

    def _begin(self, attempt: Attempt, record: Record) -> Record:
        """From here on there is something to go back from. Raises NoRoom, OSError."""
        self._copy_code()
        record = replace(record, attempt=attempt)
        record = self._adopt(record, attempt.version, self._own / NEW, attempt.before)
        save(self._own, record)
        return record

    def _try(self, attempt: Attempt, record: Record, was: Before) -> Result:
        told = self._system.install(self._package(attempt.version))
        why = "" if told.ok else f"It could not be installed: {short(told.text)}"
        if not why and self._system.installed() != attempt.version:
            why = f"After the installation the version {attempt.version} was not there."
        if not why:
            self._system.restart()
            why = watching.watch(self._system, attempt.version, was, self._patience)
        if why:
            self.undo(why)
            return load(self._own).last or _result("failed", why, attempt, False)
        self._system.sync()
        painted = "paints" if was.heard else "answers; nothing was painted before either"
        result = _result("done", f"The version {attempt.version} {painted}.", attempt, None)
        return self._ended(replace(record, attempt=None, last=result), result)

    def _back(self, attempt: Attempt, record: Record) -> bool:
        self._system.configure()
        deb = self._package_of(attempt.before, record)
        for _ in range(TRIES):
            if self._system.installed() == attempt.before:
                return True
            if deb is not None:
                self._system.install(deb)
                self._system.sync()
        return self._system.installed() == attempt.before

    def _copy_code(self) -> None:
        """What runs now, so that it can also run where dpkg was cut off in the middle of it."""
        made, code = self._own / f"{CODE}.new", self._own / CODE
        self._drop_code()
        left_out = shutil.ignore_patterns("__pycache__", "page", "debian")
        source = Path(player.__file__).parents[1]
        for name in ("player", "playlists"):
            shutil.copytree(source / name, made / name, ignore=left_out)
        self._system.sync()
        put_in_place(made, code)

    # --- what is kept -----------------------------------------------------------------------------

    def _package(self, version: str) -> Path:
        return self._own / f"{NAME}_{version}.deb"

    def _package_of(self, version: str, record: Record) -> Path | None:
        """The kept package of a version, where it is whole."""
        path = self._package(version)
        try:
            held = version in record.kept and digest_of(path)[0] == record.kept[version]
        except OSError:
            held = False
        return path if held else None

    def _adopt(self, record: Record, version: str, copy: Path, beside: str = "") -> Record:
        """A checked copy becomes one of the packages that are kept."""
        address, _ = digest_of(copy)
        put_in_place(copy, self._package(version))
        self._system.sync()
        return replace(record, kept=record.keeping(version, Sha256(address), beside))

    def _ended(self, record: Record | None, result: Result) -> Result:
        """Write down what came of a request, tell it, and let the request go: in this order."""
        if record is not None:
            record = replace(record, last=result)
            save(self._own, record)
        write_atomic(self._own / RESULT, canonical(result.to_json()))
        remove_request(self._places.agent, REQUEST)
        if record is not None:
            self._tidy(record)
        return result

    def _tidy(self, record: Record) -> None:
        """Nothing lies about but what is kept; and the copied code, while an attempt is open."""
        kept = {self._package(version).name for version in record.kept}
        for path in self._own.glob("*.deb"):
            if path.name not in kept:
                path.unlink(missing_ok=True)
        if record.attempt is None:
            self._drop_code()

    def _drop_code(self) -> None:
        """By its name first: a part of it must never be run."""
        made, code = self._own / f"{CODE}.new", self._own / CODE
        shutil.rmtree(made, ignore_errors=True)
        if code.exists():
            put_in_place(code, made)
            shutil.rmtree(made, ignore_errors=True)


def _result(state: State, said: str, attempt: Attempt, back: bool | None) -> Result:
    detail: dict[str, Cap] = {"version": attempt.version, "from": attempt.before}
    if back is not None:
        detail["rolled_back"] = back
    return Result(attempt.request, state, said[:MAX_SAID], detail)


def _sentence(wrong: Exception) -> str:
    return str(wrong)[:MAX_SAID]
