"""Fetches one file: from another player of the shop that has it, else from the server."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Set
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from player.agent.sharing import GONE_MS, LIED_MS, Sharing, Spared
from player.cache.parts import Parts, digest_of
from player.cache.store import Store
from player.errors import BadAnswer, Corrupt, NoRoom, Unreachable
from player.health import Health
from player.link.http import Server
from player.link.lan_client import Gives
from player.link.throttle import Throttle
from playlists.ids import Sha256

RESERVE_BYTES = 64 * 1024 * 1024
"""Left free on the disk when the player's own package is fetched."""
SLOW_S = 20.0
SLOW_BYTES_S = 128 * 1024
"""Less than this a second over SLOW_S is too slow for a neighbour."""


class Fetch:
    """From neighbours, else from the server. For any thread."""

    def __init__(
        self,
        server: Server,
        assets: Store,
        health: Health,
        sharing: Sharing | None = None,
    ) -> None:
        self._server = server
        self._assets = assets
        self._health = health
        self._throttle, self._lan = Throttle(0), Throttle(0)
        self._sharing = sharing

    def belong(self, root: bytes, store: str) -> None:
        """Be one of the players of that server's store."""
        if self._sharing:
            self._sharing.belong(root, store)

    def get(self, address: Sha256, keep: Set[Sha256]) -> Spared | None:
        """Put a file onto the disk, from where an earlier attempt got to, or say when to ask again.

        Raises what the server's answer means, Corrupt and NoRoom.
        """
        said = self._sharing.turn(address) if self._sharing else None
        if isinstance(said, Gives):
            return self._take(address, said, keep)
        if said is None:
            with self._sharing.fetching(address) if self._sharing else nullcontext():
                span, blocks = self._server.asset(address, self._assets.part_size(address))
                self._assets.write_part(address, span, self._throttle.through(blocks), keep)
                self._assets.admit_part(address)
            self._health.count("files_from_server")
        return said

    def limit(self, rate: int) -> None:
        """So many bytes a second may come from the server, 0 for as many as come."""
        self._throttle.rate = rate

    def package(self, address: Sha256, size: int, parts: Parts) -> None:
        """Have a package of the player among `parts`, whole, from where an earlier attempt got to.

        Raises what the server's answer means, Corrupt and NoRoom.
        """
        path = parts.path(address)
        if parts.size(address) != size:
            span, blocks = self._server.package(address, parts.size(address))
            if span[1] != size:
                raise BadAnswer(f"This package has {size} bytes; the server gives {span[1]}.")
            room = partial(_leave_room, path.parent)
            parts.write(address, "", span, self._throttle.through(blocks), room)
        if digest_of(path)[0] != address:
            parts.drop(address)
            raise Corrupt(f"The package {address} was damaged on its way.")

    def stop(self) -> None:
        """Fetch nothing more."""
        self._throttle.end()
        self._lan.end()
        if self._sharing:
            self._sharing.stop()

    def _take(self, address: Sha256, gives: Gives, keep: Set[Sha256]) -> Spared:
        """Take it from another player: a part of its own, so that it answers for every byte."""
        giver = gives.giver.id
        try:
            blocks = _brisk(self._lan.through(gives.blocks))
            self._assets.write_part(address, gives.span, blocks, keep, giver)
            self._assets.admit_part(address, giver)
            self._health.count("files_from_neighbours")
        except Corrupt:
            self._health.count("neighbours_that_lied")
            self._avoid(gives, LIED_MS)
        except NoRoom:
            # Only its word says how long the file is; where it is true, the server says the same.
            self._avoid(gives, LIED_MS)
        except Unreachable:
            self._avoid(gives, GONE_MS)
        return Spared()

    def _avoid(self, gives: Gives, for_ms: int) -> None:
        if self._sharing:
            self._sharing.avoid(gives.giver, for_ms)


def _leave_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + RESERVE_BYTES:
        raise NoRoom(f"The disk lacks {size + RESERVE_BYTES - free} bytes for a package.")


def _brisk(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks. Raises Unreachable where they come slower than a server would give them."""
    began, got = time.monotonic(), 0
    for block in blocks:
        got += len(block)
        lasted = time.monotonic() - began
        if lasted > SLOW_S and got < lasted * SLOW_BYTES_S:
            raise Unreachable("This neighbour is too slow.")
        yield block
