"""Download: a URL becomes one media file, or a list of more URLs (playlist, channel, podcast feed). With yt-dlp.

Media lie in <cache>/downloads/<site>/<id>/, described by info.json, which is written last: a folder without it is
a download to be resumed. A URL fetched before needs no network. Only http and https are spoken, redirects included;
voicekit.network has the other limits. What a site says of its media may be anything, and is read as such.
"""

from __future__ import annotations

import contextlib
import functools
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from voicekit.errors import DownloadError, OutputError, UsageError, VoicekitError
from voicekit.redact import canonical
from voicekit.sources.site_info import display_url
from voicekit.storage.paths import cache_dir

if TYPE_CHECKING:
    from voicekit.sources.network_guard import Watch


RESUME = "Run the same command again: it resumes"
"""The remedy where what came so far is kept for the next try."""

_PROTOCOLS = r"^(https?|m3u8|m3u8_native|http_dash_segments)(\+|$)"


@dataclass(frozen=True)
class DownloadOptions:
    """`cookies`: a Netscape cookie file; `cookies_from_browser`: firefox, chrome ... as yt-dlp takes them.

    `timeout`: seconds of silence until a connection is given up; after four times as long, so is the download.
    """

    cookies: Path | None = None
    cookies_from_browser: str | None = None
    fresh: bool = False
    retries: int = 10
    timeout: float = 30.0


def youtube_hint(url: str) -> str | None:
    """What to install before YouTube will give sound; None if nothing is missing or it is not YouTube.

    Since 2025.11.12 yt-dlp needs a JavaScript runtime there; without one only storyboards are offered.
    """
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("music.")
    except ValueError:
        return None
    if host not in ("youtube.com", "youtu.be", "youtube-nocookie.com") or js_runtimes():
        return None
    return "YouTube needs a JavaScript runtime and none is installed: install deno (>= 2.3) or node (>= 22)"


@functools.cache
def js_runtimes() -> dict[str, str]:
    """The JavaScript runtimes here that yt-dlp can use: name and version."""
    from yt_dlp import YoutubeDL  # noqa: F401 - registers the runtimes
    from yt_dlp.globals import supported_js_runtimes

    found = {name: runtime().info for name, runtime in supported_js_runtimes.value.items() if runtime is not None}
    return {name: info.version for name, info in found.items() if info is not None and info.supported}


# yt-dlp's words, and what to do about them; the first that fits.
_REMEDIES = (
    (r"connection adapters|url scheme|No request handlers", "Only http and https are fetched, redirects included"),
    (
        r"not a bot|sign in|log ?in|private|members-only|age-restricted|confirm your age",
        "Pass your browser's cookies: --cookies-from-browser firefox",
    ),
    (r"JavaScript runtime|n challenge|Requested format is not available", "Install deno (>= 2.3), then try again"),
    (r"HTTP Error 40[34]|HTTP Error 410", "Check the address in a browser"),
    (r"Unsupported URL", "Give the address of the page or file that plays"),
    (r"resolve|getaddrinfo|Network is unreachable|Connection refused", "Check the network and the address"),
    (
        r"timed out|reset|closed|IncompleteRead|HTTP Error 5|bytes read|more expected",
        RESUME,
    ),
)


def _explained(text: str, url: str) -> VoicekitError:
    text = re.sub(r"\x1b\[[0-9;]*m", "", text).removeprefix("ERROR: ")
    text = text.partition("; please report this issue")[0].partition(" Use --cookies")[0].partition("(caused by")[0]
    text = canonical(text).strip()
    if re.search(r"No space left|quota exceeded|unable to (write|open for writing)", text, re.I):
        return OutputError(
            f"{display_url(url)}: {text}", "Free some space, `voicekit cache prune`, or set VOICEKIT_CACHE"
        )
    remedy = next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, text, re.I)), "")
    return DownloadError(f"{display_url(url)}: {text}", remedy or "Update yt-dlp: sites change often")


class Site:
    """yt-dlp at work on one URL."""

    def __init__(self, ydl: Any, watch: Watch, said: list[str]) -> None:
        self.ydl = ydl
        self.watch = watch
        self._said = said

    @property
    def skipped(self) -> str:
        """What it left out, in words; empty where it left out nothing."""
        count = len({found[0] for text in self._said if (found := re.search(r"Skipping fragment \d+", text))})
        return f"{count} pieces of the recording could not be fetched and are missing" if count else ""

    def ask(self, call: Callable[[Any], dict[str, Any]], url: str) -> dict[str, Any]:
        """`call(yt-dlp)`. Raises what it failed of, as ours."""
        try:
            info = call(self.ydl)
        except Exception as error:  # a site's extractor may fail in any way
            raise self._fault(url) or _explained(str(error), url) from error
        if fault := self._fault(url):
            raise fault
        if info is None:
            raise _explained(self._said[-1] if self._said else "nothing found", url)
        return info

    def _fault(self, url: str) -> VoicekitError | None:
        """The limit that was broken, with the address it happened at."""
        fault = self.watch.fault
        return type(fault)(f"{display_url(url)}: {fault.message}", fault.remedy) if fault else None


@contextlib.contextmanager
def open_ytdlp(options: DownloadOptions, named: str) -> Iterator[Site]:
    """yt-dlp for one URL; `named` is the address that the user gave."""
    from yt_dlp.utils import YoutubeDLError

    from voicekit.sources.network_guard import GuardedYoutubeDL, Watch

    said: list[str] = []

    class Log:
        def debug(self, text: str) -> None:
            if "Skipping fragment" in text:
                said.append(text)

        info = debug

        def warning(self, text: str) -> None:
            said.append(text)

        error = warning

    parameters: dict[str, Any] = {
        "format": f"bestaudio[protocol~='{_PROTOCOLS}']/best[protocol~='{_PROTOCOLS}']",
        "extract_flat": "in_playlist",
        "quiet": True,
        "noprogress": True,
        "logger": Log(),
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
        "updatetime": False,
        "allowed_extractors": ["default"],
        "js_runtimes": {name: {} for name in js_runtimes()} or {"deno": {}},
    }
    if options.cookies:  # a copy in memory: yt-dlp writes its cookies back to the file it was given
        try:
            parameters["cookiefile"] = io.StringIO(options.cookies.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read the cookies {options.cookies}: {error}", "Export them again") from error
    if options.cookies_from_browser:
        browser, _, profile = options.cookies_from_browser.partition(":")
        parameters["cookiesfrombrowser"] = (browser, profile or None, None, None)
    watch = Watch(named, cache_dir(), options.timeout, RESUME)
    try:
        ydl = GuardedYoutubeDL(parameters, watch)
        _ = ydl.cookiejar  # read now, since yt-dlp reads it even to end
    except (YoutubeDLError, OSError, ValueError) as error:
        reason = re.sub(r"<_io[^>]*>", str(options.cookies), str(error.__context__ or error))
        raise UsageError(f"the cookies cannot be used: {reason}", "Export them as a Netscape cookie file") from error
    with ydl:
        yield Site(ydl, watch, said)
