"""Updates of the player: which version runs where, the rollout, and what people do with it."""

from __future__ import annotations

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import BadInput, NotFound, ServerError
from server.services.screens import rollout_views, rollouts
from server.services.screens.rollouts import Step, Wish
from server.web import update_words as words
from server.web.access import Visit, page, studio
from server.web.entering import enter
from server.web.tongue import gettext as _
from server.web.tongue import said

blueprint = studio("updates")

HERE = "/updates"
HOUR_S = 3_600
MAX_FORM = 200
"""Screens or stores of one form."""
WAYS: dict[str, Step] = {
    "pause": "pause",
    "resume": "resume",
    "now": "now",
    "rest": "rest",
    "give-up": "give_up",
    "back": "back",
}


@blueprint.get(HERE)
def show() -> AnyResponse:
    """The page."""
    return _show(enter("devices"))


@blueprint.post(HERE)
def start() -> AnyResponse:
    """Begin a rollout."""
    me = enter("devices", form=True)
    try:
        rollouts.start(me.ctx, me.actor, _wish())
    except ServerError as wrong:
        return _show(me, wrong)
    return redirect(HERE, 303)


@blueprint.post(f"{HERE}/<rollout>/<any('pause', 'resume', 'now', 'rest', 'give-up', 'back'):way>")
def change(rollout: str, way: str) -> AnyResponse:
    """Have it stand still, go on, hurry, end, or be taken back."""
    me = enter("devices", form=True)
    edition = request.form.get("edition", "")
    try:
        rollouts.change(
            me.ctx, me.actor, rollout, WAYS[way], int(edition) if edition.isdecimal() else None
        )
    except NotFound:
        raise
    except ServerError as wrong:
        return _show(me, wrong)
    return redirect(HERE, 303)


def _show(me: Visit, wrong: ServerError | None = None) -> AnyResponse:
    found = rollout_views.updates(me.ctx, me.actor)
    choices = rollout_views.choices(me.ctx, me.actor)
    settings = me.ctx.settings
    current = found.current
    is_active = current is not None and current.course.is_active
    return page(
        "updates.html",
        me,
        status=wrong.status if wrong else 200,
        room="places",
        words=words.page_words(found, settings.update_now_s, me.ctx.clock(), me.language),
        found=found,
        current=current,
        short=words.short,
        choices=None if is_active or not found.kept or not found.screens else choices,
        given=request.form,
        chosen={*request.form.getlist("store"), *request.form.getlist("screen")},
        wait_h=settings.update_wait_s // HOUR_S,
        share=settings.update_share_percent,
        wrong=said(wrong.message) if wrong else "",
        field=wrong.field if wrong else "",
    )


def _wish() -> Wish:
    """What the form asks for; its button alone sends the package. Raises BadInput."""
    given = request.form
    first = given.get("first", "auto")
    names = {"stores": "store", "screens": "screen", "tag": "tag"}
    if first in names and not given.get(names[first]):
        raise BadInput(_("Choose at least one."), field="pilots")
    hours, share = _whole("wait_h", 720), _whole("share", 100)
    return Wish(
        sha256=given.get("package", ""),
        screens=given.getlist("screen")[:MAX_FORM] if first == "screens" else (),
        stores=given.getlist("store")[:MAX_FORM] if first == "stores" else (),
        tag=given.get("tag", "") if first == "tag" else "",
        wait_s=None if hours is None else hours * HOUR_S,
        share_percent=share,
        now="now" in given,
    )


def _whole(name: str, most: int) -> int | None:
    """A number of the form; None where it has none. Raises BadInput."""
    text = request.form.get(name, "").strip()
    if not text:
        return None
    least = 1 if name == "share" else 0
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and least <= int(text) <= most):
        raise BadInput(
            _("Write a whole number from %(least)s to %(most)s.", least=least, most=most),
            field=name,
        )
    return int(text)
