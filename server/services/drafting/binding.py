"""The products that a turn is bound to, changed in place: what hangs on the old one follows it.

Its words, its time and its place in the sequence stay. A stock condition asks of the new product,
the code that led to the old one goes, as does a title that only named it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from server.db.models import ProductRow
from server.errors import BadInput, Conflict, NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.drafting import drafts
from server.services.drafting.drafts import Draft
from server.services.drafting.ops import Op
from server.services.wishes.templates import TEMPLATES

Body = Mapping[str, Any]


def rebind(
    ctx: Context,
    actor: Actor,
    playlist: str,
    item: str,
    chosen: Sequence[str],
    was: Sequence[str],
    titles: Sequence[str] = (),
) -> Draft:
    """Bind a turn to other SKUs, as one edit. `was` are those that its editor saw, `titles` what
    the shop calls them. Raises BadInput, Conflict (they are others by now), NotFound, Forbidden.
    """
    draft = drafts.read(ctx, actor, "playlist", playlist)
    body = next((one for one in draft.body.get("items", []) if one["id"] == item), None)
    if body is None:
        raise NotFound("Someone took this turn away.", code="gone_meanwhile")
    card = body.get("content", {}).get("card", {})
    held = [good["sku"] for good in card.get("goods", [])]
    if held != list(was):
        raise Conflict(
            "Someone changed this in the meantime. Look at it again, then change it.",
            code="changed_meanwhile",
        )
    least, most = bounds(card)
    wanted = list(dict.fromkeys(chosen))
    if not max(1, least) <= len(wanted) <= most:
        raise BadInput(f"Choose 1 to {most} products.", field="chosen", code="choose_goods")
    if wanted == held:
        return draft
    _check_sold(ctx, [sku for sku in wanted if sku not in held])
    return drafts.edit(ctx, actor, "playlist", playlist, _ops(body, held, wanted, titles))


def bounds(card: Body) -> tuple[int, int]:
    """How many products a card shows, least and most; (0, 0) where it is bound to none."""
    template = TEMPLATES.get(card.get("template", ""))
    return template.goods if template is not None and card.get("goods") else (0, 0)


def _check_sold(ctx: Context, skus: Sequence[str]) -> None:
    with ctx.db.read() as session:
        sold = set(session.scalars(select(ProductRow.sku).where(ProductRow.sku.in_(skus))))
    if not sold.issuperset(skus):
        raise BadInput("No shop sells this product.", field="chosen", code="choose_goods")


def _ops(body: Body, held: list[str], wanted: list[str], titles: Sequence[str]) -> list[Op]:
    gone = [sku for sku in held if sku not in wanted]
    fresh = [sku for sku in wanted if sku not in held]
    instead = dict(zip(gone, fresh, strict=False)) if len(gone) == len(fresh) else {}
    at = f"items/{body['id']}"
    card = body["content"]["card"]
    ops = [_set(f"{at}/content/card/goods", card["goods"], _goods(card["goods"], wanted))]
    if gone and card.get("qr"):
        ops.append(_set(f"{at}/content/card/qr", card["qr"], None))
    condition = body.get("condition")
    if (asks := _renamed(condition, instead)) != condition:
        ops.append(_set(f"{at}/condition", condition, asks))
    if (aside := body.get("fallback")) and aside.get("goods"):
        mine = [instead.get(good["sku"], good["sku"]) for good in aside["goods"]]
        other = {key: value for key, value in aside.items() if key != "qr" or not gone}
        ops.append(_set(f"{at}/fallback", aside, {**other, "goods": _goods(aside["goods"], mine)}))
    if body.get("title") and body["title"] in titles:
        ops.append(_set(f"{at}/title", body["title"], None))
    return ops


def _goods(held: Sequence[Body], wanted: Sequence[str]) -> list[Body]:
    """A good that stays keeps its picture and channel; a new one has the shop's."""
    known = {good["sku"]: good for good in held}
    return [known.get(sku, {"sku": sku}) for sku in wanted]


def _renamed(condition: Any, instead: Mapping[str, str]) -> Any:
    """A condition that asks for the stock of others."""
    if isinstance(condition, Mapping):
        return {key: _renamed(value, instead) for key, value in condition.items()}
    if isinstance(condition, list):
        return [_renamed(part, instead) for part in condition]
    if isinstance(condition, str) and condition.startswith("stock:"):
        sku, at, store = condition.removeprefix("stock:").partition("@")
        return f"stock:{instead.get(sku, sku)}{at}{store}"
    return condition


def _set(path: str, was: Any, value: Any) -> Op:
    return {"op": "set", "path": path, "was": was, "value": value}
