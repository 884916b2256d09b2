"""Layout of subtitle cues from words: the one place that knows line lengths. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from voicekit.data import Segment, Transcript, Word, join_words

LINE = 42  # characters (two for a wide one): Netflix, BBC and EBU agree
LINES = 2
LONGEST = 7.0  # seconds a cue stays
SHORTEST = 5 / 6  # seconds a cue stays at least, where the next one leaves room
LABEL = 20  # columns of a speaker's name


@dataclass(frozen=True)
class Cue:
    """One subtitle: its lines, without the speaker's label; `label` is "" where there is no speaker."""

    start: float
    end: float
    lines: tuple[str, ...]
    label: str = ""

    @property
    def text(self) -> str:
        """The lines with the label before them, as SRT shows them."""
        return "\n".join(
            (f"{self.label}: " if self.label and i == 0 else "") + line for i, line in enumerate(self.lines)
        )


def cues(transcript: Transcript) -> list[Cue]:
    """Cues in order: one speaker each, at most LINES lines of LINE characters with the label counted in.

    Every word is in exactly one cue. Starts never fall back; a cue ends before the next begins.
    """
    laid = [cue for segment in transcript.segments for cue in _segment_cues(segment)]
    out: list[Cue] = []
    for i, cue in enumerate(laid):
        start = max(cue.start, out[-1].start if out else 0.0)
        limit = max(laid[i + 1].start, start + 0.001) if i + 1 < len(laid) else float("inf")
        end = min(max(cue.end, start + SHORTEST), limit)
        out.append(replace(cue, start=round(start, 3), end=round(max(end, start + 0.001), 3)))
    return out


def width(text: str) -> int:
    """Columns `text` takes on a screen: two for wide characters, none for combining marks."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def short_label(speaker: str | None) -> str:
    if not speaker:
        return ""
    if width(speaker) <= LABEL:
        return speaker
    while width(speaker) > LABEL - 1:
        speaker = speaker[:-1]
    return f"{speaker}…"


def _segment_cues(segment: Segment) -> Iterable[Cue]:
    label = short_label(segment.speaker)
    indent = width(label) + 2 if label else 0
    waiting = [piece for word in segment.words for piece in _pieces(word, indent)]
    while waiting:
        taken = _take(waiting, indent)
        part, waiting = waiting[:taken], waiting[taken:]
        lines = _wrap([w.text for w in part], indent)
        assert lines is not None
        yield Cue(part[0].start, max(w.end for w in part), lines, label)


def _take(words: Sequence[Word], indent: int) -> int:
    """How many of `words` go into the next cue: as many as fit, ended at a comma or the like if that is near."""
    fits = 1
    for n in range(2, len(words) + 1):
        if words[n - 1].end - words[0].start > LONGEST or _wrap([w.text for w in words[:n]], indent) is None:
            break
        fits = n
    if fits == len(words):
        return fits
    for n in range(fits, fits // 2, -1):
        if words[n - 1].text[-1] in ",;:—–、，；：":
            return n
    # The rest would be one or two words: share them out instead of leaving them alone on the screen.
    return min(fits, max(1, (len(words) + 1) // 2)) if len(words) - fits < 3 else fits


def _wrap(words: Sequence[str], indent: int) -> tuple[str, ...] | None:
    """`words` on one line, or on two as even as can be; None if they do not fit. `indent`: room for the label."""
    whole = join_words(words)
    if width(whole) + indent <= LINE:
        return (whole,)
    best = None
    for n in range(1, len(words)):
        first, second = join_words(words[:n]), join_words(words[n:])
        widths = (width(first) + indent, width(second))
        if max(widths) <= LINE and (best is None or max(widths) < best[0]):
            best = (max(widths), (first, second))
    return best[1] if best else None


def _pieces(word: Word, indent: int) -> Iterable[Word]:
    """The word itself, or pieces of it that fit a line (a URL, a run of script without spaces)."""
    room = LINE - indent
    if width(word.text) <= room:
        yield word
        return
    parts, part = [], ""
    for char in word.text:
        if part and width(part + char) > room:
            parts.append(part)
            part = ""
        part += char
    parts.append(part)
    step = (word.end - word.start) / len(parts)
    for i, text in enumerate(parts):
        yield replace(word, text=text, start=word.start + i * step, end=word.start + (i + 1) * step)
