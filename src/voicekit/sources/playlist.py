"""Entries of playlists and channels."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from voicekit.sources.metadata import SourceMetadata
from voicekit.sources.site_info import ENTRY_MARK, list_field, name_in_url, text_field


@dataclass(frozen=True)
class PlaylistEntry:
    """One entry of a playlist.

    Attributes:
        url: For `fetch`; may carry data on how to resolve it (`mark_entry`).
        title: Its title in the playlist.
        metadata: What the feed says about it; None for other playlists, whose sites say more about each entry.
    """

    url: str
    title: str
    metadata: SourceMetadata | None = None

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> PlaylistEntry:
        """Read what `to_json` returned, also that of earlier versions. Raises ValueError or LookupError."""
        metadata = stored.get("metadata")
        return cls(str(stored["url"]), str(stored["title"]), metadata and SourceMetadata.from_json(metadata))

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "metadata": self.metadata and self.metadata.to_json()}


def playlist_entries(info: dict[str, Any], user_url: str) -> list[PlaylistEntry]:
    """Return the entries of a playlist that yt-dlp read.

    Args:
        info: yt-dlp's result.
        user_url: The URL that the user gave. Its server is kept with each entry, since the network guard allows it.
    """
    server = server_of(user_url)
    entries = []
    for entry in list_field(info.get("entries")):
        url, by_id = _entry_url(entry)
        title = text_field(entry.get("title")) or name_in_url(url)
        entries.append(PlaylistEntry(mark_entry(server if by_id else url, {"named": server, **by_id}), title))
    return entries


def _entry_url(entry: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return an entry's URL, which may be invalid; for entries without one, also their id and yt-dlp's extractor."""
    candidates = [text_field(entry.get(key)) or "" for key in ("url", "webpage_url", "original_url")]
    url = next((url for url in candidates if url.startswith(("http://", "https://"))), candidates[0])
    entry_id, extractor = url or text_field(entry.get("id")), text_field(entry.get("ie_key"))
    if entry_id and extractor and "://" not in entry_id:
        return url, {"id": entry_id, "ie_key": extractor}
    return url, {}


def mark_entry(url: str, data: dict[str, str]) -> str:
    """Append data to an http or https URL."""
    return url + ENTRY_MARK + quote(json.dumps(data)) if url.startswith(("http://", "https://")) else url


def unmark_entry(url: str) -> tuple[str, dict[str, str]]:
    """Split a URL into the URL and the data of `mark_entry`. Only the last mark counts: a page could forge others."""
    plain, mark, data = url.rpartition(ENTRY_MARK)
    with contextlib.suppress(ValueError, RecursionError):
        if mark and isinstance(value := json.loads(unquote(data)), dict):
            return plain, {str(name): str(text) for name, text in value.items()}
    return url, {}


def server_of(url: str) -> str:
    """Return a URL of the root of the server, without credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
