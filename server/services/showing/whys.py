"""Why a screen shows what it shows at an instant, with all that a page says of it: names, the
winner's condition, this round, what came before and comes after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.conditions import Reason, bind_condition, evaluate, facts_at
from playlists.facts import Fact, fact_line
from playlists.ids import Json, PlaylistId, ZoneId
from playlists.manifest import Plan
from playlists.model import MAIN
from playlists.wire.freshness import LiveText
from playlists.wire.offers import offer_to_json
from server.db.mappers import fact_from
from server.db.models import FactRow, ScreenRow, StoreRow
from server.errors import NotFound
from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.base.kept import MAX_IN, batched
from server.services.base.objects import Plans
from server.services.chain.place_views import StoreView, store_view
from server.services.observed import shelves
from server.services.observed.live_texts import HORIZON_MS, facts_in, live_text
from server.services.showing import explaining
from server.services.showing.explaining import Explained
from server.services.showing.holding import NOW_MS
from server.services.showing.standing import Roll, Standing
from server.services.showing.titles import Titles, Told, joined
from server.services.showing.wish_names import WishNames, wish_names
from server.services.showing.worlds import Playing
from server.services.wishes.drawn import Agreement

PAST_TURNS = 3
MAX_ROUND = 24
"""Turns of a round that are drawn; of a longer one, those from the instant on."""


@dataclass(frozen=True, slots=True)
class Place:
    """The screen of an instant, with its store."""

    id: str
    name: str
    width: int
    height: int
    language: str
    store: StoreView
    standing: Standing


@dataclass(frozen=True, slots=True)
class Round:
    """A loop: its turns with `at` the place of the current one among them, how long all of it
    lasts (ms) and how many turns it has, of which at most MAX_ROUND are here.
    """

    turns: tuple[Told, ...]
    at: int
    length_ms: int
    size: int


@dataclass(frozen=True, slots=True)
class ScreenWhy:
    """All that the page of an instant says. `turn` is what shows, `past` the turns before it,
    latest first; `reasons` made the winner's conditions true; `offers` (wire JSON by channel and
    SKU) and `texts` are what its card needs beside files; `issued_at` is when its plan was made.
    `drawn` are, by file, prices in pictures that were not the shop's. `counts` are, by a fact of
    stock, the pieces that were counted and of these reserved, where the instant is about now.
    `elsewhere` are the names of other stores that its facts are of, by id.
    """

    explained: Explained
    place: Place
    turn: Told
    following: Told | None
    round: Round | None
    past: tuple[Told, ...]
    names: WishNames
    reasons: tuple[Reason, ...]
    by: str
    issued_at: int
    offers: Mapping[str, Mapping[str, Json]]
    drawn: Mapping[str, Agreement]
    texts: Mapping[str, LiveText]
    counts: Mapping[str, tuple[int, int]]
    elsewhere: Mapping[str, str]


def screen_why(ctx: Context, actor: Actor, screen_id: str, at_ms: int) -> ScreenWhy:
    """Why a screen shows what it shows at `at_ms` (unix ms), in its main zone or its first.

    Raises NotFound as `explaining.explain`.
    """
    zone = _zone(ctx, actor, screen_id)
    explained = explaining.explain(ctx, actor, screen_id, at_ms, zone)
    plans = Plans()
    shown, head = explained.playing.shown, explained.held.head
    before = _before(ctx, actor, screen_id, shown.since, zone, plans)
    with ctx.db.read() as session:
        plan = plans.plan(session, head.manifest, head.expires_at, _dates(explained, at_ms))
        place = _place(ctx, session, actor, screen_id)
    loop = _loop(plan, zone, at_ms) if plan else None
    begin = max(loop[0], head.issued_at) if loop else at_ms
    end = begin + loop[1] if loop else at_ms + 1
    turns = _coming(ctx, actor, screen_id, zone, begin, end, plans)
    following = _coming(ctx, actor, screen_id, zone, shown.until, shown.until + 1, plans)
    playings = [explained.playing, *turns, *before, *following]
    with ctx.db.read() as session:
        titles = Titles(session, playings)
        live = abs(at_ms - ctx.clock()) <= NOW_MS
        texts = _texts(session, explained.playing, place.store.zone, at_ms) if live else {}
        counts = _counts(session, explained) if live else {}
        names = wish_names(session, explained.recalled, place.language)
        elsewhere = _elsewhere(session, explained, place.store.id)

    def told(playing: Playing) -> Told:
        return titles.told(playing, place.language)

    return ScreenWhy(
        explained=explained,
        place=place,
        turn=told(explained.playing),
        following=told(following[0]) if following else None,
        round=_round(joined([told(one) for one in turns]), at_ms, loop) if loop else None,
        past=tuple(told(one) for one in before),
        names=names,
        reasons=_reasons(explained, at_ms),
        by=_by(explained),
        issued_at=head.issued_at,
        offers=offers_of(explained.playing),
        drawn=explained.recalled.drawn,
        texts=texts,
        counts=counts,
        elsewhere=elsewhere,
    )


def _elsewhere(session: Session, explained: Explained, home: str) -> dict[str, str]:
    ids = {store_of(str(fact.key)) for fact in explained.explanation.facts} - {home}
    found: dict[str, str] = {}
    for some in batched(sorted(ids), MAX_IN):
        named = select(StoreRow.id, StoreRow.name).where(StoreRow.id.in_(some))
        found |= dict(session.execute(named).all())
    return found


def store_of(key: str) -> str:
    """The store that a fact's key is of, as `stock:SKU@store` and `weather.rain:store` say it."""
    return key.partition(":")[2].rpartition("@")[2]


def drawn_at(
    ctx: Context, actor: Actor, screen_id: str, at_ms: int
) -> tuple[Playing, Mapping[str, LiveText]] | None:
    """What that zone shows at `at_ms` (unix ms) and its live texts, without why; None where nothing
    is known of that. Raises NotFound.
    """
    zone = _zone(ctx, actor, screen_id)
    turns = _coming(ctx, actor, screen_id, zone, at_ms, at_ms + 1, Plans())
    if not turns:
        return None
    live = abs(at_ms - ctx.clock()) <= NOW_MS
    with ctx.db.read() as session:
        store = session.get_one(StoreRow, session.get_one(ScreenRow, screen_id).store_id)
        return turns[0], _texts(session, turns[0], store.zone, at_ms) if live else {}


def _counts(session: Session, explained: Explained) -> dict[str, tuple[int, int]]:
    places: dict[str, shelves.Place] = {}
    for fact in explained.explanation.facts:
        kind, _, subject = fact.key.partition(":")
        sku, _, store = subject.rpartition("@")
        if kind == "stock":
            places[fact.key] = (store, sku)
    held = shelves.read(session, places.values())
    return {
        key: (held[place][0].counted, held[place][0].reserved)
        for key, place in places.items()
        if place in held
    }


def _zone(ctx: Context, actor: Actor, screen_id: str) -> ZoneId:
    """The screen's main zone, or its first. Raises NotFound."""
    actor.require("read")
    with ctx.db.read() as session:
        row = session.get(ScreenRow, screen_id)
        if row is None or not actor.sees(row.store_id):
            raise NotFound("There is no such screen among your stores.")
        names = [ZoneId(str(box[0])) for box in row.layout]
        return MAIN if MAIN in names or not names else names[0]


def _place(ctx: Context, session: Session, actor: Actor, screen_id: str) -> Place:
    row = session.get_one(ScreenRow, screen_id)
    roll = Roll(session, actor, ctx.clock(), ctx.settings.report_every_s)
    return Place(
        id=row.id,
        name=row.name,
        width=row.width,
        height=row.height,
        language=row.language,
        store=store_view(session.get_one(StoreRow, row.store_id)).value,
        standing=roll.standings(screens=[screen_id])[screen_id],
    )


def _dates(explained: Explained, at_ms: int) -> set[str]:
    days = explained.playing.manifest.days
    return {day.date for day in days if day.from_ms <= at_ms < day.until_ms}


Loop = tuple[int, int, int]
"""When the round of an instant began (unix ms), how long it lasts (ms), its turns."""


def _loop(plan: Plan, zone: ZoneId, at_ms: int) -> Loop | None:
    """The round of an instant, None where nothing is planned for it."""
    day = next((day for day in plan.manifest.days if day.from_ms <= at_ms < day.until_ms), None)
    chunk = plan.chunks.get(day.chunk) if day else None
    if day is None or chunk is None:
        return None
    past = [one for one in chunk.zones.get(zone, ()) if day.from_ms + one.from_ms <= at_ms]
    if not past or not past[-1].loop:
        return None
    length = chunk.ends(past[-1].loop)[-1]
    since = (at_ms - day.from_ms - past[-1].from_ms) % length
    return at_ms - since, length, len(past[-1].loop)


def _round(turns: Sequence[Told], at_ms: int, loop: Loop) -> Round | None:
    """The turns that are drawn: all of a short round, of a long one those around the instant."""
    at = next((n for n, turn in enumerate(turns) if turn.since <= at_ms < turn.until), None)
    if at is None:
        return None
    first = max(0, min(at - MAX_ROUND // 2, len(turns) - MAX_ROUND))
    return Round(tuple(turns[first : first + MAX_ROUND]), at - first, loop[1], loop[2])


MAX_LOOKED_AT = 400
"""Turns of a round that are asked for."""


def _coming(
    ctx: Context,
    actor: Actor,
    screen_id: str,
    zone: ZoneId,
    from_ms: int,
    until_ms: int,
    plans: Plans,
) -> tuple[Playing, ...]:
    found = explaining.what_comes(
        *(ctx, actor, [screen_id], from_ms, until_ms, MAX_LOOKED_AT, plans), proven=True
    )
    return found.get(screen_id, {}).get(zone, ())


def _before(
    ctx: Context, actor: Actor, screen_id: str, since: int, zone: ZoneId, plans: Plans
) -> list[Playing]:
    """The turns that ended at `since` and before, under the heads of their times."""
    found: list[Playing] = []
    while len(found) < PAST_TURNS and since > 0:
        turns = _coming(ctx, actor, screen_id, zone, since - 1, since, plans)
        if not turns or turns[0].shown.since >= since:
            break
        found.append(turns[0])
        since = turns[0].shown.since
    return found


def _reasons(explained: Explained, at_ms: int) -> tuple[Reason, ...]:
    """What made the conditions of the winner and of its item true."""
    winner, recalled = explained.explanation.winner, explained.recalled
    if winner is None:
        return ()
    conditions = []
    campaign = recalled.wishes.get(f"campaign:{winner.source}")
    if winner.layer in ("campaign", "takeover") and campaign is not None:
        conditions.append(campaign.condition)
    named = PlaylistId(campaign.playlist if campaign else winner.source)
    playlist = recalled.playlist(named)
    items = playlist.items if playlist else ()
    conditions += [item.condition for item in items if item.id == winner.item]
    profile = recalled.profile
    lookup = facts_at(recalled.fact, at_ms)
    reasons: list[Reason] = []
    for condition in conditions:
        if condition is not None:
            bound = bind_condition(condition, profile.store, profile.place)
            reasons += evaluate(bound, lookup).reasons
    return tuple(dict.fromkeys(reasons))


def _by(explained: Explained) -> str:
    """Who put the winner there by hand; empty where nobody did."""
    winner = explained.explanation.winner
    held = explained.recalled.wishes.get(f"override:{winner.source}") if winner else None
    return str(held.by) if held is not None else ""


def offers_of(playing: Playing) -> dict[str, dict[str, Json]]:
    """The offers of the goods that a card shows, by channel and SKU."""
    found: dict[str, dict[str, Json]] = {}
    for (channel, sku), held in playing.offers.items():
        found.setdefault(channel, {})[sku] = offer_to_json(held.offer)
    return found


def _texts(session: Session, playing: Playing, zone: str, now: int) -> dict[str, LiveText]:
    """The live texts that a card shows, as they are now."""
    found: dict[str, LiveText] = {}
    for name in sorted(set(playing.card.live.values())) if playing.card else ():
        rows: dict[str, list[Fact]] = {}
        for row in session.scalars(select(FactRow).where(FactRow.key.in_(facts_in(name)))):
            rows.setdefault(row.key, []).append(fact_from(row))
        said = live_text(
            name,
            lambda key, rows=rows: fact_line(rows.get(key, ()), key, now, now + HORIZON_MS),  # type: ignore[misc]
            zone,
            now,
        )
        if said is not None:
            found[name] = said
    return found
