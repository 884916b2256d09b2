"""Run yt-dlp on one URL, with limits on protocols and network, and explain its errors."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from voicekit.errors import DownloadError, UsageError, VoicekitError
from voicekit.sources.failures import RESUME, explain
from voicekit.sources.js_runtime import find_js_runtime, limit_solving_time
from voicekit.sources.site_info import display_url
from voicekit.sources.youtube import OTHER_CLIENTS, is_youtube
from voicekit.storage.files import read_regular
from voicekit.storage.paths import cache_dir

if TYPE_CHECKING:
    from voicekit.sources.network_guard import DownloadLimits

T = TypeVar("T")

PROTOCOLS = r"^(https?|m3u8|m3u8_native|http_dash_segments)(\+|$)"
"""yt-dlp's names of the allowed protocols: http(s), HLS and DASH."""

_KEPT_MESSAGES = ("Skipping fragment", "PO Token", "SABR")
"""Debug messages that explain a failure."""

_BROWSER = re.compile(
    r"(?P<browser>[^+:]+)(\+(?P<keyring>[^:]+))?(:(?!:)(?P<profile>.+?))?(::(?P<container>.+))?", re.DOTALL
)
"""BROWSER[+KEYRING][:PROFILE][::CONTAINER], as in yt-dlp's own option."""

_NO_FFMPEG = "/ffmpeg-is-not-for-downloads"
"""yt-dlp gives streams that it cannot decrypt to ffmpeg, which would connect to any address."""


@dataclass(frozen=True)
class DownloadOptions:
    """Options of downloads.

    Attributes:
        cookies: Netscape cookie file.
        cookies_from_browser: BROWSER[+KEYRING][:PROFILE][::CONTAINER], as in yt-dlp: firefox, chrome:Work ...
        fresh: Ignore the cache and download again.
        retries: Of each request.
        timeout: Seconds without data after which a connection is closed; after four times as long, the download fails.
        from_file: The URL was not typed by the user, but read from a file: only public addresses are allowed.
        allowed_hosts: Hosts that may be in a local network; see `addresses.AddressPolicy`.
    """

    cookies: Path | None = None
    cookies_from_browser: str | None = None
    fresh: bool = False
    retries: int = 10
    timeout: float = 30.0
    from_file: bool = False
    allowed_hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page as a server sent it. `url`: where it was found, after redirects."""

    url: str
    content: bytes
    content_type: str


class Site:
    """yt-dlp, opened for one URL.

    Args:
        ydl: The YoutubeDL object.
        limits: Network limits that it is subject to.
        messages: Its warnings and errors, added while it runs.
    """

    def __init__(self, ydl: Any, limits: DownloadLimits, messages: list[str]) -> None:
        self.ydl = ydl
        self._limits = limits
        self._messages = messages
        self._may_retry = False

    @property
    def skipped(self) -> str:
        """A warning about fragments that could not be downloaded; empty if there are none."""
        count = len({match[0] for text in self._messages if (match := re.search(r"Skipping fragment \d+", text))})
        return f"{count} pieces of the recording could not be downloaded and are missing" if count else ""

    def is_generic(self, url: str) -> bool:
        """Whether yt-dlp has no extractor for the site."""
        from yt_dlp.extractor import gen_extractor_classes

        return not any(
            extractor.suitable(url) for extractor in gen_extractor_classes() if extractor.IE_NAME != "generic"
        )

    def read_page(self, url: str, head: int, is_wanted: Callable[[bytes], bool]) -> Page | None:
        """Return the page at a URL if its first `head` bytes are wanted.

        Raises:
            VoicekitError: The request failed.
        """

        def read(ydl: Any) -> Page | Literal[False]:
            with ydl.urlopen(url) as response:
                content = response.read(head)
                if not is_wanted(content):
                    return False
                content += response.read()
                return Page(response.url, content, response.get_header("Content-Type", ""))

        return self.call(read, url) or None

    def call(self, function: Callable[[Any], T], url: str) -> T:
        """Return `function(ydl)`; every failure is raised as a VoicekitError that names the URL."""
        self._may_retry = False
        try:
            info = function(self.ydl)
        except Exception as error:  # extractors may fail in any way
            raise self._limit_error(url) or self._explain(str(error), url) from error
        if exceeded := self._limit_error(url):
            raise exceeded
        if info is None:
            raise self._explain(self._messages[-1] if self._messages else "nothing found", url)
        return info

    def try_clients(self, attempt: Callable[[], T]) -> T:
        """Return `attempt()`; where another YouTube client may succeed, repeat it with `OTHER_CLIENTS`.

        Raises:
            VoicekitError: All attempts failed; this is the error of the first.
        """
        first: DownloadError | None = None
        for clients in ((), *OTHER_CLIENTS):
            self.ydl.params["extractor_args"] = {"youtube": {"player_client": list(clients)}} if clients else {}
            try:
                return attempt()
            except DownloadError as error:
                first = first or error
                if not self._may_retry:
                    break
        assert first is not None
        raise first

    def _explain(self, text: str, url: str) -> VoicekitError:
        error, self._may_retry = explain(text, url, self._messages, is_youtube(url) or "[youtube" in text)
        return error

    def _limit_error(self, url: str) -> VoicekitError | None:
        """The limit that was exceeded, with the URL."""
        error = self._limits.error
        return type(error)(f"{display_url(url)}: {error.message}", error.remedy) if error else None


@contextlib.contextmanager
def open_ytdlp(options: DownloadOptions, user_url: str, max_bytes: float | None = None) -> Iterator[Site]:
    """Open yt-dlp for one URL.

    Args:
        options: Cookies, and limits of the network.
        user_url: The URL that the user gave; its server may be in a local network.
        max_bytes: Most bytes to receive (default: that of media).

    Raises:
        UsageError: The cookies cannot be used.
    """
    from yt_dlp.utils import YoutubeDLError

    from voicekit.sources.network_guard import DownloadLimits, GuardedYoutubeDL

    messages: list[str] = []
    url = "" if options.from_file else user_url
    limits = DownloadLimits(url, cache_dir(), options.timeout, RESUME, options.allowed_hosts, max_bytes)
    limit_solving_time()
    try:
        ydl = GuardedYoutubeDL(_parameters(options, messages), limits)
        cookies = len(ydl.cookiejar)  # read it now: yt-dlp reads it even while closing
    except (YoutubeDLError, OSError, ValueError) as error:
        raise _cookie_error(options, _first_cause(error)) from error
    if options.cookies_from_browser and not cookies:
        raise _cookie_error(options, messages[-1] if messages else "the browser has none")
    with ydl:
        yield Site(ydl, limits, messages)


def _first_cause(error: BaseException) -> str:
    """Return the message of the first exception in a chain; those that yt-dlp adds say nothing."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return str(error)


def _cookie_error(options: DownloadOptions, reason: str) -> UsageError:
    if options.cookies_from_browser:
        return UsageError(
            f"the cookies of {options.cookies_from_browser} cannot be used: {reason}",
            "Close the browser, check its name and profile, or export the cookies and give --cookies FILE",
        )
    reason = re.sub(r"<_io[^>]*>", str(options.cookies), reason)
    return UsageError(f"the cookies cannot be used: {reason}", "Export them as a Netscape cookie file")


class _Log:
    """yt-dlp's logger: keeps warnings, errors, and the debug messages that explain a failure."""

    def __init__(self, messages: list[str]) -> None:
        self.messages = messages

    def debug(self, text: str) -> None:
        if any(part in text for part in _KEPT_MESSAGES):
            self.messages.append(text)

    info = debug

    def warning(self, text: str) -> None:
        self.messages.append(text)

    error = warning


def _parameters(options: DownloadOptions, messages: list[str]) -> dict[str, Any]:
    """Return yt-dlp's parameters. Without `remote_components` it downloads no scripts to run."""
    runtime = find_js_runtime()
    parameters: dict[str, Any] = {
        "format": f"bestaudio[protocol~='{PROTOCOLS}']/best[acodec!=?none][protocol~='{PROTOCOLS}']",
        "extract_flat": "in_playlist",
        "quiet": True,
        "noprogress": True,
        "logger": _Log(messages),
        "continuedl": True,
        "overwrites": False,
        "retries": options.retries,
        "fragment_retries": options.retries,
        "retry_sleep_functions": {"http": lambda n: min(0.2 * 2**n, 10)},
        "socket_timeout": options.timeout,
        "fixup": "never",
        "cachedir": False,
        "hls_prefer_native": True,
        "external_downloader": {"default": "native"},
        "ffmpeg_location": _NO_FFMPEG,
        "updatetime": False,
        "allowed_extractors": ["default"],
        "js_runtimes": {runtime.name: {"path": runtime.path}} if runtime else {},
    }
    if options.cookies:  # a copy in memory, since yt-dlp writes its cookies back to the file
        try:
            parameters["cookiefile"] = io.StringIO(read_regular(options.cookies).decode())
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read the cookies {options.cookies}: {error}", "Export them again") from error
    if options.cookies_from_browser:
        parameters["cookiesfrombrowser"] = _browser_of(options.cookies_from_browser)
    return parameters


def _browser_of(text: str) -> tuple[str, str | None, str | None, str | None]:
    """Return the browser, profile, keyring and container of --cookies-from-browser, as yt-dlp takes them."""
    match = _BROWSER.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} names no browser", "Write BROWSER or BROWSER:PROFILE, such as firefox")
    browser, profile, keyring, container = match.group("browser", "profile", "keyring", "container")
    return browser.lower(), profile, keyring.upper() if keyring else None, container
