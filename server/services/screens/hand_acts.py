"""What a store's people did on a screen while the server was away, made the server's own.

For each act that a device tells, again and again until it has heard a verdict:

    known     it runs on as the override that it became, or that one is over
    new       signed with the person's code for this very screen, whose code counts and whose right
              still stands: an override of that screen with the act's own id, instants and person;
              over at once where it ended meanwhile
    refused   any other: the device ends it, the audit log says why

So play records that name the act name an override, whose person and end everybody can look up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from playlists.cards import card_json
from playlists.errors import Invalid
from playlists.ids import OverrideId, PlaylistId, ScreenId, StoreId
from playlists.model import Override
from playlists.signing import b64, unb64
from playlists.wire.hands import Act, Acts, Verdict
from playlists.wire.shop_hands import Sealed
from server.db.models import (
    ActorRow,
    DeviceRow,
    HandActRow,
    HandCodeRow,
    OverrideRow,
    PlaylistRow,
    ScreenRow,
)
from server.errors import ServerError
from server.services.base import audit, outbox
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.base.editing import missing
from server.services.entry import tokens
from server.services.screens.devices import Viewer
from server.services.wishes.budget import check_budget
from server.services.wishes.reach import sees_playlist
from server.services.wishes.wish_rows import override_columns, override_of
from server.services.wishes.writing import Pen
from server.services.wishes.zones import check_zone

MINUTE_MS = 60_000
AHEAD_MS = 5 * MINUTE_MS
"""A device's clock may be ahead of the server's by so much."""
OLDEST_MS = 400 * 24 * 3_600_000
"""Nothing older is told any more."""
MAX_REFUSED_A_DAY = 50
"""Acts of one screen that are refused and told of in a day; more are refused and forgotten."""
DAY_MS = 24 * 3_600_000
LOCAL = {"local": True}
"""Marks in the audit log what was done without the server."""


def take(ctx: Context, viewer: Viewer, said: Acts) -> dict[str, Verdict]:
    """The verdict on each act."""
    now, screen = ctx.clock(), viewer.screens[0]
    found: dict[str, Verdict] = {}
    for act in said.acts:
        cards = {
            str(name): card_json(card) for name, card in said.cards.get(act.choice, {}).items()
        }
        with ctx.db.write() as session:
            place = session.get(ScreenRow, screen, with_for_update=True)
            if place is None:
                raise missing("screen")
            found[act.id] = _take(ctx, session, place, act, cards, now)
    ctx.wake()
    return found


def sweep(session: Session, before: int) -> None:
    """Forget acts that were told so long ago."""
    session.execute(delete(HandActRow).where(HandActRow.received_at < before))


def _take(
    ctx: Context, session: Session, place: ScreenRow, act: Act, cards: dict[str, Any], now: int
) -> Verdict:
    row = session.get(HandActRow, act.id)
    if row is None:
        return _new(ctx, session, place, act, cards, now)
    if row.screen_id != place.id or row.state == "refused":
        return Verdict("refused")
    override = session.get(OverrideRow, act.id)
    if override is None or override.until_ms <= now:
        row.state = "over"
    elif act.ended is not None:
        person = session.get_one(ActorRow, row.actor_id)
        _end(session, Actor(person.id, person.name, frozenset()), override, act.ended, now)
        row.state, row.ended_ms = "over", act.ended
    return _verdict(row, override)


def _verdict(row: HandActRow, override: OverrideRow | None) -> Verdict:
    if row.state != "taken" or override is None:
        return Verdict("over")
    return Verdict("taken", override.until_ms, row.received_at)


def _new(
    ctx: Context, session: Session, place: ScreenRow, act: Act, cards: dict[str, Any], now: int
) -> Verdict:
    row = HandActRow(
        id=act.id,
        screen_id=place.id,
        actor_id=act.person,
        choice=act.choice,
        from_ms=act.from_ms,
        until_ms=act.until_ms,
        ended_ms=act.ended,
        cards=cards,
        state="taken",
        received_at=now,
    )
    try:
        actor = _who(ctx, session, place, act, now)
        override = _override(ctx, session, actor, place, act)
    except (ServerError, Invalid) as refused:
        if _were_refused(session, place, now) >= MAX_REFUSED_A_DAY:
            return Verdict("refused")
        row.state = "refused"
        session.add(row)
        after = {**LOCAL, **_told(place, act), "why": str(refused)}
        audit.record(session, SYSTEM, now, "hands.refuse", f"override:{act.id}", None, after)
        return Verdict("refused")
    session.add(row)
    _keep(session, actor, override, act, _via(session, place, act), now)
    if act.ended is not None or override.until_ms <= now:
        row.state = "over"
    return _verdict(row, session.get_one(OverrideRow, act.id))


def _were_refused(session: Session, place: ScreenRow, now: int) -> int:
    lately = select(func.count()).where(
        HandActRow.screen_id == place.id,
        HandActRow.state == "refused",
        HandActRow.received_at > now - DAY_MS,
    )
    return session.scalar(lately) or 0


def _who(ctx: Context, session: Session, place: ScreenRow, act: Act, now: int) -> Actor:
    """The person, if the code counts and the right stands. Raises ServerError, Invalid."""
    longest_ms = ctx.settings.hands_longest_minutes * MINUTE_MS
    if not now - OLDEST_MS < act.from_ms <= now + AHEAD_MS:
        raise Invalid("It was not done at such an instant.", "from")
    if act.until_ms - act.from_ms > longest_ms:
        raise Invalid("It lasts longer than a hold may.", "until")
    actor = tokens.actor(session, act.person)
    actor.require("override", place.store_id)
    code = session.get(HandCodeRow, (place.store_id, act.person))
    if code is None:
        raise Invalid("The code was revoked.", "person")
    if act.from_ms >= code.until_ms:
        raise Invalid("The code did not count any more.", "person")
    if not _is_signed(session, place, act, code.key):
        raise Invalid("It was not signed with the person's code.", "proof")
    return actor


def _is_signed(session: Session, place: ScreenRow, act: Act, key: str) -> bool:
    """Whether the person ordered this of this screen, and nothing was made of that order before."""
    sealed, device = Sealed.read(act.proof.encode()), session.get(DeviceRow, place.id)
    order = sealed.order
    said = (order.do, order.person, order.choice, order.length_ms)
    done = ("show", act.person, act.choice, act.until_ms - act.from_ms)
    is_here = device is not None and order.to == b64(device.public_key)
    return is_here and said == done and sealed.act == act.id and sealed.is_by(key)


def _via(session: Session, place: ScreenRow, act: Act) -> dict[str, str]:
    """The screen that the person stood before, where that is another."""
    sealed = Sealed.read(act.proof.encode())
    found = select(DeviceRow.screen_id).where(DeviceRow.public_key == unb64(sealed.order.via))
    screen = session.scalar(found) if sealed.is_carried() else None
    return {"via": screen} if screen and screen != place.id else {}


def _override(ctx: Context, session: Session, actor: Actor, place: ScreenRow, act: Act) -> Override:
    """The act as a store's hand on its screen. Raises ServerError, Invalid."""
    playlist = session.get(PlaylistRow, act.choice)
    if playlist is None or not sees_playlist(session, actor, act.choice):
        raise Invalid("There is no such playlist any more.", "choice")
    store = place.store_id
    check_zone(session, actor, act.zone, store=store, screens=[place.id], locked=False)
    made = Override(
        OverrideId(act.id),
        StoreId(store),
        "show",
        act.from_ms,
        act.until_ms,
        playlist=PlaylistId(act.choice),
        screens=frozenset({ScreenId(place.id)}),
        zone=act.zone,
        edited_at=act.from_ms,
        by=actor.name,
    )
    if act.ended is None:
        check_budget(ctx, session, actor, made)
    return made


def _keep(
    session: Session, actor: Actor, override: Override, act: Act, via: dict[str, str], now: int
) -> None:
    """Keep it as done by that person at its own time."""
    ended = None if act.ended is None else max(act.from_ms + 1, min(act.ended, act.until_ms))
    kept = override if ended is None else replace(override, until_ms=ended)
    columns = override_columns(kept)
    session.add(
        OverrideRow(id=override.id, version=1, edited_at=act.from_ms, edited_by=actor.id, **columns)
    )
    session.flush()
    subject = f"override:{act.id}"
    begun = {**override_columns(override)["body"], **LOCAL, **via}
    audit.record(session, actor, act.from_ms, "override.create", subject, None, begun)
    if ended is not None:
        told: dict[str, Any] = {**begun, "how": act.how}
        audit.record(session, actor, ended, "override.end", subject, told)
    outbox.mark(session, [f"overrides@{override.store}"], now)


def _end(session: Session, actor: Actor, row: OverrideRow, at: int, now: int) -> None:
    """The device ended what the server had taken over."""

    def ended() -> dict[str, Any]:
        until = max(row.from_ms + 1, min(at, now))
        return override_columns(replace(override_of(row), until_ms=until, edited_at=now))

    Pen(session, actor, now).end(row, ended, [f"overrides@{row.store_id}"])


def _told(place: ScreenRow, act: Act) -> dict[str, Any]:
    return {
        "screen": place.id,
        "person": act.person,
        "choice": act.choice,
        "from": act.from_ms,
        "until": act.until_ms,
    }
