"""Tags in subtitle text."""

from __future__ import annotations

import re
from collections.abc import Sequence

ANY_TAG = re.compile(r"<[^<>]*>")
"""A tag of WebVTT, known or not."""

KNOWN_TAG = re.compile(r"</?(?:i|b|u|s|font|c|v|ruby|rt|lang)\b[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)
"""A tag of SubRip or WebVTT, or an ASS override. Other text in <angle brackets> is spoken text in SubRip."""


_OVERRIDE = re.compile(r"\{[^{}]*\}")
_DRAWING_MODE = re.compile(r"\\p([0-9])")

_FIXED_SPACES = re.compile(r"(?:\\h)+")
_PATH = re.compile(r"\S*(?::\\|\\[^hNn\\\s])\S*")
"""A word with a backslash that is not ASS's, such as C:\\home."""


def without_ass_codes(lines: Sequence[str]) -> list[str]:
    """Remove drawings, and replace the codes of ASS for a fixed space and a line break, `\\h` and `\\N`."""
    cleaned = []
    for line in lines:
        text = _without_drawings(line)
        words = re.split(r"(\s+)", text)
        words = [word if _PATH.fullmatch(word) else _FIXED_SPACES.sub(" ", word).replace("\\N", "\n") for word in words]
        parts = "".join(words).split("\n")
        cleaned += parts if text == line else [part for part in parts if part.strip()]
    return cleaned


def _without_drawings(line: str) -> str:
    """Remove shapes of ASS, as conversions to SubRip leave them: coordinates from {\\p1} to {\\p0} or the end."""
    kept, at, drawing = [], 0, False
    for override in _OVERRIDE.finditer(line):
        modes = _DRAWING_MODE.findall(override[0])
        if not drawing and any(mode != "0" for mode in modes):
            kept.append(line[at : override.start()])
            drawing = True
        elif drawing and "0" in modes:
            at, drawing = override.end(), False
    return "".join(kept if drawing else [*kept, line[at:]])


def without_tags(text: str) -> str:
    """Remove the known tags."""
    return KNOWN_TAG.sub("", text)
