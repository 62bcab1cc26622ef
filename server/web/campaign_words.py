"""A campaign's form in words: its choices, whom it hits, what it comes to, what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from babel.dates import get_day_names

from playlists.localtime import zone_of
from playlists.model import Campaign
from server.services.calendar.clashes import Clash
from server.services.calendar.planning import Choice, nights
from server.web.calendar_panel import airtime_words, hidden_words
from server.web.calendar_told import Told, clash_title
from server.web.sentence_words import clause_pieces, day_words, sentence
from server.web.sentences import clauses_of
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

MAX_LISTED = 60
"""Screens that are named; the others are counted."""
MAX_CLASHES = 3
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Option:
    """A choice in a list: its value, its words, how many screens it has."""

    value: str
    text: str
    n: int = 0


@dataclass(frozen=True, slots=True)
class HitStore:
    """The screens of a store that a target takes in."""

    name: str
    screens: tuple[str, ...]
    zone: str


@dataclass(frozen=True, slots=True)
class CampaignWords:
    """What the form says beside its fields."""

    first: str
    second: str
    sentence: str
    hit: str
    none: str
    stores: tuple[HitStore, ...]
    more: str
    airtime: str
    notes: tuple[str, ...]
    clashes: Pairs
    clauses: Pairs
    playlists: Pairs
    days: Pairs
    options: dict[str, tuple[Option, ...]]
    zones: tuple[str, ...]


def campaign_words(
    told: Told, campaign: Campaign, choices: Sequence[Choice], state: str
) -> CampaignWords:
    """The whole form."""
    seen = told.seen
    floor = seen.gathered.floor
    mask = floor.hit(campaign.target, campaign.zone)
    spots = list(floor.at(mask))
    shops = floor.shops_of(mask)
    listed: dict[str, list[str]] = {}
    for spot in spots[:MAX_LISTED]:
        listed.setdefault(spot.store, []).append(spot.name)
    zones = {shop.calendar.zone for shop in shops}
    clauses = clauses_of(campaign.condition)
    return CampaignWords(
        first=campaign.name or _("A new campaign."),
        second=_state(state),
        sentence="".join(
            p.text
            for p in sentence(campaign.condition, campaign.schedule, told.names, told.language)
        ),
        hit=ngettext("%(num)s screen", "%(num)s screens", len(spots)),
        none="" if spots else _("This target hits no screen: nobody would see it. Choose more."),
        stores=tuple(
            HitStore(
                shop.name,
                tuple(listed[shop.id]),
                shop.calendar.zone if len(zones) > 1 else "",
            )
            for shop in shops
            if shop.id in listed
        ),
        more=ngettext("and %(num)s more", "and %(num)s more", len(spots) - MAX_LISTED)
        if len(spots) > MAX_LISTED
        else "",
        airtime=airtime_words(told, campaign.id),
        notes=tuple(_notes(told, campaign)),
        clashes=tuple(
            (
                told.link(pick=clash.id),
                _clash(clash, told),
            )
            for clash in seen.judged.clashes
            if campaign.id in {part.id for part in clash.parts}
        )[:MAX_CLASHES],
        clauses=tuple(
            (str(at), "".join(p.text for p in clause_pieces(c, "", told.names, told.language)))
            for at, c in enumerate(clauses)
        ),
        playlists=tuple(
            (c.id, c.name if c.on_air else _("%(name)s, draft", name=c.name)) for c in choices
        ),
        days=tuple(
            (str(at), str(get_day_names("abbreviated", locale=told.language)[at]))
            for at in range(7)
        ),
        options={
            "store": tuple(
                Option(s.id, s.name, floor.store(s.id).bit_count()) for s in floor.shops
            ),
            "region": tuple(
                Option(region, region)
                for region in sorted({r for s in floor.shops for r in s.regions})
            ),
            "tag": tuple(Option(tag, tag, n) for tag, n in floor.tags()),
            "screen": tuple(
                Option(s.id, f"{s.name}, {told.names.stores.get(s.store, s.store)}")
                for s in floor.spots[: MAX_LISTED * 5]
            ),
        },
        zones=tuple(floor.zones()),
    )


def _clash(clash: Clash, told: Told) -> str:
    """A clash and the rule that settles it."""
    what, n = clash_title(clash, told), clash.total // 100
    if clash.possible:
        return _(
            "%(what)s: all ask for %(n)s %% when conditions meet. Then, and only then, each is "
            "scaled down.",
            what=what,
            n=n,
        )
    return _(
        "%(what)s: all ask for %(n)s %%, so each is scaled down until you settle it.",
        what=what,
        n=n,
    )


def _state(state: str) -> str:
    return {
        "new": _("Not kept yet."),
        "draft": _("A draft: no screen shows it yet."),
        "changed": _("On air, with changes that no screen shows yet."),
    }.get(state, _("On air."))


def _notes(told: Told, campaign: Campaign) -> list[str]:
    """What a person should know: takeovers, several time zones, nights when the clocks change."""
    seen, language = told.seen, told.language
    floor = seen.gathered.floor
    shops = floor.shops_of(floor.hit(campaign.target, campaign.zone))
    said = hidden_words(told, campaign.id)
    zones = sorted({shop.calendar.zone for shop in shops})
    if len(zones) > 1:
        said.append(
            _(
                "Times are each store’s own: %(zones)s. A store that moves to another time zone "
                "keeps the same hours on its new clock.",
                zones=", ".join(zone.split("/")[-1].replace("_", " ") for zone in zones),
            )
        )
    if campaign.schedule.dayparts or campaign.schedule.recurrences:
        for day, minutes, zone in nights(seen, campaign)[:2]:
            city = zone_of(zone).key.split("/")[-1].replace("_", " ")
            values = {"day": day_words(day, language), "n": abs(minutes), "city": city}
            if minutes > 0:
                words = _(
                    "On %(day)s the clocks of %(city)s go back: that day is %(n)s minutes longer, "
                    "and what plays in the doubled hour plays through both.",
                    **values,
                )
            else:
                words = _(
                    "On %(day)s the clocks of %(city)s go forward: that day is %(n)s minutes "
                    "shorter, and what begins in the missing hour begins right after it.",
                    **values,
                )
            said.append(words)
    return said
