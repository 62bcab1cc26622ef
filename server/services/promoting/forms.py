"""A promotion as a form, and as the playlist of one turn that plays it. Pure.

A promotion is a playlist that other playlists hold: it is edited, undone, thrown away and put on
air as playlists are, and says what it says wherever it is held. Its turn shows goods; a second turn
may stand for it where they are gone, so one of the two plays, never both. Another product, or where
else it waits, would be one more kind of such a turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from playlists.ids import check_sku
from server.errors import BadInput
from server.services.base.editing import as_bad_input
from server.services.wishes.templates import TEMPLATES

Template = Literal["price", "trio", "message"]
Gone = Literal["stays", "quiet", "skip"]
Lapsed = Literal["quiet", "skip"]
KINDS: tuple[Template, ...] = get_args(Template)
GONES: tuple[Gone, ...] = get_args(Gone)
LAPSES: tuple[Lapsed, ...] = get_args(Lapsed)
LANGUAGES = ("fr", "en")
WORDS: Mapping[Template, tuple[str, ...]] = {
    "price": ("kicker", "headline", "cta"),
    "trio": ("headline", "second", "chip"),
    "message": ("headline", "second", "lead", "cta"),
}
"""The texts that each template takes from a promotion, in the order of the page."""
CODED = tuple(kind for kind, words in WORDS.items() if "cta" in words)
"""The templates that paint a QR code, beside its words."""
CALL = {"fr": "Voir en ligne", "en": "See it online"}
QUIET = "quiet"
"""The text that stands for a promotion whose goods are gone."""
BACK_SOON = {"fr": "Bientôt de retour", "en": "Back soon"}
OFFER = "offer"
MAX_GOODS = {"price": 1, "trio": 3, "message": 1}
MIN_MS, MAX_MS, USUAL_MS = 4_000, 60_000, 10_000


@dataclass(frozen=True, slots=True)
class Form:
    """What a person says of a promotion. `texts` by name then language; `gone`: what plays where
    goods are out of stock; `lapsed`: where the price may not show. `qr`: the sha256 of the drawing
    of its QR code, empty for none.
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


def body_of(form: Form) -> dict[str, Any]:
    """The playlist that plays it, without an id. Raises BadInput."""
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
    if form.gone == "stays":
        return {"name": form.name, "items": [offer]}
    offer["condition"] = {"all": [_stock(sku, ">=", 1) for sku in skus]}
    items = [offer]
    if form.gone == "quiet":
        items.append(_stand_in(form, skus))
    return {"name": form.name, "items": items}


def form_of(body: Mapping[str, Any]) -> Form:
    """The form of a promotion's playlist; what it does not say is as usual."""
    items = {item.get("id"): item for item in body.get("items", ())}
    offer = items.get(OFFER, {})
    card = offer.get("content", {}).get("card", {})
    template = _one_of(card.get("template"), KINDS, "price")
    texts = dict(card.get("texts", {}))
    quiet = items.get(QUIET, {}).get("content", {}).get("card", {})
    if quiet:
        texts[QUIET] = quiet.get("texts", {}).get("headline", BACK_SOON)
    params = card.get("params", {})
    gone: Gone = "quiet" if quiet else "skip" if "condition" in offer else "stays"
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


def _stand_in(form: Form, skus: Sequence[str]) -> dict[str, Any]:
    said = _said(form.texts.get(QUIET)) or BACK_SOON
    params = {"sky": "mist"} if form.crop == "whole" else {"sky": "mist", "crop": form.crop}
    card = {
        "template": "message",
        "params": params,
        "texts": {"headline": {one: said.get(one, BACK_SOON[one]) for one in LANGUAGES}},
        "goods": [{"sku": skus[0]}],
    }
    return {
        "id": QUIET,
        "title": form.name[:200],
        "duration_ms": form.duration_ms,
        "content": {"card": card},
        "condition": {"any": [_stock(sku, "<", 1) for sku in skus]},
    }


def _stock(sku: str, op: str, value: int) -> dict[str, Any]:
    return {"compare": {"fact": f"stock:{sku}@{{store}}", "op": op, "value": value}}


def _said(texts: Mapping[str, str] | None) -> dict[str, str]:
    """The languages in which something is said."""
    return {one: said.strip() for one, said in (texts or {}).items() if said.strip()}


def _one_of(said: object, known: tuple[Template, ...], usual: Template) -> Template:
    return next((one for one in known if one == said), usual)
