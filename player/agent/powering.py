"""When the display is off: by the plan that the server signed, also without it; and the record.

Without trusted time, and past the plan's end, the display is on: it is never dark by mistake. While
it is off the page is dark too, so that a display which cannot be switched shows nothing either; the
record says by which means it was off, and what those answered.
"""

from __future__ import annotations

import secrets

from player.cache.orders import Orders
from player.display.wishes import Did, Wish, Wishes
from player.errors import NoRoom
from playlists.errors import Invalid
from playlists.fields import Fields
from playlists.wire.commands import MAX_SAID, Off, PowerPlan
from playlists.wire.door import Cap

NOTE_EVERY_MS = 60_000
"""A power cut costs the record of a night no more than this."""
BY_PAGE = "page"


class Powering:
    """For the agent's thread alone. `plan` is the one in force."""

    def __init__(self, orders: Orders, wishes: Wishes) -> None:
        self._orders, self._wishes = orders, wishes
        self._life = secrets.token_hex(4)
        self._switched = 0
        self._off: Off | None = None
        self._how, self._said = "", ""
        self._noted_at = 0
        self._began = False
        self.plan, self._issued_at = _held(orders.settings.get("power"))

    @property
    def is_dark(self) -> bool:
        """Whether the page is to show nothing."""
        return self._off is not None

    def follow(self, plan: PowerPlan, issued_at: int) -> bool:
        """Follow this plan from now on, unless a newer one is held. Raises NoRoom."""
        if issued_at < self._issued_at:
            return False
        self._orders.set("power", {**plan.to_json(), "issued_at": issued_at})
        self.plan, self._issued_at = plan, issued_at
        return True

    def turn(self, now_ms: int | None) -> None:
        """Switch when it is time, and keep the record; None: nobody vouches for the time."""
        if not self._began:
            self._begin()
        wanted = None if now_ms is None else self.plan.at(now_ms)
        before = self._off
        if before and (wanted is None or wanted.why != before.why):
            self._record(before, now_ms)
        if wanted and (before is None or wanted.why != before.why):
            assert now_ms is not None, "nothing is wanted off without the time"
            self._off = Off(now_ms, now_ms + 1, wanted.why)
            if before is None:
                self._how, self._said = BY_PAGE, "No kiosk has answered."
        if (wanted is None) != (before is None):
            self._switch(on=wanted is None)
        if self._off and now_ms is not None and now_ms - self._noted_at >= NOTE_EVERY_MS:
            self._note(now_ms)

    def told(self, did: Did) -> None:
        """What switching came to."""
        if self._off and did.id == self._wish_id(on=False):
            self._how = did.how if did.ok else BY_PAGE
            self._said = did.said
            self._noted_at = 0
        elif self._off is None and did.id == self._wish_id(on=True):
            self._how, self._said = did.how, did.said

    def known(self) -> dict[str, Cap]:
        """As a report says it."""
        return {
            "power_plan": self.plan.id,
            "display_on": self._off is None,
            "power_how": self._how,
            "power_said": self._said[:200],
        }

    def _begin(self) -> None:
        """After a start: the record of what was off before it, and the display as it is to be."""
        self._began = True
        kept = self._orders.settings.get("off")
        try:
            given = Fields.of(kept)
            off = Off.from_json([given.value(it) for it in ("from", "until", "why")])
            how, said = given.text("how", 64, empty=True), given.text("said", MAX_SAID, empty=True)
        except Invalid:
            pass  # there is none, or the disk changed it
        else:
            self._keep(off, how, said)
        self._switch(on=True)

    def _switch(self, *, on: bool) -> None:
        self._switched += 1
        self._wishes.put("power", Wish(self._wish_id(on=on), "power", {"on": on}))

    def _wish_id(self, *, on: bool) -> str:
        return f"power:{self._life}-{self._switched}-{'on' if on else 'off'}"

    def _note(self, now_ms: int) -> None:
        off = self._off
        if off is None:
            return
        self._noted_at = now_ms
        body = {"from": off.from_ms, "until": max(now_ms, off.until_ms), "why": off.why}
        try:
            self._orders.set("off", {**body, "how": self._how, "said": self._said})
        except NoRoom:
            return  # tried again in a minute; the agent says that the disk is full

    def _record(self, off: Off, now_ms: int | None) -> None:
        """It is over. Without the time it ended when it was last noted, at the latest."""
        until = max(off.until_ms, self._noted_at if now_ms is None else now_ms)
        self._off = None
        self._keep(Off(off.from_ms, until, off.why), self._how, self._said)

    def _keep(self, off: Off, how: str, said: str) -> None:
        try:
            self._orders.was_off(off, how, said)
            self._orders.set("off", None)
        except NoRoom:
            return  # what was noted last is recorded at the next start


def _held(kept: object) -> tuple[PowerPlan, int]:
    """The plan on the disk, and when it was signed; none that cannot be read."""
    try:
        return PowerPlan.from_json(kept), Fields.of(kept).whole("issued_at")
    except Invalid:
        return PowerPlan(), 0
