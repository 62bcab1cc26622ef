"""The people who use this installation: invite them, say what they may do, let them go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.db.models import AccountRow, ActorRow, PasskeyRow, StoreRow, TokenRow
from server.errors import BadInput, Conflict, Forbidden, NotFound
from server.services.base import audit
from server.services.base.actors import Actor, Scope
from server.services.base.context import Context
from server.services.base.editing import check_name, new_id
from server.services.base.paging import FIRST, Cut, Page, paged
from server.services.entry import ended, people, tokens
from server.services.entry.roles import CHAIN_WIDE, OF_STORES, OWNER, ROLES, Role, rights_of

INVITE_LIFE_MS = 7 * 24 * 3_600_000
MAX_EMAIL = 254
"""RFC 5321 §4.5.3.1.3, less the angle brackets."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone as people who look after people see them. Instants are unix milliseconds; `stores`
    None is the whole chain, and `regions` add to them; `joined` whether they can come in by
    themselves; `single` whether they came in by single sign-on.
    """

    id: str
    name: str
    email: str
    role: Role
    stores: tuple[str, ...] | None
    regions: tuple[str, ...]
    has_password: bool
    joined: bool
    two_factor: bool
    passkeys: int
    single: bool
    created_at: int
    seen_at: int | None
    left_at: int | None


@dataclass(frozen=True, slots=True)
class Invited:
    """A person with the one-time link to pass on; `expires_at`: unix ms."""

    person: Person
    link: str
    expires_at: int


def list_people(ctx: Context, actor: Actor, cut: Cut = FIRST) -> Page[Person]:
    """The people whose rights end within the actor's stores, by id."""
    actor.require("people")
    with ctx.db.read() as session:
        chosen = select(ActorRow).where(ActorRow.role.is_not(None))

        def make(row: ActorRow) -> ActorRow | None:
            return row if people.within(actor, row) else None

        page = paged(session, ctx.settings, chosen, [ActorRow.id], cut, make)
        return Page(tuple(_persons(session, page.items)), page.next)


def get_person(ctx: Context, actor: Actor, person: str) -> Person:
    """One of them. Raises NotFound."""
    actor.require("people")
    with ctx.db.read() as session:
        return _person(session, found(session, actor, person))


def invite(
    ctx: Context,
    actor: Actor,
    name: str,
    email: str,
    role: str,
    stores: Iterable[str] | None = None,
    regions: Iterable[str] = (),
) -> Invited:
    """Someone new, who comes in by a link. Raises BadInput, Forbidden, NotFound, Conflict."""
    actor.require("people")
    now, address = ctx.clock(), check_email(email)
    row = ActorRow(
        id=new_id(check_name(name)),
        name=name.strip(),
        scopes=[],
        made_by=actor.id,
        created_at=now,
    )
    row.role, row.stores, row.regions = _checked(actor, role, stores, regions)
    with one_address(), ctx.db.write() as session:
        _check_places(session, row.stores, row.regions)
        session.add(row)
        session.add(AccountRow(actor_id=row.id, email=address))
        session.flush()
        after = {"name": row.name, "email": address, **_part_of(row)}
        audit.record(session, actor, now, "people.invite", f"actor:{row.id}", None, after)
        return _invited(ctx, session, row)


def invite_again(ctx: Context, actor: Actor, person: str) -> Invited:
    """A new link for someone who lost the way in; one who left comes back by it. Older links stop.

    It sets a new password; an authenticator app that they have is still asked for.
    """
    actor.require("people")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = found_below(session, actor, person)
        before, row.left_at = {"left": row.left_at is not None}, None
        audit.record(session, actor, now, "people.link", f"actor:{row.id}", before, {"left": False})
        return _invited(ctx, session, row)


def change(
    ctx: Context,
    actor: Actor,
    person: str,
    role: str,
    stores: Iterable[str] | None,
    regions: Iterable[str] = (),
) -> Person:
    """What someone may do from now on. Tokens of theirs that may do more stop at once.

    Raises BadInput, Forbidden, NotFound, Conflict for the last owner.
    """
    actor.require("people")
    wanted, shops, areas = _checked(actor, role, stores, regions)
    with ctx.db.write() as session:
        row = found_below(session, actor, person)
        _check_places(session, shops, areas)
        give(session, actor, ctx.clock(), row, wanted, shops, areas)
        changed = _person(session, row)
    ctx.wake()
    return changed


def give(
    session: Session,
    actor: Actor,
    now: int,
    row: ActorRow,
    role: Role,
    stores: list[str] | None,
    regions: list[str],
) -> None:
    """Have someone's part be this one, as `check_reach` made it. Where it holds fewer stores their
    sessions end, and with them what follows screens under those. Raises Conflict for the last
    owner.
    """
    if role != OWNER:
        _check_last_owner(session, row)
    before, (reach, _) = _part_of(row), tokens.reach_of(session, row)
    row.role, row.stores, row.regions = role, stores, regions
    session.flush()
    after = _part_of(row)
    if before == after:
        return
    audit.record(session, actor, now, "people.change", f"actor:{row.id}", before, after)
    now_reach, _ = tokens.reach_of(session, row)
    if now_reach is not None and (reach is None or not reach <= now_reach):
        end_sessions(session, row.id, now)
    if row.left_at is None:
        people.end_beyond(session, actor, now, tokens.actor(session, row.id))


def dismiss(ctx: Context, actor: Actor, person: str) -> None:
    """Let someone go: sessions, links and the tokens they made stop at once; what they did stays in
    the audit log. Raises NotFound, Conflict for the last owner.
    """
    actor.require("people")
    now = ctx.clock()
    with ctx.db.write() as session:
        row = found_below(session, actor, person)
        _check_last_owner(session, row)
        nothing = Actor(row.id, row.name, frozenset())
        end_sessions(session, row.id, now)
        session.execute(
            delete(TokenRow).where(TokenRow.actor_id == row.id, TokenRow.kind != tokens.API)
        )
        people.end_beyond(session, actor, now, nothing)
        row.left_at = now
        before, after = {"left": False}, {"left": True}
        audit.record(session, actor, now, "people.dismiss", f"actor:{row.id}", before, after)
    ctx.wake()


def introduce(ctx: Context, actor: Actor, name: str, email: str) -> None:
    """One's own name, and the address that one signs in with. Raises BadInput, Conflict."""
    now, title, address = ctx.clock(), check_name(name).strip(), check_email(email)
    with one_address(), ctx.db.write() as session:
        row, account = session.get_one(ActorRow, actor.id), session.get_one(AccountRow, actor.id)
        before = {"name": row.name, "email": account.email}
        row.name, account.email = title, address
        session.flush()
        after = {"name": title, "email": address}
        audit.record(session, actor, now, "people.introduce", f"actor:{row.id}", before, after)


def speak(ctx: Context, actor: Actor, language: str) -> None:
    """Keep the language that someone chose."""
    with ctx.db.write() as session:
        account = session.get(AccountRow, actor.id)
        if account is not None:
            account.language = language


def get_own(ctx: Context, actor: Actor) -> Person:
    """Oneself. Raises NotFound for a program."""
    with ctx.db.read() as session:
        row = session.get(ActorRow, actor.id)
        if row is None or row.role is None:
            raise NotFound("Programs have no account.")
        return _person(session, row)


def recovery_left(ctx: Context, actor: Actor) -> int:
    """How many of one's recovery codes are unused."""
    with ctx.db.read() as session:
        return len(session.get_one(AccountRow, actor.id).recovery)


def end_sessions(session: Session, person: str, now: int, but: str = "") -> int:
    """End someone's sessions, all `but` the one of that hash; how many there were."""
    chosen = select(TokenRow).where(TokenRow.actor_id == person, TokenRow.kind == tokens.SESSION)
    over = [one for one in session.scalars(chosen) if one.hash != but]
    for one in over:
        ended.end(session, one, now)
    return len(over)


def found(session: Session, actor: Actor, person: str) -> ActorRow:
    """The row of a person within the actor's stores. Raises NotFound."""
    row = session.get(ActorRow, person, with_for_update=True)
    if row is None or row.role is None or not people.within(actor, row):
        raise NotFound("There is no such person among your stores.")
    return row


def found_below(session: Session, actor: Actor, person: str) -> ActorRow:
    """The same, to be changed. Raises Forbidden for someone who may do more than the actor."""
    row = found(session, actor, person)
    if not rights_of(row) <= actor.scopes:
        raise Forbidden("This person may do more than you. Ask an owner.", code="above_you")
    return row


def check_email(email: str) -> str:
    """An address as it is kept: small letters. Raises BadInput."""
    address = email.strip().lower()
    name, at, host = address.rpartition("@")
    good = name and at and host and not any(c.isspace() or not c.isprintable() for c in address)
    if not good or len(address) > MAX_EMAIL:
        raise BadInput(
            "Write an email address, such as ines@example.org.", field="email", code="bad_email"
        )
    return address


@contextmanager
def one_address() -> Iterator[None]:
    """Turns what the database says of an address that is taken into words. Raises Conflict."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(
            "Someone has this address already.", field="email", code="email_taken"
        ) from error


def check_reach(
    role: Role, stores: Iterable[str] | None, regions: Iterable[str]
) -> tuple[list[str] | None, list[str]]:
    """Where the rights of a role end, as the record keeps it. Raises BadInput."""
    areas = sorted(set(regions))
    shops = None if stores is None and not areas else sorted(set(stores or ()))
    if role in CHAIN_WIDE and shops is not None:
        raise BadInput("An owner’s rights end at no store.", field="stores", code="owner_stores")
    if role in OF_STORES and not shops and not areas:
        raise BadInput("Choose the stores of a manager.", field="stores", code="no_stores")
    if shops is not None and not shops and not areas:
        raise BadInput("Choose a store, or the whole chain.", field="stores", code="no_stores")
    return shops, areas


def _checked(
    actor: Actor, role: str, stores: Iterable[str] | None, regions: Iterable[str]
) -> tuple[Role, list[str] | None, list[str]]:
    """Role, stores and regions that the actor may give."""
    wanted = next((known for known in get_args(Role) if known == role), None)
    if wanted is None:
        raise BadInput(f"A role is one of {', '.join(ROLES)}.", field="role")
    shops, areas = check_reach(wanted, stores, regions)
    scopes: frozenset[Scope] = ROLES[wanted]
    people.check_rights(actor, scopes, None if shops is None else frozenset(shops))
    if actor.stores is not None and not set(areas) <= actor.regions:
        raise NotFound("There is no such region among yours.", field="regions")
    return wanted, shops, areas


def _check_places(session: Session, stores: list[str] | None, regions: list[str]) -> None:
    for store in stores or ():
        if session.get(StoreRow, store) is None:
            raise NotFound(f"There is no store “{store}” among your stores.", field="stores")
    known = {one for lies_in in session.scalars(select(StoreRow.regions)) for one in lies_in}
    if regions and not set(regions) <= known:
        raise NotFound("No store lies in this region.", field="regions")


def _part_of(row: ActorRow) -> dict[str, object]:
    part: dict[str, object] = {"role": row.role, "stores": row.stores}
    return {**part, "regions": row.regions} if row.regions else part


def _check_last_owner(session: Session, row: ActorRow) -> None:
    """An installation keeps someone who may do everything."""
    if row.role != OWNER or row.left_at is not None:
        return
    owners = select(func.count()).select_from(ActorRow)
    others = owners.where(ActorRow.role == OWNER, ActorRow.left_at.is_(None), ActorRow.id != row.id)
    if not session.scalar(others):
        raise Conflict(
            "This is the last owner. Make someone else an owner first.", code="last_owner"
        )


def _invited(ctx: Context, session: Session, row: ActorRow) -> Invited:
    now, secret = ctx.clock(), tokens.new_secret()
    older = TokenRow.actor_id == row.id, TokenRow.kind == tokens.INVITE
    session.execute(delete(TokenRow).where(*older))
    expires_at = now + INVITE_LIFE_MS
    tokens.add(session, secret, row.id, tokens.INVITE, "invitation", now, expires_at)
    session.flush()
    return Invited(_person(session, row), f"{ctx.settings.url}/join/{secret}", expires_at)


def _person(session: Session, row: ActorRow) -> Person:
    return _persons(session, [row])[0]


def _persons(session: Session, rows: Sequence[ActorRow]) -> list[Person]:
    ids = [row.id for row in rows]
    accounts = {
        one.actor_id: one
        for one in session.scalars(select(AccountRow).where(AccountRow.actor_id.in_(ids)))
    }
    keys = select(PasskeyRow.actor_id, func.count()).where(PasskeyRow.actor_id.in_(ids))
    passkeys = dict(session.execute(keys.group_by(PasskeyRow.actor_id)).all())
    seen = select(TokenRow.actor_id, func.max(TokenRow.seen_at)).where(TokenRow.actor_id.in_(ids))
    seen_at = dict(session.execute(seen.group_by(TokenRow.actor_id)).all())

    def made(row: ActorRow) -> Person:
        account = accounts[row.id]
        return Person(
            id=row.id,
            name=row.name,
            email=account.email or "",
            role=next(known for known in get_args(Role) if known == row.role),
            stores=None if row.stores is None else tuple(row.stores),
            regions=tuple(row.regions),
            has_password=account.password != "",
            joined=bool(account.password or account.subject or row.id in passkeys),
            two_factor=account.totp_on,
            passkeys=passkeys.get(row.id, 0),
            single=account.subject is not None,
            created_at=row.created_at,
            seen_at=seen_at.get(row.id),
            left_at=row.left_at,
        )

    return [made(row) for row in rows]
