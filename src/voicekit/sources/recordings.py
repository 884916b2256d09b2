"""Open every recording that the user's sources name, one after the other; playlists are followed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from voicekit.errors import SourceError, VoicekitError
from voicekit.recording import Recording
from voicekit.redact import one_line, redact_urls
from voicekit.runtime.failures import as_voicekit_error
from voicekit.runtime.progress import Progress
from voicekit.sources.download import FetchedMedia, fetch
from voicekit.sources.expand import expand_all, is_url
from voicekit.sources.playlist import PlaylistEntry
from voicekit.sources.ytdlp import DownloadOptions
from voicekit.storage.files import file_sha256

_MAX_DEPTH = 5
"""Nesting of playlists. A channel has tabs that hold playlists; a malicious server could nest without end."""


@dataclass(frozen=True)
class SourceItem:
    """One recording, or the error that prevented opening it.

    Attributes:
        name: For messages; empty if the source itself could not be read.
        recording: None if there is an error.
        error: None if there is a recording.
        started: `time.monotonic()` when work on it began.
    """

    name: str
    recording: Recording | None = None
    error: VoicekitError | None = None
    started: float = field(default_factory=time.monotonic)


def open_recordings(sources: Iterable[str], options: DownloadOptions, progress: Progress) -> Iterator[SourceItem]:
    """Yield every recording of files, folders, globs, URLs and playlists. URLs are downloaded when their turn comes.

    Args:
        sources: What the user named.
        options: For downloads.
        progress: Receives the start of each item and the progress of downloads.
    """
    for source in expand_all(sources, progress.note):
        if isinstance(source, VoicekitError):
            yield SourceItem("", error=source)
        else:
            yield from _open(source, None, 0, set(), options, progress)


def _open(
    source: str | Path,
    entry: PlaylistEntry | None,
    depth: int,
    visited: set[str],
    options: DownloadOptions,
    progress: Progress,
) -> Iterator[SourceItem]:
    """Yield the recordings of one source.

    Args:
        source: A file, or a URL.
        entry: What the playlist says about it, if it is in one.
        depth: Number of playlists that it is in.
        visited: URLs of the playlists that were expanded so far, against playlists that contain each other.
        options, progress: As for `open_recordings`.
    """
    name = one_line(redact_urls((entry and entry.title) or (source.name if isinstance(source, Path) else source)))
    progress.item_started(name)
    started = time.monotonic()
    entries: list[PlaylistEntry] = []
    item: SourceItem | None = None
    try:
        opened = _open_file_or_url(source, entry, options, progress)
        if isinstance(opened, Recording):
            item = SourceItem(name, opened, started=started)
        elif depth == _MAX_DEPTH:
            raise SourceError(f"{name} is nested {depth} playlists deep", "Give the URL of one of its entries")
        else:
            visited.add(str(source))
            entries = [inner for inner in opened if inner.url not in visited]
            progress.note(f"{len(opened)} entries in {name}")
            if not opened:
                raise SourceError(f"{name} is an empty playlist", "Check the URL")
    except Exception as error:
        item = SourceItem(name, error=as_voicekit_error(error, name), started=started)
    if item:
        yield item
    for inner in entries:
        yield from _open(inner.url, inner, depth + 1, visited, options, progress)


def _open_file_or_url(
    source: str | Path, entry: PlaylistEntry | None, options: DownloadOptions, progress: Progress
) -> Recording | list[PlaylistEntry]:
    if isinstance(source, Path):
        return Recording.of_file(source)
    if not is_url(source):
        raise SourceError(f"{source} is not a URL", "The playlist that it came from does not give its page")
    progress.stage_started("download", 0.0)
    started = time.monotonic()
    title, metadata = (entry.title, entry.metadata) if entry else ("", None)
    fetched = fetch(source, options, title, progress.stage_progress, progress.warning, metadata)
    if not isinstance(fetched, FetchedMedia):
        return fetched
    progress.stage_done("download", time.monotonic() - started, fetched.cached)
    about = {"kind": "url", **fetched.info}
    sha256 = file_sha256(fetched.path)
    return Recording(fetched.path, fetched.title, fetched.identity, sha256, about, url=source, lock=fetched.lock)
