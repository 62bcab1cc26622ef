"""The cascade's order: every wish for a screen as a candidate, the one that wins first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from playlists.conditions import Condition
from playlists.ids import PlaylistId, ZoneId
from playlists.manifest import LAYERS
from playlists.model import Base, Campaign, Emergency, Override, Store, Target
from playlists.resolving.memo import Memo
from playlists.resolving.profile import Profile
from playlists.resolving.reading import Reader, Scope
from playlists.resolving.targets import Narrowness, Part, mismatch, narrowness
from playlists.schedule import ALWAYS, Schedule

Span = tuple[int, int]
_LAYER_AT = {layer: at for at, layer in enumerate(LAYERS)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A wish that may have a zone. `id` is the campaign's, override's, emergency's or base
    playlist's.

    `zone` None is every zone. `window` is `[from, until)` in unix milliseconds. `order` sorts
    candidates: the layer, priority, the narrower target, the later edit, the id; never the order
    of rows.
    """

    layer: str
    id: str
    playlist: PlaylistId
    zone: ZoneId | None
    order: tuple[int, int, Narrowness, int, str]
    schedule: Schedule = ALWAYS
    condition: Condition | None = None
    window: Span | None = None
    share: int = 0
    wish: object = None
    """What it was made from."""

    def concerns(self, zone: ZoneId) -> bool:
        """Whether it may have this zone."""
        return self.zone is None or self.zone == zone


@dataclass(frozen=True, slots=True)
class Pause:
    """A store's hand that takes a campaign, or an item by its id, off the air in `window`."""

    id: str
    subject: str
    window: Span


@dataclass(frozen=True, slots=True)
class Field:
    """All candidates for one profile in the cascade's order, the pauses, and those whose target is
    elsewhere."""

    candidates: tuple[Candidate, ...]
    pauses: tuple[Pause, ...]
    elsewhere: tuple[tuple[Candidate, Part], ...]


def field_of(profile: Profile, store: Store, reader: Reader, memo: Memo) -> Field:
    """Everything that may play on a screen of this profile, in order."""
    here: list[Candidate] = []
    elsewhere: list[tuple[Candidate, Part]] = []
    for candidate, target in _targeted(store, reader, memo):
        part = mismatch(target, store, profile.tags, profile.screen)
        if part is None:
            here.append(candidate)
        else:
            elsewhere.append((candidate, part))
    here.extend(_bases(profile, reader))
    return Field(
        candidates=tuple(sorted(here, key=_order)),
        pauses=_pauses(profile, store, reader),
        elsewhere=tuple(sorted(elsewhere, key=lambda found: found[0].order)),
    )


def may_take(candidate: Candidate, locked: bool) -> bool:
    """Whether a candidate may have a zone that is locked or not: a locked one takes no override."""
    return not locked or candidate.layer != "override"


def _order(candidate: Candidate) -> tuple[int, int, Narrowness, int, str]:
    return candidate.order


def _targeted(store: Store, reader: Reader, memo: Memo) -> Iterator[tuple[Candidate, Target]]:
    for emergency in reader.emergencies():
        yield _of_emergency(emergency), emergency.target
    for override in reader.overrides(store.id):
        if override.kind == "show" and override.playlist is not None:
            yield _of_override(override, override.playlist), Target(screens=override.screens)
    for campaign in reader.campaigns(store.id):
        key = ("candidate", memo.mark(campaign))
        yield memo.keep(key, partial(_of_campaign, campaign)), campaign.target


def _ranked(
    layer: str, priority: int, target: Narrowness, edited_at: int, name: str
) -> tuple[int, int, Narrowness, int, str]:
    wide = (-target[0], -target[1], -target[2])
    return _LAYER_AT[layer], -priority, wide, -edited_at, name


def _of_emergency(emergency: Emergency) -> Candidate:
    narrow = narrowness(emergency.target)
    return Candidate(
        layer="emergency",
        id=emergency.id,
        playlist=emergency.playlist,
        zone=None,
        order=_ranked("emergency", 0, narrow, emergency.edited_at, emergency.id),
        window=(emergency.from_ms, emergency.until_ms),
        wish=emergency,
    )


def _of_override(override: Override, playlist: PlaylistId) -> Candidate:
    narrow = narrowness(Target(screens=override.screens))
    return Candidate(
        layer="override",
        id=override.id,
        playlist=playlist,
        zone=override.zone,
        order=_ranked("override", 0, narrow, override.edited_at, override.id),
        window=(override.from_ms, override.until_ms),
        wish=override,
    )


def _of_campaign(campaign: Campaign) -> Candidate:
    narrow = narrowness(campaign.target)
    return Candidate(
        layer=campaign.layer,
        id=campaign.id,
        playlist=campaign.playlist,
        zone=campaign.zone,
        order=_ranked(campaign.layer, campaign.priority, narrow, campaign.edited_at, campaign.id),
        schedule=campaign.schedule,
        condition=campaign.condition,
        share=campaign.share,
        wish=campaign,
    )


def _bases(profile: Profile, reader: Reader) -> Iterator[Candidate]:
    owners: list[tuple[Scope, str]] = [("store", profile.store), ("chain", "")]
    if profile.screen is not None:
        owners.append(("screen", profile.screen))
    for scope, owner in owners:
        for base in reader.bases(scope, owner):
            yield _of_base(base)


def _of_base(base: Base) -> Candidate:
    narrow = ("chain", "store", "screen").index(base.scope)
    return Candidate(
        layer="base",
        id=base.playlist,
        playlist=base.playlist,
        zone=base.zone,
        order=_ranked("base", 0, (narrow, 0, 0), 0, base.playlist),
        wish=base,
    )


def _pauses(profile: Profile, store: Store, reader: Reader) -> tuple[Pause, ...]:
    return tuple(
        sorted(
            (
                Pause(override.id, override.subject, (override.from_ms, override.until_ms))
                for override in reader.overrides(store.id)
                if override.kind == "pause"
                and (not override.screens or profile.screen in override.screens)
            ),
            key=lambda pause: pause.id,
        )
    )
