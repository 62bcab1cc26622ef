"""What resolving reads of a screen: screens with equal profiles share one result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from playlists.ids import ScreenId, Sha256, StoreId, canonical, sha256
from playlists.model import Screen, Target, ZoneBox
from playlists.resolving.reading import Reader


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a store's wishes look at in a screen: the tags that any target names, the screens that
    any wish names."""

    tags: frozenset[str]
    screens: frozenset[ScreenId]


@dataclass(frozen=True, slots=True)
class Profile:
    """All that resolving reads of a screen. `screen` is None unless some wish names that very
    screen."""

    store: StoreId
    size: tuple[int, int]
    language: str
    layout: tuple[ZoneBox, ...]
    place: str
    tags: frozenset[str]
    screen: ScreenId | None

    @property
    def key(self) -> Sha256:
        """The profile's name: the sha256 of its canonical bytes, the same for ever."""
        return sha256(
            canonical(
                {
                    "v": 1,
                    "store": self.store,
                    "size": list(self.size),
                    "lang": self.language,
                    "layout": [
                        [box.id, box.x, box.y, box.w, box.h, int(box.locked)] for box in self.layout
                    ],
                    "place": self.place,
                    "tags": sorted(self.tags),
                    "screen": self.screen,
                }
            )
        )


def wishes_of(reader: Reader, store: StoreId, screens: Iterable[ScreenId]) -> Wishes:
    """What the wishes that may concern a store look at in its screens.

    Through a Tracking reader its keys say when the store's profiles must be made anew.
    """
    targets = [campaign.target for campaign in reader.campaigns(store)]
    targets += [emergency.target for emergency in reader.emergencies()]
    named = {screen for target in targets for screen in target.screens}
    named.update(screen for override in reader.overrides(store) for screen in override.screens)
    named.update(screen for screen in screens if reader.bases("screen", screen))
    return Wishes(
        tags=frozenset(tag for target in targets for tag in _tags(target)),
        screens=frozenset(named),
    )


def profile_of(screen: Screen, wishes: Wishes) -> Profile:
    """The screen's profile under the wishes of its store."""
    return Profile(
        store=screen.store,
        size=(screen.width, screen.height),
        language=screen.language,
        layout=screen.layout,
        place=screen.place,
        tags=screen.tags & wishes.tags,
        screen=screen.id if screen.id in wishes.screens else None,
    )


def _tags(target: Target) -> Iterator[str]:
    yield from target.tags_any
    yield from target.tags_all
    yield from target.tags_none
