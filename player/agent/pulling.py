"""Channels that are pulled: which version to ask from, and what an answer came to."""

from __future__ import annotations

from player.agent.beliefs import Beliefs
from player.link.door import Heard
from playlists.ids import ChannelId


class Pulling:
    """Remembers the channels of which only the whole fits."""

    def __init__(self, beliefs: Beliefs) -> None:
        self._beliefs = beliefs
        self._whole: set[str] = set()

    def since(self, channel: ChannelId) -> int:
        """The version to ask from; what was asked for meanwhile is asked for with it."""
        self._beliefs.channels.discard(channel)
        return 0 if channel in self._whole else self._beliefs.version(channel)

    def pulled(self, channel: ChannelId, tokens: tuple[str, ...]) -> bool:
        """Take what came; False where even the whole did not help."""
        asked = self._beliefs.channels
        meanwhile, before = channel in asked, self._beliefs.version(channel)
        asked.discard(channel)
        for token in tokens:
            self._beliefs.hear(Heard("offers", token))
        moved = self._beliefs.version(channel) != before
        if moved or (channel not in asked and not self._beliefs.is_behind(channel)):
            self._whole.discard(channel)
            if meanwhile:
                asked.add(channel)
        elif channel in self._whole:
            return False
        else:
            # These did not fit onto what is held: the whole does.
            self._whole.add(channel)
        return True

    def forget(self) -> None:
        """This device is no screen any more."""
        self._whole.clear()
