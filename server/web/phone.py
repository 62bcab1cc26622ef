"""What the store manager's phone keeps for a bad line: a worker, and two pages that it shows."""

from __future__ import annotations

from flask import Response, send_from_directory
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from server.web.access import page, studio
from server.web.doors import STATIC

blueprint = studio("phone")

WORKER_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
"""The worker asks this server, and loads nothing else."""


@blueprint.get("/phone/worker.js")
def worker() -> AnyResponse:
    """The service worker: of the phone page's addresses alone, looked at anew each time."""
    answer = send_from_directory(STATIC, "store_worker.js", max_age=0)
    answer.headers["Service-Worker-Allowed"] = "/store"
    answer.headers["Content-Security-Policy"] = WORKER_POLICY
    return answer


@blueprint.get("/phone/away")
def away() -> Response:
    """No network, and nothing was kept of the page."""
    return page(
        "notice.html",
        first=_("No network."),
        second=_("The screens go on by themselves."),
        text=_("This page was not opened here before, so there is nothing to show yet."),
        instead=("/store", _("Try again")),
    )


@blueprint.get("/phone/unsure")
def unsure() -> Response:
    """Something was sent and no answer came."""
    return page(
        "notice.html",
        first=_("No answer came."),
        second=_("Nobody can say yet whether it was done."),
        text=_(
            "Look at your screens once the network is back, before you do it again. "
            "Nothing is sent by itself."
        ),
        instead=("/store", _("Look at my screens")),
    )
