"""The calendar in words: its headline, its weeks and days, its bands of bars."""

from __future__ import annotations

from dataclasses import dataclass

from playlists.localtime import local_date, zone_of
from server.services.calendar.bands import LAYERS, Bar, Chart, Layer
from server.services.calendar.clashes import Clash
from server.services.calendar.gathering import Hand
from server.services.calendar.holidays import Free
from server.services.calendar.moving import days_written
from server.services.calendar.window import VIEWS, View, Window, beside
from server.web.calendar_told import Told, condition_words, dates_words, headline, places_words
from server.web.clock import clock, local
from server.web.phrases import Language
from server.web.sentence_words import day_words
from server.web.target_words import few, target_words
from server.web.tongue import gettext as _

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
    said: str
    line: int
    tone: str
    today: bool


@dataclass(frozen=True, slots=True)
class BarWords:
    """A bar. `label` is the grid line, within the bar, at which its words begin; `clashes` are the
    hatched stretches, each with its clash; `state` is draft, changed or empty. `first` and `last`
    are the campaign's own days, where it has such an end.
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
    first: str = ""
    last: str = ""
    movable: bool = False


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


def calendar_words(told: Told, chart: Chart, free: tuple[Free, ...]) -> CalendarWords:
    """The whole page but its panel."""
    seen, shown = told.seen, told.window
    first, second = headline(told)
    titles = {"month": _("Month"), "weeks": _("5 weeks"), "quarter": _("Quarter")}
    today = shown.at(seen.today)
    off = {at for one in free for at in range(one.run[0], one.run[1] + 1)}
    drawing = _Drawing(told, chart)
    bands = tuple(_band(layer, drawing) for layer in LAYERS)
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
                said=dates_words(shown, (at, at), told.language),
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


class _Drawing:
    """A chart that is told: its clashes by campaign, each with its words."""

    def __init__(self, told: Told, chart: Chart) -> None:
        self.told, self.chart, self.loud = told, chart, told.clash
        self.clashes: dict[str, list[Clash]] = {}
        for clash in told.seen.judged.told.certain:
            for part in clash.parts:
                self.clashes.setdefault(part.id, []).append(clash)
        self.said = {
            clash.id: _(
                "%(where)s, %(n)s %%", where=places_words(clash, told), n=clash.total // 100
            )
            for clash in told.seen.judged.told.certain
        }
        self.spots = {spot.id: spot.name for spot in told.seen.gathered.floor.spots}
        self.hands = {hand.id: hand for hand in told.seen.gathered.hands}


def _band(layer: Layer, drawing: _Drawing) -> BandWords:
    title, note = {
        "hand": (_("By hand"), _("wins over all")),
        "offers": (_("Offers"), _("price and date bound")),
        "moments": (_("Moments"), _("weather, season, crowd")),
        "always": (_("Always on"), _("when nothing else fits")),
    }[layer]
    lanes = drawing.chart.lanes[layer]
    return BandWords(
        layer, title, note, tuple(tuple(_bar(bar, drawing) for bar in lane) for lane in lanes)
    )


def _bar(bar: Bar, drawing: _Drawing) -> BarWords:
    told = drawing.told
    kind, tilde, rest = bar.id.partition("~")
    seen, shown = told.seen, told.window
    begin, end = bar.run[0] + FIRST_LINE, bar.run[1] + 1 + FIRST_LINE
    picture, wrong, state, first, last = "", "", "", "", ""
    if kind == "hand" and tilde:
        name, note, href = _hand(drawing.hands[rest], told)
    elif kind == "base" and tilde:
        face = seen.gathered.faces.get(rest)
        name, href = face.name if face else rest, f"/playlists/{rest}"
        note = _based(rest, drawing)
    else:
        campaign = seen.gathered.planned[bar.id].campaign
        face = seen.gathered.faces.get(campaign.playlist)
        name, href = campaign.name, told.link(pick=bar.id)
        picture = face.picture if face else ""
        note = target_words(campaign.target, told.names.stores)
        if campaign.condition is not None:
            note = condition_words(told, bar.id).rstrip(".")
        state = bar.state if bar.state != "air" else ""
        first, last = days_written(campaign.schedule)
        wrong = _("hits no screen") if bar.id in drawing.chart.nowhere else ""
    hatched = tuple(
        Span(
            drawing.said[one.id],
            max(one.run[0], bar.run[0]) + FIRST_LINE,
            min(one.run[1], bar.run[1]) + 1 + FIRST_LINE,
            one.id,
            one is drawing.loud,
        )
        for one in drawing.clashes.get(bar.id, ())
        if one.run[0] <= bar.run[1] and bar.run[0] <= one.run[1]
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
        first=first,
        last=last,
        movable=not tilde,
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


def _hand(hand: Hand, told: Told) -> tuple[str, str, str]:
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


def _based(playlist: str, drawing: _Drawing) -> str:
    told = drawing.told
    owners = [owner for one, owner in told.seen.gathered.bases if one == playlist]
    if "" in owners:
        return _("all stores")
    spots, stores = drawing.spots, told.names.stores
    return few(sorted(stores.get(one, spots.get(one, one)) for one in owners))
