"""Network limits of downloads: reachable addresses, size, speed and waiting time.

Pages, playlists and redirects are untrusted. `addresses` says where they may lead to, also through a proxy. Endless
bodies and servers that send too slowly or not at all end the download with an error. Importing this module imports
yt-dlp.
"""

from __future__ import annotations

import functools
import queue
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import urllib3
from yt_dlp import YoutubeDL
from yt_dlp.networking._requests import RequestsRH
from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.utils.networking import select_proxy

from voicekit.errors import DownloadError, OutputError, VoicekitError
from voicekit.sources.addresses import AddressPolicy
from voicekit.storage.paths import env_limit

MAX_GB = 50.0
"""Largest download in GB; $VOICEKIT_MAX_GB overrides it."""

MAX_PAGE = 16 << 20
"""Largest page, feed or playlist in bytes; it is read into memory as a whole, and parsed for seconds per MB."""

RESERVE = 100 << 20
"""Bytes that a download leaves free on the disk."""

MIN_SPEED = 1000
"""Bytes per second. A server that is slower, over four timeouts of waiting, ends the download."""

_CHECK_EVERY = 16 << 20
"""Bytes between two checks of the free disk space."""

T = TypeVar("T")


class DownloadLimits:
    """The limits of one download.

    Args:
        user_url: The URL that the user typed; "" if it was read from a file.
        folder: On the disk that is written to.
        timeout: Seconds without data.
        resume: Remedy for errors after which the download can be resumed.
        allowed_hosts: Hosts that may be in a local network; see `AddressPolicy`.
        max_bytes: Most bytes to receive (default: $VOICEKIT_MAX_GB).

    Attributes:
        error: The first limit that was exceeded. yt-dlp hides or retries exceptions that pass through it.
    """

    def __init__(
        self,
        user_url: str,
        folder: Path,
        timeout: float,
        resume: str,
        allowed_hosts: Sequence[str] = (),
        max_bytes: float | None = None,
    ) -> None:
        self.error: VoicekitError | None = None
        self.timeout = timeout
        self._resume = resume
        self._max_bytes = max_bytes or env_limit("VOICEKIT_MAX_GB", MAX_GB) * 1e9
        self._folder = folder
        self._received = 0
        self._received_at_check = 0
        self._waited = 0.0
        self._received_while_waiting = 0
        self._addresses = AddressPolicy(user_url, allowed_hosts)

    def stop(self, error: VoicekitError) -> NoReturn:
        """End the download with an error."""
        self.error = self.error or error
        raise self.error

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """Return the addresses of a host; stop unless all of them may be connected to. Raises gaierror: it has none."""
        try:
            return self._addresses.resolve(host, port)
        except DownloadError as error:
            self.stop(error)

    def check_through_proxy(self, url: str) -> None:
        """Stop unless a proxy may be asked for the URL."""
        parts = urlsplit(url)
        try:
            self._addresses.check_through_proxy(
                parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
            )
        except DownloadError as error:
            self.stop(error)

    def check_length(self, length: str | None) -> None:
        """Stop if a Content-Length is over the limit or does not fit on the disk."""
        if length is None or not length.isdecimal():
            return
        if int(length) > self._max_bytes:
            self.stop(_too_large(f"{int(length) / 1e9:.0f} GB", self._max_bytes))
        if int(length) + RESERVE > self._free_bytes():
            self.stop(_disk_full(self._folder))

    def count_bytes(self, count: int) -> None:
        """Count received bytes; stop if they are over the limit or the disk is full."""
        self._received_while_waiting += count
        self._received += count
        if self._received > self._max_bytes:
            self.stop(_too_large("the download", self._max_bytes))
        if self._received - self._received_at_check > _CHECK_EVERY:
            self._received_at_check = self._received
            if self._free_bytes() < RESERVE:
                self.stop(_disk_full(self._folder))

    def count_waiting(self, seconds: float) -> None:
        """Count time spent waiting for data, with or without success; stop if the server is too slow.

        This also ends yt-dlp's retries, which would otherwise go on.
        """
        self._waited += seconds
        if self._waited > 4 * self.timeout:
            if self._received_while_waiting < MIN_SPEED * self._waited:
                self.stop_waiting(f"{self._received_while_waiting} bytes in {self._waited:.0f} s")
            self._waited, self._received_while_waiting = 0.0, 0

    def stop_waiting(self, reason: str) -> NoReturn:
        """End the download because the server is too slow; it can be resumed."""
        self.stop(DownloadError(f"the server is too slow: {reason}", self._resume))

    def call_with_timeout(self, call: Callable[[], T]) -> T:
        """Return the result of `call`, run in a thread that is abandoned after twice the timeout.

        A server can send the header lines of a response so slowly that no single read times out.
        """
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
            self.stop_waiting(f"no answer within {2 * self.timeout:.0f} s")
        if error is not None:
            raise error
        return result  # type: ignore[return-value]

    def _free_bytes(self) -> int:
        return shutil.disk_usage(next(p for p in (self._folder, *self._folder.parents) if p.exists())).free


class GuardedYoutubeDL(YoutubeDL):  # type: ignore[misc]
    """yt-dlp with a single network handler, which allows only http and https and applies the limits."""

    def __init__(self, parameters: dict[str, Any], limits: DownloadLimits) -> None:
        self._limits = limits
        super().__init__(parameters)

    def write_debug(self, message: str, only_once: bool = False) -> None:
        """Give the logger yt-dlp's remarks for developers: some say why formats were skipped."""
        if logger := self.params.get("logger"):
            logger.debug(message)

    def build_request_director(self, handlers: Iterable[Any], preferences: Any = None) -> Any:
        return super().build_request_director([functools.partial(GuardedRH, self._limits)], preferences)


class GuardedRH(RequestsRH):  # type: ignore[misc]
    """The network handler with limits. yt-dlp requires a name that ends in RH."""

    def __init__(self, limits: DownloadLimits, **options: Any) -> None:
        self._limits = limits
        super().__init__(**options)

    def _create_instance(self, **options: Any) -> Any:
        session = super()._create_instance(**options)
        for adapter in session.adapters.values():
            adapter.poolmanager.pool_classes_by_scheme = {
                "http": _guarded_pool(urllib3.HTTPConnectionPool, self._limits),
                "https": _guarded_pool(urllib3.HTTPSConnectionPool, self._limits),
            }
            adapter.send = _guard_proxies(adapter.send, self._limits)
        return session

    def _send(self, request: Any) -> Any:
        if self._limits.error:
            raise self._limits.error
        started = time.monotonic()
        try:
            response = self._limits.call_with_timeout(functools.partial(super()._send, request))
        except HTTPError as error:  # yt-dlp may read the page that comes with it
            self._guard(error.response)
            raise
        except TransportError:
            self._limits.count_waiting(time.monotonic() - started)
            raise
        if not response.headers.get("Content-Encoding"):
            self._limits.check_length(response.headers.get("Content-Length"))
        self._guard(response)
        return response

    def _guard(self, response: Any) -> None:
        response.fp = _MeteredBody(response.fp, self._limits)
        response.read = functools.partial(_read, response.read, self._limits)


def _guarded_pool(pool: type[Any], limits: DownloadLimits) -> type[Any]:
    """Return a subclass of urllib3's connection pool that connects only to addresses that the limits allow."""

    class Connection(pool.ConnectionCls):  # type: ignore[misc, name-defined]
        def _new_conn(self) -> Any:
            try:
                addresses = limits.resolve(self.host, self.port)
            except (socket.gaierror, UnicodeError) as error:
                raise urllib3.exceptions.NewConnectionError(self, f"cannot resolve {self.host}: {error}") from error
            name: str = self._dns_host  # type: ignore[has-type]
            for number, address in enumerate(addresses, 1):
                try:
                    self._dns_host = address  # urllib3 resolves it: an address gives itself
                    return super()._new_conn()
                except urllib3.exceptions.HTTPError:
                    if number == len(addresses):
                        raise
                finally:
                    self._dns_host = name
            raise AssertionError("a host has at least one address")

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})


def _guard_proxies(send: Callable[..., Any], limits: DownloadLimits) -> Callable[..., Any]:
    """Wrap an adapter's `send` to check each URL, of redirects too, before a proxy is asked for it."""

    def guarded(request: Any, *args: Any, proxies: Any = None, **options: Any) -> Any:
        if select_proxy(request.url, proxies):
            limits.check_through_proxy(request.url)
        return send(request, *args, proxies=proxies, **options)

    return guarded


class _MeteredBody:
    """The body of a response; reading it counts bytes and waiting time."""

    def __init__(self, raw: Any, limits: DownloadLimits) -> None:
        self._raw = raw
        self._limits = limits
        self._error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def read(self, amount: int, **options: Any) -> bytes:
        """Read `amount` bytes, or fewer at the end or before an error, which the next call raises."""
        data = bytearray()
        while len(data) < amount and not self._error:
            try:
                block = self._read_once(amount - len(data), **options)
            except VoicekitError:
                raise
            except Exception as error:
                self._error = error
                break
            if not block:
                break
            data += block
        if self._error and not data:
            raise self._error
        return bytes(data)

    def _read_once(self, most: int, **options: Any) -> bytes:
        started = time.monotonic()
        try:
            block: bytes = self._raw.read1(most, **options)
            self._limits.count_bytes(len(block))
            return block
        finally:
            self._limits.count_waiting(time.monotonic() - started)


def _read(read_block: Callable[[int], bytes], limits: DownloadLimits, amount: int | None = None) -> bytes:
    """Replacement of a response's `read`: `amount` bytes, or a whole page of at most MAX_PAGE bytes."""
    if amount is not None:
        return read_block(amount)
    page = bytearray()
    while block := read_block(1 << 16):
        page += block
        if len(page) > MAX_PAGE:
            limits.stop(DownloadError(f"the page is larger than {MAX_PAGE >> 20} MB", "Check the URL in a browser"))
    return bytes(page)


def _too_large(what: str, max_bytes: float) -> DownloadError:
    return DownloadError(f"{what} is larger than the {max_bytes / 1e9:g} GB allowed", "Raise VOICEKIT_MAX_GB")


def _disk_full(folder: Path) -> OutputError:
    return OutputError(
        f"no room in {folder}: less than {RESERVE >> 20} MB would be left",
        "Free some space, run `voicekit cache prune`, or set VOICEKIT_CACHE",
    )
