"""Writing one promotion: its fields, and how every shape of screen shows it meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import BadInput, Conflict, ServerError
from server.services.branding.brands import voice_of
from server.services.drafting.listing import Look, listing
from server.services.observed.neighbours import NEAR_M
from server.services.promoting import codes, promotions
from server.services.promoting.catalogue import Shelf, chosen
from server.services.promoting.codes import Code
from server.services.promoting.formats import formats
from server.services.promoting.forms import (
    AWAY,
    AWAY_SAID,
    BACK_SOON,
    CODED,
    ELSEWHERE,
    GONES,
    KINDS,
    LANGUAGES,
    LAPSES,
    OFFER,
    ORDER,
    OTHER,
    PIECES,
    QUIET,
    USUAL_MS,
    WORDS,
    Form,
)
from server.services.promoting.promotions import Promotion
from server.services.showing.picturing import pictures
from server.services.showing.truths import shops
from server.services.wishes.templates import CROPS, SKIES
from server.web.access import Visit, page, studio
from server.web.entering import enter
from server.web.phrases import Language
from server.web.problem_words import refusal_said, text_label
from server.web.promotion_words import format_words, good_words, state_words, use_links, uses_words
from server.web.stills import picture
from server.web.tongue import gettext as _

blueprint = studio("promotion-editor")

SECOND_MS = 1_000
TEXTS = tuple(dict.fromkeys(name for names in WORDS.values() for name in names))


@blueprint.get("/promotions/<subject>")
def show(subject: str) -> AnyResponse:
    """One promotion."""
    looker = enter("content")
    return _page(looker, promotions.read(looker.ctx, looker.actor, subject))


@blueprint.post("/promotions/<subject>")
def keep(subject: str) -> AnyResponse:
    """Keep what the form says, and do what its button says."""
    looker = enter("content", form=True)
    found = promotions.read(looker.ctx, looker.actor, subject)
    form = _form(found.form)
    try:
        form = codes.ordered(looker.ctx, looker.actor, _coded(looker, form))
        promotions.write(looker.ctx, looker.actor, subject, form, _mark())
        if request.form.get("do") == "air":
            promotions.put_on_air(looker.ctx, looker.actor, subject)
        into = request.form.get("into", "")
        if request.form.get("do") == "into" and into:
            promotions.put_into(looker.ctx, looker.actor, subject, into)
            return redirect(f"/playlists/{into}", 303)
    except ServerError as wrong:
        return _page(looker, replace(found, form=form), wrong=wrong)
    return redirect(f"/promotions/{subject}", 303)


@blueprint.post("/promotions/<subject>/undo")
def undo(subject: str) -> AnyResponse:
    """Take back one's own last edit."""
    looker = enter("content", form=True)
    try:
        promotions.undo(looker.ctx, looker.actor, subject)
    except ServerError as wrong:
        return _page(looker, promotions.read(looker.ctx, looker.actor, subject), wrong=wrong)
    return redirect(f"/promotions/{subject}", 303)


@blueprint.post("/promotions/<subject>/look")
def look(subject: str) -> AnyResponse:
    """What screens would show of the form as it is typed; with `keep`, it is kept too."""
    looker = enter("content", form=True)
    found = promotions.read(looker.ctx, looker.actor, subject)
    form = _form(found.form)
    answer: dict[str, Any] = {"wrong": None, "kept": False}
    try:
        if request.form.get("keep") or request.form.get("code") != "own":
            form = _coded(looker, form)
        form = codes.ordered(looker.ctx, looker.actor, form)
        promotions.checked(form)
        if request.form.get("keep"):
            found = promotions.write(looker.ctx, looker.actor, subject, form, _mark())
            answer |= {"kept": True, "state": state_words(found)[1], "mark": found.mark}
        answer["stills"] = _stills(looker, form)
    except (BadInput, Conflict) as wrong:
        answer["wrong"] = {"field": _field(wrong.field), "said": refusal_said(wrong)}
        answer["mark"] = found.mark
    return jsonify(answer)


def _coded(looker: Visit, form: Form) -> Form:
    """The form with the QR code that was asked for; where nothing was, it stays."""
    kind = next((one for one in codes.KINDS if one == request.form.get("code")), None)
    if kind is None:
        return form
    address = request.form.get("address", "").strip()
    return codes.coded(looker.ctx, looker.actor, form, kind, address)


def _code(looker: Visit, form: Form) -> Code:
    """The QR code as it is shown: what was sent, where that was refused."""
    held = codes.code_of(looker.ctx, looker.actor, form)
    kind = next((one for one in codes.KINDS if one == request.form.get("code")), held.kind)
    return replace(held, kind=kind, address=request.form.get("address", held.address))


def _stills(looker: Visit, form: Form) -> dict[str, Any]:
    """The promotion as it plays now, without its price, and with its goods gone."""
    mine = shops(looker.ctx, looker.actor)
    asked = request.values.get("at", "")
    store = asked if any(one.id == asked for one in mine) else mine[0].id if mine else ""
    if not store:
        return {}
    said = request.values.get("in", looker.language)
    language: Language = "en" if said == "en" else "fr"
    items = promotions.items_of(form)
    promotions.watched(looker.ctx, form)
    drawn = pictures(looker.ctx, looker.actor, store, items, language)
    now = looker.ctx.clock()
    offer = _drawn(picture(drawn[OFFER], now))
    free = {**offer, "shown": {**offer["shown"], "prices": []}}
    if form.lapsed == "skip":
        free |= {"card": None, "shown": {**free["shown"], "card": None}}
    stands = next((one for one in _stand_ins(form) if one in drawn), "")
    if stands == ELSEWHERE and not drawn[ELSEWHERE].texts:
        stands = QUIET
    gone = _drawn(picture(drawn[stands], now)) if stands else offer
    return {"now": offer, "free": free, "gone": gone}


def _stand_ins(form: Form) -> tuple[str, ...]:
    """The turns that may stand for it, the first that does first."""
    return (form.gone, QUIET) if form.gone in (ELSEWHERE, ORDER, OTHER, QUIET) else ()


def _drawn(still: dict[str, Any]) -> dict[str, Any]:
    """A drawing that the next one changes in place, whatever of the card changed."""
    shown = still["shown"]
    return {**still, "shown": {**shown, "card": shown["card"] and "draft", "since": 0}}


def _page(looker: Visit, found: Promotion, *, wrong: ServerError | None = None) -> AnyResponse:
    form = found.form
    store = request.values.get("at", "")
    goods = chosen(looker.ctx, looker.actor, form.skus, store, looker.language)
    mark, state = state_words(found)
    fitting = listing(looker.ctx, looker.actor, Look()).rows
    return page(
        "promotion.html",
        looker,
        status=wrong.status if wrong is not None else 200,
        room="promotions",
        found=found,
        form=form,
        mark=mark,
        state=state,
        uses=uses_words(found),
        places=use_links(found),
        goods=[good_words(one, _shelves(looker, one.stock), looker.language) for one in goods],
        lost=[sku for sku in form.skus if all(one.sku != sku for one in goods)],
        stores=shops(looker.ctx, looker.actor),
        at=store,
        shapes=[(one, format_words(one)) for one in formats(looker.ctx, looker.actor)],
        templates=_templates(),
        texts=[(name, _label(name), _users(name)) for name in TEXTS],
        code=_code(looker, form),
        coded=" ".join(CODED),
        languages=LANGUAGES,
        back_soon=BACK_SOON,
        away_said=AWAY_SAID,
        near_km=NEAR_M // 1000,
        other=_one(looker, form.other, store),
        skies=[(name, label) for name, label in _skies().items() if name in SKIES],
        crops=[(name, label) for name, label in _crops().items() if name in CROPS],
        voice=voice_of(looker.ctx, looker.language),
        playlists=[one for one in fitting if not promotions.is_promotion(one.id)],
        wrong=refusal_said(wrong) if wrong is not None else "",
        at_field=_field(wrong.field) if wrong is not None else "",
        spoken={
            "kept": _("Kept as a draft."),
            "failed": _("Not kept: the line is down. It is kept with your next change."),
            "out": _(
                "You are signed out. Sign in again in another window; what you typed stays here."
            ),
        },
    )


def _one(looker: Visit, sku: str, store: str) -> str:
    """What the product is called that stands in; its SKU where the shop does not sell it."""
    found = chosen(looker.ctx, looker.actor, [sku] if sku else [], store, looker.language)
    return found[0].name if found else sku


def _mark() -> str:
    """Which state of the promotion the form was made of."""
    return request.form.get("mark", "")


def _form(was: Form) -> Form:
    """What was sent; what was not sent stays."""
    given = request.form
    texts = {
        name: {one: given.get(f"{name}.{one}", "") for one in LANGUAGES}
        for name in (*TEXTS, QUIET, AWAY)
    }
    seconds = given.get("seconds", "")
    whole = int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) < 4 else 0
    return Form(
        name=given.get("name", was.name),
        template=next((one for one in KINDS if one == given.get("template")), was.template),
        skus=was.skus,
        texts=texts,
        sky=next((one for one in SKIES if one == given.get("sky")), was.sky),
        crop=next((one for one in CROPS if one == given.get("crop")), was.crop),
        duration_ms=whole * SECOND_MS if seconds else USUAL_MS,
        gone=next((one for one in GONES if one == given.get("gone")), was.gone),
        lapsed=next((one for one in LAPSES if one == given.get("lapsed")), was.lapsed),
        qr=was.qr,
        other=was.other,
        pieces=next((one for one in PIECES if one == given.get("pieces")), was.pieces),
    )


def _field(path: str) -> str:
    """The form's field that a refusal is about."""
    parts = path.split("/")
    if "texts" in parts:
        at = parts.index("texts")
        name = "".join(parts[at + 1 : at + 2])
        if name == "headline" and "items" in parts and "0" not in parts[:at]:
            name = AWAY if request.form.get("gone") in AWAY_SAID and "1" in parts[:at] else QUIET
        return f"{name}.{(parts[at + 2 :] or [LANGUAGES[0]])[0]}"
    return {"duration_ms": "seconds", "goods": "skus"}.get(parts[-1], parts[-1])


def _shelves(looker: Visit, stock: Mapping[str, Any]) -> list[Shelf]:
    mine = shops(looker.ctx, looker.actor)
    return [Shelf(one.id, one.name, "") for one in mine if one.id in stock]


def _users(name: str) -> str:
    return " ".join(kind for kind, names in WORDS.items() if name in names)


def _label(name: str) -> str:
    return _("word at the edge") if name == "kicker" else text_label(name)


def _templates() -> list[tuple[str, str, str]]:
    return [
        ("price", _("The price"), _("One product and what it costs.")),
        ("trio", _("Several together"), _("Up to three products under a headline.")),
        ("message", _("The words"), _("A headline and the product, never its price.")),
    ]


def _skies() -> dict[str, str]:
    return {
        "price": _("price"),
        "mist": _("mist"),
        "sun": _("sun"),
        "rain": _("rain"),
        "tide": _("tide"),
        "night": _("night"),
    }


def _crops() -> dict[str, str]:
    return {
        "whole": _("as it is"),
        "middle": _("cut square, its middle"),
        "top": _("cut square, its top"),
        "bottom": _("cut square, its foot"),
    }
