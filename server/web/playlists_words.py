"""The list of playlists in words: its headline, each row's state and where it plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from server.errors import ServerError
from server.services.drafting.history import BIN_MS, Past
from server.services.drafting.listing import Listed, Listing, Look, State, UsedBy
from server.web.clock import DAY_MS
from server.web.edit_words import ago, lasts
from server.web.tongue import gettext as _
from server.web.tongue import ngettext, said

MARKS: dict[State, tuple[str, str]] = {
    "air": ("playing", "ok"),
    "changed": ("hand", "hand"),
    "draft": ("draft", "note"),
    "idle": ("idle", "note"),
}
"""A state's mark and tone."""
DONE = ("bin", "copy", "tag", "untag")
"""What is done to several at once."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A choice among states; `n` playlists are in it."""

    state: str
    title: str
    n: int


@dataclass(frozen=True, slots=True)
class Row:
    """One playlist of the list."""

    id: str
    name: str
    mark: str
    tone: str
    state: str
    used: str
    size: str
    edited: str
    frames: tuple[str, ...]
    may_go: bool
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Binned:
    """One playlist in the bin."""

    id: str
    name: str
    said: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """One thing that plays a playlist: where that is put right, what plays then."""

    said: str
    then: str
    path: str


@dataclass(frozen=True, slots=True)
class PlaylistsWords:
    """What the page of all playlists says."""

    first: str
    second: str
    tabs: tuple[Tab, ...]
    rows: tuple[Row, ...]
    none: str


def playlists_words(found: Listing, look: Look, now: int) -> PlaylistsWords:
    """The list, `now` in unix ms."""
    total = sum(found.counts.values())
    first = (
        ngettext("%(num)s playlist.", "%(num)s playlists.", total)
        if total
        else _("No playlist yet.")
    )
    return PlaylistsWords(
        first=first,
        second=_second(found.counts) if total else _("A playlist is what screens show, in turn."),
        tabs=tuple(_tabs(found.counts)),
        rows=tuple(_row(one, now) for one in found.rows),
        none=_("No playlist is called that.")
        if look.named or look.tag
        else _("None of them is like that now."),
    )


def binned_words(past: Past, now: int) -> Binned:
    """One playlist in the bin: since when, and how long it can be taken out."""
    left = max(1, (past.at + BIN_MS - now) // DAY_MS)
    said = ngettext(
        "thrown away %(ago)s, gone for good in a day",
        "thrown away %(ago)s, gone for good in %(num)s days",
        left,
        ago=ago(past.at, now),
    )
    return Binned(past.id, past.name or past.id, said)


def state_words(state: State) -> str:
    """A state in a word or two."""
    return {
        "air": _("On air"),
        "changed": _("Changed since"),
        "draft": _("Draft"),
        "idle": _("Ready, not in use"),
    }[state]


def _second(counts: Any) -> str:
    said = []
    if counts["air"]:
        said.append(ngettext("One is on air.", "%(num)s are on air.", counts["air"]))
    if counts["changed"]:
        said.append(
            ngettext(
                "One has changes that no screen shows yet.",
                "%(num)s have changes that no screen shows yet.",
                counts["changed"],
            )
        )
    if counts["draft"]:
        said.append(ngettext("One is a draft.", "%(num)s are drafts.", counts["draft"]))
    return " ".join(said) or _("Nothing plays them yet.")


def _tabs(counts: Any) -> list[Tab]:
    states: tuple[State, ...] = ("air", "changed", "draft", "idle")
    tabs = [Tab("", _("All"), sum(counts.values()))]
    return tabs + [Tab(state, state_words(state), counts[state]) for state in states]


def _row(one: Listed, now: int) -> Row:
    mark, tone = MARKS[one.state]
    size = ngettext("%(num)s turn", "%(num)s turns", one.size)
    return Row(
        id=one.id,
        name=one.name,
        mark=mark,
        tone=tone,
        state=state_words(one.state),
        used=_used(one),
        size=f"{size}, {lasts(one.length_ms)}" if one.length_ms else size,
        edited=_("%(who)s, %(ago)s", who=one.edited_by, ago=ago(one.edited_at, now)),
        frames=one.frames,
        may_go=not one.uses,
        tags=one.tags,
    )


def _used(one: Listed) -> str:
    if not one.uses:
        return _("Nothing plays it.")
    said = ", ".join(use_words(use) for use in one.uses)
    if one.more_uses:
        return ngettext(
            "%(said)s and one more", "%(said)s and %(num)s more", one.more_uses, said=said
        )
    return said


def use_words(use: UsedBy) -> str:
    """What plays a playlist."""
    if use.kind == "campaign":
        return _("campaign “%(name)s”", name=use.name)
    if use.kind == "base":
        return _("base of %(name)s", name=use.name) if use.name else _("base of the whole chain")
    if use.kind == "override":
        return _("by hand in %(name)s", name=use.name)
    if use.kind == "emergency":
        return _("an emergency")
    return _("inside “%(name)s”", name=use.name)


def leaving_words(use: UsedBy) -> Leaving:
    """What must be put right before a playlist can go, and what plays without it."""
    if use.kind == "campaign":
        return Leaving(
            _("Campaign “%(name)s” plays it.", name=use.name),
            _("End it or give it another playlist: then the base plays in its time."),
            f"/calendar/campaigns/{use.id}",
        )
    if use.kind == "base":
        above = _("Choose another base there: without one the base above it plays.")
        slate = _("Choose another base first: without one the screens show the slate.")
        if not use.name:
            return Leaving(_("It is the base of the whole chain."), slate, "/places")
        return Leaving(_("It is the base of %(name)s.", name=use.name), above, "/places")
    if use.kind == "override":
        said = _("It shows by hand in %(name)s.", name=use.name)
        return Leaving(said, _("That ends by itself: then the plan goes on."), "/wall")
    if use.kind == "emergency":
        said = _("An emergency shows it.")
        return Leaving(said, _("End the emergency: then the plan goes on."), "/wall")
    return Leaving(
        _("It stands inside “%(name)s”.", name=use.name),
        _("Take it out there: the other turns go on."),
        f"/playlists/{use.id}",
    )


def replaced_words(n: int, back: int, left: int) -> str:
    """What was replaced, or taken back: in how many places."""
    if n:
        return ngettext(
            "Another one plays in its place.", "Another one plays in its %(num)s places.", n
        )
    if not back:
        return ""
    said = ngettext("It plays there again.", "It plays in %(num)s places again.", back)
    if not left:
        return said
    rest = ngettext(
        "One was changed since: it stays.", "%(num)s were changed since: they stay.", left
    )
    return f"{said} {rest}"


def replace_refused(error: ServerError) -> str:
    """Why another playlist does not take its place."""
    return {
        "same": _("Choose another playlist than this one."),
        "not_found": _("Choose a playlist that is on air."),
        "not_used": _("Nothing on air plays it any more."),
        "playlist_cycle": _("These playlists hold each other: it would never end."),
        "forbidden": _("It also plays outside your stores, so only the chain replaces it."),
    }.get(error.code, said(error.message))


def done_words(act: str, n: int) -> str:
    """What was done to `n` playlists."""
    if act == "bin":
        return ngettext(
            "It is in the bin for thirty days. No screen showed it, so none changes.",
            "%(num)s are in the bin for thirty days. No screen showed them, so none changes.",
            n,
        )
    if act == "copy":
        return ngettext("A copy is begun, as a draft.", "%(num)s copies are begun, as drafts.", n)
    if act == "tag":
        return ngettext("Tagged.", "%(num)s are tagged.", n)
    return ngettext("The tag is off.", "The tag is off %(num)s of them.", n)


def several_refused(error: ServerError) -> str:
    """Why one of several stays as it was."""
    return {
        "in_use": _("It stays: something still plays it. Take it out there first."),
        "bad_tag": _("A tag has 1 to 40 characters and no comma."),
        "too_many_tags": _("A playlist has 20 tags at most."),
        "not_found": _("It is gone: somebody threw it away meanwhile."),
    }.get(error.code, said(error.message))
