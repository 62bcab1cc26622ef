"""The way through the organisation's identity provider, there and back."""

from __future__ import annotations

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.errors import ServerError, TooMany
from server.services.entry import single
from server.services.entry.provider import BACK
from server.web.access import asks_from, context, limits, studio
from server.web.carried import browser, inside, on_the_way, set_out
from server.web.signing_in import ask, go_on

blueprint = studio("single")


@blueprint.get("/sign-in/sso")
def leave() -> AnyResponse:
    """Send the browser to the provider. A link, not a form: no policy against foreign forms then
    stands in its way, and setting out changes nothing.
    """
    ctx, onward = context(), inside(request.args.get("next", ""))
    limits().take("sso", asks_from(), ctx.settings.stranger_per_minute)
    try:
        begun = single.begin(ctx, onward)
    except ServerError as wrong:
        return ask("sign_in.html", wrong, next=onward)
    answer = redirect(begun.url, 303)
    set_out(answer, begun)
    return answer


@blueprint.get(BACK)
def back() -> AnyResponse:
    """Let in whom the provider sent back."""
    ctx = context()
    try:
        with limits().failures("sign-in", asks_from(), ctx.settings.failures_per_minute):
            come = single.finish(ctx, on_the_way(), request.args, browser())
    except TooMany:
        raise
    except ServerError as wrong:
        answer: AnyResponse = ask("sign_in.html", wrong, next="")
    else:
        answer = go_on(come.who, come.onward)
    set_out(answer, None)
    return answer
