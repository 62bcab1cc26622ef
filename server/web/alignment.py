"""How the screens' prices and the shop's agreed: /alignment, and the same as CSV."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from server.services.alignment import agreement
from server.services.alignment.agreement import Asked
from server.services.alignment.reckoning import settle_ms
from server.services.showing.known import a_page
from server.web.access import Visit, page, studio
from server.web.alignment_words import alignment_words
from server.web.clock import length
from server.web.entering import enter
from server.web.own_pages import own_page
from server.web.tongue import gettext as _

blueprint = studio("alignment")

HERE = "/alignment"
DAYS = 7
"""How many days are shown where none are asked for."""
MAX_DAYS = 400
MAX_ASKED = 200
"""Characters of what is asked for."""


@blueprint.get(HERE)
def show() -> AnyResponse:
    """The page."""
    me = enter("read")
    asked, wrong = _asked(me)
    found = agreement.agreement(me.ctx, me.actor, asked)
    if asked.store and asked.store not in found.names:
        wrong = wrong or _("There is no store of this name.")
    given = {
        "since": asked.since.isoformat(),
        "until": asked.until.isoformat(),
        "store": asked.store,
        "sku": asked.sku,
    }
    kept = {name: value for name, value in given.items() if value}
    return page(
        "alignment.html",
        me,
        status=422 if wrong else 200,
        room="situation",
        found=found,
        words=alignment_words(found, me.ctx.clock(), me.language),
        given=given,
        called=found.names.get(asked.store, asked.store),
        wrong=wrong,
        later=length(settle_ms(me.ctx.settings.play_records_every_s * 1_000)),
        own=own_page(a_page(me.ctx, me.actor)),
        csv=f"{HERE}.csv?{urlencode(kept)}",
        link=lambda **more: f"{HERE}?{urlencode({**kept, **more})}",
    )


@blueprint.get(f"{HERE}.csv")
def download() -> AnyResponse:
    """The file."""
    me = enter("read")
    asked, wrong = _asked(me)
    if wrong:
        return redirect(f"{HERE}?{urlencode(request.args)}", 303)
    answer = Response(agreement.table(me.ctx, me.actor, asked), mimetype="text/csv")
    name = f"alignment-{asked.since}-{asked.until}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _asked(me: Visit) -> tuple[Asked, str]:
    """What is asked for; where that is no span of days, the last DAYS, and why."""
    given = {name: request.args.get(name, "")[:MAX_ASKED].strip() for name in ("store", "sku")}
    if given["store"]:
        given["store"] = agreement.store_named(me.ctx, me.actor, given["store"])
    today = datetime.fromtimestamp(me.ctx.clock() / 1000, UTC).date()
    usual = Asked(today - timedelta(days=DAYS - 1), today, **given)
    try:
        since, until = (_day(name) for name in ("since", "until"))
    except ValueError:
        return usual, _("Write a day as 2026-10-15.")
    until = until or today
    since = since or until - timedelta(days=DAYS - 1)
    if not 0 <= (until - since).days < MAX_DAYS:
        return usual, _("Ask for %(n)s days at most, the first one first.", n=MAX_DAYS)
    return Asked(since, until, **given), ""


def _day(name: str) -> date | None:
    text = request.args.get(name, "").strip()
    day = date.fromisoformat(text) if text else None
    if day is not None and not 1970 < day.year < 2100:
        raise ValueError
    return day
