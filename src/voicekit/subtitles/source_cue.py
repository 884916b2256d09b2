"""A cue as read from a subtitle file, and limits on subtitle files."""

from __future__ import annotations

from dataclasses import dataclass

MAX_BYTES = 64 << 20
"""Largest file that is read."""

MAX_CUES = 200_000
"""Highest number of cues, one per second for two days: another file type must not fill the memory."""


@dataclass(frozen=True)
class ReadOptions:
    """What the user knows about a subtitle file; None: it is found out.

    Attributes:
        encoding: Such as cp1251.
        language: BCP-47 tag of its text; narrows the encodings.
        fps: Frames per second of times with frames (00:00:01:12).
        speaker_prefix: Whether a name before a colon is the speaker.
    """

    encoding: str | None = None
    language: str | None = None
    fps: float | None = None
    speaker_prefix: bool | None = None


@dataclass(frozen=True)
class SourceCue:
    """A cue as in its file.

    Attributes:
        line: Line number of its times.
        start, end: Times in seconds.
        text: Text with its tags.
        lines: For each line of the text: the speaker of its WebVTT voice span, and the text without tags and entities.
        timestamps: WebVTT's times inside the cue: (number of words before it, seconds).
    """

    line: int
    start: float
    end: float
    text: str
    lines: tuple[tuple[str | None, str], ...]
    timestamps: tuple[tuple[int, float], ...] = ()
