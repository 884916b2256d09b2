"""Tags in subtitle text."""

from __future__ import annotations

import re

ANY_TAG = re.compile(r"<[^<>]*>")
"""A tag of WebVTT, known or not."""

KNOWN_TAG = re.compile(r"</?(?:i|b|u|s|font|c|v|ruby|rt|lang)\b[^<>]*>|\{\\[^{}]*\}", re.IGNORECASE)
"""A tag of SubRip or WebVTT, or an ASS override. Other text in <angle brackets> is spoken text in SubRip."""


def without_tags(text: str) -> str:
    """Remove the known tags."""
    return KNOWN_TAG.sub("", text)
