"""Who acts, and within which rights and stores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from server.errors import Forbidden, NotFound

Scope = Literal[
    "read",
    "content",
    "override",
    "emergency",
    "places",
    "devices",
    "connectors",
    "prices",
    "people",
]
ALL_SCOPES: frozenset[Scope] = frozenset(get_args(Scope))


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or program with its rights. `stores` None is the whole chain; those of `regions`,
    where rights end at regions, are among them. `under` is the sha256 of the secret that signed it
    in, "" for the server itself.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    stores: frozenset[str] | None = None
    regions: frozenset[str] = frozenset()
    under: str = field(default="", compare=False)

    def may(self, scope: Scope, store: str | None = None) -> bool:
        """Whether this actor has `scope`, and for `store` where one is given."""
        return scope in self.scopes and self.sees(store)

    def sees(self, store: str | None) -> bool:
        """Whether `store` lies within this actor's stores."""
        return store is None or self.stores is None or store in self.stores

    def require(self, scope: Scope, store: str | None = None) -> None:
        """Raise Forbidden without the scope; NotFound where the store is not this actor's to know
        of.
        """
        if scope not in self.scopes:
            raise Forbidden(f"You need the right “{scope}” for this. Ask the owner for it.")
        if not self.sees(store):
            raise NotFound("There is no such thing among your stores.")

    def require_chain(self, scope: Scope) -> None:
        """Raise Forbidden unless this actor has `scope` for the whole chain."""
        self.require(scope)
        if self.stores is not None:
            raise Forbidden("This concerns the whole chain; your rights end at your stores.")


SYSTEM = Actor("system", "Enseigne", ALL_SCOPES)
