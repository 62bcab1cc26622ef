"""Reads the phone page's forms: an end as a clock time, screens, words; hands as the domain has
them.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from flask import request

from playlists.ids import OverrideId, PlaylistId, ScreenId, StoreId
from playlists.localtime import instant as instant_of
from playlists.localtime import local_date, zone_of
from playlists.model import Emergency, Override, Target
from server.errors import BadInput
from server.services.minding.shop import Shop
from server.services.wishes.messages import MOST
from server.web.clock import MAX_INSTANT_MS

MAX_WORDS = 10_000
"""Characters of a field that are read at all; the service says what is too long."""


def text(name: str, most: int) -> str:
    """A field that must be there. Raises BadInput."""
    given = request.form.get(name, "").strip()
    if not given or len(given) > most:
        raise BadInput("Choose one.", field=name)
    return given


def instant(given: str) -> int:
    """Unix ms as our own forms carry them. Raises BadInput."""
    if not given.isascii() or not given.isdigit() or int(given) > MAX_INSTANT_MS:
        raise BadInput("This end cannot be read.", field="until")
    return int(given)


def until(shop: Shop) -> int:
    """The end that was chosen, a time of today in the store (00:00 is midnight), unix ms; of a time
    that the night of the clocks doubles, the second. Raises BadInput for one that is over.
    """
    given = request.form.get("until", "")
    try:
        wall = time.fromisoformat(given)
    except ValueError:
        raise BadInput("Give the end as a time, such as 18:00.", field="until") from None
    zone = zone_of(shop.store.zone)
    today = datetime.combine(local_date(zone, shop.now), wall.replace(tzinfo=None))
    at = instant_of(zone, today if wall != time() else today + timedelta(days=1), end=True)
    if at <= shop.now:
        raise BadInput("The end lies ahead.", field="until")
    return at


def hold(shop: Shop, playlist: str = "") -> Override:
    """A hold as the form asks for it, of `playlist` or of the one it names. Raises BadInput."""
    screens = frozenset(ScreenId(one) for one in request.form.getlist("screens"))
    chosen = playlist or text("playlist", 200)
    if not screens:
        raise BadInput("Choose at least one screen.", field="screens")
    return Override(
        OverrideId(""),
        StoreId(shop.store.id),
        "show",
        shop.now,
        until(shop),
        playlist=PlaylistId(chosen),
        screens=screens,
    )


def pause(shop: Shop) -> Override:
    """A pause as the form asks for it. Raises BadInput."""
    return Override(
        OverrideId(""),
        StoreId(shop.store.id),
        "pause",
        shop.now,
        until(shop),
        subject=text("subject", 200),
    )


def emergency(shop: Shop) -> Emergency:
    """An emergency on all the store's screens. Raises BadInput."""
    return Emergency(
        OverrideId(""),
        PlaylistId(text("playlist", 200)),
        Target(stores=frozenset({StoreId(shop.store.id)})),
        shop.now,
        until(shop),
    )


def message_words() -> dict[str, str]:
    """The texts of a message."""
    return {name: request.form.get(name, "")[:MAX_WORDS] for name in MOST}
