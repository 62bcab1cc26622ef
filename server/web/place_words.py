"""Stores and screens as the pages of places show them, and the first steps of a new chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import available_timezones

import holidays
from babel import Locale

from server.connectors.registry import kinds
from server.connectors.source import ShopConfig
from server.errors import NotFound, ServerError
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.chain import overview
from server.services.chain.overview import Beginning, Place
from server.services.chain.place_views import ScreenView
from server.services.entry import accounts
from server.web.phrases import Language
from server.web.tongue import gettext as _
from server.web.tongue import ngettext, said

WEATHER = "open_meteo"
MAX_NAMED = 3
"""Campaigns that a sentence names."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a beginning: what to do, why, where, and whether it is done."""

    title: str
    why: str
    href: str
    done: bool


@dataclass(frozen=True, slots=True)
class ScreenLine:
    """A screen of a store."""

    id: str
    name: str
    size: str
    about: str
    mark: str
    state: str
    paired: bool


def head(stores: int, screens: int) -> tuple[str, str]:
    """The headline of the list."""
    if not stores:
        return _("No store is open here yet."), _("Begin with the first one.")
    first = ngettext("%(num)s store.", "%(num)s stores.", stores)
    return first, ngettext("%(num)s screen hangs there.", "%(num)s screens hang there.", screens)


def hung(place: Place) -> tuple[str, str]:
    """The mark and the words for a store's screens."""
    if not place.screens:
        return "none", _("No screen hangs here yet.")
    lacking = place.screens - place.paired
    said = ngettext("%(num)s screen", "%(num)s screens", place.screens)
    if not lacking:
        return "playing", said
    return "none", _("%(screens)s, %(n)s without a device", screens=said, n=lacking)


def screen_line(screen: ScreenView) -> ScreenLine:
    """One screen in words."""
    zones = len(screen.layout)
    about = [
        *sorted(screen.tags),
        *([screen.place] if screen.place else []),
        *([_("%(n)s zones", n=zones)] if zones > 1 else []),
    ]
    return ScreenLine(
        screen.id,
        screen.name,
        f"{screen.width} × {screen.height}",
        ", ".join(about),
        "none" if screen.device is None else "playing",
        _("waits for its device")
        if screen.device is None
        else _("with its device, %(name)s", name=screen.device or _("a browser")),
        screen.device is not None,
    )


def first_steps(ctx: Context, actor: Actor) -> list[Step]:
    """What a new chain still does, in order, for whoever may; nothing once all of it is done."""
    if actor.stores is not None or not actor.may("places") or not actor.may("connectors"):
        return []
    found = steps(overview.beginning(ctx, actor))
    if all(step.done for step in found):
        return []
    way_in = Step(
        _("Keep a way in"),
        _("Your link works once. Add a passkey, or an address, a password and a second factor."),
        "/me",
        _may_return(ctx, actor),
    )
    return [way_in, *found]


def _may_return(ctx: Context, actor: Actor) -> bool:
    """Whether this person comes in without a link; programs have no such way."""
    try:
        return accounts.get_own(ctx, actor).joined
    except NotFound:
        return True


def steps(found: Beginning) -> list[Step]:
    """What a new chain does, in order."""
    shops = {name for name, kind in kinds().items() if issubclass(kind.config, ShopConfig)}
    return [
        Step(
            _("Open a store"),
            _("Its time zone, its hours and its place on the map decide what plays when."),
            "/places#fresh",
            found.stores > 0,
        ),
        Step(
            _("Connect the shop"),
            _("Products, prices and stock come from there. Nobody types a price."),
            "/sources/new?kind=merchant",
            bool(shops & found.kinds),
        ),
        Step(
            _("Connect the weather"),
            _("Then a message may wait for the rain."),
            f"/sources/new?kind={WEATHER}",
            WEATHER in found.kinds,
        ),
        Step(
            _("Hang a screen"),
            _("Open this server’s address with /screen on any device: it shows a code."),
            "/pair",
            found.paired > 0,
        ),
        Step(
            _("Begin a playlist"),
            _("A message, an offer, a picture: each may say when it plays."),
            "/playlists",
            found.playlists > 0,
        ),
    ]


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """Places of the world that name a time zone."""
    return tuple(
        sorted(name for name in available_timezones() if "/" in name and name[:3] != "Etc")
    )


@lru_cache(maxsize=2)
def countries(language: Language) -> tuple[tuple[str, str], ...]:
    """Countries whose public holidays are known: code and name, by name; the parts of one that
    have holidays of their own and a name of their own are in the list too.
    """
    named: Mapping[str, str] = Locale(language).territories
    found = {}
    for code, parts in holidays.list_supported_countries(include_aliases=False).items():
        found[code] = named.get(code, code)
        own = (part for part in parts if code == "FR" and part in named)
        found.update({f"{code}-{part}": f"{named[code]}, {named[part]}" for part in own})
    return tuple(sorted(found.items(), key=lambda pair: pair[1]))


def days() -> list[str]:
    """The week, from Monday."""
    first = [_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday")]
    return [*first, _("Friday"), _("Saturday"), _("Sunday")]


def layouts() -> list[tuple[str, str]]:
    """How a screen may be divided."""
    return [
        ("whole", _("one picture")),
        ("foot", _("a picture above a strip for legal words, which no hand changes")),
        ("side", _("a picture beside a column")),
    ]


def moved(zone: str, campaigns: Sequence[str]) -> str:
    """A store went over to another clock: what of its campaigns stays, what moves."""
    city = zone.rpartition("/")[2].replace("_", " ")
    now = _("The store goes by the clock of %(place)s from now on.", place=city)
    if not campaigns:
        return now
    named = ", ".join(f"“{name}”" for name in campaigns[:MAX_NAMED])
    rest = len(campaigns) - MAX_NAMED
    if rest > 0:
        more = ngettext("and %(num)s more", "and %(num)s more", rest)
        named = f"{named} {more}"
    goes = _(
        "Campaigns go on here at the same times of day, by that clock: %(names)s.", names=named
    )
    return f"{now} {goes}"


def field_of(error: ServerError) -> str:
    """The form's field that a refusal is about."""
    first = error.field.split("/")[0]
    return {"details": "address", "height": "width"}.get(first, error.field)


def complaint(error: ServerError) -> str:
    """A refusal in the reader's language."""
    known = {
        "name": _("Give it a name of 1 to 200 characters, on one line."),
        "zone": _("Choose a time zone from the list, such as Europe/Paris."),
        "country": _("Choose a country from the list."),
        "tags": _("Write tags as words with commas between them, 64 at most."),
        "regions": _("Write regions as words with commas between them, 32 at most."),
        "place": _("Write the counting zone as the counters call it: letters, digits and -."),
        "width": _("Choose a size from the list."),
        "address": _("An address has at most 500 characters."),
    }
    return known.get(field_of(error), "") or said(error.message)
