"""Which network addresses a download may connect to.

Pages, playlists, redirects and name servers are untrusted. The addresses of a host are looked up once, before the first
connection to it, and are not looked up again: a name that changes its address afterwards (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from urllib.parse import urlsplit

from voicekit.errors import DownloadError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses as seen through a NAT64 gateway, RFC 6052."""

_IPV4_COMPATIBLE = ipaddress.ip_network("::/96")
"""IPv4 addresses in the obsolete notation ::127.0.0.1, RFC 4291."""

_LOCAL_NETWORKS = (
    ipaddress.ip_network("64:ff9b:1::/48"),  # NAT64 inside a network, RFC 8215
    ipaddress.ip_network("fec0::/10"),  # site-local, RFC 3879
)
"""Networks that Python calls global though they are not."""

_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")
"""The third quarter of an IPv6 address that tunnels to the IPv4 address in the last, RFC 5214."""


class AddressPolicy:
    """Decides which hosts one download may connect to.

    Public addresses are allowed. Addresses in this machine and its networks are allowed only at the address and port
    in the URL that the user typed, if that is a literal address or `localhost`, and for hosts that he lists.

    Args:
        user_url: The URL that the user typed; "" if it was read from a file.
        allowed_hosts: Names or addresses that may be in a local network; `*.example.org` stands for many.
    """

    def __init__(self, user_url: str, allowed_hosts: Sequence[str] = ()) -> None:
        self._allowed_hosts = [_normalize(host) for host in allowed_hosts]
        self._typed: tuple[Address | None, int] = (None, 0)
        self._known: dict[str, tuple[str, ...]] = {}
        with contextlib.suppress(ValueError):
            parts = urlsplit(user_url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            self._typed = (_literal(parts.hostname or ""), port)

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """Return the IP addresses of a host, the same ones each time.

        Raises:
            DownloadError: One of them may not be connected to.
            socket.gaierror, UnicodeError: The host has no address.
        """
        host = _normalize(host)
        if host not in self._known:
            infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            self._known[host] = tuple(dict.fromkeys(str(info[4][0]) for info in infos))
        if not self._is_listed(host):
            for address in self._known[host]:
                self._check(host, address, port)
        return self._known[host]

    def check_through_proxy(self, host: str, port: int) -> None:
        """Check a host that a proxy will connect to.

        The proxy looks the name up itself. A name that this machine cannot look up may be one of a local network that
        only the proxy knows; it has to be listed.

        Raises:
            DownloadError: It may not be connected to, or cannot be looked up.
        """
        try:
            self.resolve(host, port)
        except (socket.gaierror, UnicodeError):
            if not self._is_listed(_normalize(host)):
                raise DownloadError(
                    f"{host} cannot be looked up here, only by the proxy, and may be inside its network",
                    f"Add --allow-host {host} if you trust it",
                ) from None

    def _is_listed(self, host: str) -> bool:
        return any(fnmatch(host, pattern) for pattern in self._allowed_hosts)

    def _check(self, host: str, text: str, port: int) -> None:
        address = ipaddress.ip_address(text.partition("%")[0])
        if all(map(_is_public, _targets(address))) or self._is_typed(address, port):
            return
        shown = host if _literal(host) else f"{host} ({text})"
        raise DownloadError(
            f"{shown}, port {port}, is inside this machine or its network", f"Add --allow-host {host} if you trust it"
        )

    def _is_typed(self, address: Address, port: int) -> bool:
        typed, typed_port = self._typed
        if typed is None or port != typed_port:
            return False
        plain, typed = _without_mapping(address), _without_mapping(typed)
        return plain == typed or (plain.is_loopback and typed.is_loopback)


def _normalize(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()


def _literal(host: str) -> Address | None:
    """Parse a literal address or `localhost`; None for other names, also for numbers such as 2130706433."""
    if _normalize(host) == "localhost":
        return ipaddress.IPv4Address("127.0.0.1")
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(_normalize(host).partition("%")[0])
    return None


def _without_mapping(address: Address) -> Address:
    """Turn ::ffff:127.0.0.1 into 127.0.0.1."""
    return getattr(address, "ipv4_mapped", None) or address


def _targets(address: Address) -> Iterator[Address]:
    """Yield an address and the IPv4 addresses that packets to it may be forwarded to."""
    address = _without_mapping(address)
    yield address
    if not isinstance(address, ipaddress.IPv6Address):
        return
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    packed = address.packed
    if address in _NAT64 or address in _IPV4_COMPATIBLE or packed[8:12] in _ISATAP:
        yield ipaddress.IPv4Address(packed[12:])


def _is_public(address: Address) -> bool:
    is_local = isinstance(address, ipaddress.IPv6Address) and any(address in network for network in _LOCAL_NETWORKS)
    return address.is_global and not address.is_multicast and not is_local
