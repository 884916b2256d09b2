"""Cues: what stands on the screen from one moment to another. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from voicekit.data import Word


@dataclass(frozen=True)
class Line:
    """One line of a cue.

    Attributes:
        text: As shown, with a dash where two speak, without the speaker's label.
        words: The same, with a time each; a word cut in two is two of them.
        speaker: Who says it.
        label: The speaker's name as shown before the line; "" where it is not shown.
    """

    text: str
    words: tuple[Word, ...] = ()
    speaker: str | None = None
    label: str = ""

    @property
    def shown(self) -> str:
        """The text with the label before it."""
        return f"{self.label}: {self.text}" if self.label else self.text


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
    """Columns `text` takes on a screen: two for wide characters, none for marks that combine and for format controls."""
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )
