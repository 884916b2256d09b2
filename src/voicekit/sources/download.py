"""Download a URL with yt-dlp: one media file, or the entries of a playlist, channel or podcast feed.

Media are kept in <cache>/downloads/<site>/<id>/. info.json is written last, so a folder without it is a download to be
resumed. URLs that were fetched before need no network. Only http and https are allowed, for redirects too;
`network_guard` has the other limits. Everything a site says about its media is untrusted.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from voicekit.audio.probe import probe
from voicekit.errors import DownloadError, MediaError, VoicekitError
from voicekit.redact import without_userinfo
from voicekit.sources.failures import RESUME
from voicekit.sources.feeds import feed_entries
from voicekit.sources.metadata import SourceMetadata, current_record
from voicekit.sources.playlist import PlaylistEntry, playlist_entries, unmark_entry
from voicekit.sources.site_info import display_url, text_field, unsmuggle
from voicekit.sources.youtube import outdated_warning_once, youtube_hint
from voicekit.sources.ytdlp import DownloadOptions, Site, open_ytdlp
from voicekit.storage.files import digest, utc_now, write_json
from voicekit.storage.locks import PathLock, lock_path, locked
from voicekit.storage.paths import cache_dir, safe_name
from voicekit.storage.write_errors import cannot_write

INFO = "info.json"

# What reading a damaged or foreign JSON file can raise.
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, RecursionError)


@dataclass(frozen=True)
class FetchedMedia:
    """A downloaded media file.

    Attributes:
        path: The file, in the cache.
        title: As given by the site or the playlist.
        identity: `<extractor>:<id>`.
        info: What run.json keeps of it; see `describe`.
        cached: Whether it had been downloaded before.
        lock: While it lives, `voicekit cache clear` does not remove the file.
    """

    path: Path
    title: str
    identity: str
    info: dict[str, Any] = field(default_factory=dict)
    cached: bool = field(default=True, compare=False)
    lock: PathLock | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class _Request:
    """One call of `fetch`. `entry`: data of a playlist entry, see `unmark_entry`; `index`: file about the URL."""

    url: str
    entry: dict[str, str]
    title: str
    options: DownloadOptions
    index: Path
    progress: Callable[[float], None] | None
    warn: Callable[[str], None]

    @property
    def user_url(self) -> str:
        return self.entry.get("named") or self.url


def fetch(
    url: str,
    options: DownloadOptions,
    title: str = "",
    progress: Callable[[float], None] | None = None,
    warn: Callable[[str], None] = lambda text: None,
    listed: SourceMetadata | None = None,
) -> FetchedMedia | list[PlaylistEntry]:
    """Download the media behind a URL, unless the cache has it, or list the entries of the playlist behind it.

    Args:
        url: http or https, or the URL of a `PlaylistEntry`.
        options: Cookies; `fresh` to download again.
        title: Title in the playlist, used if the media has none.
        progress: Called with the share done, 0 to 1.
        warn: Called with warnings.
        listed: What the feed says about the entry; fills what the site leaves out.

    Raises:
        DownloadError: With the reason and what to do about it.
        MediaError: The download is not audio.
        OutputError: The cache cannot be written, or the disk is full.
    """
    index = cache_dir() / "downloads" / "urls" / f"{digest(url)[:40]}.json"
    cached = None if options.fresh else _indexed_media(index)
    fetched = cached or _fetch(_Request(*unmark_entry(url), title, options, index, progress, warn))
    return _with_metadata(fetched, listed) if listed and isinstance(fetched, FetchedMedia) else fetched


def _fetch(request: _Request) -> FetchedMedia | list[PlaylistEntry]:
    url, entry, index = request.url, request.entry, request.index
    if hint := youtube_hint(url):
        request.warn(hint)
    with open_ytdlp(request.options, request.user_url) as site:
        try:
            if not entry and (items := feed_entries(site, url, request.user_url, request.warn)) is not None:
                return _store_playlist(index, items)
            if not site.is_generic(url) and (warning := outdated_warning_once()):
                request.warn(warning)
            fetched = site.try_clients(lambda: _fetch_from_site(site, request))
        except DownloadError as error:
            if playlist := _indexed_playlist(index):
                date, entries = playlist
                request.warn(f"the playlist could not be read again ({error.message}): using the one of {date}")
                return entries
            raise
    if not isinstance(fetched, FetchedMedia):
        return _store_playlist(index, fetched)
    write_json(index, {"folder": fetched.path.parent.relative_to(cache_dir()).as_posix()})
    return fetched


def _fetch_from_site(site: Site, request: _Request) -> FetchedMedia | list[PlaylistEntry]:
    """Read the site's page and download the media, unless the cache has them."""
    url, entry = request.url, request.entry
    info = site.call(lambda ydl: ydl.extract_info(entry.get("id") or url, False, entry.get("ie_key")), url)
    if info.get("_type") in ("playlist", "multi_video"):
        return playlist_entries(info, request.user_url)
    if info.get("is_live") or info.get("live_status") in ("is_live", "is_upcoming"):
        raise DownloadError(f"{display_url(url)} is a live stream", "Wait until it is over")
    folder = _folder(info, url)
    with locked(folder):
        media = None if request.options.fresh else _load(folder)
        if media is None:
            _prepare_folder(folder, discard=request.options.fresh)
            media = _download(site, info, folder, request.title, url, request.progress)
        if site.skipped:
            request.warn(site.skipped)
    return media


def describe(info: dict[str, Any], url: str, title: str) -> dict[str, Any]:
    """Return what run.json keeps of yt-dlp's result.

    Args:
        info: The result.
        url: What was downloaded.
        title: In the playlist; it counts more than the name of a plain file.

    Returns:
        title, url, extractor, id, and metadata as `SourceMetadata.to_json` returns them.
    """
    generic = info.get("extractor_key") == "Generic"
    metadata = SourceMetadata.from_site(info)
    title = (title if generic and title else metadata.title) or title or "untitled"
    return {
        "title": title,
        "url": display_url(text_field(info.get("webpage_url")) or url),
        "extractor": text_field(info.get("extractor_key")),
        "id": text_field(info.get("id")),
        "metadata": replace(metadata, title=title).to_json(),
    }


def _with_metadata(media: FetchedMedia, listed: SourceMetadata) -> FetchedMedia:
    metadata = SourceMetadata.from_json(media.info["metadata"]).or_else(listed)
    return replace(media, info={**media.info, "metadata": metadata.to_json()})


def _download(
    site: Site, info: dict[str, Any], folder: Path, title: str, url: str, progress: Callable[[float], None] | None
) -> FetchedMedia:
    def hook(status: dict[str, Any]) -> None:
        total = status.get("total_bytes") or status.get("total_bytes_estimate")
        if progress and total:
            progress(min(1.0, (status.get("downloaded_bytes") or 0) / total))

    site.ydl.params["outtmpl"] = {"default": str(folder).replace("%", "%%") + "/media.%(ext)s"}
    site.ydl.add_progress_hook(hook)
    try:
        result = site.call(lambda ydl: ydl.process_ie_result(info, download=True), url)
        files = [Path(d["filepath"]) for d in result.get("requested_downloads") or [] if d.get("filepath")]
        if not files or not files[0].is_file():
            raise DownloadError(
                f"nothing was downloaded from {display_url(url)}", "Check that it plays in a browser without signing in"
            )
        _check_audio(files[0], url)
        about = describe(result, url, title)
        identity = _identity(info, url)
        write_json(folder / INFO, {"file": files[0].name, "identity": identity, "info": about})
    except BaseException as error:
        if isinstance(error, VoicekitError) and error.remedy != RESUME:
            shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.rmdir()  # if nothing was downloaded
        raise
    return FetchedMedia(files[0], about["title"], identity, about, False, lock_path(folder, shared=True))


def _check_audio(path: Path, url: str) -> None:
    """Raise MediaError if the site sent something else than audio, such as a web page."""
    try:
        probe(path)
    except MediaError as error:
        raise MediaError(
            f"{display_url(url)}: the download is not audio ({error.message})",
            "Check in a browser that it plays without signing in",
        ) from error


def _folder(info: dict[str, Any], url: str) -> Path:
    site = safe_name(text_field(info.get("extractor_key")) or "")
    return cache_dir() / "downloads" / site / digest(_identity(info, url))[:40]


def _prepare_folder(folder: Path, discard: bool) -> None:
    """Create the folder of a new or resumed download. `discard`: delete what was downloaded before."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Downloads in fragments (*.ytdl) are not resumed: if a killed process had written a fragment without recording
        # it, yt-dlp would write it twice.
        for old in folder.glob("*" if discard or any(folder.glob("*.ytdl")) else INFO):
            old.unlink()
    except OSError as error:
        raise cannot_write(folder, error) from error


def _identity(info: dict[str, Any], url: str) -> str:
    """Return `<extractor>:<id>`; for plain files, whose id is only their name, with a hash of the URL.

    The hash covers the query too, since parameters such as `?key=` may select the file. Only passwords are left out.
    """
    name = f"{text_field(info.get('extractor_key'))}:{text_field(info.get('id'))}"
    generic = info.get("extractor_key") == "Generic"
    return f"{name}:{digest(without_userinfo(unsmuggle(url)))[:12]}" if generic else name


def find_fetched(extractor: str, identity: str) -> FetchedMedia | None:
    """Return the media of a run by the extractor and identity in run.json; None if the cache no longer has it."""
    return _load(cache_dir() / "downloads" / safe_name(extractor) / digest(identity)[:40])


def _indexed_media(index: Path) -> FetchedMedia | None:
    with contextlib.suppress(*_UNREADABLE):
        return _load(cache_dir() / json.loads(index.read_text(encoding="utf-8"))["folder"])
    return None


def _store_playlist(index: Path, entries: list[PlaylistEntry]) -> list[PlaylistEntry]:
    write_json(index, {"date": utc_now(), "entries": [entry.to_json() for entry in entries]})
    return entries


def _indexed_playlist(index: Path) -> tuple[str, list[PlaylistEntry]] | None:
    """Return the date and the entries of a playlist that was read before."""
    with contextlib.suppress(*_UNREADABLE):
        stored = json.loads(index.read_text(encoding="utf-8"))
        return str(stored["date"]), [PlaylistEntry.from_json(entry) for entry in stored["entries"]]
    return None


def _load(folder: Path) -> FetchedMedia | None:
    with contextlib.suppress(*_UNREADABLE):
        lock = lock_path(folder, shared=True, wait=True)
        stored = json.loads((folder / INFO).read_text(encoding="utf-8"))
        path = folder / Path(stored["file"]).name
        if lock and path.is_file():
            info = current_record(dict(stored["info"]))
            return FetchedMedia(path, str(info["title"]), str(stored["identity"]), info, lock=lock)
    return None
