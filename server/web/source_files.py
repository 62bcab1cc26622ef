"""A person's own table: uploaded, looked at, its columns named, then taken."""

from __future__ import annotations

from flask import redirect, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from server.errors import ServerError, TooLarge
from server.services import connectors
from server.services.entry import shops
from server.web import source_file_words
from server.web.access import Visit, check_form, page, studio
from server.web.clock import usual_zone
from server.web.entering import guard, looker
from server.web.tongue import gettext as _
from server.web.tongue import said

blueprint = studio("source_files")

FILE = "/sources/<connector>/file"
CHUNK_BYTES = 65_536
FORM_BYTES = 65_536
"""What a form may add to its file."""
guarded = guard("connectors", chain=True)


@blueprint.get(FILE)
@guarded
def show(me: Visit, connector: str) -> AnyResponse:
    """What the file would do, or does, with the columns that are kept or guessed."""
    return _page(me, connector)


@blueprint.post(FILE)
def bring(connector: str) -> AnyResponse:
    """Take in a file; nothing of it is taken yet."""
    me = looker()
    me.actor.require_chain("connectors")
    most = me.ctx.settings.feed_max_bytes
    request.max_content_length = most + FORM_BYTES
    try:
        check_form(me)
        part = request.files.get("file")
        if part is None or not part.filename:
            return _page(me, connector, wrong=_("Choose a file first."), status=422)
        pieces = iter(lambda: part.stream.read(CHUNK_BYTES), b"")
        connectors.bring_file(me.ctx, me.actor, connector, pieces)
    except RequestEntityTooLarge:
        raise TooLarge(f"A file has {most // 2**20} MiB at most.", field="file") from None
    return redirect(f"/sources/{connector}/file", 303)


@blueprint.post(f"{FILE}/look")
@guarded
def look(me: Visit, connector: str) -> AnyResponse:
    """Look once more, with the columns as they are chosen now."""
    return _page(me, connector, _chosen())


@blueprint.post(f"{FILE}/take")
@guarded
def take(me: Visit, connector: str) -> AnyResponse:
    """Have it taken, with the columns as they are chosen now."""
    chosen = _chosen()
    try:
        connectors.take_file(me.ctx, me.actor, connector, chosen)
    except ServerError as wrong:
        if wrong.field not in ("file", "columns"):
            raise
        return _page(me, connector, chosen, said(wrong.message), wrong.status)
    return redirect(f"/sources/{connector}?done=1", 303)


def _chosen() -> dict[str, str]:
    pairs = zip(request.form.getlist("column"), request.form.getlist("field"), strict=False)
    return {column: field for column, field in pairs if column and field}


def _page(
    me: Visit,
    connector: str,
    chosen: dict[str, str] | None = None,
    wrong: str = "",
    status: int = 200,
) -> AnyResponse:
    view = connectors.get_connector(me.ctx, me.actor, connector).value
    preview = connectors.look_at_file(me.ctx, me.actor, connector, chosen)
    zone = usual_zone(shop.zone for shop in shops.list_shops(me.ctx, me.actor))
    told = source_file_words.told(preview, me.language, zone)
    return page(
        "source_file.html",
        me,
        status=status,
        room="places",
        view=view,
        preview=preview,
        told=told,
        wrong=wrong or (told.wrong if preview.columns or preview.waits else ""),
        uploads=not (view.config.get("url") or view.config.get("folder")),
        fields=source_file_words.field_choices(),
    )
