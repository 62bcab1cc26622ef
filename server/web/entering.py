"""How a room is entered: by whom, with which right, by a form of its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import g, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import Unauthenticated
from server.services.base.actors import Scope
from server.web.access import Visit, check_form, visit

View = Callable[..., AnyResponse]


def enter(*rights: Scope, form: bool = False) -> Visit:
    """Who enters, with all of these rights; with `form`, what they send is of a page of theirs.
    Faults from here on are told among their rooms. Raises Unauthenticated, Forbidden.
    """
    looker: Visit = visit()
    g.visit = looker
    for right in rights:
        looker.actor.require(right)
    if form:
        check_form(looker)
    return looker


def looker() -> Visit:
    """Who looks, with a session of their own. Raises Unauthenticated for a watch link."""
    found = enter()
    if not found.session:
        raise Unauthenticated("Sign in to see this.")
    return found


def guard(right: Scope, *, chain: bool = False) -> Callable[[View], View]:
    """Pages for people who hold a right, with `chain` in every store; a form is one of their
    session. The view is given the visit.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def run(**path: str) -> AnyResponse:
            me = looker()
            (me.actor.require_chain if chain else me.actor.require)(right)
            if request.method == "POST":
                check_form(me)
            return view(me, **path)

        return run

    return decorate
