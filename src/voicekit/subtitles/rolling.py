"""Remove what rolling captions show twice: YouTube's automatic ones repeat each line above the next one.

Each line comes as the last line of a cue, alone in a cue of 10 ms, and as the first line of the next cue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from voicekit.subtitles.source_cue import SourceCue

MIN_SHARE = 0.3
"""Share of cues that must repeat the last line of the cue before and add another, for captions to be rolling ones."""

MIN_LINES = 3
"""Different lines that must be repeated: four times "No." is an answer."""

MAX_GAP = 0.1
"""Seconds between two cues that roll."""


def without_repeated_lines(cues: Sequence[SourceCue], notes: list[str]) -> list[SourceCue]:
    """Return the cues without the lines that the cue before shows already; all of them if they do not roll.

    Args:
        cues: Cues by start.
        notes: Receives a note if lines were removed.
    """
    rolling = [_texts(cue)[0] for before, cue in pairwise(cues) if _rolls(before, cue)]
    if len(rolling) < MIN_SHARE * (len(cues) - 1) or len(set(rolling)) < MIN_LINES:
        return list(cues)
    kept: list[SourceCue] = []
    shown: list[str] = []
    for before, cue in zip([None, *cues], cues, strict=False):
        texts = _texts(cue)
        if before is None or cue.start - before.end > MAX_GAP:
            shown = []
        repeated = next((n for n in range(min(len(shown), len(texts)), 0, -1) if shown[-n:] == texts[:n]), 0)
        shown = texts or shown
        if repeated < len(texts):
            kept.append(_without_first_lines(cue, repeated))
    notes.append(f"rolling captions: {len(cues)} cues with repeated lines became {len(kept)}")
    return kept


def _texts(cue: SourceCue) -> list[str]:
    return [text for _, text in cue.lines if text]


def _rolls(before: SourceCue, cue: SourceCue) -> bool:
    """Whether a cue repeats the last line of the one before and adds another."""
    last, lines = _texts(before)[-1:], _texts(cue)
    return len(lines) > 1 and lines[:1] == last and lines[1:2] != last and cue.start - before.end <= MAX_GAP


def _without_first_lines(cue: SourceCue, count: int) -> SourceCue:
    """Remove the first `count` lines that have text, and the empty ones among them."""
    if count == 0:
        return cue
    with_text = [number for number, (_, text) in enumerate(cue.lines) if text]
    first = with_text[count]
    words = sum(len(text.split()) for _, text in cue.lines[:first])
    return replace(
        cue,
        text="\n".join(cue.text.split("\n")[first:]),
        lines=cue.lines[first:],
        timestamps=tuple((before - words, time) for before, time in cue.timestamps if before >= words),
    )
