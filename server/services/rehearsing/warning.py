"""What to know before drafts go on air: prices that cannot show, files that are not ready."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from media.advice import File, advice
from playlists.ids import ChannelId
from playlists.model import Playlist, Store
from playlists.pricing import Offer
from playlists.wire.offers import offer_from_json
from server.db.models import AssetRow, LedgerEntry, OfferRow, RenditionFaultRow
from server.services.base.kept import MAX_IN, batched
from server.services.publishing.fitting import files_in, goods_in

MAX_ROWS = 60
"""Of each kind of warning."""

PriceFault = Literal["no_price", "no_prior"]
FileFault = Literal["missing", "no_form", "heavy", "codec_pi", "codec_browser", "over_pi"]
_TOLD = frozenset({"heavy", "codec_pi", "codec_browser", "over_pi"})


@dataclass(frozen=True, slots=True)
class Price:
    """A product without a price in some stores (it plays price-free), or whose reduction the ledger
    cannot prove there (no struck price, no percentage).
    """

    sku: str
    fault: PriceFault
    stores: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileWarning:
    """A file that is not there, of which a form could not be made, or that is hard to play."""

    sha: str
    name: str
    fault: FileFault


def prices_of(
    session: Session, lists: Collection[Playlist], stores: Sequence[Store], now: int
) -> tuple[Price, ...]:
    """The prices of these playlists' goods that will not show, or not as a reduction."""
    own = [(good.sku, good.channel) for playlist in lists for good in goods_in(playlist)]
    wanted: dict[ChannelId, set[str]] = defaultdict(set)
    where: dict[tuple[str, ChannelId], list[str]] = defaultdict(list)
    for sku, named in dict.fromkeys(own):
        for store in stores:
            channel = named or store.channel
            if channel is not None:
                wanted[channel].add(sku)
                where[sku, channel].append(str(store.id))
    found: dict[tuple[str, PriceFault], list[str]] = defaultdict(list)
    for channel, skus in wanted.items():
        offers = _offers(session, channel, skus)
        reduced = _reduced(session, channel, skus, now)
        for name in sorted(skus):
            fault = _fault(offers.get(name), name in reduced, now)
            if fault is not None:
                found[name, fault] += where[name, channel]
    rows = [Price(name, fault, tuple(sorted(set(at)))) for (name, fault), at in found.items()]
    return tuple(sorted(rows, key=lambda one: (one.fault, one.sku))[:MAX_ROWS])


def files_of(
    session: Session, lists: Collection[Playlist], sizes: Collection[tuple[int, int]]
) -> tuple[FileWarning, ...]:
    """The files of these playlists that are not ready for screens of these sizes (pixels)."""
    shas = list(dict.fromkeys(sha for playlist in lists for sha in files_in(playlist)))
    rows: dict[str, AssetRow] = {}
    broken: set[str] = set()
    for some in batched(shas, MAX_IN):
        assets = select(AssetRow).where(AssetRow.sha.in_(some))
        rows.update({row.sha: row for row in session.scalars(assets)})
        faults = select(RenditionFaultRow.asset_sha).where(RenditionFaultRow.asset_sha.in_(some))
        broken.update(session.scalars(faults))
    found: list[FileWarning] = []
    for sha in shas:
        row = rows.get(sha)
        if row is None:
            found.append(FileWarning(sha, "", "missing"))
            continue
        if sha in broken:
            found.append(FileWarning(sha, row.name, "no_form"))
        file = File(row.kind, row.codec, row.width, row.height, row.bytes, row.duration_ms)
        codes = [one.code for one in advice(file, sizes) if one.code in _TOLD]
        found += [FileWarning(sha, row.name, code) for code in codes]  # type: ignore[arg-type]
    return tuple(found[:MAX_ROWS])


def _offers(session: Session, channel: str, skus: Collection[str]) -> dict[str, Offer]:
    found: dict[str, Offer] = {}
    for some in batched(sorted(skus), MAX_IN):
        rows = select(OfferRow.sku, OfferRow.body).where(
            OfferRow.channel == channel, OfferRow.sku.in_(some)
        )
        found.update({sku: offer_from_json(body) for sku, body in session.execute(rows)})
    return found


def _reduced(session: Session, channel: str, skus: Collection[str], now: int) -> set[str]:
    """Those whose latest price in force the shop announced as a reduction."""
    latest: dict[str, tuple[int, bool]] = {}
    for some in batched(sorted(skus), MAX_IN):
        rows = select(LedgerEntry.sku, LedgerEntry.id, LedgerEntry.reduced).where(
            LedgerEntry.channel == channel,
            LedgerEntry.sku.in_(some),
            LedgerEntry.valid_from <= now,
            (LedgerEntry.valid_until.is_(None)) | (LedgerEntry.valid_until > now),
        )
        for sku, number, reduced in session.execute(rows):
            latest[sku] = max(latest.get(sku, (0, False)), (number, reduced))
    return {sku for sku, (_number, reduced) in latest.items() if reduced}


def _fault(offer: Offer | None, reduced: bool, now: int) -> PriceFault | None:
    steps = offer.steps if offer is not None else ()
    step = next((s for s in steps if s.from_ms <= now and (s.until_ms or now + 1) > now), None)
    if step is None:
        return "no_price"
    return "no_prior" if reduced and step.prior is None else None
