"""The brand in words: how its colours read, what each part is, what was refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from server.errors import ServerError
from server.services.branding.brands import Brand, Standing
from server.services.branding.trials import Trial
from server.services.chain.brand_checks import MAX_LEGAL_CHARACTERS, Reading
from server.services.showing.truths import Shop
from server.web.edit_words import ago
from server.web.phrases import Language
from server.web.sentence_words import day_words
from server.web.tongue import gettext as _
from server.web.tongue import ngettext, said

STORES_NAMED = 3


@dataclass(frozen=True, slots=True)
class BrandWords:
    """What the page says; `former` are the brands before: version, name, since when and by whom."""

    first: str
    second: str
    own: tuple[tuple[str, str], ...]
    former: tuple[tuple[int, str, str], ...]


def brand_words(found: Standing, now: int) -> BrandWords:
    """The brand as it stands, `now` in unix ms."""
    screens = ngettext("On %(num)s screen.", "On %(num)s screens.", found.screens)
    return BrandWords(
        first=f"{name}." if (name := found.brand.body.get("name")) else _("No name yet."),
        second=f"{screens} {_who(found.brand, now)}".strip()
        if found.screens
        else _("No screen shows it yet."),
        own=tuple((one.name, ", ".join(_key(key) for key in one.keys)) for one in found.own),
        former=tuple(
            (one.version, one.body.get("name", ""), _who(one, now)) for one in found.former
        ),
    )


def reading_words(one: Reading) -> dict[str, str]:
    """How words read on a colour: which, the figure, what it means."""
    whole, part = divmod(one.tenths, 10)
    figure = f"{whole}{_('.')}{part}" if part else str(whole)
    if one.part == "accent":
        title = {
            "tide": _("What stands out, on the deep sky"),
            "ground": _("What stands out, on the ground"),
        }[one.on]
    else:
        title = colour_words()[one.part][0]
    if not one.enough:
        said = _("Reads at %(figure)s to 1: too little, a screen needs 4.5.", figure=figure)
    elif one.replaced:
        said = _(
            "Reads at %(figure)s to 1 there: too little, so it takes the colour of the words.",
            figure=figure,
        )
    elif not one.good:
        said = _(
            "Reads at %(figure)s to 1: well for large words, faint for small ones.", figure=figure
        )
    else:
        said = _("Reads at %(figure)s to 1: well, from across the shop.", figure=figure)
    if one.part in ("price", "mist", "ground"):
        tone = _("Its words are light.") if one.light else _("Its words are dark.")
        said = f"{said} {tone}"
    return {
        "title": title,
        "said": said,
        "state": "ok" if one.good else "some" if one.enough else "no",
    }


def colour_words() -> dict[str, tuple[str, str]]:
    """Each colour and what it says on a screen."""
    return {
        "price": (_("Sky of a price"), _("Behind every price.")),
        "mist": (_("Sky without a price"), _("A price that may not show, words, another store.")),
        "tide": (_("Deep sky"), _("Service, tills, ways.")),
        "ground": (_("Ground"), _("Below every horizon, and the night of the slate.")),
        "accent": (_("What stands out"), _("Reductions, figures, second lines on dark.")),
    }


def drawing_words() -> dict[str, tuple[str, str]]:
    """Each drawing and where it shows."""
    return {
        "mark": (_("Mark"), _("Top left on every screen.")),
        "mascot": (
            _("Mascot"),
            _("Walks on the slate, stands in a crowd. Without one, passers-by do."),
        ),
        "skyline": (_("Skyline"), _("On the horizon, in the tone of its sky.")),
    }


def face_words(name: str) -> str:
    """What a family is called, and like."""
    return {
        "bricolage": _("Bricolage Grotesque, painted by a sign-maker"),
        "instrument": _("Instrument Sans, plain and even"),
        "archivo": _("Archivo, firm as a headline"),
        "encode": _("Encode Sans, open and technical"),
        "fraunces": _("Fraunces, with serifs, warm"),
    }[name]


def legal_words() -> dict[str, tuple[str, str]]:
    """Each locked line and where it stands."""
    most = MAX_LEGAL_CHARACTERS
    return {
        "legal": (
            _("Below every screen"),
            _("On all templates, pictures and films too. At most %(n)s characters.", n=most),
        ),
        "legal_goods": (
            _("Below screens that show goods"),
            _("After the line above. At most %(n)s characters.", n=most),
        ),
    }


def wrong_words(wrong: ServerError) -> str:
    """A refusal in a sentence."""
    known = {
        "typed_price": _("A price is never typed: it comes from the shop alone."),
        "typed_percent": _("This reads as a reduction, which the price history works out."),
        "bad_colour": _("Write a colour as #ffd552."),
        "low_contrast": _(
            "Words do not read on this colour: take one further from theirs. The figure is below."
        ),
        "one_language": _("Say it in French and in English: the law is not translated by itself."),
        "no_shape": _(
            "This picture has no transparent ground, so only a rectangle would show. Export it as "
            "PNG or WebP with a transparent ground."
        ),
        "not_a_mark": _("Take a PNG or WebP picture of at most 4 million pixels."),
        "no_such_file": _("This file is not there any more: choose another."),
        "voice_too_long": _("Write at most 600 characters."),
        "choose_stores": _("Choose the stores to begin in."),
        "too_far": _("Choose a time within the next year."),
        "on_trial": _("A brand is on its way already. Bring it to all, or take it back first."),
        "stale": _(
            "Someone sent another brand out since. What you wrote is still here: look at theirs "
            "in another window, then decide."
        ),
    }
    if wrong.code in known:
        return known[wrong.code]
    field = wrong.field.removeprefix("brand/")
    if field.startswith("legal"):
        return _("Write at most %(n)s characters, on one line.", n=MAX_LEGAL_CHARACTERS)
    if field in ("name", "slogan"):
        return _("Write at most 200 characters, on one line.")
    return said(wrong.message)


def trial_words(trial: Trial, shops: Sequence[Shop], language: Language) -> tuple[str, str]:
    """What is on its way where, and what follows."""
    names = {one.id: one.name for one in shops}
    name = trial.name or _("A new brand")
    if trial.state == "waiting":
        wall = datetime.fromisoformat(trial.local)
        at = f"{day_words(wall.date(), language)}, {wall:%H:%M}"
        first = _("“%(name)s” waits until each store’s clock shows %(at)s.", name=name, at=at)
    else:
        first = _("“%(name)s” is on trial.", name=name)
    shown = [names.get(one, one) for one in trial.worn]
    if not shown:
        return first, _("No screen shows it yet.")
    where = ", ".join(shown[:STORES_NAMED])
    rest = len(shown) - STORES_NAMED
    if rest > 0:
        where = f"{where} {ngettext('and %(num)s more', 'and %(num)s more', rest)}"
    return first, _("It shows in %(stores)s; the others keep the brand of before.", stores=where)


def _key(key: str) -> str:
    if key in drawing_words():
        return drawing_words()[key][0].lower()
    if key.startswith("colour."):
        return colour_words()[key.removeprefix("colour.")][0].lower()
    if key == "name":
        return _("name")
    return _("slogan") if key == "slogan" else key


def _who(one: Brand, now: int) -> str:
    if not one.version:
        return _("It was set up store by store.")
    return _("Sent out by %(who)s, %(ago)s.", who=one.by, ago=ago(one.at, now))
