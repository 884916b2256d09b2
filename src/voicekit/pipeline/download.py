"""Download: a URL becomes one media file, or a list of more URLs (playlist, channel, podcast feed). With yt-dlp.

Media lie in <cache>/downloads/<site>/<id>/, described by info.json, which is written last: a folder without it is
a download to be resumed. A URL fetched before needs no network. Only http and https are spoken, redirects included;
voicekit.network has the other limits. What a site says of its media may be anything, and is read as such.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import math
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from voicekit.audio import probe
from voicekit.errors import DownloadError, MediaError, OutputError, UsageError, VoicekitError, without_secrets
from voicekit.workspace import Hold, cache_dir, cannot_write, digest, hold, locked, now, safe_name, write_json

if TYPE_CHECKING:
    from voicekit.network import Watch

INFO = "info.json"

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


@dataclass(frozen=True)
class Fetched:
    """A media file and what its site says of it.

    `identity` is `<extractor>:<id>`; `info` goes to run.json; `cached`: it was here already. While `held` lives,
    `voicekit cache clear` leaves the file alone.
    """

    path: Path
    title: str
    identity: str
    info: dict[str, Any] = field(default_factory=dict)
    cached: bool = field(default=True, compare=False)
    held: Hold | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Listed:
    """One entry of a playlist: what `fetch` takes for it, and its title there."""

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
        url: http or https, or the url of a `Listed`.
        options: Cookies; `fresh` to fetch again.
        title: What a playlist calls it, where the media itself has no better name.
        progress: Called with the share done.
        note: Told, in words, what may keep this from working.

    Raises:
        DownloadError: with yt-dlp's reason and what to do about it.
        MediaError: what came is no sound.
        OutputError: the cache cannot be written, or the disk is full.
    """
    known = cache_dir() / "downloads" / "urls" / f"{digest(url)[:40]}.json"
    if not options.fresh and (have := _remembered(known)):
        return have
    url, entry = _unmarked(url)
    if note and (hint := youtube_hint(url)):
        note(hint)
    named = entry.get("named") or url
    with _ydl(options, named) as site:
        try:
            info = site.ask(lambda ydl: ydl.extract_info(entry.get("id") or url, False, entry.get("ie_key")), url)
        except DownloadError as error:
            if listed := _remembered_list(known):
                if note:
                    note(f"the list could not be fetched again ({error.message}): using the one of {listed[0]}")
                return listed[1]
            raise
        if info.get("_type") in ("playlist", "multi_video"):
            listed_now = entries(info, named)
            write_json(known, {"date": now(), "entries": [vars(entry) for entry in listed_now]})
            return listed_now
        if info.get("is_live") or info.get("live_status") in ("is_live", "is_upcoming"):
            raise DownloadError(f"{_plain(url)} is live and has no end", "Wait until it is over")
        folder = _folder(info, url)
        with locked(folder):
            have = None if options.fresh else _load(folder)
            if have is None:
                _empty(folder, all_of_it=options.fresh)
                have = _download(site, info, folder, title, url, progress)
            if note and site.skipped:
                note(site.skipped)
    write_json(known, {"folder": folder.relative_to(cache_dir()).as_posix()})
    return have


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


def entries(info: dict[str, Any], named: str) -> list[Listed]:
    """The entries of yt-dlp's playlist `info`; each keeps how to resolve it, and which server the user `named`."""
    server = _server(named)
    found = []
    for entry in _rows(info.get("entries")):
        address, by_id = _address(entry)
        title = _text(entry.get("title")) or unquote(PurePosixPath(_plain(address).partition("?")[0]).stem)
        found.append(Listed(_marked(server if by_id else address, {"named": server, **by_id}), title))
    return found


def describe(info: dict[str, Any], url: str, title: str) -> dict[str, Any]:
    """What run.json keeps of yt-dlp's info: who, what, when, where, chapters."""
    generic = info.get("extractor_key") == "Generic"
    own = _text(info.get("title"))
    chapters = [
        {"start": _number(c.get("start_time")), "end": _number(c.get("end_time")), "title": _text(c.get("title"))}
        for c in _rows(info.get("chapters"))
    ]
    date = _text(info.get("upload_date")) or ""
    return {
        "title": (title if generic and title else own) or title or "untitled",
        "uploader": _text(info.get("uploader")) or _text(info.get("channel")),
        "date": f"{date[:4]}-{date[4:6]}-{date[6:]}" if re.fullmatch(r"[0-9]{8}", date) else None,
        "chapters": chapters,
        "url": _plain(_text(info.get("webpage_url")) or url),
        "extractor": _text(info.get("extractor_key")),
        "id": _text(info.get("id")),
    }


def canonical(text: str) -> str:
    """`text` with every URL in it as it names its page: without what opens it, a password, a token, a signature."""

    def named(found: re.Match[str]) -> str:
        kept = re.sub(r"(?<=[?&;#])([^=&#;?]+)=[^&#;]*&?", lambda m: "" if _opens(m[1]) else m[0], found[0])
        return re.sub(r"[?&#]+$|[?&]+(?=#)", "", kept) if kept != found[0] else kept

    return re.sub(r"https?://\S+", named, without_secrets(text), flags=re.I)


def _opens(name: str) -> bool:
    """Whether a value of a query, by its name, is a secret."""
    name = unquote(name).lower()
    words = re.split(r"[^a-z]+", name)
    return bool(
        re.search(r"token|signature|passw|secret|credential|api_?key|access_?key|auth_?key|jwt", name)
        or {"sig", "sign", "key", "auth", "authorization", "pwd", "pass", "hmac", "session", "sid"} & set(words)
    )


def _download(
    site: _Site, info: dict[str, Any], folder: Path, title: str, url: str, progress: Callable[[float], None] | None
) -> Fetched:
    def hook(status: dict[str, Any]) -> None:
        total = status.get("total_bytes") or status.get("total_bytes_estimate")
        if progress and total:
            progress(min(1.0, (status.get("downloaded_bytes") or 0) / total))

    site.ydl.params["outtmpl"] = {"default": str(folder).replace("%", "%%") + "/media.%(ext)s"}
    site.ydl.add_progress_hook(hook)
    try:
        done = site.ask(lambda ydl: ydl.process_ie_result(info, download=True), url)
        files = [Path(d["filepath"]) for d in done.get("requested_downloads") or [] if d.get("filepath")]
        if not files or not files[0].is_file():
            raise DownloadError(
                f"nothing was downloaded from {_plain(url)}", "Check that it plays in a browser without signing in"
            )
        _check(files[0], url)
        described = describe(done, url, title)
        identity = _identity(info, url)
        write_json(folder / INFO, {"file": files[0].name, "identity": identity, "info": described})
    except BaseException as error:
        if isinstance(error, VoicekitError) and error.remedy != RESUME:
            shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.rmdir()  # where nothing came
        raise
    return Fetched(files[0], described["title"], identity, described, False, hold(folder, shared=True))


def _check(path: Path, url: str) -> None:
    """Raises MediaError where a site sent a page, or what else is no sound, so that it is not taken for it again."""
    try:
        probe(path)
    except MediaError as error:
        raise MediaError(
            f"{_plain(url)}: what came is no sound ({error.message})",
            "Check in a browser that it plays without signing in",
        ) from error


def _folder(info: dict[str, Any], url: str) -> Path:
    site = safe_name(_text(info.get("extractor_key")) or "")
    return cache_dir() / "downloads" / site / digest(_identity(info, url))[:40]


def _empty(folder: Path, all_of_it: bool) -> None:
    """Make the folder for a download that begins, or goes on."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # yt-dlp cannot tell whether a killed process had noted the last fragment it wrote, and may write it twice.
        for old in folder.glob("*" if all_of_it or any(folder.glob("*.ytdl")) else INFO):
            old.unlink()
    except OSError as error:
        raise cannot_write(folder, error) from error


def _address(entry: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Where a playlist's entry is: its page, or what the list says, which may be no address at all; and where yt-dlp
    knows it by its id alone, that and the extractor to ask."""
    places = [_text(entry.get(key)) or "" for key in ("url", "webpage_url", "original_url")]
    address = next((place for place in places if place.startswith(("http://", "https://"))), places[0])
    name, extractor = address or _text(entry.get("id")), _text(entry.get("ie_key"))
    if name and extractor and "://" not in name:
        return address, {"id": name, "ie_key": extractor}
    return address, {}


# What is kept of an entry, behind its address: `fetch` is given the address alone, by whoever goes through the list.
_MARK = "#voicekit-entry="


def _marked(url: str, kept: dict[str, str]) -> str:
    return url + _MARK + quote(json.dumps(kept)) if url.startswith(("http://", "https://")) else url


def _unmarked(url: str) -> tuple[str, dict[str, str]]:
    """A URL, and what `entries` kept with it. The last mark counts: those before it are the page's own invention."""
    address, mark, kept = url.rpartition(_MARK)
    with contextlib.suppress(ValueError, RecursionError):
        if mark and isinstance(value := json.loads(unquote(kept)), dict):
            return address, {str(name): str(text) for name, text in value.items()}
    return url, {}


def _server(url: str) -> str:
    """The address of the server a URL leads to, without a password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"


def _identity(info: dict[str, Any], url: str) -> str:
    """`<extractor>:<id>`; for plain files, whose id is only their name, with a hash of the address.

    Of the whole address but for a password: `?key=` may open a file, and may as well name it.
    """
    name = f"{_text(info.get('extractor_key'))}:{_text(info.get('id'))}"
    generic = info.get("extractor_key") == "Generic"
    return f"{name}:{digest(without_secrets(_unsmuggled(url)))[:12]}" if generic else name


def _plain(url: str) -> str:
    """As it may be shown and kept."""
    return canonical(_unsmuggled(url))


def _unsmuggled(url: str) -> str:
    """Without what yt-dlp smuggles from a feed to its items."""
    return url.partition("#__youtubedl_smuggle")[0].partition(_MARK)[0]


def _rows(value: Any) -> list[dict[str, Any]]:
    """The objects in a list of a site's."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list | tuple) else []


def _text(value: Any) -> str | None:
    """A text or number of a site's as valid Unicode; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).encode("utf-8", "replace").decode()


def _number(value: Any) -> float | None:
    """A number that JSON can hold; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def fetched_before(extractor: str, identity: str) -> Fetched | None:
    """The media that a run was made of, by what run.json says of it; None where it is not in the cache any more."""
    return _load(cache_dir() / "downloads" / safe_name(extractor) / digest(identity)[:40])


def _remembered(known: Path) -> Fetched | None:
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
        return _load(cache_dir() / json.loads(known.read_text(encoding="utf-8"))["folder"])
    return None


def _remembered_list(known: Path) -> tuple[str, list[Listed]] | None:
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
        kept = json.loads(known.read_text(encoding="utf-8"))
        return str(kept["date"]), [Listed(str(entry["url"]), str(entry["title"])) for entry in kept["entries"]]
    return None


def _load(folder: Path) -> Fetched | None:
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
        held = hold(folder, shared=True, wait=True)
        kept = json.loads((folder / INFO).read_text(encoding="utf-8"))
        path = folder / Path(kept["file"]).name
        if held and path.is_file():
            return Fetched(path, str(kept["info"]["title"]), str(kept["identity"]), dict(kept["info"]), held=held)
    return None


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
        return OutputError(f"{_plain(url)}: {text}", "Free some space, `voicekit cache prune`, or set VOICEKIT_CACHE")
    remedy = next((remedy for pattern, remedy in _REMEDIES if re.search(pattern, text, re.I)), "")
    return DownloadError(f"{_plain(url)}: {text}", remedy or "Update yt-dlp: sites change often")


class _Site:
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
        return type(fault)(f"{_plain(url)}: {fault.message}", fault.remedy) if fault else None


@contextlib.contextmanager
def _ydl(options: DownloadOptions, named: str) -> Iterator[_Site]:
    """yt-dlp for one URL; `named` is the address that the user gave."""
    from yt_dlp.utils import YoutubeDLError

    from voicekit.network import GuardedYoutubeDL, Watch

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
        yield _Site(ydl, watch, said)
