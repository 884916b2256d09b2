"""Run yt-dlp on one URL, with limits on protocols and network, and explain its errors."""

from __future__ import annotations

import contextlib
import functools
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

from voicekit.errors import DownloadError, OutputError, UsageError, VoicekitError
from voicekit.redact import redact_urls
from voicekit.sources.site_info import display_url
from voicekit.storage.files import read_regular
from voicekit.storage.paths import cache_dir

if TYPE_CHECKING:
    from voicekit.sources.network_guard import DownloadLimits

T = TypeVar("T")

RESUME = "Run the same command again: it resumes"
"""The remedy if the partial download is kept."""

_PROTOCOLS = r"^(https?|m3u8|m3u8_native|http_dash_segments)(\+|$)"
"""yt-dlp's names of the allowed protocols: http(s), HLS and DASH."""

_NO_FFMPEG = "/ffmpeg-is-not-for-downloads"
"""yt-dlp gives streams that it cannot decrypt to ffmpeg, which would connect to any address."""


@dataclass(frozen=True)
class DownloadOptions:
    """Options of downloads.

    Attributes:
        cookies: Netscape cookie file.
        cookies_from_browser: Browser and optional profile in yt-dlp's form: firefox, chrome:Work ...
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


def youtube_hint(url: str) -> str | None:
    """Return what to install for YouTube; None for other sites, or if nothing is missing.

    Since version 2025.11.12 yt-dlp needs a JavaScript runtime for YouTube; without one it finds only storyboards.
    """
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("music.")
    except ValueError:
        return None
    if host not in ("youtube.com", "youtu.be", "youtube-nocookie.com") or js_runtimes():
        return None
    return "YouTube needs a JavaScript runtime, and none is installed: install deno (>= 2.3) or node (>= 22)"


@functools.cache
def js_runtimes() -> dict[str, str]:
    """Return the installed JavaScript runtimes that yt-dlp can use, as name: version."""
    from yt_dlp import YoutubeDL  # noqa: F401 - registers the runtimes
    from yt_dlp.globals import supported_js_runtimes

    infos = {name: runtime().info for name, runtime in supported_js_runtimes.value.items() if runtime is not None}
    return {name: info.version for name, info in infos.items() if info is not None and info.supported}


# Patterns in yt-dlp's messages and what to do about them; the first match counts.
_REMEDIES = (
    (
        r"m3u8 download detected but ffmpeg",
        "The stream is encrypted in a way that cannot be read here: save it with another program and give the file",
    ),
    (r"connection adapters|url scheme|No request handlers", "Only http and https are allowed, for redirects too"),
    (
        r"not a bot|sign in|log ?in|private|members-only|age-restricted|confirm your age",
        "Pass your browser's cookies: --cookies-from-browser firefox",
    ),
    (r"JavaScript runtime|n challenge|Requested format is not available", "Install deno (>= 2.3), then try again"),
    (r"HTTP Error 40[34]|HTTP Error 410", "Check the URL in a browser"),
    (r"Unsupported URL", "Give the URL of the page or file that plays"),
    (r"resolve|getaddrinfo|Network is unreachable|Connection refused", "Check the network and the URL"),
    (r"timed out|reset|closed|IncompleteRead|HTTP Error 5|bytes read|more expected", RESUME),
)


def _explain(text: str, url: str) -> VoicekitError:
    """Return the error for a message of yt-dlp."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text).removeprefix("ERROR: ")
    text = text.partition("; please report this issue")[0].partition(" Use --cookies")[0].partition("(caused by")[0]
    text = redact_urls(text).strip()
    if re.search(r"No space left|quota exceeded|unable to (write|open for writing)", text, re.I):
        return OutputError(
            f"{display_url(url)}: {text}", "Free some space, run `voicekit cache prune`, or set VOICEKIT_CACHE"
        )
    remedy = next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, text, re.I)), "")
    return DownloadError(f"{display_url(url)}: {text}", remedy or "Update yt-dlp: sites change often")


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
        try:
            info = function(self.ydl)
        except Exception as error:  # extractors may fail in any way
            raise self._limit_error(url) or _explain(str(error), url) from error
        if exceeded := self._limit_error(url):
            raise exceeded
        if info is None:
            raise _explain(self._messages[-1] if self._messages else "nothing found", url)
        return info

    def _limit_error(self, url: str) -> VoicekitError | None:
        """The limit that was exceeded, with the URL."""
        error = self._limits.error
        return type(error)(f"{display_url(url)}: {error.message}", error.remedy) if error else None


@contextlib.contextmanager
def open_ytdlp(options: DownloadOptions, user_url: str) -> Iterator[Site]:
    """Open yt-dlp for one URL. `user_url`: the URL that the user gave; its server may be in a local network."""
    from yt_dlp.utils import YoutubeDLError

    from voicekit.sources.network_guard import DownloadLimits, GuardedYoutubeDL

    messages: list[str] = []
    url = "" if options.from_file else user_url
    limits = DownloadLimits(url, cache_dir(), options.timeout, RESUME, options.allowed_hosts)
    try:
        ydl = GuardedYoutubeDL(_parameters(options, messages), limits)
        _ = ydl.cookiejar  # read it now: yt-dlp reads it even while closing
    except (YoutubeDLError, OSError, ValueError) as error:
        reason = re.sub(r"<_io[^>]*>", str(options.cookies), str(error.__context__ or error))
        raise UsageError(f"the cookies cannot be used: {reason}", "Export them as a Netscape cookie file") from error
    with ydl:
        yield Site(ydl, limits, messages)


class _Log:
    """yt-dlp's logger: keeps warnings, errors and skipped fragments."""

    def __init__(self, messages: list[str]) -> None:
        self.messages = messages

    def debug(self, text: str) -> None:
        if "Skipping fragment" in text:
            self.messages.append(text)

    info = debug

    def warning(self, text: str) -> None:
        self.messages.append(text)

    error = warning


def _parameters(options: DownloadOptions, messages: list[str]) -> dict[str, Any]:
    """Return yt-dlp's parameters."""
    parameters: dict[str, Any] = {
        "format": f"bestaudio[protocol~='{_PROTOCOLS}']/best[protocol~='{_PROTOCOLS}']",
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
        "js_runtimes": {name: {} for name in js_runtimes()} or {"deno": {}},
    }
    if options.cookies:  # a copy in memory, since yt-dlp writes its cookies back to the file
        try:
            parameters["cookiefile"] = io.StringIO(read_regular(options.cookies).decode())
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read the cookies {options.cookies}: {error}", "Export them again") from error
    if options.cookies_from_browser:
        browser, _, profile = options.cookies_from_browser.partition(":")
        parameters["cookiesfrombrowser"] = (browser, profile or None, None, None)
    return parameters
