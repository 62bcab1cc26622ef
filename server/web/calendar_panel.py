"""What stands beside the calendar: the picked campaign, or a clash with its ways out."""

from __future__ import annotations

from dataclasses import dataclass

from server.services.calendar.airtime import airtime
from server.services.calendar.bands import sky_of
from server.services.calendar.clashes import Clash, hidden
from server.services.calendar.voices import Voice
from server.services.calendar.ways import Way
from server.web.calendar_told import (
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

MAX_ASKS = 8
"""Campaigns of a clash that are drawn; what the others ask for is said in one sum."""
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
    when: str = ""


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


def proven(told: Told) -> tuple[str, ...]:
    """The campaigns whose prices the panel is to prove: the picked one, or a clash's."""
    if told.pick in told.seen.gathered.planned:
        return (told.pick,)
    if told.pick.startswith("settled~"):
        return ()
    return tuple(part.id for part in told.clash.parts[:MAX_ASKS]) if told.clash else ()


def _clash(clash: Clash, told: Told) -> PanelWords:
    gathered = told.seen.gathered
    asks = []
    for part in clash.parts[:MAX_ASKS]:
        campaign = gathered.planned[part.id].campaign
        face = gathered.faces.get(campaign.playlist)
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
                look=sky_of(face),
                when=condition_words(told, part.id) if part.conditional else "",
                wide=max(1, round(part.asks * 100 / clash.total)),
            )
        )
    return PanelWords(
        kind="clash",
        title=clash_title(clash, told),
        asks=tuple(asks),
        over=_("%(n)s %% over", n=_percent(clash.total - 10_000)),
        limit=round(1_000_000 / clash.total),
        rule=_rule(clash),
        facts=_more_asks(clash),
        ways=tuple(_way(way, told) for way in told.seen.ways(clash)),
        clash=clash.id,
        others=tuple(
            (told.link(pick=one.id), clash_title(one, told))
            for one in told.seen.judged.clashes
            if one.id != clash.id
        )[:MAX_TOLD],
    )


def _rule(clash: Clash) -> str:
    if clash.possible:
        return _(
            "Only while these conditions hold together; at all other times nothing is oversold. "
            "Then all are scaled down alike, and the base playlist has no turn."
        )
    return _(
        "Until then all are scaled down alike: each keeps its part of the whole, and the base "
        "playlist has no turn."
    )


def _more_asks(clash: Clash) -> tuple[str, ...]:
    rest = clash.parts[MAX_ASKS:]
    if not rest:
        return ()
    asked = _percent(sum(part.asks for part in rest))
    return (
        ngettext(
            "One more campaign asks for %(n)s %%.",
            "%(num)s more campaigns ask for %(n)s %% together.",
            len(rest),
            n=asked,
        ),
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
    voice = seen.judged.voices[name]
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
    if voice.mask and not voice.when:
        facts.append(_("It has no day in these weeks."))
    facts += hidden_words(told, name)
    clashes = [c for c in seen.judged.clashes if name in {part.id for part in c.parts}]
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


def hidden_words(told: Told, name: str) -> list[str]:
    """The takeovers that leave a campaign no turn, each with the rule by which it wins."""
    judged, planned = told.seen.judged, told.seen.gathered.planned
    said = []
    for one in hidden(name, list(judged.voices.values()), judged.days)[:MAX_TOLD]:
        campaign = planned[one.takeover].campaign
        values = {
            "name": campaign.name,
            "rule": _wins_by(judged.voices[one.takeover], judged.voices[name]),
        }
        if campaign.condition is None:
            said.append(
                _("Takes no turn while “%(name)s” takes the screen over%(rule)s.", **values)
            )
        else:
            said.append(
                _(
                    "Takes no turn when “%(name)s” takes the screen over%(rule)s: %(when)s",
                    when=condition_words(told, one.takeover),
                    **values,
                )
            )
    return said


def _wins_by(winner: Voice, loser: Voice) -> str:
    if not loser.takeover:
        return ""
    if winner.order[0] != loser.order[0]:
        return _(", by its priority")
    if winner.order[1] != loser.order[1]:
        return _(", by its narrower target")
    return _(", changed last")


def airtime_words(told: Told, name: str) -> str:
    """The share of a campaign in minutes a day."""
    judged = told.seen.judged
    campaign = told.seen.gathered.planned[name].campaign
    voice = judged.voices[name]
    found = airtime(voice, list(judged.voices.values()), judged.days)
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
