"""The room of files: /media, what arrives in it, and the page of one file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from flask import jsonify, redirect, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from media.errors import Reason, Refused
from media.limits import MIB
from server.errors import Conflict, NotFound, ServerError, TooLarge
from server.services.library import assets, filing
from server.services.library.browsing import KINDS, STATES, Look, gallery
from server.services.library.describing import MAX_PRICES, describe
from server.services.library.replacing import replace_everywhere, undo
from server.services.library.uploads import refusal
from server.services.wishes.drawn import Drawn
from server.web.access import Visit, check_form, page, studio
from server.web.entering import enter
from server.web.media_words import file_words, media_words
from server.web.sending_words import sending_words
from server.web.tongue import gettext as _
from server.web.tongue import said

blueprint = studio("media-room")

MAX_ASKED = 200
"""Characters of what is looked for."""
CHUNK_BYTES = 256 * 1024
MAX_DIGITS = 16


@blueprint.get("/media")
def show() -> AnyResponse:
    """All files."""
    return _all(enter("content"))


@blueprint.post("/media")
def take() -> AnyResponse:
    """Take files from a form, where no script sends them in pieces."""
    looker = enter("content")
    request.max_content_length = looker.ctx.settings.max_upload_bytes + MIB
    refused: list[tuple[str, str]] = []
    try:
        check_form(looker)
        for part in request.files.getlist("file"):
            name = part.filename or "file"
            try:
                pieces = iter(lambda part=part: part.stream.read(CHUNK_BYTES), b"")  # type: ignore[misc]
                assets.keep(looker.ctx, looker.actor, name, pieces)
            except Refused as why:
                refused.append((name, refusal(why).said[looker.language]))
            except ServerError as wrong:
                refused.append((name, said(wrong.message)))
    except RequestEntityTooLarge:
        most = looker.ctx.settings.max_upload_bytes // MIB
        large = refusal(Refused(Reason.TOO_LARGE, limit_mib=most))
        raise TooLarge(large.said[looker.language]) from None
    return _all(looker, status=422, refused=refused) if refused else redirect("/media", 303)


@blueprint.get("/media/again")
def again() -> AnyResponse:
    """The word that uploads carry, after signing in anew beside this page."""
    return jsonify({"csrf": enter("content").csrf})


@blueprint.get("/media/goods")
def goods() -> AnyResponse:
    """Products by name or SKU, to choose from."""
    looker = enter("content")
    asked = request.args.get("named", "")[:MAX_ASKED]
    found = filing.goods(looker.ctx, looker.actor, asked, looker.language)
    return jsonify([asdict(one) for one in found])


@blueprint.get("/media/file/<sha>")
def file(sha: str) -> AnyResponse:
    """One file."""
    return _one(enter("content"), sha)


@blueprint.post("/media/file/<sha>")
def about(sha: str) -> AnyResponse:
    """Keep its name and tags."""
    looker = enter("content", form=True)
    name = request.form.get("name", "")
    tags = [tag for tag in request.form.get("tags", "").split(",") if tag.strip()]
    try:
        describe(looker.ctx, looker.actor, sha, name=name, tags=tags)
    except ServerError as wrong:
        said = {"name": _("Give it a name of 1 to 200 characters, on one line.")}
        text = said.get(wrong.field, _("A tag has 1 to 40 characters; a file has 20 at most."))
        return _one(looker, sha, wrong=wrong, at=wrong.field, said=text, given=dict(request.form))
    return redirect(f"/media/file/{sha}", 303)


@blueprint.post("/media/file/<sha>/prices")
def prices(sha: str) -> AnyResponse:
    """Keep which prices it shows."""
    looker = enter("content", form=True)
    given = list(zip(request.form.getlist("sku"), request.form.getlist("price"), strict=False))
    lines = [(sku.strip(), price.strip()) for sku, price in given if sku.strip() or price.strip()]
    try:
        drawn: list[Drawn] = []
        for number, (sku, price) in enumerate(lines[: MAX_PRICES + 1]):
            plain = sku.rpartition(" · ")[2]
            drawn.append(filing.read_price(looker.ctx, plain, price, f"prices/{number}"))
        describe(looker.ctx, looker.actor, sha, prices=drawn)
    except ServerError as wrong:
        said = _price_wrong(wrong)
        return _one(looker, sha, wrong=wrong, at="prices", said=said, lines=lines)
    return redirect(f"/media/file/{sha}#price", 303)


@blueprint.post("/media/file/<sha>/replace")
def put_instead(sha: str) -> AnyResponse:
    """Show another file wherever this one shows."""
    looker = enter("content", form=True)
    try:
        done = replace_everywhere(looker.ctx, looker.actor, sha, request.form.get("by", ""))
    except ServerError as wrong:
        said = {
            "not_used": _("No playlist on air shows it."),
            "beyond": _("It also shows outside your stores, so you cannot replace it everywhere."),
            "wrong_kind": _("That file is of another kind: a film cannot stand for a picture."),
        }.get(wrong.code, _("Choose a file to show instead."))
        return _one(looker, sha, wrong=wrong, at="replace", said=said)
    return redirect(f"/media/file/{sha}?done={done.number}&n={len(done.playlists)}", 303)


@blueprint.post("/media/file/<sha>/undo/<int:number>")
def take_back(sha: str, number: int) -> AnyResponse:
    """Take a replacement back."""
    looker = enter("content", form=True)
    try:
        undo(looker.ctx, looker.actor, number)
    except Conflict as wrong:
        said = _("Somebody changed these playlists since. Change them there.")
        return _one(looker, sha, wrong=wrong, at="replace", said=said)
    return redirect(f"/media/file/{sha}", 303)


@blueprint.post("/media/file/<sha>/delete")
def delete(sha: str) -> AnyResponse:
    """Delete it, unless something uses it."""
    looker = enter("content", form=True)
    try:
        assets.delete_asset(looker.ctx, looker.actor, sha)
    except NotFound:
        raise
    except ServerError as wrong:
        said = {
            "in_use": _("It stays: it is used where the list above says. Take it out there first."),
        }.get(wrong.code, _("Someone else uploaded it, so you cannot delete it."))
        return _one(looker, sha, wrong=wrong, at="delete", said=said)
    return redirect("/media", 303)


def _all(
    looker: Visit, *, status: int = 200, refused: list[tuple[str, str]] | None = None
) -> AnyResponse:
    look = _look()
    found = gallery(looker.ctx, looker.actor, look)

    def link(**other: str) -> str:
        asked = {**asdict(look), "after": "", **other}
        query = urlencode({key: value for key, value in asked.items() if value})
        return f"/media?{query}" if query else "/media"

    return page(
        "media.html",
        looker,
        status=status,
        room="media",
        words=media_words(found, looker.language),
        look=look,
        found=found,
        link=link,
        refused=refused or [],
        spoken=sending_words(),
    )


def _one(
    looker: Visit,
    sha: str,
    *,
    wrong: ServerError | None = None,
    at: str = "",
    said: str = "",
    given: dict[str, str] | None = None,
    lines: list[tuple[str, str]] | None = None,
) -> AnyResponse:
    found = filing.filed(looker.ctx, looker.actor, sha, looker.language)
    words = file_words(found, looker.ctx.clock(), looker.language)
    given = given or {"name": found.file.name, "tags": ", ".join(found.file.tags)}
    shown = [(f"{one.name} · {one.sku}", one.price) for one in words.prices]
    return page(
        "media_file.html",
        looker,
        status=wrong.status if wrong is not None else 200,
        room="media",
        file=found.file,
        found=found,
        words=words,
        at=at,
        wrong=said,
        given=given,
        lines=[*(shown if lines is None else lines), ("", "")][:MAX_PRICES],
        done=_number("done"),
        many=_number("n"),
    )


def _number(name: str) -> int:
    said = request.args.get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < MAX_DIGITS else 0


def _price_wrong(wrong: ServerError) -> str:
    return {
        "no_such_product": _("No shop delivers a price for this product. Choose one of the list."),
        "bad_price": _("Write the price as it stands in the picture, as in 89.90."),
        "named_twice": _("A product is named twice: a picture shows one price of each."),
    }.get(wrong.code, _("Someone else uploaded it, so you cannot say this of it."))


def _look() -> Look:
    """What the address asks for."""
    given: dict[str, Any] = {
        name: request.args.get(name, "")[:MAX_ASKED] for name in ("named", "tag", "after")
    }
    kind = next((one for one in KINDS if one == request.args.get("kind")), "")
    state = next((one for one in STATES if one == request.args.get("state")), "")
    return Look(kind=kind, state=state, **given)
