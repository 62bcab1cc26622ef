"""An installation with its owner and two stores, and people who join it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from server.services.base.actors import SYSTEM, Actor
from server.services.base.context import Context
from server.services.chain import places
from server.services.chain.place_wishes import StoreWish
from server.services.entry import accounts, people, signing_in
from server.services.entry.tokens import SignedIn

PASSWORD = "trois mouettes sous la pluie"
OTHER = "le vent tourne au nord ce soir"


@dataclass
class Crew:
    """Who works here."""

    ctx: Context
    owner: Actor

    def invite(self, name: str, role: str, *stores: str) -> accounts.Invited:
        """Someone with an address of their name."""
        email = f"{name.lower()}@pluvier.example"
        return accounts.invite(self.ctx, self.owner, name, email, role, stores or None)

    def join(self, name: str, role: str, *stores: str) -> Actor:
        """Someone who came in."""
        came = signing_in.join(self.ctx, secret_of(self.invite(name, role, *stores)), PASSWORD, "")
        assert isinstance(came, SignedIn)
        return people.actor_of_session(self.ctx, came.secret)

    def sign_in(self, name: str, password: str = PASSWORD) -> Any:
        """By password; the session, or the wait."""
        return signing_in.by_password(self.ctx, f"{name}@pluvier.example", password, "Firefox")

    def person(self, who: Actor) -> accounts.Person:
        """As the owner sees somebody."""
        return accounts.get_person(self.ctx, self.owner, who.id)


def crew(ctx: Context) -> Crew:
    """The owner came through the link; Lille and Prado are there."""
    for store in ("lille", "prado"):
        places.create_store(ctx, SYSTEM, StoreWish(store.title(), "Europe/Paris"), store)
    link = people.owner_link(ctx).rpartition("/")[2]
    came = people.redeem_owner_link(ctx, link, "Firefox")
    return Crew(ctx, replace(people.actor_of_session(ctx, came.secret)))


def secret_of(invited: accounts.Invited) -> str:
    """What stands at the end of a link."""
    return invited.link.rpartition("/")[2]
