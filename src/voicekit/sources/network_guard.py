"""What a download may do on the network: whom it may reach, how much it may take, how long it may be kept waiting.

Pages, playlists and redirects are untrusted. They may lead to any public address, but into this machine and the
networks around it only where the user named that place. A body may be endless and a server may drip or fall silent;
both end here, with an error that says so. Importing this imports yt-dlp.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import queue
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import urllib3
from yt_dlp import YoutubeDL
from yt_dlp.networking._requests import RequestsRH
from yt_dlp.networking.exceptions import HTTPError, TransportError

from voicekit.errors import DownloadError, OutputError, VoicekitError
from voicekit.storage.paths import limit

MAX_GB = 50.0
"""Of one download; $VOICEKIT_MAX_GB overrides it."""

MAX_PAGE = 64 << 20
"""Bytes of a page, feed or playlist, which is read into memory whole."""

RESERVE = 100 << 20
"""Bytes that a download leaves free on the disk."""

SLOWEST = 1000
"""Bytes a second. Servers slower than this, over four timeouts of waiting for them, only keep us waiting."""

_CHECK_EVERY = 16 << 20
"""Bytes between two looks at the disk."""

T = TypeVar("T")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Watch:
    """Limits of one download. `fault`: the limit it broke; yt-dlp hides what is raised through it, or tries again."""

    def __init__(self, named: str, folder: Path, timeout: float, resume: str) -> None:
        """`named`: the address that the user gave; `folder`: on the disk to be written; `timeout`: seconds of silence;
        `resume`: the remedy where the server kept us waiting."""
        self.fault: VoicekitError | None = None
        self.timeout = timeout
        self._resume = resume
        self.most = limit("VOICEKIT_MAX_GB", MAX_GB) * 1e9
        self._folder = folder
        self._received = 0
        self._looked_at = 0
        self._waited = 0.0
        self._came = 0
        self._host, self._port = "", 0
        with contextlib.suppress(ValueError):
            parts = urlsplit(named)
            self._host, self._port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    def stop(self, fault: VoicekitError) -> NoReturn:
        """End the download for good."""
        self.fault = self.fault or fault
        raise self.fault

    def reach(self, host: str, peer: str, port: int) -> None:
        """Whether this connection may be used: to public addresses, to what the user named, and from a local network
        that the user named to others of it."""
        address = _address(peer)
        if address.is_global or (address in self._named and port == self._port):
            return
        if _in_a_network(address) and any(not named.is_global for named in self._named):
            return
        self.stop(
            DownloadError(
                f"{host}:{port} is inside this machine or its network, and a page named it, not you",
                "Give that address itself if you trust it",
            )
        )

    @functools.cached_property
    def _named(self) -> frozenset[Address]:
        with contextlib.suppress(OSError, UnicodeError):
            return frozenset(_address(str(found[4][0])) for found in socket.getaddrinfo(self._host, None))
        return frozenset()

    def expect(self, length: str | None) -> None:
        """`length`: the Content-Length of what is about to come."""
        if length is None or not length.isdecimal():
            return
        if int(length) > self.most:
            self.stop(_too_large(f"{int(length) / 1e9:.0f} GB", self.most))
        if int(length) + RESERVE > self._free():
            self.stop(_disk_full(self._folder))

    def heard(self, count: int) -> None:
        """So many bytes came."""
        self._came += count
        self._received += count
        if self._received > self.most:
            self.stop(_too_large("what comes", self.most))
        if self._received - self._looked_at > _CHECK_EVERY:
            self._looked_at = self._received
            if self._free() < RESERVE:
                self.stop(_disk_full(self._folder))

    def waited(self, seconds: float) -> None:
        """So long we waited for bytes, whether they came or not: yt-dlp tries again, and here is an end to that."""
        self._waited += seconds
        if self._waited > 4 * self.timeout:
            if self._came < SLOWEST * self._waited:
                self.silent(f"{self._came} bytes came in {self._waited:.0f} s")
            self._waited, self._came = 0.0, 0

    def silent(self, what: str) -> NoReturn:
        """End the download, for now."""
        self.stop(DownloadError(f"the server keeps us waiting: {what}", self._resume))

    def within(self, call: Callable[[], T]) -> T:
        """`call`'s result. It is left behind in its thread when it takes twice the timeout: a server may send the
        lines of its answer so slowly that no single wait is too long."""
        box: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

        def work() -> None:
            try:
                box.put((call(), None))
            except BaseException as error:
                box.put((None, error))

        threading.Thread(target=work, daemon=True).start()
        try:
            result, error = box.get(timeout=2 * self.timeout + 1)
        except queue.Empty:
            self.silent(f"no answer within {2 * self.timeout:.0f} s")
        if error is not None:
            raise error
        return result  # type: ignore[return-value]

    def _free(self) -> int:
        return shutil.disk_usage(next(p for p in (self._folder, *self._folder.parents) if p.exists())).free


class GuardedYoutubeDL(YoutubeDL):  # type: ignore[misc]
    """yt-dlp with one network handler, that speaks http and https and nothing else, and is watched."""

    def __init__(self, parameters: dict[str, Any], watch: Watch) -> None:
        self._watch = watch
        super().__init__(parameters)

    def build_request_director(self, handlers: Iterable[Any], preferences: Any = None) -> Any:
        return super().build_request_director([functools.partial(GuardedRH, self._watch)], preferences)


class GuardedRH(RequestsRH):  # type: ignore[misc]
    """The handler, with the limits of a `Watch`. yt-dlp wants its name to end so."""

    def __init__(self, watch: Watch, **more: Any) -> None:
        self._watch = watch
        super().__init__(**more)

    def _create_instance(self, **more: Any) -> Any:
        session = super()._create_instance(**more)
        for adapter in session.adapters.values():
            adapter.poolmanager.pool_classes_by_scheme = {
                "http": _guarded(urllib3.HTTPConnectionPool, self._watch),
                "https": _guarded(urllib3.HTTPSConnectionPool, self._watch),
            }
        return session

    def _send(self, request: Any) -> Any:
        if self._watch.fault:
            raise self._watch.fault
        began = time.monotonic()
        try:
            response = self._watch.within(functools.partial(super()._send, request))
        except HTTPError as error:  # a page that comes with it may be read, too
            self._guard(error.response)
            raise
        except TransportError:
            self._watch.waited(time.monotonic() - began)
            raise
        if not response.headers.get("Content-Encoding"):
            self._watch.expect(response.headers.get("Content-Length"))
        self._guard(response)
        return response

    def _guard(self, response: Any) -> None:
        response.fp = _Metered(response.fp, self._watch)
        response.read = functools.partial(_read, response.read, self._watch)


def _guarded(pool: type[Any], watch: Watch) -> type[Any]:
    """urllib3's pool of connections, each of which is shown to `watch` before anything is sent on it."""

    class Connection(pool.ConnectionCls):  # type: ignore[misc, name-defined]
        def _new_conn(self) -> Any:
            made = super()._new_conn()
            try:
                watch.reach(self.host, *made.getpeername()[:2])
            except BaseException:
                made.close()
                raise
            return made

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})


class _Metered:
    """The body of a response, counted and timed as it comes."""

    def __init__(self, raw: Any, watch: Watch) -> None:
        self._raw = raw
        self._watch = watch
        self._error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def read(self, amount: int, **how: Any) -> bytes:
        """So many bytes, fewer at the end; or what came before an error, which the next call raises."""
        whole = bytearray()
        while len(whole) < amount and not self._error:
            try:
                piece = self._piece(amount - len(whole), **how)
            except VoicekitError:
                raise
            except Exception as error:
                self._error = error
                break
            if not piece:
                break
            whole += piece
        if self._error and not whole:
            raise self._error
        return bytes(whole)

    def _piece(self, most: int, **how: Any) -> bytes:
        """What is there, after one wait at most."""
        began = time.monotonic()
        try:
            piece: bytes = self._raw.read1(most, **how)
            self._watch.heard(len(piece))
            return piece
        finally:
            self._watch.waited(time.monotonic() - began)


def _read(piecewise: Callable[[int], bytes], watch: Watch, amount: int | None = None) -> bytes:
    """A response's `read`: so many bytes, or the whole page if it is no larger than pages are."""
    if amount is not None:
        return piecewise(amount)
    whole = bytearray()
    while piece := piecewise(1 << 16):
        whole += piece
        if len(whole) > MAX_PAGE:
            watch.stop(DownloadError(f"the page is larger than {MAX_PAGE >> 20} MB", "Check the address in a browser"))
    return bytes(whole)


def _address(text: str) -> Address:
    """An IP address; one of IPv4 that is written as IPv6 is one of IPv4."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def _in_a_network(address: Address) -> bool:
    """Whether it is another machine's in a local network; not this one's, and not where a cloud hands out its keys."""
    return not (address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast)


def _too_large(what: str, most: float) -> DownloadError:
    return DownloadError(f"{what} is more than the {most / 1e9:g} GB allowed", "Set VOICEKIT_MAX_GB to more")


def _disk_full(folder: Path) -> OutputError:
    return OutputError(
        f"no room in {folder}: less than {RESERVE >> 20} MB would be left",
        "Free some space, `voicekit cache prune`, or set VOICEKIT_CACHE",
    )
