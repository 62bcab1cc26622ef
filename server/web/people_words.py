"""People as the pages show them: what they may do as a sentence, when they were last here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _

from server.services.base.actors import Actor
from server.services.base.context import Context
from server.services.entry import shops
from server.services.entry.accounts import Person
from server.services.entry.browsers import Browser
from server.web.entry_words import ago, role_sentence


@dataclass(frozen=True, slots=True)
class Card:
    """A person for a template. `state`: what is worth saying of how they come in."""

    id: str
    name: str
    email: str
    does: str
    seen: str
    state: str
    guarded: bool
    left: bool


@dataclass(frozen=True, slots=True)
class BrowserLine:
    """A session for a template."""

    id: str
    name: str
    seen: str
    since: str
    current: bool


def person_card(ctx: Context, actor: Actor, person: Person) -> Card:
    """One person; their stores may lie beyond the reader's."""
    return cards(ctx, actor, [person])[0]


def cards(ctx: Context, actor: Actor, people: Iterable[Person]) -> list[Card]:
    """Several."""
    names = {shop.id: shop.name for shop in shops.list_shops(ctx, actor)}
    now = ctx.clock()

    def made(person: Person) -> Card:
        stores = person.stores
        shops = None if stores is None else [names.get(store, store) for store in stores]
        areas = [_("region %(name)s", name=region) for region in person.regions]
        return Card(
            id=person.id,
            name=person.name,
            email=person.email,
            does=role_sentence(person.role, None if shops is None else [*areas, *shops]),
            seen=ago(person.seen_at, now),
            state=_state(person),
            guarded=person.two_factor or person.passkeys > 0,
            left=person.left_at is not None,
        )

    return [made(person) for person in people]


def browser_lines(found: Iterable[Browser], now: int) -> list[BrowserLine]:
    """Sessions in words."""
    return [
        BrowserLine(
            one.id,
            one.name or _("A browser"),
            ago(one.seen_at, now),
            ago(one.created_at, now),
            one.current,
        )
        for one in found
    ]


def _state(person: Person) -> str:
    if person.left_at is not None:
        return str(_("No longer here"))
    if not person.joined:
        return str(_("Has neither password nor passkey yet"))
    if person.two_factor:
        return str(_("Password and authenticator app") if person.has_password else _("Passkey"))
    if person.passkeys:
        return str(_("Passkey"))
    if person.single and not person.has_password:
        return str(_("Single sign-on"))
    return str(_("Password alone"))
