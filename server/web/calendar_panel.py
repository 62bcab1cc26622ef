"""What stands beside the calendar: the picked campaign, or a clash with its ways out."""

from __future__ import annotations

from dataclasses import dataclass

from server.services.calendar.clashes import Clash
from server.services.calendar.voices import airtime
from server.services.calendar.ways import Way
from server.web.calendar_words import (
    Told,
    clash_title,
    condition_words,
    dates_words,
    places_words,
)
from server.web.clock import MINUTE_MS, length
from server.web.sentence_words import day_words
from server.web.target_words import target_words
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

MAX_TOLD = 3
"""Clashes and hidden campaigns that one panel names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A campaign of a clash: what it asks, what it is given; `wide` is its part of the bar in
    hundredths of all that is asked.
    """

    id: str
    href: str
    name: str
    asks: str
    gets: str
    playlist: str
    item: str
    look: str
    wide: int


@dataclass(frozen=True, slots=True)
class WayWords:
    """A way out: what it is, and what comes of it."""

    name: str
    title: str
    note: str


@dataclass(frozen=True, slots=True)
class PanelWords:
    """The panel. `kind`: clash, settled, campaign or none."""

    kind: str
    title: str
    facts: tuple[str, ...] = ()
    asks: tuple[Ask, ...] = ()
    over: str = ""
    limit: int = 0
    rule: str = ""
    ways: tuple[WayWords, ...] = ()
    clash: str = ""
    id: str = ""
    playlist: str = ""
    item: str = ""
    drafts: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()


def panel_words(told: Told) -> PanelWords:
    """The panel for what is picked; without a pick the greatest clash."""
    seen, pick = told.seen, told.pick
    if pick in seen.gathered.planned:
        return _campaign(pick, told)
    if pick.startswith("settled~"):
        return _settled(pick.split("~")[1:], told)
    if told.clash is not None:
        return _clash(told.clash, told)
    return PanelWords("none", _("Nothing clashes"))


def _clash(clash: Clash, told: Told) -> PanelWords:
    gathered = told.seen.gathered
    asks = []
    for part in clash.parts:
        campaign = gathered.planned[part.id].campaign
        face = gathered.faces.get(campaign.playlist)
        bar = next(
            (
                b
                for rows in told.seen.chart.lanes.values()
                for row in rows
                for b in row
                if b.id == part.id
            ),
            None,
        )
        asks.append(
            Ask(
                id=part.id,
                href=told.link(pick=part.id),
                name=campaign.name,
                asks=_("asks for %(n)s %% of every round", n=_percent(part.asks)),
                gets=_(
                    "gets %(n)s %%: %(minutes)s of %(all)s",
                    n=_percent(part.given),
                    minutes=length(part.minutes * MINUTE_MS),
                    all=length(clash.minutes * MINUTE_MS),
                ),
                playlist=str(campaign.playlist),
                item=face.item if face else "",
                look=bar.sky if bar else "mist",
                wide=max(1, round(part.asks * 100 / clash.total)),
            )
        )
    return PanelWords(
        kind="clash",
        title=clash_title(clash, told),
        asks=tuple(asks),
        over=_("%(n)s %% over", n=_percent(clash.total - 10_000)),
        limit=round(1_000_000 / clash.total),
        rule=_(
            "Until then all are scaled down alike: each keeps its part of the whole, and the base "
            "playlist has no turn."
        ),
        ways=tuple(_way(way, told) for way in told.seen.ways(clash)),
        clash=clash.id,
        others=tuple(
            (told.link(pick=one.id), clash_title(one, told))
            for one in told.seen.chart.clashes
            if one.id != clash.id
        )[:MAX_TOLD],
    )


def _way(way: Way, told: Told) -> WayWords:
    planned = told.seen.gathered.planned
    if way.name == "evenly":
        share = _percent(next(iter(way.shares.values())))
        return WayWords(way.name, _("Share evenly"), _("%(n)s %% each", n=share))
    name = planned[way.subject].campaign.name
    if way.name == "first":
        rest = sum(way.shares.values()) - way.shares[way.subject]
        note = ngettext(
            "the other gets the %(n)s %% left",
            "the others get the %(n)s %% left",
            len(way.shares) - 1,
            n=_percent(rest),
        )
        return WayWords(way.name, _("%(name)s first", name=name), note)
    when = day_words(way.begins, told.language) if way.begins else ""
    title = _("%(name)s from %(when)s", name=name, when=when)
    return WayWords(way.name, title, _("begins when the others are over"))


def _settled(ids: list[str], told: Told) -> PanelWords:
    planned = told.seen.gathered.planned
    drafts = tuple(name for name in ids if name in planned and planned[name].state != "air")
    names = ", ".join(planned[name].campaign.name for name in drafts)
    if not drafts:
        return PanelWords("none", _("On air as planned"))
    return PanelWords(
        kind="settled",
        title=_("Settled, as drafts"),
        facts=(
            ngettext(
                "%(names)s has a draft now. No screen changes before it is put on air.",
                "%(names)s have drafts now. No screen changes before they are put on air.",
                len(drafts),
                names=names,
            ),
        ),
        drafts=drafts,
    )


def _campaign(name: str, told: Told) -> PanelWords:
    seen = told.seen
    one = seen.gathered.planned[name]
    campaign = one.campaign
    face = seen.gathered.faces.get(campaign.playlist)
    voice = next(v for v in seen.chart.voices if v.id == name)
    floor = seen.gathered.floor
    facts = [condition_words(told, name)]
    wrong = []
    if voice.mask:
        screens = ngettext("%(num)s screen", "%(num)s screens", voice.mask.bit_count())
        shops = len(floor.shops_of(voice.mask))
        where = target_words(campaign.target, told.names.stores)
        facts.append(
            ngettext(
                "%(screens)s in one store: %(where)s.",
                "%(screens)s in %(num)s stores: %(where)s.",
                shops,
                screens=screens,
                where=where,
            )
        )
        facts.append(airtime_words(told, name))
    else:
        wrong.append(_("Its target hits no screen: nobody will see it. Widen the target."))
    if name in seen.chart.away:
        facts.append(_("It has no day in these weeks."))
    for hid in [h for h in seen.chart.hidden if h.campaign == name][:MAX_TOLD]:
        over = seen.gathered.planned[hid.takeover].campaign.name
        words = _("Takes no turn while “%(name)s” takes the screen over.", name=over)
        facts.append(words)
    clashes = [c for c in seen.chart.clashes if name in {part.id for part in c.parts}]
    return PanelWords(
        kind="campaign",
        title=campaign.name,
        facts=tuple(fact for fact in facts if fact),
        id=name,
        playlist=str(campaign.playlist),
        item=face.item if face else "",
        drafts=(name,) if one.state != "air" else (),
        wrong=tuple(wrong),
        others=tuple(
            (
                told.link(pick=c.id),
                _(
                    "Clash: %(where)s, %(when)s",
                    where=places_words(c, told),
                    when=dates_words(told.window, c.run, told.language),
                ),
            )
            for c in clashes[:MAX_TOLD]
        ),
    )


def airtime_words(told: Told, name: str) -> str:
    """The share of a campaign in minutes a day."""
    chart = told.seen.chart
    campaign = told.seen.gathered.planned[name].campaign
    voice = next(v for v in chart.voices if v.id == name)
    found = airtime(voice, chart.voices, chart.days)
    if not found.active:
        return ""
    most, all_of = length(found.most * MINUTE_MS), length(found.active * MINUTE_MS)
    if campaign.layer == "takeover":
        return _("It takes its screens over: %(most)s a day.", most=most)
    share = _percent(campaign.share)
    if found.least == found.most:
        return _(
            "%(n)s %% of every round: %(most)s a day, of %(all)s.", n=share, most=most, all=all_of
        )
    least = length(found.least * MINUTE_MS)
    return _(
        "%(n)s %% of every round: %(least)s to %(most)s a day, of %(all)s, by what else is on.",
        n=share,
        least=least,
        most=most,
        all=all_of,
    )


def _percent(basis_points: int) -> str:
    return f"{basis_points / 100:g}"
