"""What people of each role may do: the one table that turns roles into rights."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from server.db.models import ActorRow
from server.services.base.actors import ALL_SCOPES, Scope

Role = Literal["owner", "it", "marketing", "manager", "viewer"]
OWNER: Role = "owner"
ROLES: Mapping[Role, frozenset[Scope]] = MappingProxyType(
    {
        "owner": ALL_SCOPES,
        "it": frozenset({"read", "connectors", "devices", "places"}),
        "marketing": frozenset({"read", "content"}),
        "manager": frozenset({"read", "override", "emergency"}),
        "viewer": frozenset({"read"}),
    }
)
CHAIN_WIDE: frozenset[Role] = frozenset({"owner"})
"""Never limited to stores."""
OF_STORES: frozenset[Role] = frozenset({"manager"})
"""Always limited to stores."""


def rights_of(row: ActorRow) -> frozenset[Scope]:
    """A person's by role, a program's as they were given; none of a role that is no more."""
    if row.role is not None:
        return next((rights for role, rights in ROLES.items() if role == row.role), frozenset())
    return frozenset(row.scopes) & ALL_SCOPES
