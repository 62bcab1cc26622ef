"""What the phone page says, beside the field, when a hand is refused."""

from __future__ import annotations

from dataclasses import dataclass

from server.errors import BadInput, ServerError
from server.services.minding.shop import Shop
from server.services.wishes.messages import MOST
from server.web.clock import clock
from server.web.tongue import gettext as _
from server.web.tongue import said


@dataclass(frozen=True, slots=True)
class Wrong:
    """A refusal: which field it is about ("" where none), and the sentence."""

    field: str
    text: str


def wrong(error: ServerError, shop: Shop) -> Wrong:
    """A refusal in the reader's language."""
    if error.code == "hold_budget":
        return Wrong("until", _budget(shop))
    texts = {
        "typed_price": _(
            "No price in a message: it would stay on screen when the shop’s price changes. "
            "Show the product instead, its price then comes from the shop."
        ),
        "typed_percent": _(
            "No reduction in a message: it must come from the price history. "
            "Show the product instead."
        ),
        "no_words": _("Write what customers shall read."),
        "one_line": _("Write on one line, without special characters."),
        "no_such_playlist": _("This is not there any more. Choose something else."),
        "no_such_screen": _("This screen is not there any more. Choose another one."),
        "no_such_zone": _("These screens show what no hand may change. Choose other ones."),
        "stale": _("Someone else changed this just now. Here is how it stands."),
    }
    if error.code == "too_long":
        return Wrong(error.field, _("At most %(n)d characters.", n=MOST.get(error.field, 0)))
    known = texts.get(error.code)
    if known is None and error.field == "until":
        known = _("Choose an end that lies ahead, until midnight.")
    if known is None and error.field == "playlist":
        known = _("Choose what to show.")
    if known is None and error.field == "screens":
        known = _("Choose at least one screen.")
    return Wrong(error.field, known or said(error.message))


def no(field: str) -> BadInput:
    """The refusal of a field that was left empty or cannot be read."""
    return BadInput("Choose this.", field=field)


def _budget(shop: Shop) -> str:
    if shop.latest_ms <= shop.now:
        return _("Today’s time by hand is used up. Tomorrow there is more, or ask marketing.")
    return _(
        "Today a hand may last until %(at)s at most. Choose an earlier end, or ask marketing.",
        at=clock(shop.latest_ms, shop.store.zone),
    )
