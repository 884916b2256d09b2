"""What espeak-ng, through which kokoro and piper read, would spell letter by letter: hummed words. Pure."""

from __future__ import annotations

import re

HUMS = (
    (re.compile(r"(?<!\d)(?<!\d )\b[Mm](?:m+[- ]?|-)?h+u?m+\b"), "umhum"),
    (re.compile(r"\b[Mm]m+-mm+\b"), "um-um"),
    (re.compile(r"(?<!\d)(?<!\d )\b(?:[Mm]m+|[Hh]+m+)\b"), "hmm"),
)
"""Patterns, and how it is written so that it sounds as meant. `5 mm` and `HM` stay what they are."""


def hummed(text: str) -> str:
    """The text with `mm-hm`, `mm-mm`, `mm`, `hm` and their like written as they sound."""
    for pattern, sound in HUMS:
        text = pattern.sub(sound, text)
    return text
