"""What the page of held prices says."""

from __future__ import annotations

from dataclasses import dataclass

from server.services.base.naming import name_in
from server.services.prices.quarantined import Answer, Price, Quarantine
from server.services.situation.faults import fault_said
from server.web.clock import usual_zone, when
from server.web.held_words import Row, amount, doubt, example, hopeless, reason
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

STORES_NAMED = 3


@dataclass(frozen=True, slots=True)
class Block:
    """An answer in words: what is so, what follows, what each word would do."""

    id: str
    title: str
    said: str
    follows: str
    detail: str
    rows: tuple[Row, ...]
    more: str
    may_decide: bool
    may_release: bool
    after_release: str
    after_reject: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided; `may_reopen`: it can be taken back."""

    id: str
    title: str
    said: str
    mark: str
    may_reopen: bool


@dataclass(frozen=True, slots=True)
class Words:
    """The whole page."""

    first: str
    second: str
    answers: tuple[Block, ...]
    prices: tuple[Row, ...]
    more: str
    kept: tuple[Row, ...]
    decided: tuple[Decided, ...]


def quarantine_words(found: Quarantine, language: Language) -> Words:
    """The page in a language."""
    told = _Told(found, language)
    first, second = _headline(found)
    return Words(
        first=first,
        second=second,
        answers=tuple(told.block(one) for one in found.answers),
        prices=tuple(told.price(one) for one in found.prices),
        more=_("and %(n)s more", n=found.more) if found.more else "",
        kept=tuple(told.price(one) for one in found.kept),
        decided=tuple(told.decided(one) for one in found.decided),
    )


def _headline(found: Quarantine) -> tuple[str, str]:
    answers, prices = len(found.answers), len(found.prices) + found.more
    if not answers and not prices:
        return _("No price is held."), _("What the shops say is believed and shows.")
    off = _("Screens show no price for these until someone decides.")
    if not prices and not any(one.readable for one in found.answers):
        off = _("The shops are asked again; prices known so far show until their lease ends.")
    if answers and prices:
        return (
            _(
                "%(answers)s and %(prices)s are held.",
                answers=ngettext("One answer", "%(num)s answers", answers),
                prices=ngettext("one price", "%(num)s prices", prices),
            ),
            off,
        )
    if answers:
        return ngettext("An answer of a shop is held.", "%(num)s answers are held.", answers), off
    return ngettext("One price is held.", "%(num)s prices are held.", prices), off


class _Told:
    """Says things of one quarantine in one language."""

    def __init__(self, found: Quarantine, language: Language) -> None:
        self._found, self._language = found, language
        self._zone = usual_zone(found.zones) or "UTC"

    def at(self, instant: int) -> str:
        """The clock, with its day where that is not today."""
        return when(instant, self._found.now, self._zone, self._language)

    def block(self, one: Answer) -> Block:
        """A held answer."""
        rows = tuple(
            example(row, self._found.names, self._found.stores, self._language)
            for row in one.examples
        )
        left = one.counts.get("changed", 0) - len(rows)
        return Block(
            id=one.id,
            title=one.name,
            said=" ".join([reason(one.reason), self._counted(one)]),
            follows=self._follows(one),
            detail=fault_said(one.detail, self._language) if one.detail else "",
            rows=rows,
            more=ngettext("%(num)s more price", "%(num)s more prices", left) if left > 0 else "",
            may_decide=one.readable,
            may_release=one.may_release,
            after_release=_after(one, bool(rows)),
            after_reject=self._rejected(one.lease_until),
        )

    def price(self, one: Price) -> Row:
        """A price held by itself, or rejected."""
        names = [self._found.stores.get(store, store) for _id, store in one.channels]
        where = ", ".join(names)
        if len(names) > STORES_NAMED:
            where = ngettext("%(num)s store", "%(num)s stores", len(names))
        return Row(
            name=name_in(self._found.names.get(one.sku, {}), self._language, one.sku),
            sku=one.sku,
            where=where,
            before=amount(one.old, one.currency, self._language),
            after=amount(one.new, one.currency, self._language),
            why=doubt(one.why) or _("in a held answer"),
            note=self._note(one),
            channels=tuple(channel for channel, _store in one.channels),
            may_release=one.may_release,
        )

    def decided(self, one: Answer) -> Decided:
        """An answer that was decided on."""
        at, who = self.at(one.settled_at), one.settled_by or _("someone")
        if one.settled == "accepted":
            said, mark = _("Released by %(who)s, %(at)s.", who=who, at=at), "playing"
        elif one.settled == "rejected":
            said, mark = _("Rejected by %(who)s, %(at)s.", who=who, at=at), "paused"
        else:
            said = _("The shop said something better, %(at)s. Nobody had to decide.", at=at)
            mark = "none"
        return Decided(one.id, one.name, " ".join([reason(one.reason), said]), mark, one.may_reopen)

    def _note(self, one: Price) -> str:
        if not one.kept_until:
            return _("since %(at)s", at=self.at(one.since))
        if one.kept_until <= self._found.now:
            return _("its lease is over: no price shows")
        return _("the price of before shows until %(at)s", at=self.at(one.kept_until))

    def _counted(self, one: Answer) -> str:
        at = _("It came at %(at)s.", at=self.at(one.received_at))
        if not one.readable:
            return at
        listed = ngettext("%(num)s row,", "%(num)s rows,", one.counts.get("reported", 0))
        wrong = ngettext("%(num)s suspect.", "%(num)s suspect.", one.counts.get("suspect", 0))
        gone = one.counts.get("gone", 0)
        missing = (
            ngettext("%(num)s product is missing.", "%(num)s products are missing.", gone)
            if gone
            else ""
        )
        return " ".join(filter(None, [listed, wrong, missing, at]))

    def _follows(self, one: Answer) -> str:
        lives = (
            _("the rest shows until %(at)s and no longer.", at=self.at(one.lease_until))
            if one.lease_until
            else _("the rest shows until its lease ends and no longer.")
        )
        if not one.readable:
            asked = _("It is asked again by itself.")
            if not one.lease_until:
                return " ".join([asked, _("Prices known so far show until their lease ends.")])
            until = _("Prices known so far show until %(at)s.", at=self.at(one.lease_until))
            return " ".join([asked, until])
        never = "" if one.may_release else hopeless()
        return " ".join(
            filter(None, [_("What it would change shows without a price;"), lives, never])
        )

    def _rejected(self, until: int) -> str:
        if not until:
            return _("The prices of before show until their lease ends.")
        return _("The prices of before show until %(at)s.", at=self.at(until))


def _after(one: Answer, listed: bool) -> str:
    """What a release would do; nothing where there is none."""
    if not one.may_release:
        return ""
    if one.counts.get("gone") and not listed:
        return _gone_after(one)
    return _(
        "These prices show at once, as they stand here, and the shop is asked again. What nobody "
        "may believe (zero, another currency) stays off."
    )


def _gone_after(one: Answer) -> str:
    return ngettext(
        "%(num)s product leaves the screens if the shop says so again.",
        "%(num)s products leave the screens if the shop says so again.",
        one.counts["gone"],
    )
