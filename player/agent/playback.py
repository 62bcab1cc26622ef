"""Which plan plays: the head's, once all its objects are held; until then the one before."""

from __future__ import annotations

from player.agent.beliefs import Beliefs
from player.agent.events import Parts
from player.agent.hours import SOON_MS
from player.agent.plans import Plans, files_by_need
from player.cache.kept import Playing
from playlists.errors import Refused
from playlists.ids import Sha256
from playlists.manifest import Plan


class Playback:
    """The plan in force and what the wanted one still lacks."""

    def __init__(self, beliefs: Beliefs, parts: Parts) -> None:
        self._beliefs = beliefs
        self._kept = parts.kept
        self._assets = parts.assets
        self._health = parts.health
        self._plans = Plans(parts.objects)
        self._refused: set[Sha256] = set()
        self._pacing, self._fetch = parts.body.pacing, parts.fetch
        self._needed: dict[Sha256, int] = {}
        self.plan: Plan | None = None
        """What plays."""
        self.files: frozenset[Sha256] = frozenset()
        """Every file that it names."""
        self.lacking: tuple[Sha256, ...] = ()
        """Objects to fetch."""

    def load(self) -> None:
        """Take up what played before the restart, as far as its objects are whole."""
        playing = self._kept.memory.playing
        if playing is not None:
            self._open(playing)

    def advance(self) -> None:
        """Play the head's plan if all of it is here; else see what it lacks."""
        trusted, playing = self._beliefs.trusted, self._kept.memory.playing
        head = trusted.head.head if trusted and trusted.head else None
        wanted = Playing(head.revision, head.manifest, head.expires_at) if head else playing
        if wanted is None or wanted.manifest in self._refused:
            self.lacking = ()
        elif wanted != playing or self.plan is None or self.lacking:
            self._open(wanted)

    def forget(self) -> None:
        """Play nothing: this device is no screen any more."""
        self.plan = None
        self.files, self.lacking, self._needed = frozenset(), (), {}

    @property
    def is_complete(self) -> bool:
        """Whether every object and file of the plan is here."""
        return not (self.lacking or self.missing())

    def missing(self) -> tuple[Sha256, ...]:
        """Files that lack, those needed first at the front."""
        held = self._assets.held()
        return tuple(address for address in self._needed if address not in held)

    def due(self) -> tuple[Sha256, ...]:
        """Those of them to fetch now: outside the hours for it, only what is needed soon."""
        missing = self.missing()
        if not missing or self.plan is None:
            return ()
        latest = self._pacing.latest_need(self._beliefs.now(), self.plan.manifest.time_zone)
        return tuple(it for it in missing if latest is None or self._needed[it] <= latest)

    def urgent(self) -> frozenset[Sha256]:
        """Those that lack and are needed soon."""
        soon = self._beliefs.now().ms + SOON_MS
        return frozenset(it for it in self.missing() if self._needed[it] <= soon)

    def objects_kept(self) -> frozenset[Sha256]:
        """Objects that may not be dropped for want of room."""
        memory = self._kept.memory
        trusted = memory.trusted
        names = {memory.playing.manifest} if memory.playing else set()
        if trusted and trusted.head:
            names.add(trusted.head.head.manifest)
        return self._plans.named_by(names)

    def _open(self, wanted: Playing) -> None:
        try:
            opened = self._plans.open(wanted.manifest, wanted.expires_at)
        except Refused as refused:
            self._refused.add(wanted.manifest)
            self._health.note("plan_refused", f"The new plan cannot be understood: {refused}")
            self.lacking = ()
            return
        self.lacking = opened.lacking
        plan = opened.plan
        if wanted == self._kept.memory.playing:
            # After a restart what is left of the plan plays, even with a day missing.
            if plan is not None and plan != self.plan:
                self._put_on(plan, wanted)
        elif plan is not None and not opened.lacking:
            if self._beliefs.follow(set(plan.manifest.channels), wanted):
                self._health.clear("plan_refused")
                self._put_on(plan, wanted)
        elif plan is not None and self.plan is not None and self._beliefs.trusted:
            channels = {*self.plan.manifest.channels, *plan.manifest.channels}
            if not channels <= self._beliefs.trusted.wanted:
                self._beliefs.follow(channels)

    def _put_on(self, plan: Plan, playing: Playing) -> None:
        self.plan = plan
        self._needed = files_by_need(plan, self._beliefs.now().ms)
        before, self.files = self.files, frozenset(self._needed)
        self._assets.let_go(before - self.files)
        self._assets.forget_parts(self.files)
        trusted = self._beliefs.trusted
        if trusted:
            self._fetch.belong(trusted.ring.root, plan.manifest.store)
        self._plans.forget_but(self._plans.named_by({playing.manifest}))
