"""Says what reports mean for each offer: what is held against them, what goes into the ledger.

Deliveries are told apart by the shop's own version where it names one, else by their instant; one
that comes late adds what it knows to the ledger, and neither raises nor lifts a suspicion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from playlists.ids import ChannelId, Sku
from server.ports import ProductReport
from server.services.prices import batches, ledger, quarantine
from server.services.prices.batches import Source
from server.services.prices.compiling import Verdict
from server.services.prices.ledger import NOTHING, Pair, Past
from server.services.prices.quarantine import Rules
from server.services.prices.seeing import ChannelOf, ChannelState, Seen, Standing

Priced = tuple[str, str | None]
"""A price that a source names: SKU, and its own store code where the price is a store's own."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some reports of a batch, by SKU, with what is held against them; `batch` names the held one
    that they are of. `alone`: the shop named them by themselves, not in a listing of everything.
    """

    reports: Mapping[Sku, Sequence[ProductReport]]
    suspects: Mapping[Priced, str]
    at_ms: int
    alone: bool
    batch: str = ""

    @property
    def since_ms(self) -> int | None:
        """Before when nothing is asked or recorded, unix ms; None: it may be compared with calls
        that came after it.
        """
        return self.at_ms if self.alone else None

    @property
    def all(self) -> list[ProductReport]:
        """Its reports."""
        return [report for reports in self.reports.values() for report in reports]


@dataclass(frozen=True, slots=True)
class _Last:
    """What was known of an offer before a report; `known` where there was anything."""

    past: Past
    known: bool = False
    suspect: str = ""
    seen_version: str = ""
    seen_at: int = 0
    kept_until: int = 0
    pending: dict[str, Any] | None = None
    entry: ledger.Entry | None = None
    touched: bool = False
    good_at: int = 0

    @property
    def at(self) -> int:
        """When the shop last said something that counts for suspicion."""
        return max(self.seen_at, self.pending["at"] if self.pending else 0)

    @property
    def heard(self) -> int:
        """When it last named a price that was believed."""
        return int(self.pending.get("heard", 0)) if self.pending else self.seen_at

    @property
    def heard_version(self) -> str:
        """The shop's version of that."""
        return str(self.pending.get("version", "")) if self.pending else self.seen_version

    @property
    def behind(self) -> dict[str, Any]:
        """Of the last good price, for as long as another is suspect: when the shop last stood by
        it, when it last named it by itself, and its version of that.
        """
        good = self.pending.get("good", self.good_at) if self.pending else self.good_at
        return {"good": good, "heard": self.heard, "version": self.heard_version}

    def lacks(self, version: str) -> bool:
        """Whether an overtaken version is news of the price behind the suspect one."""
        behind = self.heard_version
        return self.pending is not None and (not behind or older(behind, version))


def rules_of(settings_jump: int, settings_batch: int, source: Source) -> Rules:
    """The shop's own thresholds, else the server's."""
    return Rules(
        source.currency,
        settings_jump if source.jump_percent is None else source.jump_percent,
        settings_batch if source.batch_percent is None else source.batch_percent,
    )


def channels_for(
    source: Source, report: ProductReport, channels: Sequence[ChannelOf]
) -> Sequence[ChannelOf]:
    """All the shop's channels, or the one store's where the price is its own."""
    if report.store is None:
        return channels
    store = source.store(report.store)
    return [channel for channel in channels if channel.store == store]


def suspicions(
    source: Source,
    reports: Sequence[ProductReport],
    channels: Sequence[ChannelOf],
    pasts: Mapping[Pair, Past],
    at_ms: int,
    rules: Rules,
) -> dict[Priced, str]:
    """Which of the prices reported may not be believed as they stand, and why."""
    found: dict[Priced, str] = {}
    for report in reports:
        rows = ledger.rows_of(report, at_ms)
        known = (
            pasts.get((channel.id, Sku(report.sku)), NOTHING)
            for channel in channels_for(source, report, channels)
        )
        for past in dict.fromkeys(known):
            why = quarantine.suspicion(report, rows, past, at_ms, rules)
            if why:
                found[report.sku, report.store] = why
                break
    return found


def verdicts(
    source: Source, chunk: Chunk, channels: Sequence[ChannelOf], seen: Seen
) -> tuple[dict[Pair, Verdict], list[Sku]]:
    """What the reports mean for each offer, and those that were out of order."""
    found: dict[Pair, Verdict] = {}
    late: list[Sku] = []
    nothing = Past()  # of its own: what is worked out of a history is kept with it
    for sku, reports in chunk.reports.items():
        for report in reports:
            news: dict[tuple[Past, int], bool] = {}
            for channel in channels_for(source, report, channels):
                pair = (channel.id, sku)
                last = _last(
                    found.get(pair),
                    seen.offers.get(pair),
                    seen.pasts.get(pair, nothing),
                    seen.states[channel.id],
                )
                verdict = _verdict(source, chunk, report, channel.id, last, news)
                if verdict is None:
                    late.append(sku)
                else:
                    found[pair] = verdict
    return found, late


def _verdict(
    source: Source,
    chunk: Chunk,
    report: ProductReport,
    channel: ChannelId,
    last: _Last,
    news: dict[tuple[Past, int], bool],
) -> Verdict | None:
    """None where an older report says nothing any more. `news` is worked out once for all channels
    of one history.
    """
    doubted = chunk.suspects.get((report.sku, report.store), "")
    overtaken = last.known and older(report.version, last.seen_version)
    if overtaken and (doubted or not last.lacks(report.version)):
        return None
    at = chunk.at_ms
    version, then = (last.heard_version, last.heard) if overtaken else (last.seen_version, last.at)
    if last.known and older(version, report.version):
        at = max(at, then + 1)  # the shop's own order counts, not that of arrival
    late = overtaken or at < last.at
    if late and doubted:
        return None
    rows = () if doubted else ledger.rows_of(report, at)
    if at < last.heard:
        rows = ledger.cut(rows, last.heard)
    if (last.past, at) not in news:
        news[last.past, at] = bool(rows) and (
            last.past.learns(rows, at) or _taxed_anew(report, last.past, late)
        )
    past, entry = last.past, last.entry
    if news[last.past, at]:
        origin = ledger.Origin(source.id, report.version, report.tax_permyriad)
        entry = ledger.Entry(channel, (*entry.rows, *rows) if entry else rows, origin)
        past = past.with_rows(rows, report.tax_permyriad)
    suspect, pending, kept = _held(chunk, report, last, doubted)
    if late:
        suspect, pending, kept = last.suspect, last.pending, last.kept_until
        if pending is not None:
            version = _newest(report.version, last.heard_version)
            pending = {**pending, "heard": max(at, last.heard), "version": version}
    return Verdict(
        suspect=suspect,
        seen_version=last.seen_version if late else _newest(report.version, last.seen_version),
        pending=pending,
        past=past,
        entry=entry,
        touched=last.touched
        or entry is not None
        or (last.suspect, last.kept_until) != (suspect, kept),
        confirmed_at=chunk.at_ms if chunk.alone and not doubted else 0,
        seen_at=max(last.seen_at, at) if chunk.alone else last.seen_at,
        kept_until=kept,
    )


def _held(
    chunk: Chunk, report: ProductReport, last: _Last, suspect: str
) -> tuple[str, dict[str, Any] | None, int]:
    """What is held against an offer, the report as it is kept, and until when the last good price
    shows because a person rejected just this one.
    """
    if not suspect:
        return "", None, 0
    pending = batches.pending_of(report, chunk.at_ms, suspect, chunk.batch)
    if last.pending is None:
        return suspect, {**pending, **last.behind}, 0
    pending |= last.behind
    if not batches.same_money(last.pending, pending):
        return suspect, pending, 0
    pending["at"] = last.pending["at"]
    if last.kept_until:
        return "", last.pending, last.kept_until
    return suspect, pending, 0


def _taxed_anew(report: ProductReport, past: Past, late: bool) -> bool:
    return not late and report.tax_permyriad not in (None, past.tax_permyriad)


def _last(
    before: Verdict | None, stands: Standing | None, past: Past, state: ChannelState
) -> _Last:
    one = before or stands
    if one is None:
        return _Last(past)
    return _Last(
        before.past if before else past,
        True,
        one.suspect,
        one.seen_version,
        one.seen_at,
        one.kept_until,
        one.pending,
        before.entry if before else None,
        before.touched if before else False,
        max(state.as_of, stands.confirmed_at if stands else 0),
    )


def older(version: str, seen: str) -> bool:
    """Whether the shop's version is before the one already taken; versions that are not numbers
    never are.
    """
    return _counts(version) and _counts(seen) and int(version) < int(seen)


def _newest(version: str, seen: str) -> str:
    """The shop's version to remember: a source that names none takes nothing from what is known."""
    return version if version and (_counts(version) or not _counts(seen)) else seen


def _counts(version: str) -> bool:
    return version.isascii() and version.isdecimal()
