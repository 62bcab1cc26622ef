"""The chain's brand: /brand, how it would look before it goes out, and the brands before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from playlists.manifest import BRAND_DRAWINGS
from playlists.model import Card, Good, Item
from server.errors import BadInput, ServerError
from server.services.branding import brands, trials
from server.services.branding.shapes import candidates
from server.services.chain.brand_checks import (
    COLOURS,
    FACES,
    LANGUAGES,
    LEGALS,
    LOOK,
    TYPES,
    check_brand,
    readings,
)
from server.services.promoting.catalogue import Asking, catalogue
from server.services.promoting.formats import formats
from server.services.showing.picturing import pictures
from server.services.showing.truths import shops
from server.web.access import Visit, page, studio
from server.web.brand_words import (
    brand_words,
    colour_words,
    drawing_words,
    face_words,
    legal_words,
    reading_words,
    trial_words,
    wrong_words,
)
from server.web.entering import enter
from server.web.stills import picture
from server.web.tongue import gettext as _

blueprint = studio("brand-room")

SAMPLES = ("price", "trio", "message", "elsewhere", "service", "slate")
"""Templates that the brand is tried on, as the page draws them."""


@dataclass(frozen=True, slots=True)
class Given:
    """A brand as a form says it."""

    body: dict[str, str]
    voice: dict[str, str]
    version: int


@blueprint.get("/brand")
def show() -> AnyResponse:
    """The brand as it is on air."""
    looker = enter("content")
    found = brands.standing(looker.ctx, looker.actor)
    return _page(looker, found, Given(dict(found.brand.body), dict(found.brand.voice), -1))


@blueprint.post("/brand")
def send_out() -> AnyResponse:
    """Put it on every screen that follows it."""
    looker = enter("content", form=True)
    given, form = _given(), request.form
    some = form.getlist("store") if form.get("where") == "some" else None
    later = form.get("when") == "store"
    try:
        if later and not form.get("at"):
            raise BadInput(_("Choose a day and a time."), field="at", code="choose_time")
        if some is None and not later:
            brands.send_out(looker.ctx, looker.actor, given.body, given.voice, given.version)
        else:
            trials.begin(
                *(looker.ctx, looker.actor, given.body, given.voice, given.version),
                stores=some,
                local=form.get("at", "") if later else "",
            )
    except ServerError as wrong:
        return _page(looker, brands.standing(looker.ctx, looker.actor), given, wrong=wrong)
    return redirect("/brand" if some or later else "/brand?out=1", 303)


@blueprint.post("/brand/<any('take-back', 'to-all'):way>")
def go_on(way: str) -> AnyResponse:
    """Have stores look as before, or bring what is on its way to all."""
    looker = enter("content", form=True)
    act = trials.take_back if way == "take-back" else trials.to_all
    act(looker.ctx, looker.actor)
    return redirect("/brand" if way == "take-back" else "/brand?out=1", 303)


@blueprint.post("/brand/former/<int:version>")
def put_back(version: int) -> AnyResponse:
    """Send a former brand out again."""
    looker = enter("content", form=True)
    try:
        brands.put_back(looker.ctx, looker.actor, version, _version())
    except ServerError as wrong:
        found = brands.standing(looker.ctx, looker.actor)
        given = Given(dict(found.brand.body), dict(found.brand.voice), -1)
        return _page(looker, found, given, wrong=wrong)
    return redirect("/brand?out=1", 303)


@blueprint.post("/brand/look")
def look() -> AnyResponse:
    """How a brand reads and what screens would show of it; nothing is kept."""
    looker = enter("content", form=True)
    looker.actor.require_chain("content")
    given = _given()
    answer: dict[str, Any] = {"wrong": None}
    try:
        body = {key: value for key, value in given.body.items() if value.strip()}
        check_brand(body)
        answer["stills"] = _stills(looker, body)
    except BadInput as wrong:
        answer["wrong"] = {"field": wrong.field.removeprefix("brand/"), "said": wrong_words(wrong)}
    colours = {key: value for key, value in given.body.items() if key.startswith("colour.")}
    if not (answer["wrong"] and answer["wrong"]["field"].startswith("colour.")) or _hexes(colours):
        answer["readings"] = [reading_words(one) for one in readings(colours)]
    return jsonify(answer)


def _hexes(colours: dict[str, str]) -> bool:
    digits = set("0123456789abcdef")
    return all(
        value[:1] == "#" and len(value) == 7 and set(value[1:]) <= digits
        for value in colours.values()
    )


def _stills(looker: Visit, body: dict[str, str]) -> dict[str, Any]:
    """Each template with goods of the shop, in the store that is looked at."""
    found = catalogue(looker.ctx, looker.actor, Asking(), looker.language)
    if found.store is None:
        return {}
    drawn = pictures(
        looker.ctx,
        looker.actor,
        found.store.id,
        _samples([one.sku for one in sorted(found.goods, key=lambda good: not good.picture)]),
        looker.language,
    )
    chain = brands.standing(looker.ctx, looker.actor).brand.body
    now = looker.ctx.clock()
    stills = {name: picture(one, now) for name, one in drawn.items()}
    for name, still in stills.items():
        still["brand"] = brands.try_on(still["brand"], chain, body)
        drawn_by = "-".join(still["brand"].get(part, "")[:8] for part in BRAND_DRAWINGS)
        still["shown"] |= {"card": still["shown"]["card"] and f"{name} {drawn_by}", "since": 0}
    return stills


def _samples(skus: list[str]) -> list[Item]:
    goods = [Good(sku) for sku in skus]  # type: ignore[arg-type]
    said = {name: _both(text) for name, text in _sentences().items()}
    cards = {
        "message": Card("message", {"sky": "mist"}, {"headline": said["open"]}),
        "service": Card("service", {"arrow": "up", "figure": "3"}, {"headline": said["crowd"]}),
        "slate": Card("nothing"),
    }
    if goods:
        cards["price"] = Card("price", goods=(goods[0],))
        cards["elsewhere"] = Card("elsewhere", texts={"headline": said["away"]}, goods=(goods[0],))
        three = tuple(goods[:3])
        cards["trio"] = Card("trio", {"sky": "sun"}, {"headline": said["out"]}, three)
    return [Item(name, cards[name]) for name in SAMPLES if name in cards]  # type: ignore[arg-type]


def _both(said: str) -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, said)


def _sentences() -> dict[str, str]:
    """What the sample screens say, in the reader's language."""
    return {
        "open": _("Open on Sunday"),
        "crowd": _("Till 3 is free."),
        "away": _("It waits for you 4 km away."),
        "out": _("Out we go."),
    }


def _given() -> Given:
    form = request.form
    names = (
        *("name", "slogan", *BRAND_DRAWINGS),
        *(f"type.{name}" for name in TYPES),
        *(f"{name}.{language}" for name in LEGALS for language in LANGUAGES),
    )
    body = {name: form.get(name, "") for name in names}
    for name in COLOURS:
        said = form.get(f"colour.{name}", "").strip().lower()
        # A colour that the look gives anyway is not the brand's own.
        body[f"colour.{name}"] = "" if said == LOOK[name] else said
    voice = {one: form.get(f"voice.{one}", "") for one in LANGUAGES}
    return Given({k: v for k, v in body.items() if v.strip()}, voice, _version())


def _version() -> int:
    said = request.form.get("version", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else -1


def _page(
    looker: Visit, found: brands.Standing, given: Given, *, wrong: ServerError | None = None
) -> AnyResponse:
    trial = trials.standing(looker.ctx, looker.actor)
    mine = shops(looker.ctx, looker.actor)
    held = [given.body[part] for part in BRAND_DRAWINGS if part in given.body]
    return page(
        "brand.html",
        looker,
        status=wrong.status if wrong is not None else 200,
        room="promotions",
        found=found,
        words=brand_words(found, looker.ctx.clock()),
        given=given,
        version=found.brand.version,
        drawings=drawing_words(),
        files=candidates(looker.ctx, looker.actor, held),
        colours=colour_words(),
        look=LOOK,
        readings=[reading_words(one) for one in readings(given.body)] if not wrong else [],
        faces=[(name, face_words(name)) for name in FACES],
        legals=legal_words(),
        languages=LANGUAGES,
        samples=SAMPLES,
        shapes=formats(looker.ctx, looker.actor)[:2],
        out=request.args.get("out") == "1",
        trial=trial and trial_words(trial, mine, looker.language),
        stores=[(one.id, one.name) for one in mine],
        asked=request.form,
        at_field=wrong.field.removeprefix("brand/").replace("voice/", "voice.") if wrong else "",
        wrong=wrong_words(wrong) if wrong is not None else "",
    )
