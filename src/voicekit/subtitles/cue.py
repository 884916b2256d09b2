"""A cue: what is on the screen from one moment to another."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from voicekit.text.dashes import DASH
from voicekit.types import Word


@dataclass(frozen=True)
class Line:
    """One line of a cue.

    Attributes:
        text: Text without dash and label.
        words: The words of the text with times, without tags; a word that was cut in two is two words.
        speaker: Who speaks.
        label: The speaker's name as shown before the text; empty if it is not shown.
        dash: Whether the line starts with a dash, because two speakers share the cue.
        markup: Whether the text has the tags of the subtitle file it comes from.
    """

    text: str
    words: tuple[Word, ...] = ()
    speaker: str | None = None
    label: str = ""
    dash: bool = False
    markup: bool = False

    @property
    def head(self) -> str:
        """Dash and label, shown before the text."""
        return (DASH if self.dash else "") + (f"{self.label}: " if self.label else "")

    @property
    def shown(self) -> str:
        return self.head + self.text


@dataclass(frozen=True)
class Cue:
    """One subtitle. Times are in seconds; `below` has the lines in another language."""

    start: float
    end: float
    lines: tuple[Line, ...]
    below: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Everything on the screen, line by line."""
        return "\n".join([line.shown for line in self.lines] + list(self.below))

    @property
    def duration(self) -> float:
        return self.end - self.start


def width(text: str) -> int:
    """Return the width of a text in columns: two for wide characters, none for combining marks and controls."""
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
