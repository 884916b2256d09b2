"""Download: a URL becomes one media file, or a list of more URLs (playlist, channel, podcast feed). With yt-dlp.

Media lie in <cache>/downloads/<site>/<id>/, described by info.json, which is written last: a folder without it is
a download to be resumed. A URL fetched before needs no network. Only http and https are spoken, redirects included;
voicekit.network has the other limits. What a site says of its media may be anything, and is read as such.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from voicekit.sources.site_info import ENTRY_MARK, display_url, list_field, text_field


@dataclass(frozen=True)
class Listed:
    """One entry of a playlist: what `fetch` takes for it, and its title there."""

    url: str
    title: str


def entries(info: dict[str, Any], named: str) -> list[Listed]:
    """The entries of yt-dlp's playlist `info`; each keeps how to resolve it, and which server the user `named`."""
    server = _server(named)
    found = []
    for entry in list_field(info.get("entries")):
        address, by_id = _address(entry)
        title = text_field(entry.get("title")) or unquote(PurePosixPath(display_url(address).partition("?")[0]).stem)
        found.append(Listed(mark_entry(server if by_id else address, {"named": server, **by_id}), title))
    return found


def _address(entry: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Where a playlist's entry is: its page, or what the list says, which may be no address at all; and where yt-dlp
    knows it by its id alone, that and the extractor to ask."""
    places = [text_field(entry.get(key)) or "" for key in ("url", "webpage_url", "original_url")]
    address = next((place for place in places if place.startswith(("http://", "https://"))), places[0])
    name, extractor = address or text_field(entry.get("id")), text_field(entry.get("ie_key"))
    if name and extractor and "://" not in name:
        return address, {"id": name, "ie_key": extractor}
    return address, {}


def mark_entry(url: str, kept: dict[str, str]) -> str:
    return url + ENTRY_MARK + quote(json.dumps(kept)) if url.startswith(("http://", "https://")) else url


def unmark_entry(url: str) -> tuple[str, dict[str, str]]:
    """A URL, and what `entries` kept with it. The last mark counts: those before it are the page's own invention."""
    address, mark, kept = url.rpartition(ENTRY_MARK)
    with contextlib.suppress(ValueError, RecursionError):
        if mark and isinstance(value := json.loads(unquote(kept)), dict):
            return address, {str(name): str(text) for name, text in value.items()}
    return url, {}


def _server(url: str) -> str:
    """The address of the server a URL leads to, without a password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
