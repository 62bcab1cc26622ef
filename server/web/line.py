"""For when a store's line is down: a person's own code, and the card to keep it on."""

from __future__ import annotations

from dataclasses import dataclass

from flask import redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.errors import BadInput, NotFound
from server.services.minding.shop import Shop, mind
from server.services.screens import hand_codes
from server.web.access import Visit, page, studio
from server.web.clock import day
from server.web.entering import enter
from server.web.store_words import lasts_hours
from server.web.tongue import said

blueprint = studio("line")

GROUP = 4
"""Characters of a code that are read together."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with a code."""

    person: str
    name: str
    until: str
    own: bool


@blueprint.get("/store/<store>/line")
def show(store: str) -> AnyResponse:
    """Whether one has a code, and how it is used."""
    looker, shop = _at(store)
    return _page(looker, shop)


@blueprint.post("/store/<store>/line")
def issue(store: str) -> AnyResponse:
    """A new code: it stands on this answer alone."""
    looker, shop = _at(store, form=True)
    try:
        code = hand_codes.issue(looker.ctx, looker.actor, store)
    except BadInput as refused:
        return _page(looker, shop, refused=said(refused.message), status=422)
    return _page(looker, shop, code)


@blueprint.post("/store/<store>/line/revoke")
def revoke(store: str) -> AnyResponse:
    """Have a code count no more."""
    looker, _shop = _at(store, form=True)
    person = request.form.get("person", looker.actor.id)[:64]
    hand_codes.revoke(looker.ctx, looker.actor, store, person)
    return redirect(url_for("line.show", store=store), 303)


def _at(store: str, *, form: bool = False) -> tuple[Visit, Shop]:
    looker = enter(form=form)
    if not store.isprintable():
        raise NotFound("There is no such store among yours.")
    return looker, mind(looker.ctx, looker.actor, store, looker.language)


def _page(
    looker: Visit, shop: Shop, code: str = "", *, refused: str = "", status: int = 200
) -> AnyResponse:
    store = shop.store.id
    held = hand_codes.codes_of(looker.ctx, looker.actor, store)
    holders = [_holder(one, shop, looker) for one in held]
    return page(
        "line.html",
        looker,
        room="store",
        status=status,
        store=store,
        name=shop.store.name,
        code=[code[at : at + GROUP] for at in range(0, len(code), GROUP)],
        own=next((one for one in holders if one.own), None),
        others=[one for one in holders if not one.own],
        screens=hand_codes.addresses(looker.ctx, looker.actor, store),
        longest=lasts_hours(looker.ctx.settings.hands_longest_minutes),
        refused=refused,
    )


def _holder(one: hand_codes.Code, shop: Shop, looker: Visit) -> Holder:
    until = day(one.until_ms, shop.store.zone, looker.language)
    return Holder(one.person, one.name, until, one.own)
