"""The demo's record as its starter needs it: made, filled with Pluvier, asked and told.

Loads the server's insides, which takes a good part of a second: imported once the door is starting.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import structlog

from server.app import build_context, prepare
from server.config import Settings
from server.demo.seed import seed, settle_connectors
from server.errors import NotFound
from server.services.base.actors import SYSTEM
from server.services.entry import people
from server.services.entry.ended import LEAVE_LIFE_MS
from server.services.promoting.catalogue import Asking, catalogue
from server.services.promoting.shop_pictures import picture_of
from server.services.screens import pairing, watching

WORLD_PAGE = "The outside world's page"


class Record:
    """Pluvier's record, ready for the server's processes."""

    def __init__(self, settings: Settings) -> None:
        # What the person reads is the starter's; its own slow writes are nobody's news.
        quiet = structlog.make_filtering_bound_logger("warning")
        structlog.configure(wrapper_class=quiet)
        prepare(settings, say=None)
        self.context = build_context(settings)
        self.secrets = seed(self.context)
        """What the outside world shares with the server."""

    def watch_token(self) -> str:
        """A leave to follow every screen, for the outside world's page: ended by revoking the token
        WORLD_PAGE, or at the next start.
        """
        for token in people.list_tokens(self.context, SYSTEM).items:
            if token.name == WORLD_PAGE:
                people.revoke_token(self.context, SYSTEM, token.id)
        issued = people.create_token(self.context, SYSTEM, WORLD_PAGE, ["read"])
        actor = people.actor_of_token(self.context, issued.secret)
        return watching.watch_token(self.context, actor, life_ms=LEAVE_LIFE_MS)

    def settle(self, world: dict[str, Any]) -> None:
        """Point the connectors at the outside world as it runs now."""
        settle_connectors(self.context, world, self.secrets)

    def pictured(self) -> bool:
        """Fetch the goods' pictures as who looks through them does; False until the shop has listed
        its goods.
        """
        shelf = catalogue(self.context, SYSTEM, Asking(), "fr")
        if shelf.store is None or not shelf.goods:
            return False
        for good in shelf.goods:
            if not good.picture:
                with suppress(NotFound):
                    picture_of(self.context, SYSTEM, good.sku, shelf.store.id)
        return True

    def claim(self, code: str, screen: str) -> None:
        """Pair the player that shows this code."""
        pairing.claim(self.context, SYSTEM, code=code, screen_id=screen)

    def owner_link(self) -> str:
        """A link that signs in as the owner, once."""
        return people.owner_link(self.context)
