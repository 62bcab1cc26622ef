"""The QR code of a promotion: to the page of the one product that it shows, or to an address of
one's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal, get_args

from sqlalchemy import select

from media import qr
from media.errors import Refused
from server.db.models import AssetRow, ProductRow
from server.errors import BadInput
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.editing import MAX_NAME_CHARACTERS
from server.services.library.drawings import keep_drawing
from server.services.promoting.catalogue import shelves_of
from server.services.promoting.forms import CALL, CODED, Form

Kind = Literal["page", "own", "none"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Code:
    """Where a promotion's code leads: to the product's page, or to an address of one's own (empty
    where it is not known any more). `page` is what the shop gives, empty where it gives none.
    """

    kind: Kind
    address: str
    page: str


def begun(ctx: Context, actor: Actor, form: Form) -> Form:
    """A new form with the code of its product's page, and the words beside it."""
    made = coded(ctx, actor, form, "page")
    return replace(made, texts={**made.texts, "cta": CALL}) if made.qr else made


def code_of(ctx: Context, actor: Actor, form: Form) -> Code:
    """What code a form has. One that can bear none would begin with its product's page."""
    page = _page_of(ctx, actor, form)
    if not form.qr:
        off = form.template in CODED or not page
        return Code("none" if off else "page", "", page)
    if page and _sha(qr.svg(page)) == form.qr:
        return Code("page", "", page)
    with ctx.db.read() as session:
        row = session.get(AssetRow, form.qr)
        name = row.name if row is not None else ""
    return Code("own", name if _leads(form.qr, name) else "", page)


def coded(ctx: Context, actor: Actor, form: Form, kind: Kind, address: str = "") -> Form:
    """The form with another code. One whose address is not known any more stays without it. Raises
    BadInput (not an address), Forbidden.
    """
    if form.template not in CODED or kind == "none":
        return replace(form, qr="")
    if kind == "page":
        page = _page_of(ctx, actor, form)
        return replace(form, qr=keep_code(ctx, actor, page) if page else "")
    held = code_of(ctx, actor, form)
    if not address and held.kind == "own" and not held.address:
        return form
    return replace(form, qr=keep_code(ctx, actor, address))


def ordered(ctx: Context, actor: Actor, form: Form) -> Form:
    """The form with the code that leads to where it is ordered: its product's page, else its own.
    Raises Forbidden.
    """
    if form.gone != "order":
        return replace(form, order="")
    page = _page_of(ctx, actor, form)
    return replace(form, order=keep_code(ctx, actor, page) if page else form.qr)


def keep_code(ctx: Context, actor: Actor, address: str) -> str:
    """The sha256 of the drawing of an address's QR code, which is named by that address. Raises
    BadInput where it is none that a code can hold.
    """
    try:
        drawing = qr.svg(address)
    except Refused as refused:
        message = (
            "Write a whole web address of at most 300 characters, beginning with https:// or "
            "http://, without spaces or accents."
        )
        raise BadInput(message, field="address", code="bad_address") from refused
    sha = _sha(drawing)
    with ctx.db.read() as session:
        if session.get(AssetRow, sha) is not None:
            return sha
    return keep_drawing(ctx, actor, address[:MAX_NAME_CHARACTERS], drawing)


def _page_of(ctx: Context, actor: Actor, form: Form) -> str:
    """The address that a shop gives of the one product, where a code can hold it."""
    if len(form.skus) != 1:
        return ""
    with ctx.db.read() as session:
        shops = {one.channel.partition("@")[0] for one in shelves_of(session, actor)}
        links = session.scalars(
            select(ProductRow.link)
            .where(ProductRow.sku == form.skus[0], ProductRow.shop.in_(shops))
            .order_by(ProductRow.shop)
        ).all()
    return next((link for link in links if _holds(link)), "")


def _holds(address: str) -> bool:
    try:
        qr.svg(address)
    except Refused:
        return False
    return True


def _leads(sha: str, address: str) -> bool:
    """Whether a code is that of an address: its drawing may have been named anew since."""
    return _holds(address) and _sha(qr.svg(address)) == sha


def _sha(drawing: bytes) -> str:
    return sha256(drawing).hexdigest()
