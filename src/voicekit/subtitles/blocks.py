"""A cue as it stands in a subtitle file, and the limits of one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """A cue as its file has it: `line` is that of its times, `text` verbatim.

    `said`: its lines without tags and entities, each with the speaker of its voice span.
    """

    line: int
    start: float
    end: float
    text: str
    said: tuple[tuple[str | None, str], ...]
    marks: tuple[tuple[int, float], ...] = ()
    """(words before it, seconds) of WebVTT's times inside a cue."""


BIGGEST = 64 << 20
"""Bytes of a file that is read."""

MOST_CUES = 200_000
"""Cues that a file may have: one a second for two days. What is not a subtitle file does not fill the memory."""

LATEST = 1e6
"""Seconds, eleven days: a time beyond it is a slip of the pen, or meant to exhaust the memory."""

NOTES_OF_A_KIND = 5
