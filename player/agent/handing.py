"""The store's hand on this screen, as the agent sees to it: its page on the shop's network is open
while people have codes, its holds are put on the board, and told to the server until it answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from player.agent.needs import Need
from player.errors import NoRoom
from player.link.near import own_address
from player.local.hands import Hands
from player.local.qr import qr_of
from playlists.ids import Json
from playlists.manifest import Plan
from playlists.shown import LocalOverride, Now
from playlists.wire.commands import Command
from playlists.wire.door import Cap
from playlists.wire.hands import HandsPlan

if TYPE_CHECKING:
    from player.agent.events import Link, Parts

AGAIN_MS = 10_000
"""Between two words on a hold that runs, while the server has it: people may end it there."""


class Handing:
    """For the agent's thread alone, but for the jobs and `hands`."""

    def __init__(self, parts: Parts, changed: Callable[[], None]) -> None:
        self.hands = Hands(parts.body.orders, parts.clock, parts.away_ms, changed)
        self._server, self._clock, self._health = parts.server, parts.clock, parts.health
        self._assets, self._kept = parts.assets, parts.kept
        self._page = parts.make_page(self.hands) if parts.make_page else None
        self._again_at = 0
        self._told: tuple[object, ...] = ()

    def heard(self) -> None:
        """The server answered."""
        self.hands.heard()

    def look(self, plan: Plan | None, now: Now, link: Link | None) -> None:
        """See what plays now, and whether the page is to be open."""
        if link is not None and link.is_up:
            self.heard()
        try:
            playing = self._kept.memory.playing
            revision = playing.revision if playing else 0
            self.hands.see(plan, revision, self._assets.held(), now)
        except NoRoom as full:
            self._health.note("disk_full", str(full))
        self._open(bool(self.hands.plan.people))

    def command(self, command: Command) -> tuple[bool, str]:
        """Keep the server's plan; whether it is kept, and which one is. Raises Invalid, NoRoom."""
        kept = self.hands.follow(HandsPlan.from_json(command.arguments), command.issued_at)
        return kept, self.hands.plan.id

    def needs(self) -> Iterator[Need]:
        """To tell the server what was done, at once where that is news."""
        acts = self.hands.unsent()
        news = tuple((act.id, act.ended) for act in acts)
        if acts and (news != self._told or self._clock.monotonic_ms() >= self._again_at):
            yield Need("hands")

    def job(self) -> Callable[[], object]:
        """How."""
        said = self.hands.said()
        return lambda: (said.acts, self._server.hands(said))

    def done(self, result: object) -> None:
        """The server answered."""
        assert isinstance(result, tuple)
        acts, verdicts = result
        self._told = tuple((act.id, act.ended) for act in acts)
        self._again_at = self._clock.monotonic_ms() + AGAIN_MS
        try:
            self.hands.judged({act.id: verdicts[act.id] for act in acts if act.id in verdicts})
        except NoRoom as full:
            self._health.note("disk_full", str(full))

    def forget(self) -> None:
        """This device is no screen any more."""
        try:
            self.hands.forget()
        except NoRoom as full:
            self._health.note("disk_full", str(full))
        self._open(False)

    def stop(self) -> None:
        """Close the page."""
        self._open(False)

    def known(self) -> dict[str, Cap]:
        """What goes with a report."""
        page = self._page
        at = own_address() if page is not None and page.is_open else ""
        return {"hands": self.hands.plan.id, "hands_at": f"{at}:{page.port}" if page and at else ""}

    def scan(self) -> Json:
        """What the screen shows to who stands before it: a token, and how to use it."""
        shown = self.hands.shown()
        if shown is None:
            return None
        url = f"http://{shown.address}/?t={shown.token}"
        return {"token": shown.token, "address": shown.address, "qr": qr_of(url)}

    def told(self) -> dict[str, Any]:
        """What the hold makes the page show."""
        return {"overrides": self.hands.section()}

    def overrides(self) -> tuple[LocalOverride, ...]:
        """The same for slot_at."""
        return self.hands.overrides()

    def with_cards(self, plan: Plan | None) -> Plan | None:
        """The plan with the cards of the hold that runs."""
        cards: Mapping[Any, Any] = self.hands.cards() if plan else {}
        return replace(plan, cards={**cards, **plan.cards}) if plan and cards else plan

    def _open(self, wanted: bool) -> None:
        if self._page is None or wanted == self._page.is_open:
            return
        if not wanted:
            self._page.stop()
            return
        try:
            self._page.start()
        except OSError as wrong:
            said = f"The page for the store's hand cannot be opened: {wrong}."
            self._health.note("hands", said)
        else:
            self._health.clear("hands")
