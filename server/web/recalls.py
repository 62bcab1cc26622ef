"""Prices that were withdrawn: one button, who has heard, and the way back."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import NotFound, ServerError
from server.services.base.paging import Cut
from server.services.recalls import hearing as hearings
from server.services.recalls import recalls
from server.services.recalls.hearing import HEARD
from server.web import recall_words
from server.web.access import Visit, page, studio
from server.web.entering import enter
from server.web.tongue import gettext as _
from server.web.tongue import said

blueprint = studio("recalled")

HERE = "/recalls"
MAX_ASKED = 200
"""Characters of what is asked for."""
MAX_PAGES = 100_000


@blueprint.get(HERE)
def everything() -> AnyResponse:
    """What is withdrawn now, and what was."""
    me = enter("read")
    lifted = request.args.get("state") == "lifted"
    cut = Cut(request.args.get("after", "")[:MAX_ASKED])
    found = recalls.list_recalls(me.ctx, me.actor, lifted=lifted, cut=cut)
    further = urlencode({"state": "lifted" if lifted else "", "after": found.next})
    return page(
        "recalls.html",
        me,
        room="situation",
        words=recall_words.listed(found.items, lifted, me.ctx.clock(), me.language),
        lifted=lifted,
        next=f"{HERE}?{further}" if found.next else "",
        after=cut.after,
        may=recalls.may_recall(me.actor),
    )


@blueprint.get(f"{HERE}/new")
def fresh() -> AnyResponse:
    """The button, and where it reaches."""
    me = _hand()
    return _form(me, request.args.get("sku", "")[:MAX_ASKED].strip())


@blueprint.post(HERE)
def withdraw() -> AnyResponse:
    """Withdraw a price."""
    me = _hand(form=True)
    sku = _sku(me, request.form.get("sku", "")[:MAX_ASKED].strip())
    chosen = request.form.getlist("store") if request.form.get("where") == "some" else None
    try:
        made = recalls.recall(me.ctx, me.actor, sku, chosen, request.form.get("note", ""))
    except ServerError as wrong:
        return _form(me, sku, wrong)
    return redirect(f"{HERE}/{made.id}", 303)


@blueprint.get(f"{HERE}/<recall>")
def show(recall: str) -> AnyResponse:
    """Who has heard."""
    return _page(enter("read"), recall)


@blueprint.post(f"{HERE}/<recall>/lift")
def lift(recall: str) -> AnyResponse:
    """Give the price back."""
    me = _hand(form=True)
    try:
        recalls.lift(me.ctx, me.actor, recall)
    except NotFound:
        return _page(me, recall, wrong=_("This price was given back already."))
    return redirect(f"{HERE}/{recall}", 303)


@blueprint.post(f"{HERE}/<recall>/again")
def again(recall: str) -> AnyResponse:
    """Withdraw it again: what giving back undoes."""
    me = _hand(form=True)
    was = recalls.get_recall(me.ctx, me.actor, recall)
    made = recalls.recall(me.ctx, me.actor, was.sku, was.stores, was.note)
    return redirect(f"{HERE}/{made.id}", 303)


def _hand(*, form: bool = False) -> Visit:
    """Someone who may withdraw a price. Raises Forbidden."""
    me = enter("read", form=form)
    if not recalls.may_recall(me.actor):
        me.actor.require("prices")
    return me


def _sku(me: Visit, asked: str) -> str:
    """The number of the one product that is called so, else what was asked for as it is."""
    known = recalls.goods(me.ctx, me.actor, me.language)
    called = {sku for sku, name in known if name.casefold() == asked.casefold()}
    return called.pop() if len(called) == 1 else asked


def _form(me: Visit, sku: str, wrong: ServerError | None = None) -> AnyResponse:
    given = request.form
    name = recalls.name_of(me.ctx, sku, me.language)
    return page(
        "recall_new.html",
        me,
        status=wrong.status if wrong else 200,
        room="situation",
        sku=sku,
        name=name,
        goods=[] if name else recalls.goods(me.ctx, me.actor, me.language),
        stores=recalls.store_names(me.ctx, me.actor, sku),
        whole=me.actor.stores is None,
        where=given.get("where", "all"),
        chosen=set(given.getlist("store")),
        note=given.get("note", ""),
        wrong=said(wrong.message) if wrong else "",
        field=wrong.field if wrong else "",
    )


def _page(me: Visit, recall: str, wrong: str = "") -> AnyResponse:
    found = recalls.get_recall(me.ctx, me.actor, recall)
    asked = request.args.get("heard", "")
    heard = next((one for one in HEARD if one == asked), None)
    text = request.args.get("page", "0")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 else 0
    told = hearings.hearing(me.ctx, me.actor, recall, heard, number)

    def link(heard: str = "", page: int = 0) -> str:
        query = {name: value for name, value in (("heard", heard), ("page", page)) if value}
        return f"{HERE}/{recall}" + (f"?{urlencode(query)}" if query else "")

    return page(
        "recall.html",
        me,
        status=404 if wrong else 200,
        room="situation",
        found=found,
        words=recall_words.recall_words(found, told, me.language),
        heard=asked if heard else "",
        number=number,
        more=told.more,
        link=link,
        wrong=wrong,
        may=recalls.may_recall(me.actor),
    )
