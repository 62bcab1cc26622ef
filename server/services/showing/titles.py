"""What people call what a screen shows: the words of its card, the names of its goods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.manifest import DeckCard, Why
from playlists.shown import Shown
from server.db.models import CampaignRow, OfferRow, PlaylistRow
from server.services.base.kept import MAX_IN, batched
from server.services.showing.explaining import Playing

SAYING = ("headline", "second", "lead")
"""Parameters of a card that say what it is about, the first one that is there."""
NIGHT = "night"
_SKIES = {"price": "price", "elsewhere": "mist", "service": "tide", "slate": NIGHT}


@dataclass(frozen=True, slots=True)
class Told:
    """A turn as people are told of it: `[since, until)` in unix ms, `title` in the screen's
    language (empty: the brand slate), the `sky` that it stands under, and its wish.
    """

    since: int
    until: int
    title: str
    sky: str
    why: Why | None
    variant: str
    because: tuple[str, ...]
    priced: bool


class Titles:
    """Tells of turns; what it needs of the record is read once for all of them."""

    def __init__(self, session: Session, playings: Iterable[Playing]) -> None:
        cards: dict[int, DeckCard] = {}
        whys: set[Why] = set()
        for playing in playings:
            if playing.card is not None:
                cards[id(playing.card)] = playing.card
            if playing.shown.why is not None:
                whys.add(playing.shown.why)
        goods = {(good.channel, good.sku) for card in cards.values() for good in card.goods}
        self._offers = _offers(session, goods)
        self._names = names_of(session, whys)

    def told(self, playing: Playing, language: str) -> Told:
        """One turn, for people."""
        shown, card = playing.shown, playing.card
        priced = bool(shown.prices)
        return Told(
            since=shown.since,
            until=shown.until,
            title=self._title(shown, card, language),
            sky=_sky(card, priced),
            why=shown.why,
            variant=shown.variant,
            because=shown.because,
            priced=priced,
        )

    def _title(self, shown: Shown, card: DeckCard | None, language: str) -> str:
        if card is None:
            return ""
        if card.template == "price" and card.goods:
            named = self._good(shown, card, language)
            if named:
                return named
        said = next((card.params[name] for name in SAYING if card.params.get(name)), "")
        if said:
            return str(said)
        why = shown.why
        return self._names.get((why.layer, why.source), why.source) if why else card.template

    def _good(self, shown: Shown, card: DeckCard, language: str) -> str:
        """The product with its reduction, where that is on screen."""
        good = card.goods[0]
        body = self._offers.get((good.channel, good.sku))
        if body is None:
            return str(good.sku)
        name = _said(body["nm"], language).get("name") or good.sku
        priced = next((one for one in shown.prices if one.sku == good.sku), None)
        if priced is None or priced.step >= len(body["st"]):
            return str(name)
        reduction = _said(body["st"][priced.step][4], language).get("reduction")
        return f"{name}, {reduction}" if reduction else str(name)


def names_of(session: Session, whys: Iterable[Why]) -> dict[tuple[str, str], str]:
    """People's names of campaigns and playlists as they are now, by (layer, source)."""
    found: dict[tuple[str, str], str] = {}
    wanted = {(why.layer, why.source) for why in whys}
    for table in (CampaignRow, PlaylistRow):
        sources = sorted({source for _, source in wanted})
        for some in batched(sources, MAX_IN):
            named = dict(
                session.execute(select(table.id, table.name).where(table.id.in_(some))).all()
            )
            for layer, source in wanted:
                mine = CampaignRow if layer in ("campaign", "takeover") else PlaylistRow
                if mine is table and source in named:
                    found[layer, source] = named[source]
    return found


def joined(turns: Sequence[Told]) -> tuple[Told, ...]:
    """Neighbours that tell the same are one turn: a price that leaves in its midst is still it."""
    found: list[Told] = []
    for turn in turns:
        last = found[-1] if found else None
        if last is not None and (last.since, last.title) == (turn.since, turn.title):
            found[-1] = replace(last, until=turn.until)
        else:
            found.append(turn)
    return tuple(found)


def _offers(session: Session, goods: set[tuple[Any, Any]]) -> dict[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {}
    channels = sorted({channel for channel, _ in goods})
    for some in batched(sorted({sku for _, sku in goods}), MAX_IN):
        rows = select(OfferRow.channel, OfferRow.sku, OfferRow.body).where(
            OfferRow.sku.in_(some), OfferRow.channel.in_(channels)
        )
        for channel, sku, body in session.execute(rows):
            found[channel, sku] = body
    return found


def _sky(card: DeckCard | None, priced: bool) -> str:
    if card is None:
        return NIGHT
    if card.template == "price" and not priced:
        return "mist"
    sky = card.params.get("sky") if card.template in ("trio", "message") else None
    return str(sky or _SKIES.get(card.template, "file"))


def _said(texts: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """The texts of a language, of its base, or of the first by name."""
    for name in (language, language.partition("-")[0], *sorted(texts)):
        if name in texts:
            found: Mapping[str, Any] = texts[name]
            return found
    return {}
