"""What resolving reads of pilots: in some stores another version of a playlist or campaign."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from copy import copy
from typing import Any

from sqlalchemy.orm import Session

from server.db.models import PilotRow
from server.services.base.kept import Kept, Wish
from server.services.wishes.pilots import Pilot, pilot_from


class Pilots:
    """All pilots, decoded, kept between snapshots as other wishes are."""

    def __init__(self) -> None:
        self._kept: Kept[Pilot] = Kept(PilotRow, pilot_from)
        self._wishes: dict[str, tuple[frozenset[str], Wish[Any]]] = {}

    @property
    def generation(self) -> int:
        """Grows whenever any of them changed."""
        return self._kept.generation

    def refresh(self, session: Session) -> None:
        """Bring them to what the snapshot holds."""
        before = self._kept.generation
        self._kept.refresh(session)
        if self._kept.generation != before:
            self._wishes = {
                name: (wish.value.stores, Wish(wish.value.value, wish.sha, wish.data))
                for name, wish in self._kept.wishes.items()
            }

    def without(self, names: Collection[str]) -> Pilots:
        """The same but for some, by `kind:subject`."""
        made = copy(self)
        made._wishes = {name: one for name, one in self._wishes.items() if name not in names}
        return made

    def mentions(self, words: Sequence[bytes]) -> bool:
        """Whether any of these stands in the bytes of any of them."""
        return self._kept.mentions(words)

    def every(self, kind: str) -> Iterator[Wish[Any]]:
        """All of a kind, whatever their stores."""
        for name, (_stores, wish) in self._wishes.items():
            if name.startswith(f"{kind}:"):
                yield wish

    def here(self, kind: str, subject: str, store: str) -> Wish[Any] | None:
        """What plays in a store in the place of what others have."""
        found = self._wishes.get(f"{kind}:{subject}")
        return found[1] if found is not None and store in found[0] else None

    def campaigns(self, store: str) -> dict[str, Wish[Any]]:
        """The campaigns that a store has another version of, by id."""
        return {
            wish.value.id: wish
            for name, (stores, wish) in self._wishes.items()
            if store in stores and name.startswith("campaign:")
        }
