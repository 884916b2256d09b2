"""Download a site's own subtitles, within the network limits of media. They are kept next to the media in the cache."""

from __future__ import annotations

import contextlib
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicekit.errors import DownloadError
from voicekit.sources.metadata import NOT_SPEECH
from voicekit.sources.playlist import unmark_entry
from voicekit.sources.site_info import display_url, list_field, text_field
from voicekit.sources.ytdlp import PROTOCOLS, DownloadOptions, Site, open_ytdlp
from voicekit.storage.files import atomic_write
from voicekit.text.languages import UNKNOWN, base_language, same_language

MAX_BYTES = 16 << 20
"""Largest subtitle file."""

MAX_TRAFFIC = 256e6
"""Most bytes to receive for it: the site's pages, its player script, and fragments of the subtitles."""

_FORMATS = ("vtt", "srt")


@dataclass(frozen=True)
class SiteSubtitles:
    """Downloaded subtitles.

    Attributes:
        path: .vtt or .srt file in the cache.
        language: The site's code for it, reduced to letters, digits and dashes.
        automatic: Whether they were made by speech recognition.
    """

    path: Path
    language: str
    automatic: bool


@dataclass(frozen=True)
class _Track:
    """One track of a site. `file`: yt-dlp's object with `ext`, and `url` or `data`."""

    language: str
    automatic: bool
    file: dict[str, Any]


def fetch_subtitles(url: str, folder: Path, language: str, options: DownloadOptions) -> SiteSubtitles | None:
    """Download the site's subtitles in a language, those made by people first; None if it has none.

    Args:
        url: Of the recording, as `fetch` was given it.
        folder: Of the media in the cache.
        language: BCP-47; und accepts any.
        options: As for the media.

    Raises:
        VoicekitError: The site cannot be read, or the subtitles cannot be downloaded.
    """
    if not options.fresh and (cached := _cached(folder, language)):
        return cached
    url, entry = unmark_entry(url)
    with open_ytdlp(options, entry.get("named") or url, MAX_TRAFFIC) as site:
        site.ydl.params["ignore_no_formats_error"] = True
        info = site.try_clients(
            lambda: site.call(lambda ydl: ydl.extract_info(entry.get("id") or url, False, entry.get("ie_key")), url)
        )
        track = choose_track(info, language)
        if track is None:
            return None
        content = _download(site, track, info, url)
    path = folder / f"site.{track.language}{'.auto' if track.automatic else ''}.{track.file['ext']}"
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
    return SiteSubtitles(path, track.language, track.automatic)


def choose_track(info: dict[str, Any], language: str) -> _Track | None:
    """Return the track of yt-dlp's result that fits a language best, manual before automatic; None without one."""
    for automatic, key in ((False, "subtitles"), (True, "automatic_captions")):
        container = info.get(key)
        rows = container.items() if isinstance(container, dict) else ()
        files = {str(name): file for name, row in rows if name not in NOT_SPEECH and (file := _best_file(row))}
        only_unknown = set(files) == {UNKNOWN} and not automatic
        ranks = {name: 0 if only_unknown else _rank(name, language) for name in files}
        fitting = {name: rank for name, rank in ranks.items() if rank is not None}
        if fitting:
            best = min(fitting, key=lambda name: fitting[name])
            code = re.sub(r"[^A-Za-z0-9-]", "", best.removesuffix("-orig"))[:20]
            return _Track(code or UNKNOWN, automatic, files[best])
    return None


def _rank(name: str, language: str) -> int | None:
    """Return how well a track's name fits a language: 0 is best, None does not fit."""
    code = name.removesuffix("-orig").replace("_", "-")
    if code.lower() == language.lower():
        return 0 if name == code else -1  # YouTube marks the original of translated captions
    with contextlib.suppress(ValueError):
        if same_language(code, language):
            return 1
    return 2 if language == UNKNOWN or base_language(code) == base_language(language) else None


def _best_file(rows: Any) -> dict[str, Any] | None:
    """Return the file in the first format that can be read; yt-dlp lists the best last."""
    from yt_dlp.utils import determine_protocol

    files: list[dict[str, Any]] = list_field(rows)[::-1]
    for extension in _FORMATS:
        for file in files:
            if file.get("ext") != extension:
                continue
            address = text_field(file.get("url")) or ""
            if isinstance(file.get("data"), str):
                return file
            if address.startswith(("http://", "https://")) and re.match(PROTOCOLS, determine_protocol(file)):
                return file
    return None


def _download(site: Site, track: _Track, info: dict[str, Any], url: str) -> bytes:
    """Return the content of a subtitle file."""
    data = track.file.get("data")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"subtitles.{track.file['ext']}"
        if isinstance(data, str):
            path.write_bytes(data.encode("utf-8", "replace"))
        else:
            file = {**track.file, "http_headers": track.file.get("http_headers") or info.get("http_headers")}
            site.call(lambda ydl: ydl.dl(str(path), file, subtitle=True), url)
        if not path.is_file():
            raise DownloadError(f"{display_url(url)}: the subtitles could not be downloaded", "Try again later")
        if path.stat().st_size > MAX_BYTES:
            raise DownloadError(f"{display_url(url)}: the subtitles are larger than {MAX_BYTES / 1e6:.0f} MB")
        return path.read_bytes()


def _cached(folder: Path, language: str) -> SiteSubtitles | None:
    """Return subtitles that were downloaded before, manual ones first."""
    found = []
    for path in folder.glob("site.*"):
        _, code, *middle, extension = path.name.split(".")
        if extension in _FORMATS and middle in ([], ["auto"]) and _rank(code, language) is not None:
            found.append(SiteSubtitles(path, code, bool(middle)))
    return min(found, key=lambda item: (item.automatic, _rank(item.language, language) or 0), default=None)
