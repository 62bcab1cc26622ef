"""Sends the chain's brand out, and puts former ones back.

A brand goes out by being written into each store that follows it: from there it is planned, signed
and named by its hash like everything else that screens show, and "why?" keeps the brand of then.
What a store has of its own (its skyline, say) stays its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from playlists.manifest import BRAND_DRAWINGS
from server.db.models import ActorRow, AssetRow, BrandRow, BrandTrialRow, ScreenRow, StoreRow
from server.errors import BadInput, Conflict, NotFound
from server.services.base import audit, outbox
from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.base.editing import StaleEdit
from server.services.branding.shapes import check_shape_of
from server.services.chain.brand_checks import LANGUAGES, check_brand
from server.services.chain.chain_brand import chain_brand, last_brand

MAX_VOICE_CHARACTERS = 600
MAX_FORMER = 50
"""Former brands that are offered."""


@dataclass(frozen=True, slots=True)
class Brand:
    """The chain's brand. `version` 0: none was sent out from here yet. `voice`: how it speaks, by
    language. `at` is unix ms, `by` a person's name.
    """

    version: int
    body: Mapping[str, str]
    voice: Mapping[str, str]
    at: int
    by: str


@dataclass(frozen=True, slots=True)
class Own:
    """A store with entries of its own."""

    id: str
    name: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """The brand as it is on air, what stores have of their own, how many screens show it, and the
    brands before it, newest first.
    """

    brand: Brand
    own: tuple[Own, ...]
    screens: int
    former: tuple[Brand, ...]


def standing(ctx: Context, actor: Actor) -> Standing:
    """How the chain's brand stands. Raises Forbidden where one's rights end at some stores."""
    actor.require_chain("content")
    with ctx.db.read() as session:
        body = chain_brand(session)
        rows = session.scalars(
            select(BrandRow).order_by(BrandRow.version.desc()).limit(MAX_FORMER + 1)
        ).all()
        people: dict[str, str] = dict(
            session.execute(
                select(ActorRow.id, ActorRow.name).where(ActorRow.id.in_({r.by for r in rows}))
            ).all()
        )
        people.setdefault(SYSTEM.id, SYSTEM.name)
        told = [Brand(r.version, r.body, r.voice, r.at, people.get(r.by, r.by)) for r in rows]
        stores = session.execute(select(StoreRow.id, StoreRow.name, StoreRow.brand))
        own = [Own(name, title, _own(brand, body)) for name, title, brand in stores]
        screens = len(session.scalars(select(ScreenRow.id)).all())
    brand = told[0] if told else Brand(0, body, {}, 0, "")
    return Standing(brand, tuple(o for o in own if o.keys), screens, tuple(told[1:]))


def voice_of(ctx: Context, language: str) -> str:
    """How the brand speaks, for who writes in a language; empty where nobody said."""
    with ctx.db.read() as session:
        last = last_brand(session)
        return str(last.voice.get(language, "")) if last is not None else ""


def send_out(
    ctx: Context,
    actor: Actor,
    body: Mapping[str, str],
    voice: Mapping[str, str],
    if_version: int | None = None,
) -> int:
    """Put a brand on every screen that follows it; its version. Raises BadInput, Forbidden, Stale
    (another went out since), Conflict (one is on its way).
    """
    actor.require_chain("content")
    body, voice = checked(ctx, body, voice)
    with ctx.db.write() as session:
        check_alone(session)
        last = last_brand(session)
        version = last.version if last is not None else 0
        if if_version is not None and if_version != version:
            raise StaleEdit(version)
        version = put_on(session, actor, ctx.clock(), body, voice)
    ctx.wake()
    return version


def put_on(
    session: Session, actor: Actor, now: int, body: Mapping[str, str], voice: Mapping[str, str]
) -> int:
    """Put a checked brand on every store in the caller's transaction; its version."""
    last = last_brand(session)
    version = last.version if last is not None else 0
    before = dict(chain_brand(session))
    if last is not None and (dict(last.body), dict(last.voice)) == (body, voice):
        return version
    row = BrandRow(version=version + 1, body=body, voice=voice, at=now, by=actor.id)
    session.add(row)
    _dress(session, before, body, now)
    audit.record(session, actor, now, "brand.send_out", "brand:chain", before, body)
    return version + 1


def checked(
    ctx: Context, body: Mapping[str, str], voice: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """A brand as it is kept. Raises BadInput."""
    kept = {key: value.strip() for key, value in sorted(body.items()) if value.strip()}
    check_brand(kept)
    spoken = _checked_voice(voice)
    _check_drawings(ctx, kept)
    return kept, spoken


def check_alone(session: Session) -> None:
    """Refuse a brand while another is on its way. Raises Conflict."""
    if session.scalars(select(BrandTrialRow.id)).first() is not None:
        raise Conflict(
            "A brand is on its way to some stores. Bring it to all, or take it back first.",
            code="on_trial",
        )


def put_back(ctx: Context, actor: Actor, version: int, if_version: int | None = None) -> int:
    """Send a former brand out again, as a new version. Raises NotFound, and as send_out."""
    actor.require_chain("content")
    with ctx.db.read() as session:
        row = session.get(BrandRow, version)
        if row is None:
            raise NotFound("There was no such brand.")
        body, voice = dict(row.body), dict(row.voice)
    return send_out(ctx, actor, body, voice, if_version)


def try_on(
    mine: Mapping[str, str], chain: Mapping[str, str], wish: Mapping[str, str]
) -> dict[str, str]:
    """A store's brand as it would be, were `wish` the chain's instead of `chain`."""
    own = {key: value for key, value in mine.items() if chain.get(key) != value}
    return {**wish, **own}


def _dress(session: Session, before: Mapping[str, str], body: Mapping[str, str], now: int) -> None:
    keys = []
    for row in session.scalars(select(StoreRow).with_for_update()):
        worn = try_on(row.brand, before, body)
        if worn != row.brand:
            row.brand = worn
            row.version += 1
            row.edited_at = now
            keys.append(f"store:{row.id}")
    outbox.mark(session, keys, now)


def _own(brand: Mapping[str, str], chain: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(key for key, value in brand.items() if chain.get(key) != value))


def _checked_voice(voice: Mapping[str, str]) -> dict[str, str]:
    for language, said in voice.items():
        if language not in LANGUAGES or len(said) > MAX_VOICE_CHARACTERS:
            message = f"Write at most {MAX_VOICE_CHARACTERS} characters."
            raise BadInput(message, field=f"voice/{language}", code="voice_too_long")
    return {language: said.strip() for language, said in voice.items() if said.strip()}


def _check_drawings(ctx: Context, body: Mapping[str, str]) -> None:
    """Raises BadInput for a drawing that is not there or has no shape of its own."""
    for part in BRAND_DRAWINGS:
        if part not in body:
            continue
        with ctx.db.read() as session:
            row = session.get(AssetRow, body[part])
            found = (row.kind, row.width, row.height) if row is not None else None
        check_shape_of(ctx, body[part], found, part)
