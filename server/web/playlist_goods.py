"""The products of a turn, changed in place: /playlists/<id>/items/<item>/goods."""

from __future__ import annotations

import json

from flask import render_template, request
from werkzeug.wrappers import Response as AnyResponse

from playlists.model import Card
from server.errors import BadInput, ServerError
from server.services.drafting import binding
from server.services.showing.shelf import names_of_goods, shelf
from server.web.access import Visit, studio
from server.web.entering import enter
from server.web.playlist_parts import MAX_ASKED, find, part
from server.web.playlist_sheet import answer, refused

blueprint = studio("playlist-goods")

MAX_WAS = 2_000
"""Characters of the SKUs that a form saw."""


@blueprint.get("/playlists/<subject>/items/<item>/goods")
def choose(subject: str, item: str) -> AnyResponse:
    """The shop's goods, those of the turn first."""

    def make(looker: Visit) -> str:
        sheet, found = find(looker, subject, item)
        held = [good.sku for good in found.content.goods] if isinstance(found.content, Card) else []
        asked = request.args.get("q", "")[:MAX_ASKED]
        store = next(iter(sheet.scene.stores), None)
        goods = shelf(looker.ctx, looker.actor, store.id, asked, looker.language) if store else ()
        return render_template(
            "playlist_goods.html",
            subject=subject,
            item=item,
            asked=asked,
            store=store.name if store else "",
            most=binding.bounds(sheet.raw(item).get("content", {}).get("card", {}))[1],
            held=[(sku, sheet.names.goods.get(sku, sku)) for sku in held],
            goods=[good for good in goods if good.sku not in held],
            was=json.dumps(held),
        )

    return part(make)


@blueprint.post("/playlists/<subject>/items/<item>/goods")
def rebind(subject: str, item: str) -> AnyResponse:
    """Bind the turn to what was chosen."""
    try:
        looker = enter("content", form=True)
        was = _was()
        names = [
            name
            for language in ("fr", "en")
            for name in names_of_goods(looker.ctx, was, language).values()
        ]
        chosen = request.form.getlist("chosen")
        draft = binding.rebind(looker.ctx, looker.actor, subject, item, chosen, was, names)
        return answer(looker, draft, touched=[item])
    except ServerError as error:
        return refused(error)


def _was() -> list[str]:
    try:
        found = json.loads(request.form.get("was", "")[:MAX_WAS])
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(sku, str) for sku in found):
        raise BadInput("Load the page again.", field="was", code="csrf")
    return found
