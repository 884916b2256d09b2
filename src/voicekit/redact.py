"""Prepare text for messages: remove secrets and control characters, shorten lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

MAX_NOTES_OF_A_KIND = 5
"""Further notes of the same kind are only counted: a file may have the same problem in every line."""


def redact_credentials(text: str) -> str:
    """Remove user names and passwords from the URLs in `text`; undecodable bytes become U+FFFD."""
    plain = re.sub(r"(?<=://)[^/@\s]*@", "", text)
    return plain.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


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


def redact_urls(text: str) -> str:
    """Remove everything secret from the URLs in `text`: passwords and query parameters such as tokens or signatures."""

    def redact(match: re.Match[str]) -> str:
        url = match[0]
        redacted = re.sub(r"(?<=[?&;#])([^=&#;?]+)=[^&#;]*&?", lambda m: "" if _is_secret(m[1]) else m[0], url)
        return re.sub(r"[?&#]+$|[?&]+(?=#)", "", redacted) if redacted != url else url

    return re.sub(r"https?://\S+", redact, redact_credentials(text), flags=re.I)


def _is_secret(parameter: str) -> bool:
    """Whether a query parameter of this name holds a secret."""
    name = unquote(parameter).lower()
    words = re.split(r"[^a-z]+", name)
    return bool(
        re.search(r"token|signature|passw|secret|credential|api_?key|access_?key|auth_?key|jwt", name)
        or {"sig", "sign", "key", "auth", "authorization", "pwd", "pass", "hmac", "session", "sid"} & set(words)
    )
