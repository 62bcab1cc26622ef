"""The calendar's bars: every campaign, hand and base in its band and lane. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from playlists.localtime import local_date, zone_of
from playlists.model import Campaign
from server.services.calendar.faces import Face
from server.services.calendar.gathering import Gathered, Hand, State
from server.services.calendar.judging import Judged
from server.services.calendar.voices import Voice
from server.services.calendar.window import Run, Window, runs

Layer = Literal["hand", "offers", "moments", "always"]
LAYERS: tuple[Layer, ...] = ("hand", "offers", "moments", "always")
Sky = Literal["price", "mist", "rain", "sun", "tide"]
_SKIES: Mapping[str, Sky] = {"rain": "rain", "sun": "sun", "tide": "tide", "mist": "mist"}
WEEK_GAP = 6
"""Days without it that a bar bridges: a campaign of every Saturday is one bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. `run` are its first and last day; `filled` the stretches that are drawn full, None
    for all of it.
    """

    id: str
    layer: Layer
    run: Run
    sky: Sky
    filled: tuple[Run, ...] | None = None
    conditional: bool = False
    state: State = "air"


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars of a window by layer and lane, the campaigns that hit no screen, and those that have
    no day in the window.
    """

    lanes: Mapping[Layer, tuple[tuple[Bar, ...], ...]]
    nowhere: frozenset[str]
    away: frozenset[str]


@dataclass(slots=True)
class _Row:
    """A lane that is filled: its days as bits; `loud`, clashing bars are in it."""

    bars: list[Bar] = field(default_factory=list)
    days: int = 0
    loud: bool = False


def layer_of(campaign: Campaign, face: Face | None) -> Layer:
    """The band that a campaign stands in."""
    schedule = campaign.schedule
    timed = bool(schedule.dayparts or schedule.recurrences or schedule.holidays != "any")
    if campaign.condition is not None or campaign.layer == "takeover":
        return "moments"
    if face is not None and face.priced and not timed:
        return "offers"
    dated = schedule.start is not None or schedule.end is not None
    return "moments" if timed or dated or schedule.open_hours_only else "always"


def sky_of(face: Face | None) -> Sky:
    """The colour of a bar: what its first card's sky says."""
    if face is None:
        return "mist"
    if face.template == "price":
        return "price"
    if face.template == "service":
        return "tide"
    return _SKIES.get(face.sky, "mist")


def chart(
    gathered: Gathered, shown: Window, found: Judged, truths: Mapping[str, Sequence[int]]
) -> Chart:
    """Everything in its place."""
    bars: list[Bar] = []
    away = []
    for name, planned in gathered.planned.items():
        campaign, voice = planned.campaign, found.voices[name]
        on = days_on(campaign, voice, shown)
        if not on:
            away.append(name)
            continue
        face = gathered.faces.get(campaign.playlist)
        full = _filled(campaign, on, truths)
        for run in runs(on, WEEK_GAP):
            bars.append(
                Bar(
                    *(name, layer_of(campaign, face), run, sky_of(face)),
                    None if full is None else _inside(full, run),
                    *(campaign.condition is not None, planned.state),
                )
            )
    bars += _hand_bars(gathered.hands, shown, gathered.zone)
    whole = (0, shown.days - 1)
    for playlist in dict.fromkeys(playlist for playlist, _ in gathered.bases):
        sky = sky_of(gathered.faces.get(playlist))
        bars.append(Bar(f"base~{playlist}", "always", whole, "mist" if sky == "price" else sky))
    clashing = {part.id for clash in found.told.certain for part in clash.parts}
    return Chart(
        lanes={layer: _lanes(layer, bars, clashing) for layer in LAYERS},
        nowhere=frozenset(name for name, voice in found.voices.items() if not voice.mask),
        away=frozenset(away),
    )


def days_on(campaign: Campaign, voice: Voice, shown: Window) -> tuple[int, ...]:
    """The days of a window on which a campaign has some minute on some screen."""
    if voice.mask:
        return tuple(sorted({day for spoken in voice.when.values() for day in spoken.minutes}))
    schedule = campaign.schedule  # no screen gives it a clock: its dates as written
    first = max(schedule.start or "", shown.first.isoformat())[:10]
    last = min(schedule.end or "9999", shown.day(shown.days).isoformat())[:10]
    return tuple(at for at in range(shown.days) if first <= shown.day(at).isoformat() < last)


def _filled(
    campaign: Campaign, on: Sequence[int], truths: Mapping[str, Sequence[int]]
) -> tuple[Run, ...] | None:
    if campaign.condition is not None:
        return runs(truths.get(campaign.id, ()))
    found = runs(on)
    return None if len(found) == len(runs(on, WEEK_GAP)) else found


def _inside(filled: Sequence[Run], run: Run) -> tuple[Run, ...]:
    cut = ((max(a, run[0]), min(b, run[1])) for a, b in filled)
    return tuple(one for one in cut if one[0] <= one[1])


def _hand_bars(hands: Sequence[Hand], shown: Window, zone: str) -> list[Bar]:
    tz = zone_of(zone)
    found = []
    for hand in hands:
        run = shown.clipped(local_date(tz, hand.from_ms), local_date(tz, hand.until_ms - 1))
        if run is not None:
            found.append(Bar(f"hand~{hand.id}", "hand", run, "price"))
    return found


def _lanes(layer: Layer, bars: Sequence[Bar], clashing: set[str]) -> tuple[tuple[Bar, ...], ...]:
    """Bars into rows where none covers another; clashing ones next to the neighbouring band."""
    last = layer == "offers"
    mine = [bar for bar in bars if bar.layer == layer]
    mine.sort(key=lambda b: ((b.id in clashing) is last, b.conditional, b.run[0], -b.run[1], b.id))
    rows: list[_Row] = []
    for bar in mine:
        days = (1 << bar.run[1] + 1) - (1 << bar.run[0])
        loud = bar.id in clashing
        row = next((r for r in rows if not r.days & days and (loud or not r.loud)), None)
        if row is None or layer == "hand":
            row = _Row()
            rows.append(row)
        row.bars.append(bar)
        row.days |= days
        row.loud = row.loud or loud
    return tuple(tuple(sorted(row.bars, key=lambda b: b.run)) for row in rows)
