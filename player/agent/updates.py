"""Updates at the agent: fetch the package, hand it to root with the server's word, answer by what
root tells.

One is under way at a time, and on the disk: it outlives restarts, of which it makes some itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from player.agent.fetching import Fetch
from player.agent.needs import Need
from player.agent.outcome import Outcome
from player.cache.files import write_atomic
from player.cache.orders import Orders
from player.cache.parts import Parts
from player.machine.facts import Machine
from player.updating.handover import (
    KIND,
    MAX_RESULT_BYTES,
    PACKAGES,
    REQUEST,
    RESULT,
    ROOT,
    Request,
    Result,
    Wanted,
)
from playlists.errors import Invalid
from playlists.fields import Fields, parse_json
from playlists.ids import Json
from playlists.signing import MAX_BYTES
from playlists.wire.commands import State
from playlists.wire.door import Cap

GIVE_UP_MS = 3_600_000
"""Root says what came of it within this after the deadline, or nobody does it on this machine."""
IN_A_CLONE = (
    "This player does not run from its package, so that it cannot be replaced: run “git pull” "
    "where it lies, or what it was installed with, and start it again."
)


@dataclass(frozen=True, slots=True)
class Pending:
    """The update under way: its command, as said and as signed, and how far it is."""

    order: str
    token: str
    wanted: Wanted
    deadline: int
    fetched: bool = False
    """Since this start; what is on the disk is looked at again."""
    handed: str = ""
    """In which life of the machine it was handed over, "" not yet."""

    def to_json(self) -> Json:
        """As it is kept."""
        return {
            "order": self.order,
            "token": self.token,
            "version": self.wanted.version,
            "sha256": self.wanted.sha256,
            "bytes": self.wanted.size,
            "deadline": self.deadline,
            "handed": self.handed,
        }

    @classmethod
    def from_json(cls, value: object) -> Pending:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        return cls(
            given.text("order"),
            given.text("token", MAX_BYTES["command"]),
            Wanted.from_arguments(given.raw),  # type: ignore[arg-type]  # it was JSON
            given.whole("deadline"),
            handed=given.text("handed", empty=True),
        )


class Updates:
    """For the agent's thread alone, but for the jobs. `version` is of the package that this player
    runs from, "" where root would not replace it; `root` is where root tells results.
    """

    def __init__(
        self,
        data: Path,
        orders: Orders,
        fetch: Fetch,
        version: str,
        machine: Machine,
        root: Path = ROOT,
    ) -> None:
        self._data, self._orders, self._fetch = data, orders, fetch
        self._version, self._result = version, root / RESULT
        self._parts = Parts(data / PACKAGES)
        self._boot = machine.boot or "none"
        self._pending = _kept(orders)

    @property
    def order(self) -> str:
        """The command that is under way, "" for none."""
        return self._pending.order if self._pending else ""

    def known(self) -> Mapping[str, Cap]:
        """For reports, from the first on: which package this is."""
        return {"package": self._version} if self._version else {}

    def begin(self, order: str, token: str, wanted: Wanted, deadline: int) -> Outcome | None:
        """Begin; an answer where it is over already. Raises NoRoom."""
        detail: dict[str, Cap] = {"version": wanted.version, "from": self._version}
        if not self._version:
            return Outcome("refused", IN_A_CLONE, {**detail, "rolled_back": False})
        if wanted.version == self._version:
            return Outcome("done", f"The version {wanted.version} runs already.", detail)
        if self._pending:
            said = f"An update to {self._pending.wanted.version} is under way."
            return Outcome("refused", said, {**detail, "rolled_back": False})
        self._parts.forget_but({wanted.sha256})
        self._keep(Pending(order, token, wanted, deadline))
        return None

    def turn(self, now_ms: int | None, keys: str) -> Outcome | None:
        """Go on; an answer once it is over, until `answered`. `now_ms` None: nobody vouches for the
        time. `keys` is the signed keys document that is believed. Raises NoRoom, OSError.
        """
        pending = self._pending
        if pending is None:
            return None
        told = self._told(pending)
        if told is not None:
            return self._over(pending, told.state, told.said, told.detail)
        if now_ms is None:
            return None
        if pending.handed == self._boot:
            if now_ms >= pending.deadline + GIVE_UP_MS:
                (self._data / REQUEST).unlink(missing_ok=True)
                said = "Nothing on this computer does updates; its journal may say why."
                return self._failed(pending, said)
        elif now_ms >= pending.deadline:
            said = "The package did not come in time; it is too late to begin."
            return self._failed(pending, said)
        elif pending.fetched:
            # Handed over twice, after a cut in between, it is done once: root knows what it did.
            request = Request(pending.token, keys, self._boot)
            write_atomic(self._data / REQUEST, request.to_bytes(), 0o600)
            self._keep(replace(pending, handed=self._boot))
        return None

    def answered(self) -> None:
        """The answer is on the disk: nothing is under way any more. Raises NoRoom."""
        self._keep(None)

    def needs(self) -> Iterator[Need]:
        """The package, while it lacks."""
        pending = self._pending
        if pending and not pending.fetched and pending.handed != self._boot:
            yield Need("package", pending.wanted.sha256)

    def bring(self) -> None:
        """Fetch it: a job. Raises what the server's answer means, Corrupt and NoRoom."""
        if self._pending:
            wanted = self._pending.wanted
            self._fetch.package(wanted.sha256, wanted.size, self._parts)

    def brought(self, address: str) -> None:
        """It is here, and whole."""
        if self._pending and self._pending.wanted.sha256 == address:
            self._pending = replace(self._pending, fetched=True)

    def forget(self) -> None:
        """This device is no screen any more. Raises NoRoom."""
        self._pending = None
        self._keep(None)

    def _told(self, pending: Pending) -> Result | None:
        """What root says of this update, once it does."""
        try:
            with self._result.open("rb") as file:
                result = Result.from_json(parse_json(file.read(MAX_RESULT_BYTES)))
        except (OSError, Invalid):
            return None
        return result if result.request == Request(pending.token, "", "").id else None

    def _over(
        self, pending: Pending, state: State, said: str, detail: Mapping[str, Cap]
    ) -> Outcome:
        about: dict[str, Cap] = {"version": pending.wanted.version, "from": self._version}
        return Outcome(state, said, {**about, **detail})

    def _failed(self, pending: Pending, said: str) -> Outcome:
        return self._over(pending, "failed", said, {"rolled_back": False})

    def _keep(self, pending: Pending | None) -> None:
        self._orders.set(KIND, pending.to_json() if pending else None)
        self._pending = pending


def _kept(orders: Orders) -> Pending | None:
    try:
        held = orders.settings.get(KIND)
        return None if held is None else Pending.from_json(held)
    except Invalid:
        return None
