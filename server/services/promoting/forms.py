"""A promotion as a form, and as the playlist of one turn that plays it. Pure.

A promotion is a playlist that other playlists hold: it is edited, undone, thrown away and put on
air as playlists are, and says what it says wherever it is held. Its turn shows goods; others may
stand for it where they are gone (another product, the nearest store that has it, where to order it,
words). What they ask for excludes one another, so one of them plays, never two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from playlists.ids import check_sku
from server.errors import BadInput
from server.services.base.editing import as_bad_input
from server.services.wishes.templates import TEMPLATES

Template = Literal["price", "trio", "message"]
Gone = Literal["stays", "elsewhere", "order", "other", "quiet", "skip"]
Lapsed = Literal["quiet", "skip"]
Pieces = Literal["rough", "count", "unsaid"]
Conditions = list[dict[str, Any]]
KINDS: tuple[Template, ...] = get_args(Template)
GONES: tuple[Gone, ...] = get_args(Gone)
LAPSES: tuple[Lapsed, ...] = get_args(Lapsed)
LANGUAGES = ("fr", "en")
PIECES: Mapping[Pieces, str] = {
    "rough": "nearest.rough",
    "count": "nearest.count",
    "unsaid": "nearest.hours",
}
"""The live text that says of the other store how many pieces it has, and its hours."""
WORDS: Mapping[Template, tuple[str, ...]] = {
    "price": ("kicker", "headline", "cta"),
    "trio": ("headline", "second", "chip"),
    "message": ("headline", "second", "lead", "cta"),
}
"""The texts that each template takes from a promotion, in the order of the page."""
CODED = tuple(kind for kind, words in WORDS.items() if "cta" in words)
"""The templates that paint a QR code, beside its words."""
CALL = {"fr": "Voir en ligne", "en": "See it online"}
QUIET, AWAY = "quiet", "away"
"""The texts that stand for a promotion whose goods are gone: where nothing else can be said, and
above where else to get them.
"""
BACK_SOON = {"fr": "Bientôt de retour", "en": "Back soon"}
AWAY_SAID: Mapping[Gone, Mapping[str, str]] = {
    "elsewhere": {"fr": "Il vous attend tout près.", "en": "It’s waiting close by."},
    "order": {"fr": "Il vient jusque chez vous.", "en": "It comes to your door."},
}
"""What stands above, unless something else is written."""
SOLD_OUT = {"fr": "Ici|épuisé", "en": "Here|sold out"}
ORDER_CALL = {"fr": "Commandez en ligne", "en": "Order online"}
OFFER, ELSEWHERE, ORDER, OTHER = "offer", "elsewhere", "order", "other"
"""What turns are called; a stand-in of words is called QUIET."""
MAX_GOODS = {"price": 1, "trio": 3, "message": 1}
MIN_MS, MAX_MS, USUAL_MS = 4_000, 60_000, 10_000


@dataclass(frozen=True, slots=True)
class Form:
    """What a person says of a promotion. `texts` by name then language; `gone`: what plays where
    goods are out of stock; `lapsed`: where the price may not show. `qr`: the sha256 of the drawing
    of its QR code, empty for none; `order`: of that which leads to where it is ordered. `other` is
    the SKU that stands in; `pieces`: how the number of pieces that another store has is said.
    """

    name: str
    template: Template = "price"
    skus: tuple[str, ...] = ()
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sky: str = "price"
    crop: str = "whole"
    duration_ms: int = USUAL_MS
    gone: Gone = "stays"
    lapsed: Lapsed = "quiet"
    qr: str = ""
    order: str = ""
    other: str = ""
    pieces: Pieces = "rough"


def body_of(form: Form, of: str = "") -> dict[str, Any]:
    """The playlist that plays it, without an id. `of` ends its turns' ids: a playlist holds several
    promotions, and "why?" tells their turns apart. Raises BadInput.
    """
    with as_bad_input("skus"):
        skus = [check_sku(sku) for sku in form.skus]
    most = MAX_GOODS[form.template]
    if not 1 <= len(skus) <= most:
        message = f"Pick 1 to {most} products for this template."
        raise BadInput(message, field="skus", code="choose_goods")
    if not MIN_MS <= form.duration_ms <= MAX_MS:
        message = f"A promotion stays {MIN_MS // 1000} to {MAX_MS // 1000} seconds."
        raise BadInput(message, field="duration", code="bad_duration")
    goods = [{"sku": sku} for sku in skus]
    offer: dict[str, Any] = {
        "id": OFFER,
        "title": form.name[:200],
        "duration_ms": form.duration_ms,
        "content": {"card": _card(form, goods)},
    }
    turns = [offer]
    if form.gone != "stays":
        offer["condition"] = {"all": [_stock(sku, ">=", 1) for sku in skus]}
        turns += _stand_ins(form, skus)
    named = [{**turn, "id": f"{turn['id']}-{of}" if of else turn["id"]} for turn in turns]
    return {"name": form.name, "items": named}


def form_of(body: Mapping[str, Any]) -> Form:
    """The form of a promotion's playlist; what it does not say is as usual."""
    items = {str(item.get("id")).partition("-")[0]: item for item in body.get("items", ())}
    offer = items.get(OFFER, {})
    card = offer.get("content", {}).get("card", {})
    template = _one_of(card.get("template"), KINDS, "price")
    texts = dict(card.get("texts", {}))
    said = {name: items[name]["content"]["card"] for name in GONES if name in items}
    if QUIET in said:
        texts[QUIET] = said[QUIET]["texts"]["headline"]
    for name in (ELSEWHERE, ORDER):
        if name in said:
            usual = AWAY_SAID[name]
            words = said[name]["texts"]["headline"]
            texts[AWAY] = {one: own for one, own in words.items() if own != usual.get(one)}
    params = card.get("params", {})
    gone = next((one for one in GONES if one in said), "skip" if "condition" in offer else "stays")
    return Form(
        name=str(body.get("name", "")),
        template=template,
        skus=tuple(good["sku"] for good in card.get("goods", ())),
        texts=texts,
        sky=str(params.get("sky", "price")),
        crop=str(params.get("crop", "whole")),
        duration_ms=int(offer.get("duration_ms", USUAL_MS)),
        gone=gone,
        lapsed="skip" if card.get("price_loss") == "fallback" else "quiet",
        qr=str(card.get("qr") or ""),
        order=str(said[ORDER].get("qr") or "") if ORDER in said else "",
        other=said[OTHER]["goods"][0]["sku"] if OTHER in said else "",
        pieces=_pieces(said[ELSEWHERE]) if ELSEWHERE in said else "rough",
    )


def _card(form: Form, goods: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    settings = TEMPLATES[form.template].settings
    params = {"sky": form.sky, "crop": form.crop}
    card: dict[str, Any] = {
        "template": form.template,
        "params": {k: v for k, v in params.items() if k in settings and v != "whole"},
        "texts": {
            name: said for name in WORDS[form.template] if (said := _said(form.texts.get(name)))
        },
        "goods": list(goods),
    }
    if form.lapsed == "skip":
        card["price_loss"] = "fallback"
    if form.qr and form.template in CODED:
        card["qr"] = form.qr
    return card


def _stand_ins(form: Form, skus: Sequence[str]) -> list[dict[str, Any]]:
    """The turns that stand for it where goods are gone; of what they ask for one holds at most."""
    gone: Conditions = [{"any": [_stock(sku, "<", 1) for sku in skus]}]
    if form.gone == "skip":
        return []
    if form.gone == "quiet":
        return [_turn(form, QUIET, _words(form, skus), gone)]
    if len(skus) > 1:
        message = "Several products show together: choose words, or a skipped turn."
        raise BadInput(message, field="gone", code="gone_of_one")
    if form.gone == "order":
        return [_turn(form, ORDER, _order(form, skus[0]), gone)]
    if form.gone == "other":
        other = _other(form, skus[0])
        there = [*gone, _stock(other, ">=", 1)]
        neither = [*gone, _stock(other, "<", 1)]
        card = _card(replace(form, template="price", texts=_kept(form), qr=""), [{"sku": other}])
        return [
            _turn(form, OTHER, card, there),
            _turn(form, QUIET, _words(form, skus), neither),
        ]
    near = {"fact": f"nearest:{skus[0]}@{{store}}", "value": ""}
    there = [*gone, {"compare": {**near, "op": "!="}}]
    nowhere = [*gone, {"compare": {**near, "op": "=="}}]
    return [
        _turn(form, ELSEWHERE, _elsewhere(form, skus[0]), there),
        _turn(form, QUIET, _words(form, skus), nowhere),
    ]


def _turn(form: Form, name: str, card: Mapping[str, Any], conditions: Conditions) -> dict[str, Any]:
    return {
        "id": name,
        "title": form.name[:200],
        "duration_ms": form.duration_ms,
        "content": {"card": card},
        "condition": {"all": conditions} if len(conditions) > 1 else conditions[0],
    }


def _words(form: Form, skus: Sequence[str]) -> dict[str, Any]:
    params = {"sky": "mist"} if form.crop == "whole" else {"sky": "mist", "crop": form.crop}
    return {
        "template": "message",
        "params": params,
        "texts": {"headline": _both(form, QUIET, BACK_SOON)},
        "goods": [{"sku": skus[0]}],
    }


def _elsewhere(form: Form, sku: str) -> dict[str, Any]:
    texts = {"headline": _both(form, AWAY, AWAY_SAID["elsewhere"]), "here": SOLD_OUT}
    card: dict[str, Any] = {
        "template": "elsewhere",
        "texts": texts,
        "goods": [{"sku": sku}],
        "live": {
            "there": f"nearest:{sku}@{{store}}",
            "distance": f"nearest.metres:{sku}@{{store}}",
            "there_note": f"{PIECES[form.pieces]}:{sku}@{{store}}",
        },
    }
    if form.qr:
        card |= {"qr": form.qr, "texts": {**texts, "cta": _both(form, "cta", CALL)}}
    return card


def _pieces(card: Mapping[str, Any]) -> Pieces:
    note = str(card.get("live", {}).get("there_note", ""))
    return next((one for one, live in PIECES.items() if note.startswith(f"{live}:")), "rough")


def _order(form: Form, sku: str) -> dict[str, Any]:
    if not form.order:
        message = "The shop gives no page to order it from: add a QR code of yours."
        raise BadInput(message, field="gone", code="no_order_page")
    texts = {"headline": _both(form, AWAY, AWAY_SAID["order"]), "cta": ORDER_CALL}
    return {**_words(form, [sku]), "texts": texts, "qr": form.order}


def _other(form: Form, sku: str) -> str:
    if not form.other or form.other == sku:
        raise BadInput("Pick the product that stands in.", field="other", code="choose_other")
    with as_bad_input("other"):
        return check_sku(form.other)


def _kept(form: Form) -> Mapping[str, Mapping[str, str]]:
    """What is said of another product too."""
    return {"kicker": form.texts["kicker"]} if "kicker" in form.texts else {}


def _both(form: Form, name: str, usual: Mapping[str, str]) -> dict[str, str]:
    """A text in every language."""
    said = _said(form.texts.get(name))
    return {one: said.get(one, usual[one]) for one in LANGUAGES}


def _stock(sku: str, op: str, value: int) -> dict[str, Any]:
    return {"compare": {"fact": f"stock:{sku}@{{store}}", "op": op, "value": value}}


def _said(texts: Mapping[str, str] | None) -> dict[str, str]:
    """The languages in which something is said."""
    return {one: said.strip() for one, said in (texts or {}).items() if said.strip()}


def _one_of(said: object, known: tuple[Template, ...], usual: Template) -> Template:
    return next((one for one in known if one == said), usual)
