"""One connector's calls in this process: who waits, who takes, and how the refused are counted."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from server.connectors.source import Delivery, Kind, Received, Setup
from server.db.engine import Database
from server.db.models import ConnectorRow
from server.errors import ServerError
from server.ports import PermanentError
from server.services.base.context import Context
from server.services.connectors import records

CALLS_AT_ONCE = 64
"""Calls taken together at most: who waits for them waits for so many."""
REFUSALS_EVERY_MS = 1_000
"""Refused calls are counted in the record at most this often: anyone can make them."""


class Misconfigured(ServerError):
    """The connector cannot take calls as it is set up."""

    status = 503
    code = "misconfigured"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of a call. `repeated`: it was taken before, and not again. `greeting`: it said
    nothing.
    """

    repeated: bool = False
    greeting: bool = False
    facts: int = 0
    prices: int = 0
    held: str = ""
    refused: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Call:
    """A call that waits: what it said once it was read, and in the end its receipt or an error."""

    delivery: Delivery
    received: Received | None = None
    receipt: Receipt | None = None
    error: BaseException | None = None
    woken: threading.Event = field(default_factory=threading.Event)

    @property
    def settled(self) -> bool:
        """Whether it may be answered."""
        return self.receipt is not None or self.error is not None

    def wait(self) -> None:
        """Until it is settled, or the next to take those that wait."""
        self.woken.wait()
        self.woken.clear()

    def answer(self) -> Receipt:
        """What its source is told. Raises what went wrong."""
        if self.error is not None:
            raise self.error
        assert self.receipt is not None
        return self.receipt


@dataclass(frozen=True, slots=True)
class Ready:
    """A connector that may be called, as it was set up at an instant (unix ms)."""

    row: ConnectorRow
    kind: Kind
    setup: Setup
    at_ms: int


@dataclass(slots=True)
class Gate:
    """One connector's calls in this process: those that `waiting`, in the order in which they came,
    and a lock for whoever takes them. Those that are taken after others have a later instant, so
    that no two prices of a product are of the same one. What is refused is counted under a lock of
    its own. `ready` is the connector as it was looked up last.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: deque[Call] = field(default_factory=deque)
    last_at: int = 0
    ready: Ready | None = None
    counting: threading.Lock = field(default_factory=threading.Lock)
    refusals: dict[str, int] = field(default_factory=dict)
    written_at: int = 0

    def tick(self, ctx: Context) -> int:
        """An instant that no call had (unix ms)."""
        self.last_at = max(ctx.clock(), self.last_at + 1)
        return self.last_at

    def some(self) -> list[Call]:
        """The calls to be taken next, which do not wait any more."""
        return [self.waiting.popleft() for _ in range(min(len(self.waiting), CALLS_AT_ONCE))]

    def wake_next(self) -> None:
        """Have the first of those that wait take them."""
        with suppress(IndexError):
            self.waiting[0].woken.set()


_GATES: WeakKeyDictionary[Database, dict[str, Gate]] = WeakKeyDictionary()
_GATES_LOCK = threading.Lock()


def gate_of(db: Database, connector_id: str) -> Gate:
    """Where the calls of a connector wait."""
    with _GATES_LOCK:
        return _GATES.setdefault(db, {}).setdefault(connector_id, Gate())


def known_gate(db: Database, connector_id: str) -> Gate | None:
    """The same where there is one already: anyone may name connectors that are not."""
    with _GATES_LOCK:
        return _GATES.get(db, {}).get(connector_id)


@contextmanager
def counted(ctx: Context, gate: Gate, connector_id: str) -> Iterator[None]:
    """Count what is refused inside; a connector's own mistake becomes Misconfigured."""
    try:
        yield
    except ServerError as refused:
        _refused(ctx, gate, connector_id, refused.code, refused.message)
        raise
    except PermanentError as error:
        _refused(ctx, gate, connector_id, "misconfigured", str(error))
        raise Misconfigured(str(error)) from None


def _refused(ctx: Context, gate: Gate, connector_id: str, code: str, message: str) -> None:
    name = f"refused.{code}"
    now = ctx.clock()
    with gate.counting:
        gate.refusals[name] = gate.refusals.get(name, 0) + 1
        if now - gate.written_at < REFUSALS_EVERY_MS:
            return
        counted, gate.refusals, gate.written_at = gate.refusals, {}, now
    with ctx.db.write() as session:
        row = session.get(ConnectorRow, connector_id, with_for_update=True)
        if row is not None:
            records.failed(row, now, message, counted)
