"""Dashes before the lines of a cue: each marks that somebody else speaks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from voicekit.text.markup import TAG

DASH = "- "
"""The dash that voicekit writes."""

_LINE_DASH = re.compile(r"[-–—‐]\s{0,3}(?=[^\W\d]|\s|[\"'¿¡<(\[♪])")
_TAG = re.compile(TAG)


def without_dashes(lines: Sequence[str]) -> list[str]:
    """Return lines without the dashes before them. If two lines have one, no space needs to follow it."""
    several = sum(_LINE_DASH.match(line) is not None for line in lines) > 1
    return [_LINE_DASH.sub("", line) if several else line.removeprefix(DASH).strip() for line in lines]


def plain_lines(cue: str) -> list[str]:
    """Return the lines of a cue without tags and entities."""
    return [html.unescape(_TAG.sub("", line)).strip() for line in cue.split("\n")]


def turn_starts(cue: str | None, words: Iterable[str]) -> frozenset[int]:
    """Return the indices of the words that follow a dash at the start of a line of the cue.

    Empty if the cue has other text than the words, such as the names of speakers.
    """
    if cue is None or not re.search(r"(?m)^\W*[-–—‐]", cue):
        return frozenset()
    lines = plain_lines(cue)
    plain = ["".join(line.split()) for line in without_dashes(lines)]
    starts, position = set(), 0
    for line, text in zip(lines, plain, strict=True):
        if len("".join(line.split())) > len(text):
            starts.add(position)
        position += len(text)
    texts = ["".join(_TAG.sub("", word).split()) for word in words]
    if "".join(plain) != "".join(texts):
        return frozenset()
    indices, position = set(), 0
    for index, text in enumerate(texts):
        if position in starts and text:
            indices.add(index)
        position += len(text)
    return frozenset(indices)
