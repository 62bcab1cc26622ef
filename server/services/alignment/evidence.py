"""The evidence of a second: what a screen showed, on what it stood, who signed it, how it is known.

Everything is read from what was kept at the time and verified again when it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.errors import Refused
from playlists.ids import Json, canonical, sha256
from playlists.runs import GENESIS, Run, verify_chain
from playlists.wire.offers import offer_to_json
from server.db.models import HeadRow, LedgerEntry, RunChainRow, RunRow
from server.errors import BadInput, NotFound
from server.services.alignment.seals import Seal, seal
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.objects import load_objects
from server.services.prices import past
from server.services.screens.offs import PowerRunView, offs_at
from server.services.showing.holding import MAX_RUNS, NOW_MS, Holding
from server.services.showing.proving import PriceThen
from server.services.showing.whys import ScreenWhy, screen_why
from server.services.showing.worlds import Playing
from server.services.wishes.templates import PRICED

MAX_ENTRIES = 60
"""Rows of the ledger that stand beside a price: those that it stands on, and the latest others."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger. `role`: price, prior, or empty for one that was only known by then."""

    row: int
    role: str
    price: int
    currency: str
    tax_permyriad: int | None
    valid_from: int
    valid_until: int | None
    reduced: bool
    recorded_at: int
    written_at: int
    source: str
    source_version: str

    def to_json(self) -> Json:
        """As in the download."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Said:
    """A price with the offer that said it (wire JSON, None: there was none), its digest, and the
    ledger's rows, the latest first.
    """

    price: PriceThen
    offer: Mapping[str, Json] | None
    digest: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """The play record that covers the second: its place in its chain of `length` records, by which
    device, and whether its hash (`whole`) and its link to the record before (`follows`, None: that
    one is not here) hold.
    """

    chain: int
    device: str
    length: int
    received_at: int
    run: Run
    whole: bool
    follows: bool | None
    exceptions: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it. `objects` are manifest, deck and day by sha256, as screens were given them; `offs`
    the records by which its display was off.
    """

    at_ms: int
    made_at: int
    why: ScreenWhy
    prices: tuple[Said, ...]
    proof: Proof | None
    offs: tuple[PowerRunView, ...]
    seals: tuple[Seal, ...]
    objects: Mapping[str, str]
    root: str
    root_kid: str
    keys: str


class NotPast(BadInput):
    """There is evidence of what was, not of what will be."""

    code = "not_past"


def evidence(ctx: Context, actor: Actor, screen_id: str, at_ms: int) -> Evidence:
    """The evidence of a second (unix ms) of a screen.

    Raises NotFound as explain, and where no such screen is the actor's; NotPast.
    """
    now = ctx.clock()
    if at_ms > now + NOW_MS:
        raise NotPast("There is evidence of what was shown, not of what will be.", field="at")
    why = screen_why(ctx, actor, screen_id, at_ms)
    held, playing = why.explained.held, why.explained.playing
    with ctx.db.read() as session:
        painted = playing.card is not None and playing.card.template in PRICED
        priced = why.explained.prices if painted else ()
        prices = tuple(_said(session, playing, one) for one in priced)
        proof = _proof(session, screen_id, at_ms) if held.basis == "run" else None
        offs = offs_at(session, screen_id, at_ms)
        seals = (_head(ctx, session, screen_id, held), *_offers(ctx, session, prices))
        objects = _objects(session, held, playing, at_ms)
    return Evidence(
        at_ms=at_ms,
        made_at=now,
        why=why,
        prices=prices,
        proof=proof,
        offs=offs,
        seals=seals,
        objects=objects,
        root=ctx.keys.root_x,
        root_kid=ctx.keys.root_kid,
        keys=ctx.keys.document_jws,
    )


def _said(session: Session, playing: Playing, price: PriceThen) -> Said:
    held = playing.offers.get((price.channel, price.sku))
    if held is None:
        return Said(price, None, "", ())
    offer: Any = offer_to_json(held.offer)
    rows = session.scalars(
        select(LedgerEntry)
        .where(
            LedgerEntry.channel == price.channel,
            LedgerEntry.sku == price.sku,
            LedgerEntry.written_at <= held.version,
        )
        .order_by(LedgerEntry.valid_from.desc(), LedgerEntry.id.desc())
    ).all()
    roles = {price.prior_ledger: "prior", price.ledger: "price"}
    latest = {row.id for row in rows[:MAX_ENTRIES]}
    entries = (_entry(row, roles.get(row.id, "")) for row in rows if row.id in latest | {*roles})
    return Said(price, offer, sha256(canonical(offer)), tuple(entries))


def _entry(row: LedgerEntry, role: str) -> Entry:
    return Entry(
        row=row.id,
        role=role,
        price=row.price,
        currency=row.currency,
        tax_permyriad=row.tax_permyriad,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        reduced=row.reduced,
        recorded_at=row.recorded_at,
        written_at=row.written_at,
        source=row.source,
        source_version=row.source_version,
    )


def _proof(session: Session, screen: str, at_ms: int) -> Proof | None:
    """The record that covers the instant, as `holding` chooses it."""
    covering = select(RunRow).where(
        RunRow.screen_id == screen, RunRow.from_ms <= at_ms, RunRow.until_ms > at_ms
    )
    newest = covering.order_by(RunRow.chain.desc(), RunRow.seq.desc()).limit(MAX_RUNS)
    found = [(row, Run.from_json(row.body)) for row in session.scalars(newest)]
    planned = next(((row, run) for row, run in found if not run.play.because), None)
    if planned is None:
        return None
    row, run = planned
    chain = session.get_one(RunChainRow, (screen, row.chain))
    before = session.get(RunRow, (screen, row.chain, row.seq - 1))
    follows = run.prev == GENESIS if run.seq == 1 else None
    if before is not None:
        follows = before.hash == run.prev
    return Proof(
        chain=row.chain,
        device=chain.device,
        length=chain.seq,
        received_at=row.received_at,
        run=run,
        whole=row.hash == run.hash and _is_whole(run),
        follows=follows,
        exceptions=tuple(
            one for other, one in found if other.chain == row.chain and one.play.because
        ),
    )


def _is_whole(run: Run) -> bool:
    try:
        verify_chain([run], run.prev, run.seq)
    except Refused:
        return False
    return True


def _head(ctx: Context, session: Session, screen: str, held: Holding) -> Seal:
    row = session.get(HeadRow, (screen, held.head.revision))
    if row is None:
        raise NotFound("What was published then is not kept any more.")

    def agrees(payload: Mapping[str, Any]) -> bool:
        said = (payload.get("screen"), payload.get("revision"), payload.get("manifest"))
        return said == (screen, row.revision, row.manifest)

    return seal(ctx.keys.ring, "head", screen, row.issued_at, row.jws, agrees)


def _offers(ctx: Context, session: Session, prices: Sequence[Said]) -> list[Seal]:
    """The messages that brought the offers, each once."""
    found: dict[tuple[str, int], list[Said]] = {}
    for one in prices:
        if one.offer is not None and one.price.version is not None:
            found.setdefault((one.price.channel, one.price.version), []).append(one)
    seals = []
    for (channel, version), said in found.items():

        def agrees(
            payload: Mapping[str, Any],
            channel: str = channel,
            version: int = version,
            said: Sequence[Said] = said,
        ) -> bool:
            named = {one["k"]: one for one in payload.get("set", ())}
            return (payload.get("channel"), payload.get("to")) == (channel, version) and all(
                named.get(one.price.sku) == one.offer for one in said
            )

        jws = past.delta_of(session, channel, version)
        seals.append(seal(ctx.keys.ring, "offers", channel, version, jws, agrees))
    return seals


def _objects(session: Session, held: Holding, playing: Playing, at_ms: int) -> dict[str, str]:
    manifest = playing.manifest
    days = [day.chunk for day in manifest.days if day.from_ms <= at_ms < day.until_ms]
    found = load_objects(session, [held.head.manifest, manifest.deck, *days])
    return {sha: data.decode() for sha, data in found.items()}
