"""Tags in subtitle text."""

from __future__ import annotations

import re
from collections.abc import Sequence

ANY_TAG = re.compile(r"<[^<>]*>")
"""A tag of WebVTT, known or not."""

KNOWN_TAG = re.compile(r"</?(?:i|b|u|s|font|c|v|ruby|rt|lang)\b[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)
"""A tag of SubRip or WebVTT, or an ASS override. Other text in <angle brackets> is spoken text in SubRip."""


_DRAWING = re.compile(r"\{[^{}]*\\p[1-9][^{}]*\}.*?(?:\{[^{}]*\\p0[^{}]*\}|$)", re.DOTALL)
"""Shapes of ASS, as conversions to SubRip leave them: coordinates after an override."""

_FIXED_SPACES = re.compile(r"(?:\\h)+")
_PATH = re.compile(r"\S*(?::\\|\\[^hNn\\\s])\S*")
"""A word with a backslash that is not ASS's, such as C:\\home."""


def without_ass_codes(lines: Sequence[str]) -> list[str]:
    """Remove drawings, and replace the codes of ASS for a fixed space and a line break, `\\h` and `\\N`."""
    cleaned = []
    for line in lines:
        text = _DRAWING.sub("", line)
        words = re.split(r"(\s+)", text)
        words = [word if _PATH.fullmatch(word) else _FIXED_SPACES.sub(" ", word).replace("\\N", "\n") for word in words]
        parts = "".join(words).split("\n")
        cleaned += parts if text == line else [part for part in parts if part.strip()]
    return cleaned


def without_tags(text: str) -> str:
    """Remove the known tags."""
    return KNOWN_TAG.sub("", text)
