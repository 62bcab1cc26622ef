"""The calendar's bars: every campaign, hand and base in its band and lane. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from playlists.localtime import local_date, zone_of
from playlists.model import Campaign
from server.services.calendar.clashes import Clash, Hidden, clashes, hidden, merged
from server.services.calendar.gathering import Face, Gathered, Hand, State
from server.services.calendar.truths import Truths
from server.services.calendar.voices import Days, Voice, days_of, voice_of
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
    for all of it. `before`, `after`: it goes on outside the window.
    """

    id: str
    layer: Layer
    run: Run
    sky: Sky
    filled: tuple[Run, ...] | None = None
    conditional: bool = False
    state: State = "air"
    before: bool = False
    after: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """The whole calendar of a window: bars by layer and lane, clashes, what takeovers hide,
    campaigns that hit no screen, and campaigns that have no day in the window.
    """

    window: Window
    lanes: Mapping[Layer, tuple[tuple[Bar, ...], ...]]
    clashes: tuple[Clash, ...]
    hidden: tuple[Hidden, ...]
    nowhere: tuple[str, ...]
    away: tuple[str, ...]
    voices: tuple[Voice, ...]
    days: tuple[Days, ...]


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


def chart(gathered: Gathered, shown: Window, truths: Truths) -> Chart:
    """Everything in its place."""
    days = days_of(gathered.floor, shown)
    campaigns = [one.campaign for one in gathered.planned.values()]
    voices = [voice_of(campaign, gathered.floor, days) for campaign in campaigns]
    told = merged(clashes(voices, days))
    bars: list[Bar] = []
    away = []
    for campaign, voice in zip(campaigns, voices, strict=True):
        on = _days_on(campaign, voice, days, shown)
        if not on:
            away.append(campaign.id)
            continue
        face = gathered.faces.get(campaign.playlist)
        full = _filled(campaign, on, truths)
        state = gathered.planned[campaign.id].state
        for run in runs(on, WEEK_GAP):
            filled = None if full is None else _inside(full, run)
            bars.append(
                Bar(
                    *(campaign.id, layer_of(campaign, face), run, sky_of(face), filled),
                    *(campaign.condition is not None, state),
                    before=run[0] == 0 and _begins_before(campaign, shown),
                    after=run[1] == shown.days - 1 and _ends_after(campaign, shown),
                )
            )
    bars += _hand_bars(gathered.hands, shown, gathered.zone)
    whole = (0, shown.days - 1)
    for playlist in dict.fromkeys(playlist for playlist, _ in gathered.bases):
        sky = sky_of(gathered.faces.get(playlist))
        shade: Sky = "mist" if sky == "price" else sky
        bars.append(Bar(f"base~{playlist}", "always", whole, shade, before=True, after=True))
    clashing = {part.id for clash in told for part in clash.parts}
    return Chart(
        window=shown,
        lanes={layer: _lanes(layer, bars, clashing) for layer in LAYERS},
        clashes=told,
        hidden=hidden(voices, days),
        nowhere=tuple(voice.id for voice in voices if not voice.mask),
        away=tuple(away),
        voices=tuple(voices),
        days=tuple(days),
    )


def _days_on(
    campaign: Campaign, voice: Voice, days: Sequence[Days], shown: Window
) -> tuple[int, ...]:
    if voice.mask:
        found: set[int] = set()
        for kind, when in voice.when.items():
            found |= days[kind].minutes(when).keys()
        return tuple(sorted(found))
    schedule = campaign.schedule  # no screen gives it a clock: its dates as written
    first = max(schedule.start or "", shown.first.isoformat())[:10]
    last = min(schedule.end or "9999", shown.day(shown.days).isoformat())[:10]
    return tuple(at for at in range(shown.days) if first <= shown.day(at).isoformat() < last)


def _filled(campaign: Campaign, on: Sequence[int], truths: Truths) -> tuple[Run, ...] | None:
    if campaign.condition is not None:
        return runs(truths.true.get(campaign.id, ()))
    found = runs(on)
    return None if len(found) == len(runs(on, WEEK_GAP)) else found


def _inside(filled: Sequence[Run], run: Run) -> tuple[Run, ...]:
    cut = ((max(a, run[0]), min(b, run[1])) for a, b in filled)
    return tuple(one for one in cut if one[0] <= one[1])


def _begins_before(campaign: Campaign, shown: Window) -> bool:
    start = campaign.schedule.start
    return start is None or start[:10] < shown.first.isoformat()


def _ends_after(campaign: Campaign, shown: Window) -> bool:
    end = campaign.schedule.end
    return end is None or end > shown.day(shown.days).isoformat()


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
    rows: list[list[Bar]] = []
    for bar in mine:
        row = next((r for r in rows if _fits(bar, r, clashing)), None)
        if row is None:
            rows.append([bar])
        else:
            row.append(bar)
    return tuple(tuple(sorted(row, key=lambda b: b.run)) for row in rows)


def _fits(bar: Bar, row: Sequence[Bar], clashing: set[str]) -> bool:
    alike = bar.id in clashing or not any(other.id in clashing for other in row)
    free = all(bar.run[1] < other.run[0] or other.run[1] < bar.run[0] for other in row)
    return free and alike and bar.layer != "hand"
