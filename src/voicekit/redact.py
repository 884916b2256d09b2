"""Prepare text for messages: remove secrets and control characters, shorten lists."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from urllib.parse import unquote

_HARMLESS = frozenset(
    "autoplay channel chapter clip date day dl download end ep episode ext feature feed file filename fmt format h "
    "height hl id index item lang language limit list locale loop month n name offset order p page part playlist q "
    "quality rate res season show sort start t time_continue title track type v version vid video video_id videoid w "
    "width year".split()
)
"""Parameters of URLs that select what is shown or heard, and open nothing."""

_MAX_VALUE = 100
"""Longest value of such a parameter, in characters."""

MAX_NOTES_OF_A_KIND = 5
"""Further notes of the same kind are only counted: a file may have the same problem in every line."""


def redact_urls(text: str) -> str:
    """Remove what may be secret from the URLs in `text`: user names, passwords, and parameters not known as harmless.

    Parameters of the query, of the fragment (#t=10) and of the path (;jsessionid=1, /hdnts=exp~hmac/) are treated
    alike. Undecodable bytes become U+FFFD.
    """
    redacted = re.sub(r"[a-z][a-z0-9+.-]*://\S+", lambda match: _redact(match[0]), text, flags=re.IGNORECASE)
    return redacted.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def without_userinfo(url: str) -> str:
    """Remove the user name and password from a URL."""
    return re.sub(r"(?<=://)[^/?#\s]*@", "", url, count=1)


def _redact(url: str) -> str:
    address, fragment_mark, fragment = without_userinfo(url).partition("#")
    path, _, query = address.partition("?")
    scheme, _, rest = path.partition("://")
    host, *segments = rest.split("/")
    path = "/".join([f"{scheme}://{host}", *map(_redact_segment, segments)])
    kept = [part for part in re.split("[?&;]", query) if _is_harmless(part)]
    kept_fragment = "&".join(part for part in fragment.split("&") if _is_harmless(part))
    return path + ("?" + "&".join(kept) if kept else "") + (fragment_mark + kept_fragment if kept_fragment else "")


def _redact_segment(segment: str) -> str:
    """Remove the parameters of one part of a path."""
    name, *parameters = segment.split(";")
    if "=" in name and not _is_harmless(name):
        name = f"{name.partition('=')[0]}=***"
    return ";".join([name, *filter(_is_harmless, parameters)])


def _is_harmless(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return unquote(name).lower() in _HARMLESS and len(value) <= _MAX_VALUE and not value.startswith("eyJ")


_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


def escape_controls(text: str) -> str:
    """Replace controls, direction marks and other hidden characters by escapes such as \\u001b, as JSON writes them.

    Terminals obey controls; direction marks and tags hide or reorder what stands beside them. Tabs, line ends and
    joiners stay.
    """
    return _HIDDEN.sub(lambda match: json.dumps(match[0])[1:-1], text)


def one_line(text: str) -> str:
    """Replace line breaks and control characters by spaces: file names and titles could send terminal commands."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def list_names(names: Sequence[str], limit: int = 12) -> str:
    """Join names with commas; after `limit` of them, "and N more"; "none" for an empty list."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more if names else "none"


def limit_notes(notes: Sequence[str]) -> list[str]:
    """Keep the first notes of each kind, `line 3: ...`, and count the rest. Those of a kind differ in numbers."""
    kinds: dict[str, list[str]] = {}
    for note in notes:
        kinds.setdefault(re.sub(r"^line \d+(?:, column \d+)?: |\d[\d.]*|\"[^\"]*\"", "", note), []).append(note)
    limited = []
    for group in kinds.values():
        limited += group[:MAX_NOTES_OF_A_KIND]
        if rest := group[MAX_NOTES_OF_A_KIND:]:
            limited.append(f"and {len(rest)} more like it, up to {rest[-1].partition(':')[0]}")
    return limited
