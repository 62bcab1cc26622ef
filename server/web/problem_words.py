"""What keeps a turn off the air, and what an edit was refused for, in the reader's language."""

from __future__ import annotations

from server.errors import ServerError
from server.services.drafting.problems import Problem
from server.web.tongue import gettext as _
from server.web.tongue import said


def problem_said(problem: Problem) -> str:
    """A problem as a sentence that says what to do."""
    return _known(problem.code, problem.field) or said(problem.message)


def refusal_said(error: ServerError) -> str:
    """A refused edit as a sentence."""
    return _known(error.code, error.field) or said(error.message)


def _known(code: str, field: str) -> str:
    parts = field.split("/")
    if code in _codes():
        return _codes()[code]
    if "goods" in parts:
        return _("It shows no product yet: choose one.")
    if "assets" in parts:
        return _("It shows no file yet: choose one.")
    if "texts" in parts and code == "invalid":
        return _("A text has at most 4,000 characters.")
    if "texts" in parts or code == "no_words":
        return _("Write its %(what)s in both languages.", what=_text_name(parts))
    if parts[-1] == "title":
        return _("A title has at most 200 characters, on one line.")
    if parts[-1] == "duration_ms":
        return _("A turn lasts from 1 second to 30 minutes.")
    if parts[-1] == "transition":
        return _("It comes on in the brand’s own motion, at once, by a crossfade or from the side.")
    if parts[-1] == "name":
        return _("Give it a name of 1 to 200 characters, on one line.")
    if parts[-1] in ("start", "end"):
        return _("The last day comes after the first.")
    return ""


def _codes() -> dict[str, str]:
    return {
        "typed_price": _(
            "A price is never typed: choose the product, its price comes from the shop."
        ),
        "typed_percent": _(
            "This reads as a reduction, which the price history works out: choose the product."
        ),
        "changed_meanwhile": _(
            "Someone changed this in the meantime. Your text is "
            "still here: look at theirs, then decide."
        ),
        "gone_meanwhile": _("Someone took this away in the meantime."),
        "there_already": _("This is there already."),
        "nothing_left": _("There is nothing of yours to take back."),
        "stale": _(
            "What is on air changed since this draft was begun. Look at "
            "the history, then put it on the wall again."
        ),
        "not_found": _(
            "This playlist is gone: somebody threw it away. It waits in the bin for thirty days."
        ),
        "csrf": _("This page has grown old. Load it again; what was kept is kept."),
        "unauthenticated": _(
            "You are signed out. Sign in again in another window; what you typed stays here."
        ),
        "forbidden": _("Your rights end before this. Ask the owner for it."),
        "choose_goods": _("Choose the products first."),
        "choose_one": _("Choose one first."),
        "itself": _("A playlist does not stand inside itself."),
        "playlist_cycle": _("These playlists hold each other: it would never end."),
        "no_such_playlist": _("A playlist inside it is not there any more."),
        "no_such_file": _("This file is not there any more: choose another."),
        "bad_number": _("Write a whole number from 0 to 100,000."),
        "bad_times": _("Choose at least one day, and a beginning before the end."),
        "bad_dates": _("The last day comes after the first."),
    }


def _text_name(parts: list[str]) -> str:
    name = parts[parts.index("texts") + 1] if "texts" in parts[:-1] else "headline"
    return text_label(name)


def text_label(name: str) -> str:
    """What a text of a card is called."""
    return {
        "headline": _("headline"),
        "second": _("second line"),
        "lead": _("lead"),
        "cta": _("invitation beside the code"),
        "facts": _("facts on the ground"),
        "figure": _("large figure"),
        "chip": _("word in the corner"),
        "here": _("words for here"),
        "there": _("the other store"),
        "there_note": _("note on the other store"),
        "distance": _("distance"),
    }.get(name, name)
