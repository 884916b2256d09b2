"""Download: a URL becomes one media file, or a list of more URLs (playlist, channel, podcast feed). With yt-dlp.

Media lie in <cache>/downloads/<site>/<id>/, described by info.json, which is written last: a folder without it is
a download to be resumed. A URL fetched before needs no network. Only http and https are spoken, redirects included;
voicekit.network has the other limits. What a site says of its media may be anything, and is read as such.
"""

from __future__ import annotations

import math
from typing import Any

from voicekit.redact import canonical

# What is kept of an entry, behind its address: `fetch` is given the address alone, by whoever goes through the list.
ENTRY_MARK = "#voicekit-entry="


def display_url(url: str) -> str:
    """As it may be shown and kept."""
    return canonical(unsmuggle(url))


def unsmuggle(url: str) -> str:
    """Without what yt-dlp smuggles from a feed to its items."""
    return url.partition("#__youtubedl_smuggle")[0].partition(ENTRY_MARK)[0]


def list_field(value: Any) -> list[dict[str, Any]]:
    """The objects in a list of a site's."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list | tuple) else []


def text_field(value: Any) -> str | None:
    """A text or number of a site's as valid Unicode; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).encode("utf-8", "replace").decode()


def number_field(value: Any) -> float | None:
    """A number that JSON can hold; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value
