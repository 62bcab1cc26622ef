"""What a screen would show at another time, in another weather: /screens/<id>/pretend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

from flask import jsonify, request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from playlists.facts import FactValue
from playlists.model import MAIN
from server.errors import BadInput
from server.services.chain import places
from server.services.drafting.drafts import Kind
from server.services.rehearsing.pretending import ONLY, Pretence, Pretended, Turn, pretend
from server.services.showing.shelf import names_of_goods
from server.web import clock
from server.web.access import Visit, page, studio
from server.web.entering import enter
from server.web.stills import still
from server.web.tongue import said

blueprint = studio("pretending")

TURNS = 12
"""Turns of one look, to be played and skipped through."""
PLAYLIST_TURNS = 40
"""Turns of a look at one playlist."""
AS_IT_IS = "as_it_is"
KINDS = get_args(Kind)
Facts = dict[str, FactValue]
WEATHER: Final[dict[str, Facts]] = {
    "rain": {"weather.rain": 12, "weather.code": 61, "weather.temperature": 110},
    "sun": {"weather.rain": 0, "weather.code": 0, "weather.temperature": 240},
    "cold": {"weather.rain": 0, "weather.code": 3, "weather.temperature": 20},
}
"""Tenths of a millimetre an hour, WMO 4677 code, tenths of a degree."""
CROWD: Final[dict[str, Facts]] = {
    "quiet": {"occupancy": 0, "footfall": 0},
    "crowded": {"occupancy": 60, "footfall": 300},
}
STOCK: Final[dict[str, Facts]] = {"last": {"stock": 3}, "none": {"stock": 0}}
MAX_SKU_CHARACTERS = 100
DAY_MINUTES = 24 * 60
STEP_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page asks for, as its controls show it. `on` is a store-local date, empty: now;
    `goods` the product whose stock is pretended, empty: all that the store has.
    """

    weather: str = AS_IT_IS
    crowd: str = AS_IT_IS
    stock: str = AS_IT_IS
    goods: str = ""
    prices: str = AS_IT_IS
    on: str = ""
    minute: int = 0
    drafts: tuple[tuple[Kind, str], ...] = ()
    only: tuple[str, str] | None = None

    @classmethod
    def read(cls, given: MultiDict[str, str]) -> Asked:
        """From an address; what is not known counts as it is."""

        def one(name: str, known: dict[str, Facts] | tuple[str, ...]) -> str:
            value = given.get(name, AS_IT_IS)
            return value if value in known else AS_IT_IS

        named = [text.partition(":") for text in given.getlist("draft")]
        kinds = [
            (cast(Kind, k), s) for k, _colon, s in named if k in ("playlist", "campaign") and s
        ]
        playlist, _slash, item = given.get("only", "").partition("/")
        minute = given.get("minute", "")
        at = int(minute) if minute.isascii() and minute.isdigit() and len(minute) < 5 else 0
        return cls(
            one("weather", WEATHER),
            one("crowd", CROWD),
            one("stock", STOCK),
            given.get("goods", "")[:MAX_SKU_CHARACTERS],
            one("prices", ("expired",)),
            given.get("on", "")[:10],
            min(at, DAY_MINUTES - 1),
            tuple(kinds),
            (playlist, item) if playlist else None,
        )

    def at_ms(self, looker: Visit, zone: str) -> int | None:
        """The instant, None for now. Raises BadInput."""
        if not self.on:
            return None
        hour, minute = divmod(self.minute, 60)
        return clock.read_instant(f"{self.on}T{hour:02d}:{minute:02d}", zone, looker.language)

    def facts(self, store: str) -> Facts:
        """What is pretended of the world, in this store."""
        chosen = (WEATHER.get(self.weather), CROWD.get(self.crowd), STOCK.get(self.stock))
        found = {key: value for facts in chosen for key, value in (facts or {}).items()}
        if self.goods and "stock" in found:
            found[f"stock:{self.goods}@{store}"] = found.pop("stock")
        return found

    @property
    def pretends(self) -> bool:
        """Whether anything is other than it is."""
        chosen = (self.weather, self.crowd, self.stock, self.prices)
        return bool(self.on) or any(one != AS_IT_IS for one in chosen)


@blueprint.get("/screens/<screen_id>/pretend")
def show(screen_id: str) -> AnyResponse:
    """A screen in a pretended situation, and the controls of it."""
    looker = enter()
    screen = places.get_screen(looker.ctx, looker.actor, screen_id).value
    store = places.get_store(looker.ctx, looker.actor, screen.store).value
    asked = Asked.read(request.args)
    now = looker.ctx.clock()
    wrong = ""
    try:
        found = _look(looker, screen_id, store.id, store.zone, asked)
    except BadInput as refused:
        wrong = said(refused.message)
        found = pretend(looker.ctx, looker.actor, screen_id, Pretence(), TURNS)
    names = names_of_goods(looker.ctx, {asked.goods, *_shown(found)}, looker.language)
    return page(
        "pretend.html",
        looker,
        status=422 if wrong else 200,
        room="wall",
        screen=screen,
        screen_id=screen_id,
        store=store,
        asked=asked,
        said=sentence(asked, names, store.name, store.zone, found.at_ms),
        look=turns(found),
        panel=panel(asked, names, store.zone, now, found.at_ms, wrong),
    )


def _shown(found: Pretended) -> set[str]:
    """The products on the turns of a look."""
    cards = [turn.playing.card for turns in found.zones.values() for turn in turns]
    return {str(good.sku) for card in cards if card is not None for good in card.goods}


def panel(
    asked: Asked, names: Mapping[str, str], zone: str, now: int, at_ms: int, wrong: str = ""
) -> dict[str, Any]:
    """What the controls' template needs: where they stand, products to choose from by SKU, `now`
    and `at_ms` unix ms.
    """
    today = clock.local(now, zone)
    return {
        "asked": asked,
        "goods": sorted(names.items(), key=lambda one: (one[1], one[0])),
        "wrong": wrong,
        "today": today.date().isoformat(),
        "now_minute": today.hour * 60 + today.minute,
        "local": clock.local(at_ms, zone),
        "step": STEP_MINUTES,
    }


@blueprint.get("/screens/<screen_id>/pretended")
def pretended(screen_id: str) -> AnyResponse:
    """The same for the page's script: a sentence and the turns, as the player's code draws them."""
    looker = enter()
    screen = places.get_screen(looker.ctx, looker.actor, screen_id).value
    store = places.get_store(looker.ctx, looker.actor, screen.store).value
    asked = Asked.read(request.args)
    try:
        found = _look(looker, screen_id, store.id, store.zone, asked)
    except BadInput as refused:
        return _refusal(refused)
    names = names_of_goods(looker.ctx, {asked.goods}, looker.language)
    said = sentence(asked, names, store.name, store.zone, found.at_ms)
    now = clock.local(looker.ctx.clock(), store.zone)
    return jsonify(
        {
            "said": said,
            "pretends": asked.pretends,
            "today": now.date().isoformat(),
            "minute": now.hour * 60 + now.minute,
            "turns": turns(found),
        }
    )


def sentence(asked: Asked, names: Mapping[str, str], store: str, zone: str, at_ms: int) -> str:
    """What is pretended, in a line."""
    if not asked.pretends:
        return str(_("As it is now in %(store)s.", store=store))
    words = {
        "rain": _("rain"),
        "sun": _("sun"),
        "cold": _("cold"),
        "quiet": _("hardly anybody there"),
        "crowded": _("a crowd"),
        "last": _("three left of everything"),
        "none": _("everything sold out"),
        "expired": _("prices expired"),
    }
    if asked.goods:
        name = names.get(asked.goods, asked.goods)
        words |= {
            "last": _("three left of %(name)s", name=name),
            "none": _("%(name)s sold out", name=name),
        }
    chosen = (asked.weather, asked.crowd, asked.stock, asked.prices)
    parts = [words[one] for one in chosen if one in words]
    at = clock.clock(at_ms, zone)
    when = _("Pretending in %(store)s at %(time)s", store=store, time=at)
    return ", ".join([when, *parts]) + "."


def turns(found: Pretended) -> list[dict[str, Any]]:
    """What the main zone shows one after another, to be drawn."""
    return [
        {
            "title": turn.told.title,
            "item": _item(turn),
            "since": turn.playing.shown.since,
            "until": turn.playing.shown.until,
            "still": still(turn.playing, max(found.at_ms, turn.playing.shown.since), turn.texts),
        }
        for turn in found.zones.get(MAIN, ())
    ]


def _item(turn: Turn) -> str:
    """The turn's item, where all that is looked at is one playlist."""
    why = turn.told.why
    return str(why.item) if why is not None and why.source == ONLY else ""


def _look(looker: Visit, screen_id: str, store: str, zone: str, asked: Asked) -> Pretended:
    pretence = Pretence(
        asked.at_ms(looker, zone),
        asked.facts(store),
        "expired" if asked.prices == "expired" else "as_they_are",
        asked.drafts,
        asked.only,
    )
    whole = asked.only is not None and not asked.only[1]
    most = PLAYLIST_TURNS if whole else TURNS
    return pretend(looker.ctx, looker.actor, screen_id, pretence, most)


def _refusal(refused: BadInput) -> AnyResponse:
    answer = jsonify({"message": said(refused.message), "field": refused.field})
    answer.status_code = refused.status
    return answer
