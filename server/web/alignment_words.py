"""What the page of agreement says: the share first, then where and why it was not whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal

from server.services.alignment.agreement import OFTEN_PERCENT, Agreement, Slow, Tally
from server.services.alignment.shop_line import PROPAGATION_MS
from server.services.prices.texts import money
from server.web.clock import MINUTE_MS, NBSP, SECOND_MS, length, when
from server.web.held_words import reason as held_reason
from server.web.law_words import because_words
from server.web.phrases import Language, sentence
from server.web.price_words import off_words
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

_LOCALES = {"fr": "fr_FR", "en": "en_GB"}
PARTS = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """A store, SKU or day. `good`: nothing differed; `filter` is what the list is narrowed by."""

    key: str
    name: str
    share: str
    shown: str
    late: str
    other: str
    slowest: str
    good: bool


@dataclass(frozen=True, slots=True)
class List:
    """A list of rows, and the field that narrows the page to one of them."""

    title: str
    field: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """Something that stood in the way, with what is said of each; `href` is where it is settled."""

    title: str
    said: str
    lines: tuple[tuple[str, str], ...]
    href: str = ""


@dataclass(frozen=True, slots=True)
class AlignmentWords:
    """The whole page."""

    first: str
    second: str
    reckoned: str
    figures: tuple[tuple[str, str], ...]
    lists: tuple[List, ...]
    slow: tuple[tuple[str, str], ...]
    told: tuple[Told, ...]
    nothing: bool


def alignment_words(found: Agreement, now: int, language: Language) -> AlignmentWords:
    """The page in a language; `now` is the present, unix ms."""
    return _Teller(found, now, language).words()


class _Teller:
    def __init__(self, found: Agreement, now: int, language: Language) -> None:
        self._found = found
        self._now = now
        self._lang = language

    def words(self) -> AlignmentWords:
        found, total = self._found, self._found.total
        first = _("No price was compared in these days.")
        if total.shown:
            first = _("%(share)s of price-seconds were the shop’s.", share=self._share(total))
        return AlignmentWords(
            first=first,
            second=self._pace(),
            reckoned=self._reckoned(),
            figures=self._figures() if total.shown else (),
            lists=(
                List(_("By store"), "store", tuple(map(self._row, found.stores))),
                List(_("By product"), "sku", tuple(map(self._row, found.skus))),
                List(_("By day"), "day", tuple(self._row(self._day(one)) for one in found.days)),
            ),
            slow=tuple(map(self._slow, found.slow)),
            told=tuple(one for one in self._told() if one.lines or one.href),
            nothing=not total.shown and not found.free,
        )

    def _percent(self, parts: int) -> str:
        """Hundredths of a percent."""
        number = format_decimal(parts / 100, "0.##", locale=_LOCALES[self._lang])
        return f"{number}{NBSP}%"

    def _share(self, one: Tally) -> str:
        """Rounded down, so that it never boasts."""
        return self._percent(one.equal * PARTS // one.shown) if one.shown else "–"

    def _pace(self) -> str:
        found = self._found
        if found.median is None or found.worst is None:
            return _("No price changed that every screen could take.") if found.waiting else ""
        return _(
            "A change is on the last screen after %(median)s, 99%% of them within %(worst)s.",
            median=self._lasts(found.median),
            worst=self._lasts(found.worst),
        )

    def _lasts(self, ms: int) -> str:
        if ms < MINUTE_MS:
            said = format_decimal(ms / SECOND_MS, "0.0", locale=_LOCALES[self._lang])
            return f"{said}{NBSP}s"
        return length(ms)

    def _reckoned(self) -> str:
        until = self._found.reckoned_until
        if until is None:
            return _("Nothing is reckoned yet.")
        return _("Reckoned until %(at)s.", at=self._when(until))

    def _when(self, at_ms: int) -> str:
        return when(at_ms, self._now, self._found.zone, self._lang)

    def _figures(self) -> tuple[tuple[str, str], ...]:
        total, found = self._found.total, self._found
        moved = found.changes + found.waiting
        limit = length(PROPAGATION_MS)
        return (
            (self._lasts(total.shown), _("prices on screens, all screens together")),
            (self._lasts(total.late), _("the shop’s last price, changed under %(n)s ago", n=limit)),
            (self._lasts(total.other), _("another price than the shop’s")),
            (str(moved), ngettext("change by the shop", "changes by the shop", moved)),
        )

    def _row(self, one: Tally) -> Row:
        return Row(
            key=one.key,
            name=one.name,
            share=self._share(one),
            shown=self._lasts(one.shown),
            late=self._lasts(one.late) if one.late else "–",
            other=self._lasts(one.other) if one.other else "–",
            slowest="–" if one.slowest is None else self._lasts(one.slowest),
            good=not one.other,
        )

    def _day(self, one: Tally) -> Tally:
        locale = _LOCALES[self._lang]
        return replace(one, name=format_date(date.fromisoformat(one.key), "EEEE d MMMM", locale))

    def _store(self, store: str) -> str:
        return self._found.names.get(store, store)

    def _slow(self, one: Slow) -> tuple[str, str]:
        place = f"{one.sku}, {self._store(one.store)}"
        at = self._when(one.at_ms)
        if one.waiting:
            said = ngettext(
                "%(at)s: %(num)s of %(of)s screens has not said that it holds the change",
                "%(at)s: %(num)s of %(of)s screens have not said that they hold the change",
                one.waiting,
                at=at,
                of=one.screens,
            )
        else:
            delay = self._lasts(one.delay_ms or 0)
            said = ngettext(
                "%(at)s: on %(num)s screen after %(delay)s",
                "%(at)s: on all %(num)s screens after %(delay)s",
                one.screens,
                at=at,
                delay=delay,
            )
        return place, said

    def _told(self) -> Sequence[Told]:
        found = self._found
        return (
            Told(
                _("Reductions shown without a struck price"),
                _("What the law did not let stand beside the price, and for how long."),
                self._codes(found.bare, lambda code: "".join(because_words((code,), self._lang))),
            ),
            Told(
                _("Cards shown without a price"),
                _("No price is shown rather than one that nobody vouches for."),
                self._codes(found.free, lambda code: off_words(code, self._lang)),
            ),
            self._held(),
            Told(
                _("Leases that ran out"),
                _("The shop was silent for too long: its prices left the screens."),
                tuple(
                    (self._store(one.store), self._span(one.from_ms, one.until_ms))
                    for one in found.lapses
                ),
            ),
            Told(
                _("Recalls"),
                _("A person withdrew the price."),
                tuple((sku, self._span(at, over)) for sku, at, over in found.recalls),
                "/recalls" if found.recalls else "",
            ),
            self._tills(),
            Told(
                _("Shelf and shop online"),
                _("What the shop online has and the store has not, or the reverse."),
                self._shelves(),
            ),
        )

    def _codes(
        self, codes: Mapping[str, int], words: Callable[[str], str]
    ) -> tuple[tuple[str, str], ...]:
        said = ((words(code) or code, ms) for code, ms in codes.items())
        return tuple((sentence(word).rstrip("."), self._lasts(ms)) for word, ms in said)

    def _held(self) -> Told:
        found, waits = self._found, _("still held")
        fates = {
            "accepted": _("released"),
            "rejected": _("rejected"),
            "passed": _("the shop said something better"),
        }
        batches = tuple(
            (
                _("An answer held whole (%(why)s)", why=held_reason(reason).rstrip(".")),
                f"{self._when(at)}, {fates.get(settled, waits)}",
            )
            for reason, at, settled in found.batches
        )
        held = ngettext("%(num)s price is held now.", "%(num)s prices are held now.", found.held)
        return Told(_("Held prices"), held, batches, "/quarantine" if found.held or batches else "")

    def _tills(self) -> Told:
        lines = []
        for one in self._found.tills:
            shown = money(one.shown, one.shown_currency, self._lang)
            charged = money(one.charged, one.charged_currency, self._lang)
            said = _("screens %(shown)s, till %(charged)s", shown=shown, charged=charged)
            span = self._span(one.from_ms, one.until_ms)
            lines.append((f"{one.sku}, {self._store(one.store)}", f"{said}, {span}"))
        return Told(
            _("Tills that asked another price"),
            _("Compared with what screens could show."),
            tuple(lines),
        )

    def _shelves(self) -> tuple[tuple[str, str], ...]:
        lines = [
            (f"{one.sku}, {self._store(one.store)}", self._shelf(one.kind, one.permille))
            for one in self._found.shelves
        ]
        for (store, kind), count in sorted(self._found.often.items()):
            said = ngettext(
                "%(num)s product over %(share)s of the last 24 hours",
                "%(num)s products over %(share)s of the last 24 hours",
                count,
                share=self._percent(OFTEN_PERCENT * 100),
            )
            where = _("in stock here, out online")
            if kind == "out_here":
                where = _("in stock online, out here")
            lines.append((f"{self._store(store)}, {where}", said))
        return tuple(lines)

    def _shelf(self, kind: str, permille: int) -> str:
        share = self._percent(permille * 10)
        if kind == "out_here":
            return _("in stock online, out here: %(share)s of the day", share=share)
        return _("in stock here, out online: %(share)s of the day", share=share)

    def _span(self, from_ms: int, until_ms: int | None) -> str:
        begin = self._when(from_ms)
        if until_ms is None:
            return _("since %(begin)s", begin=begin)
        return _("%(begin)s, for %(length)s", begin=begin, length=self._lasts(until_ms - from_ms))
