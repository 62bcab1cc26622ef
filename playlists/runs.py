"""Proof of play: runs, each chained to the one before by its hash, a few rows for a whole day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from playlists.errors import Invalid, Refused
from playlists.fields import Fields, text
from playlists.ids import ChannelId, Json, Sha256, ZoneId, canonical, sha256
from playlists.manifest import LAYERS

GENESIS = Sha256("0" * 64)
"""What a screen's first run is chained to."""
MAX_BECAUSE = 100
MAX_CHANNELS = 200

Slot = tuple[str, str, str]
"""Which wish a slot came from: layer, source id, item id."""


@dataclass(frozen=True, slots=True)
class Play:
    """A stretch of one zone, `[from_ms, until_ms)` in unix milliseconds, and what decided it.

    As planned (`because` empty, `card` and `slot` None) it covers every turn of the head's loops
    with the offers at these versions: `slot_at` gives back each second of it. Else it is an
    exception, laid over the plan: all its turns of `slot` showed `card` (None: the slate) for these
    reasons.
    """

    zone: ZoneId
    head: int
    manifest: Sha256
    from_ms: int
    until_ms: int
    offers: Mapping[ChannelId, int] = field(default_factory=dict)
    card: str | None = None
    because: tuple[str, ...] = ()
    slot: Slot | None = None

    @property
    def cause(self) -> tuple[object, ...]:
        """What two stretches must share to be one run."""
        offers = tuple(sorted(self.offers.items()))
        return (self.zone, self.head, self.manifest, offers, self.card, self.because, self.slot)


@dataclass(frozen=True, slots=True)
class Run:
    """A play in its place in a screen's chain: numbered from 1, bound to the hash before."""

    seq: int
    prev: Sha256
    hash: Sha256
    play: Play

    def to_json(self) -> Json:
        """As in `POST plays`."""
        return {**_body(self.seq, self.prev, self.play), "hash": self.hash}

    @classmethod
    def from_json(cls, value: object, path: str = "") -> Run:
        """Undo `to_json`; the hash is read, not checked (see `verify_chain`). Raises Invalid."""
        given = Fields.of(value, path)
        offers = given.fields("offers")
        from_ms = given.whole("from")
        play = Play(
            ZoneId(given.text("zone", 64)),
            given.whole("head"),
            Sha256(given.sha("manifest")),
            from_ms,
            given.whole("until", from_ms),
            {
                ChannelId(channel): offers.whole(channel)
                for channel, _ in given.members("offers", MAX_CHANNELS)
            },
            given.text("card", 64) if given.has("card") else None,
            tuple(text(code, at) for at, code in given.items("because", MAX_BECAUSE)),
            _slot(given) if given.has("slot") else None,
        )
        prev, hashed = Sha256(given.sha("prev")), Sha256(given.sha("hash"))
        return cls(given.whole("seq", 1), prev, hashed, play)


def append(seq: int, prev: Sha256, play: Play) -> Run:
    """Chain `play` as run `seq` after the run whose hash is `prev` (GENESIS for the first)."""
    return Run(seq, prev, _hash(seq, prev, play), play)


def verify_chain(runs: Iterable[Run], prev: Sha256, seq: int = 1) -> Sha256:
    """Check that `runs` follow `prev` from number `seq` on, unbroken and unchanged; the last hash.

    Raises Refused with reason gap (a number is missing), broken_chain (not after `prev`) or
    bad_hash (changed since).
    """
    for run in runs:
        if run.seq != seq:
            raise Refused("gap", f"Run {seq} was expected, not {run.seq}.")
        if run.prev != prev:
            raise Refused("broken_chain", f"Run {seq} does not follow the run before it.")
        if run.hash != _hash(run.seq, run.prev, run.play):
            raise Refused("bad_hash", f"Run {seq} was changed after it was written.")
        prev, seq = run.hash, seq + 1
    return prev


@dataclass(frozen=True, slots=True)
class Recorder:
    """The plays still open, so that equal loops one after another become one run. Pure.

    Per zone one open stretch as planned, and over it the exceptions that still hold: an exception
    lasts over several loops as long as each turn of its slot shows the same for the same reasons.
    """

    planned: Mapping[ZoneId, Play] = field(default_factory=dict)
    exceptions: Mapping[tuple[ZoneId, Slot | None], Play] = field(default_factory=dict)

    def saw(self, play: Play, slot: Slot | None) -> tuple[Recorder, tuple[Play, ...]]:
        """Take note of one turn of `slot` as it was shown; the plays that this ends, oldest first.

        `play` has `because` for anything short of plan. Raises Invalid if it ends before it begins.
        """
        if play.until_ms < play.from_ms:
            raise Invalid("A play ends after it begins.", "until")
        plan = replace(play, card=None, because=(), slot=None)
        before = self.planned.get(play.zone)
        goes_on = before is not None and before.cause == plan.cause
        contiguous = before is not None and before.until_ms == play.from_ms
        if before is not None and goes_on and contiguous:
            stretch = replace(before, until_ms=play.until_ms)
            recorder: Recorder = self
            ended: tuple[Play, ...] = ()
        else:
            recorder, ended = self._closed(play.zone)
            stretch = plan
        planned = {**recorder.planned, play.zone: stretch}
        exceptions, over = _excepted(recorder.exceptions, play, slot)
        return Recorder(planned, exceptions), ended + over

    def closed(self) -> tuple[Recorder, tuple[Play, ...]]:
        """End everything that is open: at shutdown, and now and then so that little is lost."""
        plays = (*self.planned.values(), *self.exceptions.values())
        return Recorder(), _in_order(plays)

    def _closed(self, zone: ZoneId) -> tuple[Recorder, tuple[Play, ...]]:
        keep = {key: play for key, play in self.exceptions.items() if key[0] != zone}
        gone = [play for key, play in self.exceptions.items() if key[0] == zone]
        plan = [play for key, play in self.planned.items() if key == zone]
        planned = {key: play for key, play in self.planned.items() if key != zone}
        return Recorder(planned, keep), _in_order((*plan, *gone))


def _excepted(
    held: Mapping[tuple[ZoneId, Slot | None], Play], play: Play, slot: Slot | None
) -> tuple[dict[tuple[ZoneId, Slot | None], Play], tuple[Play, ...]]:
    key = (play.zone, slot)
    exceptions = dict(held)
    before = exceptions.pop(key, None)
    if not play.because:
        return exceptions, () if before is None else (before,)
    now = replace(play, slot=slot)
    if before is not None and before.cause == now.cause:
        return {**exceptions, key: replace(before, until_ms=now.until_ms)}, ()
    return {**exceptions, key: now}, () if before is None else (before,)


def _in_order(plays: Iterable[Play]) -> tuple[Play, ...]:
    return tuple(sorted(plays, key=lambda play: (play.from_ms, play.slot is not None)))


def _body(seq: int, prev: Sha256, play: Play) -> dict[str, Json]:
    out: dict[str, Json] = {
        "seq": seq,
        "prev": prev,
        "zone": play.zone,
        "head": play.head,
        "manifest": play.manifest,
        "from": play.from_ms,
        "until": play.until_ms,
        "card": play.card,
        "offers": {str(name): version for name, version in play.offers.items()},
        "because": list(play.because),
    }
    if play.slot is not None:
        out["slot"] = list(play.slot)
    return out


def _hash(seq: int, prev: Sha256, play: Play) -> Sha256:
    return sha256(canonical(_body(seq, prev, play)))


def _slot(given: Fields) -> Slot:
    parts = [text(part, at) for at, part in given.items("slot", 3)]
    if len(parts) != 3 or parts[0] not in LAYERS:
        raise Invalid("A slot is its layer, source and item.", given.at("slot"))
    return parts[0], parts[1], parts[2]
