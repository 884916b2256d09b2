"""Where results live: runs (what the user keeps) and the stage cache (what makes the second time free).

    <out>/<name>/<run-id>/run.json + results     one run: written beside, renamed into place when whole
    <out>/<name>/latest -> <run-id>              the newest
    <cache>/stages/<stage>/<key>/                one stage's result, keyed by everything that determines it
    <cache>/downloads/<site>/<id>/               fetched media
    <cache>/downloads/urls/                      what each URL turned out to be
    <cache>/translations/*.sqlite                sentences that were translated (see sentence_cache.py)
    <cache>/hashes/                              content hashes by path, size and time, so that big files hash once

Every write is a temporary file or folder and a rename, so a kill at any moment leaves whole things or nothing. What is
being made or read is held (see `hold`), and what a killed process left is held by nobody: that is how `sweep` knows it.
Knows nothing of audio, models or the command line.
"""

from __future__ import annotations

import contextlib
import math
import os
from pathlib import Path

from voicekit.errors import UsageError


def cache_dir() -> Path:
    """$VOICEKIT_CACHE, or the platform's cache folder."""
    if custom := os.environ.get("VOICEKIT_CACHE"):
        return Path(custom).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("voicekit", appauthor=False)


def limit(name: str, default: float) -> float:
    """A positive number from the environment, or `default`.

    Raises:
        UsageError: it is set to something else.
    """
    text = os.environ.get(name, "")
    with contextlib.suppress(ValueError):
        if 0 < float(text or default) < math.inf:
            return float(text or default)
    raise UsageError(f"{name} is {text!r}", f"Set it to a number above 0, or unset it for {default:g}")


# --- runs -----------------------------------------------------------------------------------------------------------


def safe_name(title: str) -> str:
    """A title or stem as a folder name: printable, no separators, no leading dash or dot, at most 80 bytes."""
    kept = "".join(c if c.isprintable() and c not in '<>:"/\\|?*' else " " for c in title)
    name = "-".join(kept.split()).strip("-. ")
    name = name.encode()[:80].decode(errors="ignore").strip("-. ")
    return name if name and name.lower() != "latest" else "untitled"
