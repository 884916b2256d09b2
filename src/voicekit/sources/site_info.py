"""Read the fields of yt-dlp's results, which come from untrusted sites and may hold anything."""

from __future__ import annotations

import math
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from voicekit.redact import redact_urls

ENTRY_MARK = "#voicekit-entry="
"""Starts the part of a playlist entry's URL that says how to resolve it; `fetch` is given the URL alone."""


def display_url(url: str) -> str:
    """Return a URL as it may be shown and stored: without secrets and internal parts."""
    return redact_urls(unsmuggle(url))


def unsmuggle(url: str) -> str:
    """Return a URL without the data that yt-dlp and `playlist` append to it."""
    return url.partition("#__youtubedl_smuggle")[0].partition(ENTRY_MARK)[0]


def name_in_url(url: str) -> str:
    """Return the file name in a URL without its extension."""
    return unquote(PurePosixPath(display_url(url).partition("?")[0]).stem)


def list_field(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list; empty if the value is not a list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list | tuple) else []


def text_field(value: Any) -> str | None:
    """Return a text or number as valid Unicode; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).encode("utf-8", "replace").decode()


def number_field(value: Any) -> float | None:
    """Return a finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value
