"""The people page: who may come in, as what, and where they are signed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, redirect, request
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as AnyResponse

from server.errors import NotFound, ServerError, TooMany
from server.ports import PermanentError, TemporaryError
from server.services.base.paging import Cut
from server.services.entry import accounts, browsers, second, shops
from server.services.situation import inviting
from server.web.access import Visit, page, studio
from server.web.entering import guard
from server.web.entry_words import complaint, role_choices
from server.web.people_words import browser_lines, cards, person_card
from server.web.tongue import said

blueprint = studio("people_pages")

WHOLE_CHAIN = "chain"
guarded = guard("people")


@blueprint.get("/people")
@guarded
def everybody(me: Visit) -> AnyResponse:
    """The list."""
    return _list(me)


@blueprint.post("/people")
@guarded
def invite(me: Visit) -> AnyResponse:
    """Invite someone: the link is shown this once."""
    given = request.form
    try:
        invited = accounts.invite(
            me.ctx,
            me.actor,
            given.get("name", ""),
            given.get("email", ""),
            given.get("role", ""),
            *_reach(),
        )
    except TooMany:
        raise
    except ServerError as wrong:
        return _list(me, wrong)
    return _link(me, invited)


@blueprint.get("/people/<person>")
@guarded
def one(me: Visit, person: str) -> AnyResponse:
    """One of them."""
    return _one(me, person)


@blueprint.post("/people/<person>")
@guarded
def change(me: Visit, person: str) -> AnyResponse:
    """Another role, other stores."""
    role = request.form.get("role", "")
    return _done(me, person, lambda: accounts.change(me.ctx, me.actor, person, role, *_reach()))


@blueprint.post("/people/<person>/link")
@guarded
def invite_again(me: Visit, person: str) -> AnyResponse:
    """A new link: the way back in."""
    try:
        return _link(me, accounts.invite_again(me.ctx, me.actor, person))
    except NotFound:
        raise
    except ServerError as wrong:
        return _one(me, person, wrong)


@blueprint.post("/people/<person>/dismiss")
@guarded
def dismiss(me: Visit, person: str) -> AnyResponse:
    """Let someone go."""
    return _done(me, person, lambda: accounts.dismiss(me.ctx, me.actor, person))


@blueprint.post("/people/<person>/app/remove")
@guarded
def remove_app(me: Visit, person: str) -> AnyResponse:
    """Take away an authenticator app that was lost."""
    return _done(me, person, lambda: second.remove_of(me.ctx, me.actor, person))


@blueprint.post("/people/<person>/sessions/end")
@guarded
def end_session(me: Visit, person: str) -> AnyResponse:
    """End one of their sessions."""
    session = request.form.get("session", "")
    return _done(me, person, lambda: browsers.end_of(me.ctx, me.actor, person, session))


def _done(me: Visit, person: str, act: Callable[[], object]) -> AnyResponse:
    try:
        act()
    except NotFound:
        raise
    except ServerError as wrong:
        return _one(me, person, wrong)
    return redirect(f"/people/{person}?done=1", 303)


def _reach() -> tuple[list[str] | None, list[str]]:
    """The stores and the regions that were ticked; None for the whole chain."""
    if request.form.get("reach") == WHOLE_CHAIN:
        return None, []
    return request.form.getlist("store"), request.form.getlist("region")


def _list(me: Visit, wrong: ServerError | None = None) -> Response:
    found = accounts.list_people(me.ctx, me.actor, Cut(request.args.get("after", "")))
    here = [one for one in found.items if one.left_at is None]
    alone = sum(not one.two_factor and not one.passkeys for one in here)
    return page(
        "people.html",
        me,
        status=200 if wrong is None else wrong.status,
        room="people",
        first=ngettext("%(num)d person comes in here.", "%(num)d people come in here.", len(here)),
        second=ngettext("%(num)d has no second factor.", "%(num)d have no second factor.", alone)
        if alone
        else _("All with a second factor."),
        cards=cards(me.ctx, me.actor, found.items),
        mails=bool(me.ctx.settings.smtp_host),
        next=found.next,
        wrong=complaint(wrong) if wrong else "",
        field=wrong.field if wrong else "",
        **_choices(me, request.form.get("role", ""), *(_reach() if wrong else ([], []))),
        given={key: request.form.get(key, "") for key in ("name", "email")},
    )


def _one(me: Visit, person: str, wrong: ServerError | None = None) -> Response:
    found = accounts.get_person(me.ctx, me.actor, person)
    return page(
        "person.html",
        me,
        status=200 if wrong is None else wrong.status,
        room="people",
        person=found,
        card=person_card(me.ctx, me.actor, found),
        wrong=complaint(wrong) if wrong else "",
        field=wrong.field if wrong else "",
        done=request.args.get("done") == "1",
        browsers=browser_lines(browsers.list_of(me.ctx, me.actor, person), me.ctx.clock()),
        **_choices(me, found.role, found.stores, found.regions),
    )


def _choices(
    me: Visit, role: str, stores: Sequence[str] | None, regions: Sequence[str]
) -> dict[str, Any]:
    found = shops.list_shops(me.ctx, me.actor)
    areas = {region for shop in found for region in shop.regions} | set(regions)
    return {
        "roles": role_choices(),
        "role": role,
        "shops": found,
        "chosen": stores or (),
        "areas": sorted(areas if me.actor.stores is None else areas & me.actor.regions),
        "chosen_areas": regions,
        "whole": stores is None,
        "may_whole": me.actor.stores is None,
    }


def _link(me: Visit, invited: accounts.Invited) -> Response:
    mailed, fault = False, ""
    try:
        mailed = inviting.send(me.ctx, me.actor, invited, me.language)
    except (TemporaryError, PermanentError) as wrong:
        fault = said(str(wrong))
    return page(
        "invited.html",
        me,
        room="people",
        person=invited.person,
        link=invited.link,
        mailed=mailed,
        fault=fault,
    )
