"""Finds the other players of the shop by mDNS (RFC 6762, RFC 6763), and lets itself be found.

What is said on the network is a random name, two ports, and a digest by which players of one
server's store know each other; it tells nobody which server or store that is. Without Debian's
python3-zeroconf, without a network, or where Wi-Fi keeps its clients apart, nobody is found.
"""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import sys
import threading
import time
from typing import Any

from player.link.lan_client import Neighbour
from player.link.lan_server import LanServer

TYPE = "_enseigne._tcp.local."
SETTLE_S = 3.0
"""After which those that are there have answered."""
LOOK_S = 15.0
"""Between two looks at this machine's own addresses: networks come and go."""
MOST = 64
"""Neighbours remembered."""
TTL_S = 240
ASK_MS = 2_000


def is_possible() -> bool:
    """Whether the library is there."""
    try:
        import zeroconf  # noqa: F401
    except ImportError:
        return False
    return True


def group_of(root: bytes, store: str) -> str:
    """By which players of a server (its root public key) and store know each other."""
    return hashlib.sha256(b"enseigne-lan\n" + root + store.encode()).hexdigest()[:32]


class Lan:
    """Begins with the first `join`. For any thread."""

    def __init__(self, server: LanServer, hands_port: int = 0) -> None:
        self.id = secrets.token_hex(8)
        self._server, self._hands_port = server, hands_port
        self._lock = threading.Lock()
        self._found: dict[str, Neighbour] = {}
        self._group = ""
        self._since: float | None = None
        self._woken = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="mdns", daemon=True)

    def join(self, group: str) -> None:
        """Be one of that group from now on."""
        with self._lock:
            if group == self._group:
                return
            first, self._group = not self._group, group
            self._since = time.monotonic()
            self._found.clear()
        self._woken.set()
        if first:
            self._server.start()
            self._thread.start()

    def neighbours(self) -> tuple[Neighbour, ...]:
        """Those found."""
        with self._lock:
            return tuple(self._found.values())

    @property
    def is_settled(self) -> bool:
        """Whether who is there had time to be found."""
        return self._since is not None and time.monotonic() - self._since > SETTLE_S

    def stop(self) -> None:
        """Say goodbye."""
        self._ended = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self._server.stop()

    def _run(self) -> None:
        now: tuple[str, tuple[str, ...]] = ("", ())
        spoken: Any = None
        while not self._ended:
            self._woken.clear()
            try:
                then = (self._group, _own_addresses())
                if then != now:
                    now, ended, spoken = ("", ()), spoken, None
                    _close(ended)
                    spoken = self._speak(*then)
                    now = then if spoken is not None else ("", ())
            except Exception as wrong:  # the library has kinds of its own; networks come and go
                print(f"mDNS: {type(wrong).__name__}: {wrong}", file=sys.stderr, flush=True)
            self._woken.wait(LOOK_S)
        _close(spoken)

    def _speak(self, group: str, addresses: tuple[str, ...]) -> Any:
        """Announce this player and listen; None where the network does not let it."""
        from zeroconf import IPVersion, ServiceBrowser, ServiceInfo, Zeroconf

        with self._lock:
            self._found.clear()
        if not addresses:
            return None
        spoken = None
        try:
            spoken = Zeroconf(interfaces=list(addresses), ip_version=IPVersion.V4Only)
            me = ServiceInfo(
                TYPE,
                f"{self.id}.{TYPE}",
                port=self._server.port,
                properties={"g": group, "h": str(self._hands_port)},
                server=f"enseigne-{self.id}.local.",
                parsed_addresses=list(addresses),
                host_ttl=TTL_S,
                other_ttl=TTL_S,
            )
            ServiceBrowser(spoken, TYPE, handlers=[self._changed])
            spoken.register_service(me)
        except (OSError, RuntimeError, ValueError):
            _close(spoken)
            return None
        return spoken

    def _changed(self, zeroconf: Any, service_type: str, name: str, state_change: Any) -> None:
        """Somebody came, changed or went."""
        peer = None
        if state_change.name != "Removed":
            info = zeroconf.get_service_info(service_type, name, ASK_MS)
            peer = info and _neighbour(info, name, self._group)
        with self._lock:
            if peer is None or peer.id == self.id:
                self._found.pop(name, None)
            elif name in self._found or len(self._found) < MOST:
                self._found[name] = peer


def _neighbour(info: Any, name: str, group: str) -> Neighbour | None:
    """Whom an announcement names, None where it is no player of the group at a near address."""
    if info.properties.get(b"g") != group.encode() or not info.port:
        return None
    id_ = name.removesuffix("." + TYPE)
    if len(id_) != 16 or not all(sign in "0123456789abcdef" for sign in id_):
        return None
    for text in info.parsed_addresses():
        address = ipaddress.ip_address(text)
        if address.version == 4 and address.is_private and not address.is_loopback:
            return Neighbour(id_, text, info.port, _port(info.properties.get(b"h")))
    return None


def _port(said: bytes | None) -> int:
    """The port that an announcement names; 0 for none."""
    named = (said or b"")[:6]
    return int(named) if named.isdigit() and int(named) < 65_536 else 0


def _own_addresses() -> tuple[str, ...]:
    import ifaddr

    found = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    near = (text for text in found if ipaddress.ip_address(text).is_private)
    return tuple(sorted(text for text in near if not ipaddress.ip_address(text).is_loopback))


def _close(spoken: Any) -> None:
    if spoken is not None:
        spoken.close()
