"""The calendar in words: its headline, its weeks and days, its bands of bars."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from playlists.localtime import local_date, zone_of
from server.services.calendar.bands import LAYERS, Bar, Layer
from server.services.calendar.clashes import Clash
from server.services.calendar.holidays import Free
from server.services.calendar.looking import Seen
from server.services.calendar.window import VIEWS, View, Window, beside
from server.web.clock import clock, local
from server.web.phrases import Language
from server.web.sentence_words import Names, day_words, sentence
from server.web.target_words import few, target_words
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

FIRST_LINE = 2
"""The grid line before the first day: the names of bands stand left of it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something drawn over days: its words and grid lines. `loud`: the clash that is looked at."""

    text: str
    begin: int
    end: int
    note: str = ""
    loud: bool = False


@dataclass(frozen=True, slots=True)
class DayWords:
    """A day of the head. `tone` is weekend, free or empty."""

    number: str
    date: str
    line: int
    tone: str
    today: bool


@dataclass(frozen=True, slots=True)
class BarWords:
    """A bar. `label` is the grid line, within the bar, at which its words begin; `clashes` are the
    hatched stretches, each with its clash; `state` is draft, changed or empty.
    """

    id: str
    href: str
    name: str
    note: str
    look: str
    begin: int
    end: int
    label: int
    dates: str
    fills: tuple[Span, ...]
    clashes: tuple[Span, ...]
    outlined: bool
    picture: str
    state: str
    wrong: str
    picked: bool


@dataclass(frozen=True, slots=True)
class BandWords:
    """A band with its lanes."""

    name: Layer
    title: str
    note: str
    lanes: tuple[tuple[BarWords, ...], ...]


@dataclass(frozen=True, slots=True)
class CalendarWords:
    """What the calendar says."""

    first: str
    second: str
    views: tuple[tuple[View, str, str], ...]
    back: str
    on: str
    range: str
    days: int
    weeks: tuple[Span, ...]
    heads: tuple[DayWords, ...]
    holidays: tuple[tuple[Span, ...], ...]
    bands: tuple[BandWords, ...]
    today: int
    hour: int
    empty: bool


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
        return self.seen.chart.window

    @property
    def clash(self) -> Clash | None:
        """The clash that is looked at: the picked one, the picked campaign's, or the greatest."""
        found = self.seen.chart.clashes
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


def calendar_words(told: Told, free: tuple[Free, ...]) -> CalendarWords:
    """The whole page but its panel."""
    seen, shown = told.seen, told.window
    first, second = _headline(told)
    titles = {"month": _("Month"), "weeks": _("5 weeks"), "quarter": _("Quarter")}
    today = shown.at(seen.today)
    off = {at for one in free for at in range(one.run[0], one.run[1] + 1)}
    bands = tuple(_band(layer, told) for layer in LAYERS)
    return CalendarWords(
        first=first,
        second=second,
        views=tuple((v, titles[v], told.link(view=v, at=seen.today.isoformat())) for v in VIEWS),
        back=told.link(at=beside(shown, -1).isoformat()),
        on=told.link(at=beside(shown, 1).isoformat()),
        range=dates_words(shown, (0, shown.days - 1), told.language),
        days=shown.days,
        weeks=tuple(_weeks(shown, told.language)),
        heads=tuple(
            DayWords(
                number=str(shown.day(at).day),
                date=shown.day(at).isoformat(),
                line=at + FIRST_LINE,
                tone="free" if at in off else "weekend" if shown.day(at).weekday() > 4 else "",
                today=at == today,
            )
            for at in range(shown.days)
        ),
        holidays=_holidays(free, told),
        bands=tuple(band for band in bands if band.lanes),
        today=-1 if today is None else today + FIRST_LINE,
        hour=local(seen.now, seen.gathered.zone).hour,
        empty=not seen.gathered.planned,
    )


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
    first, last = shown.day(run[0]), shown.day(run[1])
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


def _headline(told: Told) -> tuple[str, str]:
    seen, shown = told.seen, told.window
    if not seen.gathered.planned:
        return _("No campaign yet."), _("The base playlists play, day after day.")
    span = {
        "month": _("this month"),
        "weeks": _("in five weeks"),
        "quarter": _("this quarter"),
    }[shown.view]
    found = seen.chart.clashes
    if not found:
        return _("No clash %(span)s.", span=span), _counted(told)
    first = ngettext("One clash %(span)s.", "%(num)s clashes %(span)s.", len(found), span=span)
    worst = found[0]
    day = shown.day(worst.run[0])
    where = places_words(worst, told)
    if day <= seen.today:
        return first, _("Oversold now: %(where)s.", where=where)
    when = day_words(day, told.language)
    return first, _("Oversold from %(when)s: %(where)s.", where=where, when=when)


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


def _weeks(shown: Window, language: Language) -> list[Span]:
    weeks = 2 if shown.view == "quarter" else 1
    mondays = [at for at in range(shown.days) if shown.day(at).weekday() == 0][::weeks]
    starts = mondays if mondays[0] == 0 else [0, *mondays]
    spans = []
    for at, after in zip(starts, [*starts[1:], shown.days], strict=True):
        text = day_words(shown.day(at), language) if after - at > 2 * weeks * weeks else ""
        spans.append(Span(text, at + FIRST_LINE, after + FIRST_LINE))
    return spans


def _holidays(free: tuple[Free, ...], told: Told) -> tuple[tuple[Span, ...], ...]:
    """Holidays in rows where none covers another, with room for their names."""
    countries = {shop.country for shop in told.seen.gathered.floor.shops if shop.country}
    room = 6 if told.window.view != "quarter" else 16
    rows: list[list[Span]] = []
    for one in free:
        note = "" if set(one.countries) >= countries else ", ".join(one.countries)
        span = Span(one.name, one.run[0] + FIRST_LINE, one.run[1] + 1 + FIRST_LINE, note)
        row = next((r for r in rows if max(r[-1].end, r[-1].begin + room) <= span.begin), None)
        if row is None:
            rows.append([span])
        else:
            row.append(span)
    return tuple(tuple(row) for row in rows)


def _band(layer: Layer, told: Told) -> BandWords:
    title, note = {
        "hand": (_("By hand"), _("wins over all")),
        "offers": (_("Offers"), _("price and date bound")),
        "moments": (_("Moments"), _("weather, season, crowd")),
        "always": (_("Always on"), _("when nothing else fits")),
    }[layer]
    lanes = told.seen.chart.lanes[layer]
    return BandWords(
        layer, title, note, tuple(tuple(_bar(bar, told) for bar in lane) for lane in lanes)
    )


def _bar(bar: Bar, told: Told) -> BarWords:
    kind, tilde, rest = bar.id.partition("~")
    seen, shown = told.seen, told.window
    begin, end = bar.run[0] + FIRST_LINE, bar.run[1] + 1 + FIRST_LINE
    picture, wrong, state = "", "", ""
    if kind == "hand" and tilde:
        name, note, href = _hand(rest, told)
    elif kind == "base" and tilde:
        face = seen.gathered.faces.get(rest)
        name, href = face.name if face else rest, f"/playlists/{rest}"
        note = _based(rest, told)
    else:
        campaign = seen.gathered.planned[bar.id].campaign
        face = seen.gathered.faces.get(campaign.playlist)
        name, href = campaign.name, told.link(pick=bar.id)
        picture = face.picture if face else ""
        note = target_words(campaign.target, told.names.stores)
        if campaign.condition is not None:
            note = condition_words(told, bar.id).rstrip(".")
        state = bar.state if bar.state != "air" else ""
        wrong = _("hits no screen") if bar.id in seen.chart.nowhere else ""
    hatched = tuple(
        Span(
            _("%(where)s, %(n)s %%", where=places_words(one, told), n=one.total // 100),
            max(one.run[0], bar.run[0]) + FIRST_LINE,
            min(one.run[1], bar.run[1]) + 1 + FIRST_LINE,
            one.id,
            one == told.clash,
        )
        for one in seen.chart.clashes
        if bar.id in {part.id for part in one.parts}
        and one.run[0] <= bar.run[1]
        and bar.run[0] <= one.run[1]
    )
    outlined = bar.filled is not None
    return BarWords(
        id=bar.id,
        href=href,
        name=name,
        note=note,
        look=bar.sky if bar.layer != "hand" else "hand",
        begin=begin,
        end=end,
        label=_label(bar, outlined, hatched, told),
        dates=dates_words(shown, bar.run, told.language),
        fills=tuple(Span("", a - bar.run[0] + 1, b - bar.run[0] + 2) for a, b in bar.filled or ()),
        clashes=hatched,
        outlined=outlined,
        picture=picture,
        state=state,
        wrong=wrong,
        picked=told.pick == bar.id,
    )


def _label(bar: Bar, outlined: bool, hatched: tuple[Span, ...], told: Told) -> int:
    """Where a bar's words begin: behind what is filled until today, or behind a clash."""
    today = told.window.at(told.seen.today)
    length = bar.run[1] - bar.run[0] + 1
    if outlined and bar.conditional and today is not None and bar.run[0] <= today:
        at = today - bar.run[0] + 2
        return at if at < length * 3 // 4 else 1
    loud = next((one for one in hatched if one.loud), None)
    if loud is not None and loud.begin == bar.run[0] + FIRST_LINE:
        at = loud.end - loud.begin + 1
        return at if at <= length * 2 // 3 else 1
    return 1


def _hand(name: str, told: Told) -> tuple[str, str, str]:
    hand = next(one for one in told.seen.gathered.hands if one.id == name)
    zone = told.seen.gathered.zone
    where = told.names.stores.get(hand.store, "")
    face = told.seen.gathered.faces.get(hand.playlist)
    what = face.name if face else ""
    if hand.kind == "pause":
        what = _("a pause")
    elif hand.kind == "emergency":
        what = _("an emergency")
    until = clock(hand.until_ms, zone)
    tz = zone_of(zone)
    if local_date(tz, hand.until_ms) != local_date(tz, hand.from_ms):
        until = f"{day_words(local_date(tz, hand.until_ms), told.language)} {until}"
    said = ", ".join(part for part in (hand.by, where, what) if part)
    return said, _("until %(end)s", end=until), "/wall"


def _based(playlist: str, told: Told) -> str:
    owners = [owner for one, owner in told.seen.gathered.bases if one == playlist]
    if "" in owners:
        return _("all stores")
    spots = {spot.id: spot.name for spot in told.seen.gathered.floor.spots}
    return few(sorted(told.names.stores.get(one, spots.get(one, one)) for one in owners))
