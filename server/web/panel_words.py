"""The fields of one turn: its title, its words in both languages, how long it lasts, how it
comes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from playlists.model import Card, Item, Transition
from server.services.wishes.templates import TEMPLATES
from server.web.phrases import Language
from server.web.problem_words import text_label
from server.web.sentence_words import Names
from server.web.tongue import gettext as _

LANGUAGES = (("fr", "Français"), ("en", "English"))
MAX_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Field:
    """One field: the draft's path, what stands there (JSON), what a person reads."""

    id: str
    path: str
    label: str
    value: str
    was: str
    lang: str = ""
    most: int = MAX_TEXT


@dataclass(frozen=True, slots=True)
class Select:
    """A choice among settings."""

    id: str
    path: str
    label: str
    value: str
    was: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a card, by language."""

    label: str
    needed: bool
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class PanelWords:
    """All fields of a turn."""

    title: Field
    seconds: str
    duration: Field | None
    texts: tuple[Text, ...]
    selects: tuple[Select, ...]
    goods: tuple[str, ...]


def panel_words(item: Item, raw: Mapping[str, Any], names: Names, language: Language) -> PanelWords:
    """The fields of a turn; `raw` is as the draft holds it."""
    at = f"items/{item.id}"
    title = Field(
        "f-title", f"{at}/title", _("Title"), item.title, _json(raw.get("title")), "", 200
    )
    if not isinstance(item.content, Card):
        return PanelWords(title, "", None, (), (), ())
    seconds = f"{item.duration_ms / 1000:g}"
    duration = Field(
        *("f-seconds", f"{at}/duration_ms", _("Seconds"), seconds), _json(raw.get("duration_ms"))
    )
    card = raw.get("content", {}).get("card", {})
    template = TEMPLATES.get(item.content.template)
    words = template.words if template else ()
    settings = template.settings if template else {}
    texts = tuple(
        _text(name, at, card, item.content, needed=template is not None and template.needs == name)
        for name in words
        if name not in item.content.params and name not in item.content.live
    )
    asked = (
        _select(name, at, card, item.content, values)
        for name, values in settings.items()
        if not name.endswith("_icon")
    )
    selects = (_transition(item, at, raw), *asked)
    goods = tuple(names.goods.get(good.sku, good.sku) for good in item.content.goods)
    return PanelWords(title, seconds, duration, texts, selects, goods)


def _text(name: str, at: str, card: Mapping[str, Any], said: Card, *, needed: bool) -> Text:
    held = card.get("texts", {}).get(name, {})
    label = text_label(name)
    fields = tuple(
        Field(
            f"f-{name}-{lang}",
            f"{at}/content/card/texts/{name}/{lang}",
            language,
            said.texts.get(name, {}).get(lang, ""),
            _json(held.get(lang)),
            lang,
        )
        for lang, language in LANGUAGES
    )
    return Text(label[:1].upper() + label[1:], needed, fields)


def _select(
    name: str, at: str, card: Mapping[str, Any], said: Card, values: tuple[str, ...]
) -> Select:
    now = str(said.params.get(name, values[0]))
    options = tuple((value, _setting(value)) for value in values)
    was = _json(card.get("params", {}).get(name))
    path = f"{at}/content/card/params/{name}"
    return Select(f"f-{name}", path, _setting(name), now, was, options)


def _transition(item: Item, at: str, raw: Mapping[str, Any]) -> Select:
    options = tuple((value, _setting(value)) for value in get_args(Transition))
    was = _json(raw.get("transition"))
    path = f"{at}/transition"
    return Select("f-transition", path, _("How it comes on"), item.transition, was, options)


def _setting(name: str) -> str:
    return {
        "sky": _("Sky"),
        "fit": _("How it fills the screen"),
        "arrow": _("Arrow"),
        "mist": _("mist: elsewhere, no price"),
        "night": _("night"),
        "price": _("yellow: a price"),
        "rain": _("rain"),
        "sun": _("sun"),
        "tide": _("tide: service"),
        "up": _("up"),
        "left": _("left"),
        "right": _("right"),
        "contain": _("whole, with edges"),
        "cover": _("edge to edge"),
        "crop": _("Picture"),
        "whole": _("as it is"),
        "middle": _("cut square, its middle"),
        "top": _("cut square, its top"),
        "bottom": _("cut square, its foot"),
        "brand": _("in the brand’s own motion"),
        "cut": _("at once"),
        "fade": _("by a crossfade"),
        "slide": _("from the side"),
    }.get(name, name)


def _json(value: Any) -> str:
    return json.dumps(value)
