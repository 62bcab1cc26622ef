"""Stores and their screens: opened, described and closed; what plays when nothing else does."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from playlists.ids import PlaylistId
from playlists.model import Base
from server.errors import BadInput, NotFound, ServerError
from server.services.base.editing import new_id
from server.services.base.paging import Cut
from server.services.chain import overview, places
from server.services.chain.place_views import StoreView
from server.services.wishes import bases, content
from server.web import place_forms, place_words
from server.web.access import Visit, page, studio
from server.web.clock import usual_zone
from server.web.entering import guard
from server.web.tongue import gettext as _

blueprint = studio("places")

HERE = "/places"
MAIN = "main"
guarded = guard("places")


@blueprint.get(HERE)
@guarded
def everywhere(me: Visit) -> AnyResponse:
    """The stores."""
    return _list(me)


@blueprint.post(HERE)
@guarded
def open_store(me: Visit) -> AnyResponse:
    """Open a store."""
    store = new_id(request.form.get("name", ""))
    try:
        wish = place_forms.store_wish(request.form, store, None)
        places.create_store(me.ctx, me.actor, wish, store)
    except BadInput as wrong:
        return _list(me, wrong)
    return redirect(f"{HERE}/{store}", 303)


@blueprint.post(f"{HERE}/base")
@guarded
def set_base(me: Visit) -> AnyResponse:
    """What plays in a store, or in the chain, when nothing else does."""
    store, chosen = request.form.get("store", ""), request.form.get("playlist", "")
    base = Base("store" if store else "chain", store, PlaylistId(chosen))
    if chosen:
        bases.set_base(me.ctx, me.actor, base)
    else:
        bases.clear_base(me.ctx, me.actor, base)
    return redirect(f"{HERE}/{store}#base" if store else f"{HERE}#base", 303)


@blueprint.get(f"{HERE}/<store>")
@guarded
def show(me: Visit, store: str) -> AnyResponse:
    """A store with its screens."""
    return _store(me, store)


@blueprint.post(f"{HERE}/<store>")
@guarded
def keep(me: Visit, store: str) -> AnyResponse:
    """What is known of a store, anew; whoever wrote meanwhile is not overwritten unseen."""
    was = places.get_store(me.ctx, me.actor, store)
    try:
        wish = place_forms.store_wish(request.form, store, was.value)
        places.update_store(me.ctx, me.actor, store, wish, _version())
    except NotFound:
        raise
    except ServerError as wrong:
        return _store(me, store, wrong, "store")
    moved = "&moved=1" if wish.zone != was.value.zone else ""
    return redirect(f"{HERE}/{store}?done=1{moved}", 303)


@blueprint.post(f"{HERE}/<store>/close")
@guarded
def close(me: Visit, store: str) -> AnyResponse:
    """Close a store."""
    try:
        places.delete_store(me.ctx, me.actor, store)
    except NotFound:
        raise
    except ServerError as wrong:
        return _store(me, store, wrong, "close")
    return redirect(HERE, 303)


@blueprint.post(f"{HERE}/<store>/screens")
@guarded
def hang(me: Visit, store: str) -> AnyResponse:
    """Wish for a screen in a store."""
    try:
        made = places.create_screen(
            me.ctx, me.actor, place_forms.screen_wish(request.form, store, None)
        )
    except BadInput as wrong:
        return _store(me, store, wrong, "screen")
    return redirect(f"{HERE}/{store}#{made.value.id}", 303)


@blueprint.get(f"{HERE}/<store>/screens/<screen_id>")
@guarded
def screen(me: Visit, store: str, screen_id: str) -> AnyResponse:
    """One screen."""
    return _screen(me, store, screen_id)


@blueprint.post(f"{HERE}/<store>/screens/<screen_id>")
@guarded
def keep_screen(me: Visit, store: str, screen_id: str) -> AnyResponse:
    """What is known of a screen, anew."""
    was = places.get_screen(me.ctx, me.actor, screen_id)
    try:
        wish = place_forms.screen_wish(request.form, store, was.value)
        places.update_screen(me.ctx, me.actor, screen_id, wish, _version())
    except NotFound:
        raise
    except ServerError as wrong:
        return _screen(me, store, screen_id, wrong)
    return redirect(f"{HERE}/{store}#{screen_id}", 303)


@blueprint.post(f"{HERE}/<store>/screens/<screen_id>/take-down")
@guarded
def take_down(me: Visit, store: str, screen_id: str) -> AnyResponse:
    """Take a screen away."""
    try:
        places.delete_screen(me.ctx, me.actor, screen_id)
    except NotFound:
        raise
    except ServerError as wrong:
        return _screen(me, store, screen_id, wrong)
    return redirect(f"{HERE}/{store}", 303)


def _list(me: Visit, wrong: ServerError | None = None) -> AnyResponse:
    found = overview.list_places(me.ctx, me.actor, Cut(request.args.get("after", "")))
    whole = me.actor.stores is None
    began = overview.beginning(me.ctx, me.actor) if whole else None
    screens = began.screens if began else sum(one.screens for one in found.items)
    first, second = place_words.head(began.stores if began else len(found.items), screens)
    shops = sorted({place_forms.shop_of(one.store) for one in found.items} - {""})
    zone = usual_zone(each.store.zone for each in found.items) or "Europe/Paris"
    usual = {"zone": zone, "shop": shops[0] if len(shops) == 1 else ""}
    return page(
        "places.html",
        me,
        status=wrong.status if wrong else 200,
        room="places",
        first=first,
        second=second,
        rows=[(one.store, *place_words.hung(one)) for one in found.items],
        next=found.next,
        steps=place_words.first_steps(me.ctx, me.actor),
        may_open=whole,
        sources=whole and me.actor.may("connectors"),
        updates=whole and me.actor.may("devices"),
        given=request.form if wrong else {**usual, **place_forms.week_form(place_forms.USUAL)},
        **_shared(me, shops, wrong),
        **_base(me, ""),
    )


def _store(me: Visit, store: str, wrong: ServerError | None = None, form: str = "") -> AnyResponse:
    found = places.get_store(me.ctx, me.actor, store)
    screens = places.list_screens(me.ctx, me.actor, Cut(request.args.get("after", "")), store=store)
    shops = _shops(me, found.value)
    given = place_forms.store_form(found.value)
    spoken = Counter(one.value.language for one in screens.items)
    first = max(sorted(spoken), key=lambda one: spoken[one], default=me.language)
    fresh = {"size": "1920x1080", "layout": "whole", "language": first}
    return page(
        "place.html",
        me,
        status=wrong.status if wrong else 200,
        room="places",
        store=found.value,
        version=found.version,
        screens=[place_words.screen_line(one.value) for one in screens.items],
        next=screens.next,
        done=request.args.get("done") == "1",
        moved=_moved(me, found.value) if request.args.get("moved") == "1" else "",
        at=form,
        given=request.form if form == "store" else given,
        fresh=request.form if form == "screen" else fresh,
        sizes=place_forms.SIZES,
        layouts=place_words.layouts(),
        may_pair=me.actor.may("devices", store),
        may_close=me.actor.stores is None,
        **_shared(me, shops, wrong),
        **_base(me, store),
    )


def _screen(me: Visit, store: str, screen_id: str, wrong: ServerError | None = None) -> AnyResponse:
    found = places.get_screen(me.ctx, me.actor, screen_id)
    if found.value.store != store:
        raise NotFound(_("This screen does not hang in this store."))
    given = place_forms.screen_form(found.value)
    custom = place_forms.AS_IS, _("as it is divided now")
    return page(
        "place_screen.html",
        me,
        status=wrong.status if wrong else 200,
        room="places",
        store=places.get_store(me.ctx, me.actor, store).value,
        screen=found.value,
        version=found.version,
        line=place_words.screen_line(found.value),
        given=request.form if wrong and request.form.get("name") is not None else given,
        sizes=sorted({*place_forms.SIZES, (found.value.width, found.value.height)}),
        layouts=[*place_words.layouts(), *([custom] if given["layout"] == custom[0] else [])],
        may_pair=me.actor.may("devices", store),
        wrong=place_words.complaint(wrong) if wrong else "",
        field=place_words.field_of(wrong) if wrong else "",
    )


def _shared(me: Visit, shops: list[str], wrong: ServerError | None) -> dict[str, Any]:
    return {
        "zones": place_words.time_zones(),
        "countries": place_words.countries(me.language),
        "shops": [(shop, shop) for shop in shops],
        "days": place_words.days(),
        "wrong": place_words.complaint(wrong) if wrong else "",
        "field": place_words.field_of(wrong) if wrong else "",
    }


def _base(me: Visit, store: str) -> dict[str, Any]:
    """What may play when nothing else does; nothing to choose for whom it is not."""
    if not me.actor.may("content", store or None) or (not store and me.actor.stores is not None):
        return {"base": "", "lists": []}
    chosen = bases.get_base(me.ctx, me.actor, "store" if store else "chain", store, MAIN).value
    lists = content.list_playlists(me.ctx, me.actor, Cut("", me.ctx.settings.max_page_rows))
    return {
        "base": chosen.playlist,
        "lists": [(one.value.id, one.value.name) for one in lists.items],
    }


def _shops(me: Visit, store: StoreView) -> list[str]:
    """Shops whose prices the actor's stores show."""
    others = overview.list_places(me.ctx, me.actor).items
    return sorted({place_forms.shop_of(one) for one in (store, *(p.store for p in others))} - {""})


def _moved(me: Visit, store: StoreView) -> str:
    """What a store's new clock means for what runs there."""
    return place_words.moved(store.zone, content.campaigns_at(me.ctx, me.actor, store.id))


def _version() -> int | None:
    given = request.form.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 10 else None
