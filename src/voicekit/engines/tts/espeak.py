"""Respell interjections such as "mm-hm", which espeak-ng (used by kokoro and piper) would spell letter by letter."""

from __future__ import annotations

import re

RESPELLINGS = (
    (re.compile(r"(?<!\d)(?<!\d )\b[Mm](?:m+[- ]?|-)?h+u?m+\b"), "umhum"),
    (re.compile(r"\b[Mm]m+-mm+\b"), "um-um"),
    (re.compile(r"(?<!\d)(?<!\d )\b(?:[Mm]m+|[Hh]+m+)\b"), "hmm"),
)
"""Pattern and respelling. `5 mm` (millimetres) and `HM` stay unchanged."""


def respell_interjections(text: str) -> str:
    """Return `text` with "mm-hm", "mm-mm", "mm", "hm" and similar respelled as they sound."""
    for pattern, respelling in RESPELLINGS:
        text = pattern.sub(respelling, text)
    return text
