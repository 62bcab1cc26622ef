"""What the door knows, in memory: who may come in, and the newest signed messages for them.

All of it comes from the worker over the bus; an older version never replaces a newer one, whatever
the order in which messages arrive.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from playlists.signing import KeyDocument, KeyRing, OnlineKey, SigningKey, public_key, unb64
from server.door import frames
from server.door.frames import Pushed
from server.door.limits import MAX_DELTAS, MAX_PUSH_BYTES

_PEEK_CHARS: Final = 1024
_OFFERS_BEGIN: Final = re.compile(rb'\{"channel":"(?:[^"\\]|\\.)*","from":([0-9]+),')


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen with a device: its raw public key, its store, the channels it reads; whether it is
    kept out because its key was copied.
    """

    key: bytes
    store: str
    channels: tuple[str, ...]
    held: bool = False

    @classmethod
    def of(cls, row: Sequence[Any]) -> tuple[str, Screen]:
        """From a row `[id, device key as base64url, store, [channels], held]`."""
        screen, key, store, channels, held = row
        return screen, cls(public_key(key), store, tuple(channels), held)


@dataclass(frozen=True, slots=True)
class Versioned:
    """A signed message and the number that only grows."""

    number: int
    message: Pushed


@dataclass(slots=True)
class Channel:
    """The newest version, the deltas that lead to it without a gap, and the newest snapshot."""

    version: int = 0
    deltas: deque[tuple[int, int, Pushed]] = field(default_factory=lambda: deque(maxlen=MAX_DELTAS))
    snapshot: Versioned | None = None

    def take(self, since: int | None, version: int, message: Pushed) -> None:
        """Keep a message that leads from `since` (0: a snapshot, None: not known) to `version`."""
        if since == 0:
            self.snapshot = Versioned(version, message)
        if version == self.version:
            return
        if since != self.version:
            self.deltas.clear()
        if since:
            self.deltas.append((since, version, message))
        self.version = version

    def after(self, held: int) -> list[Pushed] | None:
        """What brings `held` to the newest version; None where only a pull can."""
        if held >= self.version:
            return []
        chain = [message for since, _, message in self.deltas if since >= held]
        if chain and self.deltas[-len(chain)][0] == held:
            return chain
        if self.snapshot is None or self.snapshot.number <= held:
            return None
        rest = [message for since, _, message in self.deltas if since >= self.snapshot.number]
        whole = self.snapshot.number == self.version or (
            bool(rest) and self.deltas[-len(rest)][0] == self.snapshot.number
        )
        return [self.snapshot.message, *rest] if whole else None


class State:
    """Everything that the worker has told. `ready` once the directory is there."""

    def __init__(self) -> None:
        self.ready = False
        self.secret = b""
        self.time_key: SigningKey | None = None
        self.watch_ring = KeyRing(b"")
        self.screens: dict[str, Screen] = {}
        self.ended: set[str] = set()
        """Sessions and tokens of people that ended: nothing signed under them is good."""
        self.heads: dict[str, Versioned] = {}
        self.channels: dict[str, Channel] = {}
        self.freshness: dict[str, Versioned] = {}
        self.commands: dict[str, dict[str, tuple[int, Pushed]]] = {}
        """Those that wait for their answers, by screen and id, with their deadlines (unix ms)."""

    def take_directory(self, message: Mapping[str, Any]) -> list[str]:
        """Replace who may come in; the screens that were known and are gone or differ.

        Raises Invalid or Refused where a key is malformed; then nothing has changed.
        """
        time_key = SigningKey.from_raw(unb64(message["time_key"]))
        keys = tuple(OnlineKey.from_json(key) for key in message["watch_keys"])
        screens = dict(Screen.of(row) for row in message["screens"])
        self.secret = unb64(message["secret"])
        self.ended = set(message["ended"])
        self.time_key = time_key
        self.watch_ring = KeyRing(b"", KeyDocument(0, 0, keys))
        changed = [name for name, held in self.screens.items() if screens.get(name) != held]
        self.screens = screens
        self._forget(name for name in list(self.heads) if name not in screens)
        self.ready = True
        return changed

    def take_screens(self, rows: Iterable[Sequence[Any]], gone: Iterable[str]) -> list[str]:
        """Change some; the screens that were known and are gone or differ."""
        changed = []
        for row in rows:
            name, screen = Screen.of(row)
            if name in self.screens and self.screens[name] != screen:
                changed.append(name)
            self.screens[name] = screen
        for name in gone:
            if self.screens.pop(name, None) is not None:
                changed.append(name)
            self._forget([name])
        return changed

    def take_head(self, screen: str, revision: int, token: str) -> Pushed | None:
        """The head to push, None where it is not newer."""
        held = self.heads.get(screen)
        if held is not None and held.number >= revision:
            return None
        message = frames.head(token)
        self.heads[screen] = Versioned(revision, message)
        return message

    def take_offers(self, name: str, version: int, token: str) -> Pushed | None:
        """The offers (or pull) to push, None where they are not newer."""
        channel = self.channels.setdefault(name, Channel())
        if channel.version > version:
            return None
        newer = channel.version < version
        message = frames.offers(name, token)
        channel.take(_since(token), version, message)
        return message if newer else None

    def take_freshness(self, store: str, token: str) -> Pushed | None:
        """The freshness to push, None where it is not newer."""
        issued_at = int(json.loads(unb64(token.split(".")[1]))["issued_at"])
        held = self.freshness.get(store)
        if held is not None and held.number >= issued_at:
            return None
        message = frames.freshness(token)
        self.freshness[store] = Versioned(issued_at, message)
        return message

    def take_commands(
        self, rows: Iterable[Sequence[Any]], gone: Iterable[Sequence[str]]
    ) -> list[tuple[str, Pushed]]:
        """Rows `[screen, id, deadline, jws]` that wait, and `[screen, id]` that do not any more;
        what to push to which screen.
        """
        for screen, name in gone:
            self.commands.get(screen, {}).pop(name, None)
            if not self.commands.get(screen):
                self.commands.pop(screen, None)
        fresh = []
        for screen, name, deadline, token in rows:
            held = self.commands.setdefault(screen, {})
            if name not in held:
                held[name] = (deadline, frames.command(token))
                fresh.append((screen, held[name][1]))
        return fresh

    def unanswered(self, screen: str, now_ms: int) -> list[Pushed]:
        """The commands that a screen may still do."""
        held = self.commands.get(screen, {})
        return [message for deadline, message in held.values() if deadline > now_ms]

    def lacking(
        self, screen: str, revision: int, channels: Mapping[str, int], freshness: int
    ) -> Iterator[Pushed]:
        """What a screen lacks that holds this head, these channels and this freshness."""
        known = self.screens.get(screen)
        if known is None:
            return
        head = self.heads.get(screen)
        if head is not None and head.number != revision:
            yield head.message
        yield from self.lacking_offers(known.channels, channels)
        fresh = self.freshness.get(known.store)
        if fresh is not None and fresh.number > freshness:
            yield fresh.message

    def lacking_offers(self, names: Iterable[str], held: Mapping[str, int]) -> Iterator[Pushed]:
        """The messages, or pulls, that bring these channels to their newest versions."""
        for name in names:
            channel = self.channels.get(name)
            if channel is None:
                continue
            messages = channel.after(held.get(name, 0))
            if messages is None or sum(len(it.frame) for it in messages) > MAX_PUSH_BYTES:
                yield frames.pull("offers", name)
            else:
                yield from messages

    def _forget(self, screens: Iterable[str]) -> None:
        for screen in screens:
            self.heads.pop(screen, None)


def _since(token: str) -> int | None:
    """The version that signed offers start from; None where their beginning does not say it.

    Only the first bytes are looked at: a whole channel has megabytes. Signed payloads are canonical
    JSON, so `channel` and `from` come first.
    """
    start = token.find(".") + 1
    end = token.find(".", start)
    part = token[start : min(end, start + _PEEK_CHARS)]
    found = _OFFERS_BEGIN.match(unb64(part[: len(part) // 4 * 4]))
    return int(found[1]) if found else None
