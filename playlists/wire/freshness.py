"""`enseigne.freshness`: what still holds of a store's channels and sources, and live texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from playlists.fields import Fields, row, whole
from playlists.ids import ChannelId, Json, SourceId, StoreId, check_id
from playlists.slot import Freshness, Lease
from playlists.wire.texts import MAX_NAME, Texts, gate_from, texts_from, texts_json

MAX_CHANNELS = 1_000
MAX_SOURCES = 5_000
MAX_LIVE_TEXTS = 2_000


@dataclass(frozen=True, slots=True)
class LiveText:
    """A text that may show while `gate` (source, max age ms) is fresh: by language text, icon."""

    gate: tuple[SourceId, int]
    texts: Texts


@dataclass(frozen=True, slots=True)
class FreshnessMessage:
    """One message per store. `sources` is when each was last known good, unix milliseconds."""

    store: StoreId
    issued_at: int
    channels: Mapping[ChannelId, Lease] = field(default_factory=dict)
    sources: Mapping[SourceId, int] = field(default_factory=dict)
    texts: Mapping[str, LiveText] = field(default_factory=dict)

    @property
    def freshness(self) -> Freshness:
        """What `slot_at` needs of it."""
        return Freshness(self.channels, self.sources)

    def to_json(self) -> Json:
        """The payload."""
        return {
            "v": 1,
            "store": self.store,
            "issued_at": self.issued_at,
            "channels": {
                channel: [lease.version, lease.as_of, lease.lease_ms]
                for channel, lease in self.channels.items()
            },
            "sources": {str(name): as_of for name, as_of in self.sources.items()},
            "texts": {
                key: {"g": list(live.gate), "t": texts_json(live.texts)}
                for key, live in self.texts.items()
            },
        }

    @classmethod
    def from_json(cls, value: object) -> FreshnessMessage:
        """Undo `to_json`. Raises Invalid."""
        given = Fields.of(value)
        given.format()
        sources = given.fields("sources")
        texts = given.fields("texts")
        return cls(
            StoreId(check_id(given.text("store"), "store")),
            given.whole("issued_at", 1),
            {
                ChannelId(channel): _lease(lease, f"channels/{channel}")
                for channel, lease in given.members("channels", MAX_CHANNELS, MAX_NAME)
            },
            {
                SourceId(source): sources.whole(source)
                for source, _ in given.members("sources", MAX_SOURCES, MAX_NAME)
            },
            {
                key: _live(texts.fields(key))
                for key, _ in given.members("texts", MAX_LIVE_TEXTS, MAX_NAME)
            },
        )


def _lease(value: object, path: str) -> Lease:
    version, as_of, lease_ms = row(value, path, 3)[:3]
    return Lease(whole(version, path), whole(as_of, path), whole(lease_ms, path))


def _live(given: Fields) -> LiveText:
    return LiveText(gate_from(given, "g"), texts_from(given, "t", ("text",), ("icon",)))
