"""What the page of evidence says."""

from __future__ import annotations

from dataclasses import dataclass

from server.services.alignment.evidence import Entry, Evidence, Proof, Said
from server.services.alignment.reckoning import settle_ms
from server.services.alignment.seals import HOLDS, Seal
from server.services.prices.texts import money
from server.web.clock import MINUTE_MS, clock, day, length, local
from server.web.law_words import because_words
from server.web.phrases import Language, say, sentence
from server.web.price_words import price_line
from server.web.screen_device_words import nights
from server.web.tongue import gettext as _

PERMYRIAD = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A fact with its name; `good` None where nothing was verified."""

    name: str
    value: str
    good: bool | None = None
    code: bool = False


@dataclass(frozen=True, slots=True)
class EntryWords:
    """A row of the ledger."""

    row: int
    role: str
    price: str
    tax: str
    valid: str
    received: str
    source: str


@dataclass(frozen=True, slots=True)
class OfferWords:
    """A price with what stood beside it, why, and its rows."""

    name: str
    value: str
    prior: str
    reasons: tuple[str, ...]
    lines: tuple[Line, ...]
    entries: tuple[EntryWords, ...]
    off: bool


@dataclass(frozen=True, slots=True)
class SealWords:
    """A signed message."""

    name: str
    verdict: str
    good: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class EvidenceWords:
    """The whole page."""

    first: str
    second: str
    when: str
    shown: tuple[Line, ...]
    offers: tuple[OfferWords, ...]
    known: str
    proof: tuple[Line, ...]
    missing: str
    seals: tuple[SealWords, ...]
    made: str


def evidence_words(found: Evidence, every_ms: int, language: Language) -> EvidenceWords:
    """A second in a language; players end their play records every `every_ms`."""
    return _Teller(found, every_ms, language).words()


class _Teller:
    def __init__(self, found: Evidence, every_ms: int, language: Language) -> None:
        self._found = found
        self._every = every_ms
        self._due = found.at_ms + settle_ms(every_ms)
        self._lang = language
        self._zone = found.why.place.store.zone

    def words(self) -> EvidenceWords:
        found = self._found
        title = found.why.turn.title.rstrip(".") or say("slate", self._lang)
        return EvidenceWords(
            first=self._first(title),
            second=self._verdict(),
            when=sentence(self._on(found.at_ms)).rstrip("."),
            shown=self._shown(),
            offers=tuple(map(self._offer, found.prices)),
            known=self._known(),
            proof=self._proof(found.proof) if found.proof else (),
            missing=self._missing(),
            seals=tuple(map(self._seal, found.seals)),
            made=_("Made on %(at)s.", at=self._on(found.made_at)),
        )

    def _first(self, title: str) -> str:
        name = self._found.why.place.name
        if self._found.offs:
            return _("The display of “%(screen)s” was off.", screen=name)
        return _("“%(screen)s” showed “%(title)s”.", screen=name, title=title)

    def _display(self) -> list[Line]:
        name = _("Display")
        if not self._found.offs:
            return [Line(name, _("no record says that it was off"))]
        told = nights(self._found.offs, self._zone, self._lang)
        lines = [
            Line(
                name,
                _("off %(why)s, %(span)s: %(how)s", why=one.why, span=one.span, how=one.how),
                good=one.good,
            )
            for one in told
        ]
        return lines + [
            Line(_("Hash"), f"{off.hash} ({off.seq})", code=True) for off in self._found.offs
        ]

    @property
    def _basis(self) -> str:
        basis = self._found.why.explained.held.basis
        return "record" if basis == "server" else basis

    @property
    def _awaited(self) -> bool:
        """Whether its play record may still be on its way."""
        paired = self._found.why.place.standing.state != "unpaired"
        return paired and self._basis == "record" and self._found.made_at < self._due

    def _known(self) -> str:
        said_at = self._at(self._found.why.explained.held.said_at or 0)
        known = say(f"basis_{self._basis}", self._lang, at=said_at)
        if self._awaited:
            known = _("No play record of it has come yet: this is what the server had published.")
        if not self._found.offs:
            return known
        dark = _("By its own record its display was off: what is drawn above was not to be seen.")
        return f"{known} {dark}"

    def _missing(self) -> str:
        """Why there is no play record, and what to do; empty where there is one."""
        if self._found.proof is not None or self._found.offs:
            return ""
        if self._found.why.place.standing.state == "unpaired":
            return _("No device is paired with it, so nothing records what it shows.")
        if self._basis == "report":
            return _("It sends what it recorded once it is back.")
        if self._awaited:
            return _(
                "The screen’s page records what it draws while it is open, and sends it after "
                "%(every)s at most. If it was open, the record is here by %(at)s: load this page "
                "again then.",
                every=length(self._every),
                at=clock(self._due + MINUTE_MS, self._zone),
            )
        return _(
            "The screen’s page records what it draws while it is open. It was not open then, or "
            "has not sent its records yet. What it draws from now on is recorded once it is open."
        )

    def _verdict(self) -> str:
        found = self._found
        seals = all(one.verdict == HOLDS for one in found.seals)
        proof = found.proof
        if proof is not None and not (proof.whole and proof.follows is not False):
            return _("Its play record was changed: it proves nothing.")
        if not seals:
            return _("Not everything that was signed is at hand.")
        if proof is None:
            if self._awaited:
                return _("All signatures hold. Its play record has not come yet.")
            return _("All signatures hold. The screen has no play record of it.")
        return _("Its play record and all signatures hold.")

    def _on(self, at_ms: int) -> str:
        on = f"{day(at_ms, self._zone, self._lang)} {local(at_ms, self._zone).year}"
        at = clock(at_ms, self._zone, seconds=True)
        return say("at", self._lang, day=on, at=at)

    def _at(self, at_ms: int) -> str:
        """Date and time, short: evidence is read long after."""
        return local(at_ms, self._zone).strftime("%Y-%m-%d %H:%M:%S")

    def _span(self, from_ms: int, until_ms: int | None) -> str:
        begin = self._at(from_ms)
        if until_ms is None:
            return _("from %(begin)s", begin=begin)
        return _("%(begin)s to %(end)s", begin=begin, end=self._at(until_ms))

    def _shown(self) -> tuple[Line, ...]:
        why = self._found.why
        shown, drawn = why.explained.playing.shown, why.explained.page
        page = say("page_unknown", self._lang)
        if drawn is not None:
            page = say(f"page_{drawn.by}", self._lang, version=drawn.version)
            page = page if drawn.kept else f"{page} {say('page_not_kept', self._lang)}"
        manifest = why.explained.held.head.manifest
        store = f"{why.place.store.name} ({why.place.store.id})"
        lines = [
            Line(_("Store"), store),
            Line(_("Screen"), f"{why.place.name} ({why.place.id})"),
            *self._display(),
            Line(self._turn(), self._span(shown.since, shown.until)),
            Line(_("Plan"), f"{why.explained.revision} {manifest}", code=True),
        ]
        if shown.card:
            lines.append(Line(_("Card"), str(shown.card), code=True))
        return (*lines, Line(_("Page"), page))

    def _turn(self) -> str:
        return _("Would show") if self._found.offs else _("On screen")

    def _offer(self, said: Said) -> OfferWords:
        price = said.price
        line = price_line(price, self._found.made_at, self._zone, self._lang)
        lines = [Line(_("Product"), f"{price.sku} ({price.channel})")]
        if price.from_ms is not None:
            lines.append(Line(_("Valid"), self._span(price.from_ms, price.until_ms)))
        if price.version is not None:
            lines.append(Line(_("Offer of"), self._at(price.version)))
        if said.digest:
            lines.append(Line("SHA-256", said.digest, code=True))
        beside = tuple(text for text in (price.unit, price.comparison) if text)
        reasons = (line.said,) if line.off else because_words(price.because, self._lang)
        prior = "" if price.prior is None else money(price.prior, price.currency, self._lang)
        return OfferWords(
            name=price.name,
            value=line.value,
            prior=prior,
            reasons=(*reasons, *beside),
            lines=tuple(lines),
            entries=tuple(map(self._entry, said.entries)),
            off=line.off,
        )

    def _entry(self, entry: Entry) -> EntryWords:
        roles = {"price": _("this price"), "prior": _("the prior price")}
        value = money(entry.price, entry.currency, self._lang) if entry.currency else _("withdrawn")
        tax = entry.tax_permyriad
        return EntryWords(
            row=entry.row,
            role=roles.get(entry.role, ""),
            price=_("%(price)s (reduced)", price=value) if entry.reduced else value,
            tax=_("not said") if tax is None else self._percent(tax),
            valid=self._span(entry.valid_from, entry.valid_until),
            received=self._at(entry.written_at),
            source=" ".join(part for part in (entry.source, entry.source_version) if part),
        )

    def _percent(self, permyriad: int) -> str:
        whole, rest = divmod(permyriad, PERMYRIAD)
        part = f".{rest:02d}".rstrip("0") if rest else ""
        said = f"{whole}{part} %"
        return said.replace(".", ",").replace(" ", "\u00a0") if self._lang == "fr" else said

    def _proof(self, proof: Proof) -> tuple[Line, ...]:
        run = proof.run
        place = _(
            "%(n)s of %(of)s in chain %(chain)s of device %(device)s",
            n=run.seq,
            of=proof.length,
            chain=proof.chain,
            device=proof.device,
        )
        follows = {
            True: _("It follows the record before it."),
            False: _("It does not follow the record before it."),
            None: _("The record before it is missing."),
        }
        hold = _("It is what was written.") if proof.whole else _("It was changed since.")
        offers = ", ".join(f"{name} {held}" for name, held in sorted(run.play.offers.items()))
        lines = [
            Line(_("Record"), place),
            Line(_("Recorded"), self._span(run.play.from_ms, run.play.until_ms)),
            Line(_("Received"), self._at(proof.received_at)),
            Line(_("Offers held"), offers or "–"),
            Line(_("Hash"), run.hash, code=True),
            Line(_("Hash before"), run.prev, code=True),
            Line(_("Verified now"), hold, good=proof.whole),
            Line(_("Its place"), follows[proof.follows], good=proof.follows),
        ]
        for one in proof.exceptions:
            by_hand = one.play.because[0].startswith("by_hand:") and self._found.why.by
            said = by_hand or ", ".join(one.play.because)
            name = _("By hand, without the server") if by_hand else _("Short of plan")
            lines.append(Line(name, said))
        return tuple(lines)

    def _seal(self, seal: Seal) -> SealWords:
        names = {
            "head": _("The plan, signed for this screen"),
            "offers": _("The offers of %(channel)s", channel=seal.subject),
        }
        lines = [Line(_("Signed"), self._at(seal.at_ms))]
        if seal.kid:
            lines.append(Line(_("Key"), seal.kid, code=True))
        if seal.key is not None:
            lines.append(Line(_("Key valid"), self._span(seal.key.from_ms, seal.key.until_ms)))
        if seal.digest:
            lines.append(Line("SHA-256", seal.digest, code=True))
        return SealWords(names[seal.kind], self._said(seal), seal.verdict == HOLDS, tuple(lines))

    def _said(self, seal: Seal) -> str:
        told = {
            HOLDS: _("The signature holds, with the key that was valid then."),
            "not_kept": _("This message is not kept."),
            "differs": _("The signature holds, but the record says something else."),
            "unknown_key": _("The key that signed it is not listed any more."),
            "key_time": _("Its key was not valid then."),
        }
        return told.get(seal.verdict) or _("The signature does not hold.")
