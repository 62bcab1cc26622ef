"""Which addresses a configured name may lead to: resolved once, checked, and connected to as is.

Checking a name and connecting to it later would let its owner answer differently the second time
(DNS rebinding); here the address that was checked is the one that the socket goes to.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from server.ports import PermanentError, TemporaryError

Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")
_LAST_32_BITS = 0xFFFFFFFF


def connect(host: str, port: int, timeout_s: float, *, allow_private: bool) -> socket.socket:
    """A TCP connection to one of the addresses of `host`.

    Raises PermanentError where one of them may not be reached, TemporaryError where there is no
    address or nobody answers.
    """
    failed = ""
    for family, address in _resolved(host, port, allow_private):
        dialled = socket.socket(family, socket.SOCK_STREAM)
        try:
            dialled.settimeout(timeout_s)
            dialled.connect((str(address), port))
        except OSError as error:
            dialled.close()
            failed = error.strerror or "no answer in time"
        else:
            dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return dialled
    raise TemporaryError(f"{host} does not answer on port {port}: {failed.lower()}.")


def _resolved(
    host: str, port: int, allow_private: bool
) -> list[tuple[socket.AddressFamily, Address]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise TemporaryError(f"The name {host} has no address. Check it for a typo.") from None
    addresses: list[tuple[socket.AddressFamily, Address]] = [
        (family, ip_address(str(end[0]).partition("%")[0])) for family, _, _, _, end in found
    ]
    for _, address in addresses:
        if not reachable(address, allow_private=allow_private):
            raise PermanentError(
                f"{host} leads to {address}, which is not a public address. To reach the shop’s "
                "own network, start the server with ENSEIGNE_ALLOW_PRIVATE=1."
            )
    return addresses


def reachable(address: Address, *, allow_private: bool) -> bool:
    """Whether a configured name may lead to `address`.

    Link-local (where clouds keep their metadata), multicast and unspecified addresses never may.
    """
    inner = _embedded(address)
    if inner is not None:
        return reachable(inner, allow_private=allow_private)
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return allow_private or address.is_global


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for: mapped, 6to4, Teredo or NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & _LAST_32_BITS)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
