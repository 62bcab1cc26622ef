"""What can be otherwise than it should be: one shape for the page, the mail and the webhook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from server.services.base.actors import Actor

Kind = Literal[
    "disk",
    "plan",
    "batch",
    "lease",
    "connector",
    "calendar",
    "silence",
    "cloned",
    "offline",
    "rollout",
    "till",
    "suspect",
    "trouble",
]
Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
KINDS: tuple[Kind, ...] = get_args(Kind)
"""The most urgent first."""


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that is not as it should be since `since` (unix ms). `stores` are those that it is
    about, none: the whole chain; `said` is what its sentence is filled with, plain JSON.
    """

    kind: Kind
    subject: str
    since: int
    stores: tuple[str, ...] = ()
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its name in the record."""
        return f"{self.kind}:{self.subject}"

    def worse_than(self, said: Mapping[str, Any]) -> bool:
        """Whether it is worse than when that was `said`: what was to end is over."""
        return bool(self.said.get("over")) and not said.get("over")

    def concerns(self, stores: frozenset[str] | None) -> bool:
        """Whether it is anything to someone of `stores` (None: the whole chain)."""
        return stores is None or not stores.isdisjoint(self.stores)


def ordered(found: list[Concern]) -> tuple[Concern, ...]:
    """The most urgent first, then the oldest."""
    return tuple(sorted(found, key=lambda one: (KINDS.index(one.kind), one.since, one.subject)))


def seen_by(actor: Actor, found: list[Concern]) -> tuple[Concern, ...]:
    """Those that are the actor's to know of, in order."""
    return ordered([one for one in found if one.concerns(actor.stores)])
