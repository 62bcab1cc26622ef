"""What people call what a screen shows: the words of its card, the names of its goods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.manifest import DeckCard, Why
from server.db.models import CampaignRow, PlaylistRow
from server.services.base.kept import MAX_IN, batched
from server.services.base.naming import name_in, said_in
from server.services.showing.worlds import Playing
from server.services.wishes.pilots import pilots
from server.services.wishes.templates import PRICED

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
        whys = {playing.shown.why for playing in playings if playing.shown.why is not None}
        self._names = names_of(session, whys)

    def told(self, playing: Playing, language: str) -> Told:
        """One turn, for people."""
        shown, card = playing.shown, playing.card
        priced = bool(shown.prices) and card is not None and card.template in PRICED
        return Told(
            since=shown.since,
            until=shown.until,
            title=self._title(playing, language),
            sky=_sky(card, priced),
            why=shown.why,
            variant=shown.variant,
            because=shown.because,
            priced=priced,
        )

    def _title(self, playing: Playing, language: str) -> str:
        card = playing.card
        if card is None:
            return ""
        if card.template == "price" and card.goods:
            return _good(playing, card, language)
        said = next((card.params[name] for name in SAYING if card.params.get(name)), "")
        if said:
            return str(said)
        why = playing.shown.why
        return self._names.get((why.layer, why.source), why.source) if why else card.template


def _good(playing: Playing, card: DeckCard, language: str) -> str:
    """The product with its reduction, where that is on screen."""
    good = card.goods[0]
    held = playing.offers.get((good.channel, good.sku))
    if held is None:
        return str(good.sku)
    offer = held.offer
    name = name_in(offer.names, language, good.sku)
    priced = next((one for one in playing.shown.prices if one.sku == good.sku), None)
    if priced is None:
        return name
    reduction = said_in(offer.steps[priced.step].texts, language).get("reduction")
    return f"{name}, {reduction}" if reduction else name


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
    if len(found) < len(wanted):  # a campaign that is only on trial yet
        tried = {row.subject: str(row.body["name"]) for row in pilots(session, "campaign")}
        found |= {one: tried[one[1]] for one in wanted if one not in found and one[1] in tried}
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


def _sky(card: DeckCard | None, priced: bool) -> str:
    if card is None:
        return NIGHT
    if card.template == "price" and not priced:
        return "mist"
    sky = card.params.get("sky") if card.template in ("trio", "message") else None
    return str(sky or _SKIES.get(card.template, "file"))
