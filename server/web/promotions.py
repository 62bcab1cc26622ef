"""The room of promotions: /promotions, the goods to pick from, the bin."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import ServerError
from server.services.promoting import codes, promotions
from server.services.promoting.catalogue import Asking, catalogue
from server.services.promoting.catalogue import chosen as chosen_goods
from server.services.promoting.shop_pictures import picture_of
from server.web.access import Visit, page, studio
from server.web.entering import enter
from server.web.playlists_words import binned_words
from server.web.promotion_words import catalogue_words, listed_words
from server.web.tongue import gettext as _
from server.web.tongue import kept

blueprint = studio("promotions-room")

MAX_ASKED = 200
"""Characters of what is looked for."""
PICTURE_LIFE_S = 86_400
STANDS_IN = "other"
"""Goods are picked to stand in for those of a promotion."""


@blueprint.get("/promotions")
def show() -> AnyResponse:
    """All promotions."""
    return everything(enter("content"))


@blueprint.get("/promotions/goods")
def goods() -> AnyResponse:
    """The shop's goods, to pick from."""
    return _goods(enter("content"))


@blueprint.post("/promotions")
def begin() -> AnyResponse:
    """Begin one with what was picked, or have another show it."""
    looker = enter("content", form=True)
    skus = request.form.getlist("sku")
    subject = request.form.get("for", "")
    if not skus:
        return _goods(looker, status=422, wrong=_("Pick a product first."))
    try:
        if subject and request.form.get("as") == STANDS_IN:
            found = promotions.stand_in(looker.ctx, looker.actor, subject, skus[0])
        elif subject:
            found = promotions.rebind(looker.ctx, looker.actor, subject, skus)
        else:
            store = request.form.get("store", "")
            picked = chosen_goods(looker.ctx, looker.actor, skus, store, looker.language)
            name = ", ".join(one.name for one in picked) or skus[0]
            form = codes.begun(looker.ctx, looker.actor, promotions.usual(name, skus))
            found = promotions.begin(looker.ctx, looker.actor, form)
    except ServerError as error:
        if error.status != 422:
            raise
        said = _("Pick one product, or up to three that show together.")
        return _goods(looker, status=422, wrong=said)
    return redirect(f"/promotions/{found.id}", 303)


@blueprint.get("/promotions/goods/<sku>/picture")
def picture(sku: str) -> AnyResponse:
    """The picture of a product, as the shop of a store shows it."""
    looker = enter("content")
    sha = picture_of(looker.ctx, looker.actor, sku, request.args.get("store", ""))
    answer = redirect(f"/media/{sha}", 302)
    answer.headers["Cache-Control"] = f"private, max-age={PICTURE_LIFE_S}"
    return answer


@blueprint.get("/promotions/bin")
def bin_of() -> AnyResponse:
    """What was thrown away in the last thirty days."""
    looker = enter("content")
    now = looker.ctx.clock()
    rows = [binned_words(past, now) for past in promotions.binned(looker.ctx, looker.actor)]
    return page("bin.html", looker, room="promotions", rows=rows)


@blueprint.post("/promotions/bin/<subject>/take-out")
def take_out(subject: str) -> AnyResponse:
    """Take one out of the bin, as a draft."""
    looker = enter("content", form=True)
    promotions.take_out(looker.ctx, looker.actor, subject)
    return redirect(f"/promotions/{subject}", 303)


@blueprint.post("/promotions/<subject>/copy")
def copy(subject: str) -> AnyResponse:
    """Begin a copy, and open it."""
    looker = enter("content", form=True)
    name = promotions.read(looker.ctx, looker.actor, subject).form.name
    title = kept(_("%(name)s, copy", name=name))
    made = promotions.duplicate(looker.ctx, looker.actor, subject, title)
    return redirect(f"/promotions/{made.id}", 303)


@blueprint.post("/promotions/<subject>/throw")
def throw(subject: str) -> AnyResponse:
    """Into the bin; what something holds stays, and the page says so."""
    looker = enter("content", form=True)
    try:
        promotions.throw(looker.ctx, looker.actor, subject)
    except ServerError as refused:
        if refused.code != "in_use":
            raise
        said = _("It stays: something still plays it. Take it out there first.")
        return everything(looker, status=refused.status, at=subject, wrong=said)
    return redirect("/promotions", 303)


def everything(looker: Visit, *, status: int = 200, at: str = "", wrong: str = "") -> AnyResponse:
    """The page of all promotions."""
    words = request.args.get("named", "")[:MAX_ASKED]
    sku = request.args.get("sku", "")[:MAX_ASKED]
    after = request.args.get("after", "")[:MAX_ASKED]
    found = promotions.look(looker.ctx, looker.actor, words, sku, after)
    asked = {"named": words, "sku": sku}
    return page(
        "promotions.html",
        looker,
        status=status,
        room="promotions",
        words=listed_words(found, looker.ctx.clock()),
        found=found,
        named=words,
        sku=sku,
        after=after,
        further="/promotions?" + urlencode({**asked, "after": found.next}),
        chain=looker.actor.stores is None,
        at=at,
        wrong=wrong,
    )


def _goods(looker: Visit, *, status: int = 200, wrong: str = "") -> AnyResponse:
    given = request.values
    asking = Asking(
        given.get("q", "")[:MAX_ASKED], given.get("store", "")[:MAX_ASKED], given.get("after", "")
    )
    found = catalogue(looker.ctx, looker.actor, asking, looker.language)
    subject = given.get("for", "")[:MAX_ASKED]
    stands_in = subject and given.get("as") == STANDS_IN
    picked = given.getlist("sku")
    if subject and not picked:
        form = promotions.read(looker.ctx, looker.actor, subject).form
        picked = [form.other] * bool(form.other) if stands_in else list(form.skus)
    asked = {"q": asking.words, "store": asking.store, "for": subject}
    if stands_in:
        asked["as"] = STANDS_IN
    kept = [(key, value) for key, value in asked.items() if value]
    kept += [("sku", sku) for sku in picked]
    return page(
        "promotion_goods.html",
        looker,
        status=status,
        room="promotions",
        words=catalogue_words(found, asking, looker.language),
        found=found,
        asking=asking,
        subject=subject,
        stands_in=stands_in,
        picked=picked,
        shown=[one.sku for one in found.goods],
        further="/promotions/goods?" + urlencode([*kept, ("after", found.next)]),
        wrong=wrong,
    )
