"""Cues: what stands on the screen from one moment to another. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from voicekit.types import Word

DASH = "- "


@dataclass(frozen=True)
class Line:
    """One line of a cue.

    Attributes:
        text: Without dash and label.
        words: The same without tags, with a time each; a word cut in two is two of them.
        speaker: Who says it.
        label: The speaker's name as shown before the line; "" where it is not shown.
        dash: Whether a dash stands before it, as two speakers share the cue.
        markup: Whether the text has tags: it stands as in the subtitle file it came from.
    """

    text: str
    words: tuple[Word, ...] = ()
    speaker: str | None = None
    label: str = ""
    dash: bool = False
    markup: bool = False

    @property
    def head(self) -> str:
        """What stands before the text."""
        return (DASH if self.dash else "") + (f"{self.label}: " if self.label else "")

    @property
    def shown(self) -> str:
        return self.head + self.text


@dataclass(frozen=True)
class Cue:
    """One subtitle. Times in seconds; `below` is the same in another language."""

    start: float
    end: float
    lines: tuple[Line, ...]
    below: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All that stands on the screen, a line each."""
        return "\n".join([line.shown for line in self.lines] + list(self.below))

    @property
    def duration(self) -> float:
        return self.end - self.start


def width(text: str) -> int:
    """Columns `text` takes on a screen: two for wide characters, none for combining marks and controls."""
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
