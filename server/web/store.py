"""The store manager's phone page: /store, a store's screens and the hand on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.errors import BadInput, NotFound, Stale
from server.services.minding import holding, running_out
from server.services.minding.on_air import airings, for_local_use, goods_here, offered
from server.services.minding.shop import Shop, mind, stores_of
from server.services.screens import watching
from server.services.showing.explaining import what_plays
from server.services.showing.wall import Look, Wall, wall
from server.services.wishes import messages, overrides
from server.services.wishes.local_use import set_local_use
from server.web.access import Visit, check_form, page, studio
from server.web.entering import enter
from server.web.stills import still
from server.web.store_faults import Wrong, wrong
from server.web.store_forms import emergency, hold, instant, message_words, pause, text
from server.web.store_words import MORE_MS, lasts, lasts_hours, pieces, store_words
from server.web.walls import WATCH_LIFE_MS

blueprint = studio("store")

SHEETS = ("show", "pause", "out", "message", "emergency")
_MAX_STILLS = 8
Done = Callable[[Visit, Shop], AnyResponse]


@blueprint.get("/store")
def choose() -> AnyResponse:
    """The only store that this person minds, or the choice among them."""
    looker = enter()
    named = request.args.get("named", "")[:100].strip()
    stores = stores_of(looker.ctx, looker.actor, named)
    if len(stores) == 1 and not named and looker.actor.stores is not None:
        return redirect(url_for("store.show", store=stores[0][0]))
    decides = looker.actor.stores is None and looker.actor.may("content")
    return page(
        "stores.html",
        looker,
        room="store",
        stores=stores,
        named=named,
        playlists=for_local_use(looker.ctx, looker.actor) if decides else (),
        saved=request.args.get("saved") == "1",
        hours=lasts_hours(looker.ctx.settings.hold_minutes_per_day),
    )


@blueprint.post("/store")
def decide() -> AnyResponse:
    """Say which playlists every store may show by hand."""
    looker = enter(form=True)
    set_local_use(looker.ctx, looker.actor, request.form.getlist("playlists"))
    return redirect(f"{url_for('store.choose')}?saved=1", 303)


@blueprint.get("/store/<store>")
def show(store: str) -> AnyResponse:
    """A store as it stands."""
    looker, shop = _at(store)
    return _page(looker, shop)


@blueprint.get("/store/<store>/<any(show, pause, out, message, emergency):sheet>")
def open_sheet(store: str, sheet: str) -> AnyResponse:
    """One of the actions, over the page."""
    looker, shop = _at(store)
    return _page(looker, shop, sheet)


@blueprint.get("/store/<store>/stills")
def stills(store: str) -> AnyResponse:
    """What held screens show now, to be painted on their cards, by id."""
    looker, shop = _at(store)
    held = [one for one in request.args.get("screens", "").split(",") if one]
    coming = what_plays(looker.ctx, looker.actor, held[:_MAX_STILLS], shop.now)
    found = {screen: turns[0] for screen, turns in coming.items() if turns}
    return jsonify({screen: still(one, shop.now, {}) for screen, one in found.items()})


@blueprint.post("/store/<store>/show")
def show_something(store: str) -> AnyResponse:
    """Show a playlist on some screens until an end."""

    def do(looker: Visit, shop: Shop) -> AnyResponse:
        overrides.create_override(looker.ctx, looker.actor, hold(shop))
        return _home(store)

    return _do(store, "show", do)


@blueprint.post("/store/<store>/pause")
def pause_something(store: str) -> AnyResponse:
    """Pause a campaign or an item in this store until an end."""

    def do(looker: Visit, shop: Shop) -> AnyResponse:
        overrides.create_override(looker.ctx, looker.actor, pause(shop))
        return _home(store)

    return _do(store, "pause", do)


@blueprint.post("/store/<store>/message")
def say_something(store: str) -> AnyResponse:
    """Show a few words of one's own until an end."""

    def do(looker: Visit, shop: Shop) -> AnyResponse:
        template = text("template", 40)
        wish = hold(shop, playlist="message")
        messages.show_message(looker.ctx, looker.actor, template, message_words(), wish)
        return _home(store)

    return _do(store, "message", do)


@blueprint.post("/store/<store>/emergency")
def alarm(store: str) -> AnyResponse:
    """Put a message over all else: asked once more before it is done."""

    def do(looker: Visit, shop: Shop) -> AnyResponse:
        looker.actor.require("emergency", store)
        wish = emergency(shop)
        if request.form.get("sure") != "yes":
            return _page(looker, shop, "emergency", sure=wish)
        overrides.create_emergency(looker.ctx, looker.actor, wish)
        return _home(store)

    return _do(store, "emergency", do)


@blueprint.post("/store/<store>/emergency/<emergency_id>/end")
def end_alarm(store: str, emergency_id: str) -> AnyResponse:
    """End an emergency of this store's own."""

    def do(looker: Visit, shop: Shop) -> AnyResponse:
        if emergency_id not in {one.id for one in shop.alarms}:
            raise NotFound("There is no such emergency here.")
        overrides.end_emergency(looker.ctx, looker.actor, emergency_id)
        return _home(store)

    return _do(store, "", do)


@blueprint.post("/store/<store>/out")
def say_out(store: str) -> AnyResponse:
    """There is none left of a product, until closing time."""

    def do(looker: Visit, shop: Shop) -> AnyResponse:
        sku = text("sku", 200)
        running_out.say_out(looker.ctx, looker.actor, store, sku, shop.closing_ms)
        return _home(store, "out", gone=sku)

    return _do(store, "out", do)


@blueprint.post("/store/<store>/back")
def say_back(store: str) -> AnyResponse:
    """There is some again: what the shop says counts."""

    def do(looker: Visit, shop: Shop) -> AnyResponse:
        running_out.say_back(looker.ctx, looker.actor, store, text("sku", 200))
        return _home(store, request.form.get("sheet", ""))

    return _do(store, "", do)


@blueprint.post("/store/<store>/hands/<hand>/end")
def end(store: str, hand: str) -> AnyResponse:
    """End a hold or a pause now; the page then offers it back."""

    def do(looker: Visit, shop: Shop) -> AnyResponse:
        mine = {one.id: one for one in (*shop.shown, *shop.paused)}.get(hand)
        if mine is None:
            raise NotFound("There is no such hand here.")
        overrides.end_override(looker.ctx, looker.actor, hand)
        return _home(store, ended=hand, until=str(mine.until_ms))

    return _do(store, "", do)


@blueprint.post("/store/<store>/hands/<hand>/longer")
def longer(store: str, hand: str) -> AnyResponse:
    """Half an hour more."""

    def do(looker: Visit, shop: Shop) -> AnyResponse:
        holding.longer(looker.ctx, looker.actor, _own(shop, hand), MORE_MS)
        return _home(store)

    return _do(store, "", do)


@blueprint.post("/store/<store>/hands/<hand>/again")
def again(store: str, hand: str) -> AnyResponse:
    """Undo the end of a hold or a pause."""

    def do(looker: Visit, shop: Shop) -> AnyResponse:
        ended = overrides.get_override(looker.ctx, looker.actor, hand).value
        if ended.store != store:
            raise NotFound("There is no such hand here.")
        holding.again(looker.ctx, looker.actor, hand, instant(text("until", 20)))
        return _home(store)

    return _do(store, "", do)


def _at(store: str) -> tuple[Visit, Shop]:
    looker = enter()
    if not store.isprintable():
        raise NotFound("There is no such store among yours.")
    return looker, mind(looker.ctx, looker.actor, store, looker.language)


def _do(store: str, sheet: str, do: Done) -> AnyResponse:
    """Do what a form of the page asks; a refusal is said where it belongs, with nothing lost."""
    looker, shop = _at(store)
    check_form(looker)
    try:
        return do(looker, shop)
    except (BadInput, Stale) as error:
        return _page(looker, shop, sheet, refused=wrong(error, shop), status=422)


def _own(shop: Shop, hand: str) -> str:
    if hand not in {one.id for one in shop.shown}:
        raise NotFound("There is no such hand here.")
    return hand


def _home(store: str, sheet: str = "", **words: str) -> AnyResponse:
    path = url_for("store.show", store=store)
    path += f"/{sheet}" if sheet in SHEETS else ""
    return redirect(f"{path}?{urlencode(words)}" if words else path, 303)


def _page(
    looker: Visit,
    shop: Shop,
    sheet: str = "",
    *,
    refused: Wrong | None = None,
    status: int = 200,
    sure: Any = None,
) -> AnyResponse:
    found = wall(looker.ctx, looker.actor, Look(store=shop.store.id), shop.screens)
    words = store_words(shop, found, looker.actor.name, looker.language)
    return page(
        "store.html",
        looker,
        room="store",
        status=status,
        store=shop.store.id,
        shop=shop,
        words=words,
        sheet=sheet,
        refused=refused,
        sure=sure,
        form=request.form,
        may_alarm=looker.actor.may("emergency", shop.store.id),
        many=looker.actor.stores is None or len(looker.actor.stores) > 1,
        ended=_ended(looker, shop),
        gone=request.args.get("gone", ""),
        token="" if sheet else _leave(looker, found),
        door=looker.ctx.settings.door_url,
        pieces=pieces,
        lasts=lasts,
        **_choices(looker, shop, sheet),
    )


def _choices(looker: Visit, shop: Shop, sheet: str) -> dict[str, Any]:
    """What a sheet offers."""
    ctx, actor, store = looker.ctx, looker.actor, shop.store.id
    if sheet in ("show", "emergency"):
        return {"offered": offered(ctx, actor, store)}
    if sheet == "pause":
        return {"airings": airings(ctx, actor, store)}
    if sheet == "out":
        return {"goods": goods_here(ctx, actor, store, looker.language)}
    if sheet == "message":
        return {"most": messages.MOST, "templates": list(messages.APPROVED)}
    return {}


def _ended(looker: Visit, shop: Shop) -> dict[str, str] | None:
    """What was ended a moment ago, so that it can be taken back in place."""
    hand, until = request.args.get("ended", ""), request.args.get("until", "")
    if not hand or not until.isdigit() or int(until) <= shop.now:
        return None
    try:
        kind = overrides.get_override(looker.ctx, looker.actor, hand).value.kind
    except NotFound:
        return None
    return {"id": hand, "until": until, "kind": kind}


def _leave(looker: Visit, found: Wall) -> str:
    """Leave to follow the store's screens."""
    screens = [screen.id for rail in found.stores for screen in rail.screens]
    if not screens or looker.key:
        return looker.key
    return watching.watch_token(looker.ctx, looker.actor, life_ms=WATCH_LIFE_MS, screens=screens)
