"""What YouTube needs: a JavaScript runtime, a recent yt-dlp, and other clients if one is refused."""

from __future__ import annotations

import datetime
import re
from urllib.parse import urlsplit

from voicekit.sources.js_runtime import UPDATE, runtime_problem

MAX_AGE = 60
"""Days after which yt-dlp is reported as old. It is released about once a month, since sites change."""

OTHER_CLIENTS: tuple[tuple[str, ...], ...] = (
    ("web_embedded", "web_safari", "tv_downgraded"),
    ("tv", "tv_simply", "android_vr", "mweb"),
)
"""yt-dlp's `player_client` values to try after its defaults, `tv_samsung,visionos,web` in 2026.10.26.

First those whose formats, or HLS formats, need no PO token (GVS_PO_TOKEN_POLICY in yt-dlp's `youtube/_base.py`). A
format that several clients offer is downloaded from the first. yt-dlp skips names that it does not know, and clients
without support for cookies if there are cookies of an account.
"""

_HOSTS = ("youtube.com", "youtu.be", "youtube-nocookie.com")


def is_youtube(url: str) -> bool:
    """Whether a URL is YouTube's."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return any(host == name or host.endswith(f".{name}") for name in _HOSTS)


def youtube_hint(url: str) -> str | None:
    """Return what to install for YouTube; None for other sites, or if nothing is missing.

    Since version 2025.11.12 yt-dlp needs a JavaScript runtime for YouTube; without one it finds few formats or none.
    """
    problem = runtime_problem() if is_youtube(url) else None
    return ". ".join(problem) if problem else None


_warned: set[str] = set()
"""Versions of yt-dlp that this process has warned of."""


def outdated_warning_once() -> str | None:
    """Return `outdated_warning` for the installed yt-dlp, once per process."""
    from yt_dlp.version import __version__ as version

    warning = None if version in _warned else outdated_warning(version, datetime.date.today())
    if warning:
        _warned.add(version)
    return warning


def outdated_warning(version: str, today: datetime.date) -> str | None:
    """Return a warning if yt-dlp is more than `MAX_AGE` days old; None if it is newer, or its version is no date.

    Args:
        version: Such as 2026.10.26: its date.
        today: The date to compare with.
    """
    match = re.match(r"(\d{4})\.(\d{1,2})\.(\d{1,2})", version)
    if match is None:
        return None
    try:
        age = (today - datetime.date(int(match[1]), int(match[2]), int(match[3]))).days
    except ValueError:
        return None
    if age <= MAX_AGE:
        return None
    return f"yt-dlp {version} is {age} days old, and sites change often; update it if the download fails: {UPDATE}"
