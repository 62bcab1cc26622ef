"""What was brought on air, is on trial or waits: /releases. Each taken back with one press."""

from __future__ import annotations

from flask import redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from server.errors import ServerError
from server.services.drafting import releases
from server.services.drafting.listing import writers
from server.services.rehearsing.naming import names
from server.services.rehearsing.proving import prove
from server.web.access import page, studio
from server.web.entering import enter
from server.web.release_words import proof_words, release_words
from server.web.tongue import said

blueprint = studio("releases-room")


@blueprint.get("/releases")
def show() -> AnyResponse:
    """What waits, is on trial, is on air."""
    return _page()


@blueprint.post("/releases/<name>/<any('take-back', 'to-all'):way>")
def change(name: str, way: str) -> AnyResponse:
    """Take one back, or bring it to all stores."""
    looker = enter("content", form=True)
    act = releases.take_back if way == "take-back" else releases.to_all
    try:
        act(looker.ctx, looker.actor, name)
    except ServerError as refused:
        return _page(refused)
    return redirect(f"/releases#{name}", 303)


@blueprint.get("/releases/<name>/proof")
def proof(name: str) -> str:
    """What was foreseen, held against what screens say they played."""
    looker = enter("content")
    found = prove(looker.ctx, looker.actor, name)
    words = None
    if found is not None:
        screens = {one.screen for one in found.differing}
        named = names(looker.ctx, (), (), screens, (), looker.language)
        words = proof_words(found, named, looker.language)
    return render_template("release_proof.html", words=words)


def _page(refused: ServerError | None = None) -> AnyResponse:
    looker = enter("content")
    found = releases.listing(looker.ctx, looker.actor)
    named = names(looker.ctx, (), (), (), (), looker.language)
    people = writers(looker.ctx, {one for row in found for one in (row.created_by, row.ended_by)})
    now = looker.ctx.clock()
    return page(
        "releases.html",
        looker,
        status=refused.status if refused is not None else 200,
        room="releases",
        lively=True,
        words=release_words(found, named, people, now, looker.language),
        wrong=said(refused.message) if refused is not None else "",
    )
