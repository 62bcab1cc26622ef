"""What the page of the situation says: the headline, what waits, sources and stores in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from server.services.base.naming import name_in
from server.services.prices.batches import UNREAD, may_release
from server.services.situation.concerns import Concern
from server.services.situation.faults import fault_said
from server.services.situation.overview import Batch, Situation, Source, Suspect
from server.services.situation.rails import Rail
from server.services.situation.spoken import following, sentence
from server.web.clock import MINUTE_MS, length, when
from server.web.edit_words import ago
from server.web.held_words import Row, amount, doubt, example, hopeless, reason
from server.web.phrases import Language
from server.web.rail_words import Line, rail_lines, summary
from server.web.source_words import FILED, title_of
from server.web.tongue import gettext as _
from server.web.tongue import ngettext

SAID = 1
"""Concerns told in the headline; the others are counted."""
IN_STORES = ("silence", "lease", "till")
"""Concerns that are told with their store."""
WHOLE = ("disk", "calendar", "rollout")
"""Those of the whole chain, which stand alone."""
SCREENS = ("cloned", "offline", "trouble")
SCREENS_SAID = 24
"""Screens that are told of one by one; the wall shows the others."""
WALLS: Mapping[str, str] = {"cloned": "offline", "offline": "offline", "trouble": "trouble"}
"""The wall's filter that shows a screen's concern."""


@dataclass(frozen=True, slots=True)
class Said:
    """A concern: what is so, what follows."""

    what: str
    then: str
    mark: str
    href: str


@dataclass(frozen=True, slots=True)
class Held:
    """What waits for a person. `channels` are named where it is a price."""

    id: str
    title: str
    said: str
    changes: tuple[Row, ...]
    channels: tuple[str, ...]
    sku: str
    may_accept: bool


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A connector in words; `mark` is its shape."""

    name: str
    kind: str
    mark: str
    state: str
    heard: str
    due: str
    error: str
    next: str


@dataclass(frozen=True, slots=True)
class StoreLine:
    """A store: in one line where all is well, else with what is not."""

    id: str
    name: str
    summary: str
    mark: str
    said: tuple[Said, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class SituationWords:
    """The whole page."""

    first: str
    second: str
    now: str
    held: tuple[Held, ...]
    more_held: str
    server: tuple[Said, ...]
    failing: tuple[SourceLine, ...]
    speaking: tuple[SourceLine, ...]
    screens: tuple[Said, ...]
    more_screens: str
    screens_well: str
    stores: tuple[StoreLine, ...]


def situation_words(found: Situation, language: Language) -> SituationWords:
    """The situation in a language."""
    first, second = _headline(found, language)
    sources = [_source(one, found, language) for one in found.sources or ()]
    bad = [said for said, one in zip(sources, found.sources or (), strict=True) if one.failing]
    good = [said for said, one in zip(sources, found.sources or (), strict=True) if not one.failing]
    lost = [one for one in found.concerns if one.kind in SCREENS]
    return SituationWords(
        first=first,
        second=second,
        now=when(found.now, found.now, found.places.zone, language),
        held=(
            *(_batch(one, found, language) for one in found.batches),
            *(_suspect(one, found, language) for one in found.suspects),
        ),
        more_held=_("and %(n)s more", n=found.more_held) if found.more_held else "",
        server=tuple(_said(one, found, language) for one in found.concerns if one.kind in WHOLE),
        failing=tuple(bad),
        speaking=tuple(good),
        screens=tuple(_said(one, found, language) for one in lost[:SCREENS_SAID]),
        more_screens=_more_screens(len(lost) - SCREENS_SAID),
        screens_well=_screens_well(found.screens, len({_screen(one) for one in lost})),
        stores=tuple(_store(rail, found, language) for rail in found.rails),
    )


def _headline(found: Situation, language: Language) -> tuple[str, str]:
    if not found.places.names:
        return _("Nothing speaks here yet."), _("Add a store and connect your shop.")
    if not found.concerns:
        return _("Everything that should speak does."), _("Nothing waits for anyone.")
    told = [sentence(one, found.places, found.now, language) for one in found.concerns[:SAID]]
    more = len(found.concerns) - SAID
    if more <= 0:
        return told[0], _("Everything else is well.")
    return told[0], ngettext(
        "One more thing is not as it should be.",
        "%(num)s more things are not as they should be.",
        more,
    )


def _screen(concern: Concern) -> str:
    return concern.subject.partition("/")[0]


def _more_screens(more: int) -> str:
    if more <= 0:
        return ""
    return ngettext(
        "%(num)s more thing is wrong with screens.",
        "%(num)s more things are wrong with screens.",
        more,
    )


def _screens_well(screens: int, lost: int) -> str:
    well = screens - lost
    if not screens:
        return ""
    if not lost:
        return ngettext("%(num)s screen is well.", "All %(num)s screens are well.", screens)
    return ngettext("%(num)s other screen is well.", "%(num)s others are well.", well)


def _said(concern: Concern, found: Situation, language: Language) -> Said:
    wall = WALLS.get(concern.kind, "")
    store = concern.stores[0] if concern.stores else ""
    return Said(
        what=sentence(concern, found.places, found.now, language),
        then=following(concern, found.places, found.now, language),
        mark="trouble" if concern.kind not in ("offline", "cloned") else "offline",
        href=f"/wall?store={store}&kind={wall}" if wall else "",
    )


def _batch(batch: Batch, found: Situation, language: Language) -> Held:
    name = next((one.name for one in found.sources or () if one.id == batch.connector), "")
    counts = batch.counts
    many = counts.get("changed", 0)
    changed = ngettext("%(num)s price would change.", "%(num)s prices would change.", many)
    changed = changed if many else ""
    why = reason(batch.reason)
    accepted = may_release(batch.reason, counts)
    never = hopeless() if not accepted and batch.reason not in UNREAD else ""
    at = when(batch.received_at, found.now, found.places.zone, language)
    return Held(
        id=batch.id,
        title=_("A batch of “%(name)s” is held", name=name or batch.connector),
        said=" ".join(filter(None, (why, changed, never, _("Received at %(at)s.", at=at)))),
        changes=tuple(
            example(row, found.names, found.places.names, language) for row in batch.examples
        ),
        channels=(),
        sku="",
        may_accept=accepted,
    )


def _suspect(one: Suspect, found: Situation, language: Language) -> Held:
    names = [found.places.names.get(store, store) for _id, store in one.channels]
    where = names[0] if len(names) == 1 else _("%(n)s stores", n=len(names))
    change = Row(
        name=name_in(found.names.get(one.sku, {}), language, one.sku),
        sku=one.sku,
        where=where,
        before=amount(one.before, one.currency, language),
        after=amount(one.now, one.currency, language),
        why=doubt(one.why),
    )
    return Held(
        id="",
        title=_("The price of %(name)s looks wrong", name=change.name),
        said=_("It stays off the screens until someone decides or the shop says a plausible one."),
        changes=(change,),
        channels=tuple(channel for channel, _store in one.channels),
        sku=one.sku,
        may_accept=one.may_be_right,
    )


def _source(one: Source, found: Situation, language: Language) -> SourceLine:
    zone, now = found.places.zone, found.now
    mark, state = "playing", _("Speaks")
    if not one.enabled:
        mark, state = "paused", _("Switched off")
    elif one.failing:
        mark, state = "offline", _("Fails")
    elif one.heard_at is None:
        filed = one.kind == FILED
        mark, state = "none", _("Waits for its first file") if filed else _("Not heard yet")
    due = ""
    if one.next_at is not None:
        left = max(0, one.next_at - now)
        due = _("asked again in %(left)s", left=length(left))
        if left >= 10 * MINUTE_MS:
            due = _("asked again at %(at)s", at=when(one.next_at, now, zone, language))
    elif one.enabled:
        due = _("it calls us")
    return SourceLine(
        name=one.name,
        kind=_kind(one.kind, language),
        mark=mark,
        state=state,
        heard=_("last heard %(ago)s", ago=ago(one.heard_at, now)) if one.heard_at else "",
        due=due,
        error=fault_said(one.error, language),
        next=_advice(one.error) if one.error else "",
    )


def _kind(kind: str, language: Language) -> str:
    return {
        "merchant": _("Product feed"),
        "local_inventory": _("Stock feed"),
        "csv": _("Table of goods"),
        "jsonld": _("Product pages"),
        "webhook": _("Shop’s calls"),
        "till": _("Tills"),
        "open_meteo": _("Weather"),
        "mqtt_counts": _("Counters, MQTT"),
        "http_counts": _("Counters, HTTP"),
    }.get(kind) or title_of(kind, language)


def _advice(error: str) -> str:
    """What to do about an error, by what it says of itself."""
    if "held" in error:
        return _("Decide on it above.")
    if "refuses us" in error:
        return ""
    if "answered 5" in error or "not answer" in error or "broke off" in error:
        return _("The other side is away. It is asked again by itself; call whoever runs it.")
    if "answered 4" in error or "secret" in error:
        return _("It refuses us. Check the address and the access to it.")
    return _("Look at what it sends, then correct it there or in its settings.")


def _store(rail: Rail, found: Situation, language: Language) -> StoreLine:
    mine = [one for one in found.concerns if rail.id in one.stores and one.kind in IN_STORES]
    lines = rail_lines(rail, found.now, language)
    return StoreLine(
        id=rail.id,
        name=rail.name,
        summary=summary(rail, found.now, language),
        mark="trouble" if mine else "playing",
        said=_told(mine, found, language),
        lines=lines,
    )


def _told(concerns: Sequence[Concern], found: Situation, language: Language) -> tuple[Said, ...]:
    return tuple(_said(one, found, language) for one in concerns)
