"""Download: a URL becomes one media file, or a list of more URLs (playlist, channel, podcast feed). With yt-dlp.

Media lie in <cache>/downloads/<site>/<id>/, described by info.json, which is written last: a folder without it is
a download to be resumed. A URL fetched before needs no network. Only http and https are spoken, redirects included.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock

from voicekit.errors import DownloadError, without_secrets
from voicekit.workspace import cache_dir, digest, now, safe_name, write_json

INFO = "info.json"

_PROTOCOLS = r"^(https?|m3u8|m3u8_native|http_dash_segments)(\+|$)"


@dataclass(frozen=True)
class DownloadOptions:
    """`cookies`: a Netscape cookie file; `cookies_from_browser`: firefox, chrome ... as yt-dlp takes them."""

    cookies: Path | None = None
    cookies_from_browser: str | None = None
    fresh: bool = False
    retries: int = 10


@dataclass(frozen=True)
class Fetched:
    """A media file and what its site says of it.

    `identity` is `<extractor>:<id>`; `info` goes to run.json; `cached`: it was here already.
    """

    path: Path
    title: str
    identity: str
    info: dict[str, Any] = field(default_factory=dict)
    cached: bool = field(default=True, compare=False)


@dataclass(frozen=True)
class Listed:
    """One entry of a playlist: where it is, and its title there."""

    url: str
    title: str


def fetch(
    url: str,
    options: DownloadOptions,
    title: str = "",
    progress: Callable[[float], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> Fetched | list[Listed]:
    """The media behind `url`, fetched unless it was before, or the entries of the playlist behind it.

    Args:
        url: http or https.
        options: Cookies; `fresh` to fetch again.
        title: What a playlist calls it, where the media itself has no better name.
        progress: Called with the share done.
        note: Told, in words, what may keep this from working.

    Raises:
        DownloadError: with yt-dlp's reason and what to do about it.
    """
    known = cache_dir() / "downloads" / "urls" / f"{digest(url)[:40]}.json"
    if not options.fresh and (have := _remembered(known)):
        return have
    if note and (hint := youtube_hint(url)):
        note(hint)
    said: list[str] = []
    with _ydl(options, said) as ydl:
        try:
            info = _ask(lambda: ydl.extract_info(url, download=False), url, said)
        except DownloadError as error:
            if listed := _remembered_list(known):
                if note:
                    note(f"the list could not be fetched again ({error.message}): using the one of {listed[0]}")
                return listed[1]
            raise
        if info.get("_type") in ("playlist", "multi_video"):
            entries = [e for e in info.get("entries") or [] if e]
            listed_now = [Listed(_address(e), e.get("title") or "") for e in entries]
            write_json(known, {"date": now(), "entries": [vars(entry) for entry in listed_now]})
            return listed_now
        if info.get("is_live") or info.get("live_status") in ("is_live", "is_upcoming"):
            raise DownloadError(f"{_plain(url)} is live and has no end", "Wait until it is over")
        identity = _identity(info, url)
        folder = cache_dir() / "downloads" / safe_name(info["extractor_key"]) / digest(identity)[:40]
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            have = None if options.fresh else _load(folder)
            if have is None:
                (folder / INFO).unlink(missing_ok=True)
                for old in folder.glob("media*") if options.fresh else ():
                    old.unlink()
                have = _download(ydl, info, folder, identity, title, url, progress, said)
    write_json(known, {"folder": folder.relative_to(cache_dir()).as_posix()})
    return have


def youtube_hint(url: str) -> str | None:
    """What to install before YouTube will give sound; None if nothing is missing or it is not YouTube.

    Since 2025.11.12 yt-dlp needs a JavaScript runtime there; without one only storyboards are offered.
    """
    host = (urlsplit(url).hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("music.")
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


def _download(
    ydl: Any, info: dict[str, Any], folder: Path, identity: str, title: str, url: str, progress: Any, said: list[str]
) -> Fetched:
    def hook(status: dict[str, Any]) -> None:
        total = status.get("total_bytes") or status.get("total_bytes_estimate")
        if progress and total:
            progress(min(1.0, (status.get("downloaded_bytes") or 0) / total))

    ydl.params["outtmpl"] = {"default": str(folder).replace("%", "%%") + "/media.%(ext)s"}
    ydl.add_progress_hook(hook)
    done = _ask(lambda: ydl.process_ie_result(info, download=True), url, said)
    files = [Path(d["filepath"]) for d in done.get("requested_downloads") or [] if d.get("filepath")]
    if not files or not files[0].is_file():
        raise DownloadError(f"nothing was downloaded from {url}", "Check that it plays in a browser without signing in")
    described = _describe(done, url, title)
    fetched = Fetched(files[0], described["title"], identity, described, cached=False)
    write_json(folder / INFO, {"file": files[0].name, "identity": identity, "info": described})
    return fetched


def _describe(info: dict[str, Any], url: str, title: str) -> dict[str, Any]:
    """What run.json keeps of yt-dlp's info: who, what, when, where, chapters."""
    generic = info.get("extractor_key") == "Generic"
    chapters = [
        {"start": c.get("start_time"), "end": c.get("end_time"), "title": c.get("title")}
        for c in info.get("chapters") or []
    ]
    date = info.get("upload_date") or ""
    return {
        "title": (title if generic and title else info.get("title")) or title or "untitled",
        "uploader": info.get("uploader") or info.get("channel"),
        "date": f"{date[:4]}-{date[4:6]}-{date[6:]}" if re.fullmatch(r"\d{8}", date) else None,
        "chapters": chapters,
        "url": _plain(info.get("webpage_url") or url),
        "extractor": info.get("extractor_key"),
        "id": info.get("id"),
    }


def _address(entry: dict[str, Any]) -> str:
    """Where a playlist's entry is: its page, or what the list itself says, which may be no address at all."""
    places = [str(entry.get(key) or "") for key in ("url", "webpage_url", "original_url")]
    return next((place for place in places if place.startswith(("http://", "https://"))), places[0])


def _identity(info: dict[str, Any], url: str) -> str:
    """`<extractor>:<id>`; for plain files, whose id is only their name, with a hash of the address."""
    name = f"{info['extractor_key']}:{info['id']}"
    return f"{name}:{digest(_plain(url))[:12]}" if info["extractor_key"] == "Generic" else name


def _plain(url: str) -> str:
    """Without what yt-dlp smuggles from a feed to its items, and without a password."""
    return without_secrets(url.partition("#__youtubedl_smuggle")[0])


def _remembered(known: Path) -> Fetched | None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        return _load(cache_dir() / json.loads(known.read_text(encoding="utf-8"))["folder"])
    return None


def _remembered_list(known: Path) -> tuple[str, list[Listed]] | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(known.read_text(encoding="utf-8"))
        return kept["date"], [Listed(**entry) for entry in kept["entries"]]
    return None


def _load(folder: Path) -> Fetched | None:
    with contextlib.suppress(OSError, ValueError, KeyError):
        kept = json.loads((folder / INFO).read_text(encoding="utf-8"))
        path = folder / kept["file"]
        if path.is_file():
            return Fetched(path, kept["info"]["title"], kept["identity"], kept["info"])
    return None


def _ask(call: Callable[[], dict[str, Any]], url: str, said: list[str]) -> dict[str, Any]:
    from yt_dlp.utils import YoutubeDLError

    try:
        info = call()
    except (YoutubeDLError, OSError, ValueError) as error:
        raise _explained(str(error), url) from error
    if info is None:
        raise _explained(said[-1] if said else "nothing found", url)
    return info


# yt-dlp's words, and what to do about them; the first that fits.
_REMEDIES = (
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
        "Run the same command again: it resumes",
    ),
    (r"connection adapters|url scheme|No request handlers", "Only http and https are fetched, redirects included"),
)


def _explained(text: str, url: str) -> DownloadError:
    text = re.sub(r"\x1b\[[0-9;]*m", "", text).removeprefix("ERROR: ")
    text = text.partition("; please report this issue")[0].partition(" Use --cookies")[0].partition("(caused by")[0]
    remedy = next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, text, re.I)), "")
    return DownloadError(f"{_plain(url)}: {text.strip()}", remedy or "Update yt-dlp: sites change often")


@contextlib.contextmanager
def _ydl(options: DownloadOptions, said: list[str]) -> Iterator[Any]:
    from yt_dlp import YoutubeDL

    class HttpOnly(YoutubeDL):  # type: ignore[misc]
        """yt-dlp with the one network handler that speaks http and https and nothing else."""

        def build_request_director(self, handlers: Any, preferences: Any = None) -> Any:
            return super().build_request_director([h for h in handlers if h.RH_KEY == "Requests"], preferences)

    class Log:
        def debug(self, text: str) -> None:
            pass

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
        "socket_timeout": 30,
        "fixup": "never",
        "cachedir": False,
        "hls_prefer_native": True,
        "external_downloader": {"default": "native"},
        "updatetime": False,
        "allowed_extractors": ["default"],
        "js_runtimes": {name: {} for name in js_runtimes()} or {"deno": {}},
    }
    if options.cookies:  # a copy in memory: yt-dlp writes its cookies back to the file it was given
        parameters["cookiefile"] = io.StringIO(options.cookies.read_text(encoding="utf-8"))
    if options.cookies_from_browser:
        browser, _, profile = options.cookies_from_browser.partition(":")
        parameters["cookiesfrombrowser"] = (browser, profile or None, None, None)
    with HttpOnly(parameters) as ydl:
        yield ydl
