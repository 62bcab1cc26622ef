"""What the calendar's words are made with, and what it says of clashes: where, when, how many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from urllib.parse import urlencode

from server.services.calendar.clashes import Clash
from server.services.calendar.looking import Seen
from server.services.calendar.window import Window
from server.web.phrases import Language
from server.web.sentence_words import Names, day_words, sentence
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

_CACHED = 5_000


@dataclass(frozen=True, slots=True)
class Told:
    """What bars are told with: who is picked, how links are made, names, language."""

    seen: Seen
    pick: str
    names: Names
    language: Language

    @property
    def window(self) -> Window:
        """The days that are shown."""
        return self.seen.window

    @property
    def clash(self) -> Clash | None:
        """The clash that is looked at: the picked one, the picked campaign's, or the greatest."""
        found = self.seen.judged.clashes
        if self.pick in self.seen.gathered.planned:
            found = tuple(c for c in found if self.pick in {part.id for part in c.parts})
        return self.seen.clash(self.pick) or next(iter(found), None)

    def link(self, pick: str = "", view: str = "", at: str = "") -> str:
        """The calendar with something else picked, or another window."""
        asked: dict[str, str] = {
            "view": view or self.window.view,
            "at": at or self.window.day(7 if self.window.view == "weeks" else 0).isoformat(),
            "pick": pick,
        }
        return "/calendar?" + urlencode({key: value for key, value in asked.items() if value})


def clash_title(clash: Clash, told: Told) -> str:
    """`Lille window, 17 to 24 October`."""
    where = places_words(clash, told)
    return _(
        "%(where)s, %(when)s", where=where, when=dates_words(told.window, clash.run, told.language)
    )


def places_words(clash: Clash, told: Told) -> str:
    """The screens of a clash: a screen, a store, or how many."""
    floor = told.seen.gathered.floor
    spots = list(floor.at(clash.screens))
    shops = floor.shops_of(clash.screens)
    if len(spots) == 1:
        return _("%(screen)s, %(store)s", screen=spots[0].name, store=shops[0].name)
    counted = ngettext("%(num)s screen", "%(num)s screens", len(spots))
    if len(shops) == 1:
        return _("%(store)s, %(counted)s", store=shops[0].name, counted=counted)
    return _("%(counted)s in %(n)s stores", counted=counted, n=len(shops))


def dates_words(shown: Window, run: tuple[int, int], language: Language) -> str:
    """`17 to 24 October`, `24 October to 2 November`, `17 October`."""
    return _dates(shown.day(run[0]), shown.day(run[1]), language)


@lru_cache(maxsize=_CACHED)
def _dates(first: date, last: date, language: Language) -> str:
    end = day_words(last, language)
    if first == last:
        return end
    same = (first.month, first.year) == (last.month, last.year)
    begin = day_words(first, language)
    return _("%(first)s to %(last)s", first=begin.split(" ")[0] if same else begin, last=end)


def condition_words(told: Told, name: str) -> str:
    """When a campaign's condition and hours let it play."""
    campaign = told.seen.gathered.planned[name].campaign
    pieces = sentence(campaign.condition, campaign.schedule, told.names, told.language)
    return "".join(piece.text for piece in pieces)


def headline(told: Told) -> tuple[str, str]:
    """The page's first line: its clashes, and what else is planned."""
    seen, shown = told.seen, told.window
    if not seen.gathered.planned:
        return _("No campaign yet."), _("The base playlists play, day after day.")
    span = {
        "month": _("this month"),
        "weeks": _("in five weeks"),
        "quarter": _("this quarter"),
    }[shown.view]
    found = seen.judged.told.certain
    if not found:
        return _("No clash %(span)s.", span=span), _maybe(told) or _counted(told)
    first = ngettext("One clash %(span)s.", "%(num)s clashes %(span)s.", len(found), span=span)
    if not seen.judged.told.whole:
        first = _("At least %(n)s clashes %(span)s.", n=len(found), span=span)
    worst = found[0]
    day = shown.day(worst.run[0])
    where = places_words(worst, told)
    if day <= seen.today:
        return first, _("Oversold now: %(where)s.", where=where)
    when = day_words(day, told.language)
    return first, _("Oversold from %(when)s: %(where)s.", where=where, when=when)


def _maybe(told: Told) -> str:
    """The clashes that hang on conditions, in a sentence."""
    possible = told.seen.judged.told.possible
    if not possible:
        return ""
    return ngettext(
        "One may come when conditions meet: %(where)s.",
        "%(num)s may come when conditions meet, first %(where)s.",
        len(possible),
        where=places_words(possible[0], told),
    )


def _counted(told: Told) -> str:
    drafts = sum(one.state != "air" for one in told.seen.gathered.planned.values())
    total = len(told.seen.gathered.planned)
    if drafts:
        return ngettext(
            "%(total)s campaigns, one of them still a draft.",
            "%(total)s campaigns, %(num)s of them still drafts.",
            drafts,
            total=total,
        )
    return ngettext("One campaign is planned.", "%(num)s campaigns are planned.", total)
