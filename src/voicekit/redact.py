"""Every error voicekit raises on purpose.

    VoicekitError                      what went wrong, and the remedy
    ├── UsageError        ValueError   wrong option, unknown name, bad config file   (exit status 2)
    ├── SourceError       OSError      a file, folder or URL that cannot be used
    │   ├── DownloadError              the network, the site or yt-dlp refused
    │   └── MediaError                 the bytes are not audio that ffmpeg can decode
    ├── ModelError        OSError      weights
    │   ├── ModelNotFound              not on this machine and not to be had
    │   └── ModelCorrupt               there, but not what it should be
    ├── MissingPackage    ImportError  an optional package is not installed
    ├── EngineError       RuntimeError an engine failed on this input
    └── OutputError       OSError      a result cannot be written or found

Each is one line for the person at the terminal: what happened, then what to do about it.
"""

from __future__ import annotations

import re
from urllib.parse import unquote


def without_secrets(text: str) -> str:
    """`text` with the user and password of every address in it taken out, as valid Unicode."""
    plain = re.sub(r"(?<=://)[^/@\s]*@", "", text)
    return plain.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def one_line(text: str) -> str:
    """`text` on one line without control characters: titles and file names are not ours to trust a terminal with."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def canonical(text: str) -> str:
    """`text` with every URL in it as it names its page: without what opens it, a password, a token, a signature."""

    def named(found: re.Match[str]) -> str:
        kept = re.sub(r"(?<=[?&;#])([^=&#;?]+)=[^&#;]*&?", lambda m: "" if _opens(m[1]) else m[0], found[0])
        return re.sub(r"[?&#]+$|[?&]+(?=#)", "", kept) if kept != found[0] else kept

    return re.sub(r"https?://\S+", named, without_secrets(text), flags=re.I)


def _opens(name: str) -> bool:
    """Whether a value of a query, by its name, is a secret."""
    name = unquote(name).lower()
    words = re.split(r"[^a-z]+", name)
    return bool(
        re.search(r"token|signature|passw|secret|credential|api_?key|access_?key|auth_?key|jwt", name)
        or {"sig", "sign", "key", "auth", "authorization", "pwd", "pass", "hmac", "session", "sid"} & set(words)
    )
