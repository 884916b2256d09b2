"""Cut speech into clips for Whisper, and find what a decoding missed or repeated. Pure functions; times in seconds."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

from voicekit.types import Word

Span = tuple[float, float]
"""(start, end), seconds."""

MAX_CLIP = 29.5
"""Longest clip. Whisper's window is 30 s; half a second is kept for rounding to frames."""

MAX_GAP = 2.0
"""Longest silence inside a clip. Longer ones cause hallucinations (faster-whisper#621)."""

MIXED_CLIP = 10.0
"""Longest clip in recordings with several languages: a clip is decoded in one language, so it should hold only one."""

MIN_MISSED_SPEECH = 1.5
"""Speech without words that is decoded once more: Whisper ends some clips early (faster-whisper#1179)."""

_MAX_PHRASE_WORDS = 12
_MAX_REPEATS = 4
_MIN_LOOP_WORDS = 8


def pack_clips(spans: Iterable[Span], duration: float, longest: float = MAX_CLIP, gap: float = MAX_GAP) -> list[Span]:
    """Join spans of speech into clips of at most `longest` seconds.

    Every span is in a clip; spans longer than `longest` are cut. Silences longer than `gap` separate clips.

    Args:
        spans: Speech, in order of time.
        duration: Of the recording.
        longest: Longest clip.
        gap: Longest silence inside a clip.
    """
    clips: list[Span] = []
    for start, end in spans:
        end = min(end, duration)
        while end - start > longest:
            clips.append((start, start + longest))
            start += longest
        if clips and end - clips[-1][0] <= longest and start - clips[-1][1] <= gap:
            clips[-1] = (clips[-1][0], max(end, clips[-1][1]))
        elif end > start:
            clips.append((start, end))
    return clips


def split_at_pause(clip: Span, spans: Sequence[Span]) -> list[Span]:
    """Split a clip at the pause closest to its middle; without a pause it stays whole."""
    start, end = clip
    pauses = [
        (before[1] + after[0]) / 2
        for before, after in itertools.pairwise(spans)
        if start < before[1] and after[0] < end
    ]
    if not pauses:
        return [clip]
    cut = min(pauses, key=lambda pause: abs(pause - (start + end) / 2))
    return [(start, cut), (cut, end)]


def find_missed_speech(
    clip: Span, words: Sequence[Word], spans: Sequence[Span], least: float = MIN_MISSED_SPEECH
) -> list[Span]:
    """Return the stretches of a clip without words that contain at least `least` seconds of speech."""
    edges = [clip[0], *(time for word in words for time in (word.start, word.end)), clip[1]]
    missed = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        speech = [(max(s, begin), min(e, end)) for s, e in spans if min(e, end) > max(s, begin)]
        if sum(e - s for s, e in speech) >= least:
            missed.append((speech[0][0], speech[-1][1]))
    return missed


def find_loop_start(words: Sequence[str]) -> int | None:
    """Return the index at which a phrase starts to repeat, after its first occurrence; None without a loop.

    People repeat short phrases too. A loop is a phrase of up to _MAX_PHRASE_WORDS words that is repeated at least
    _MAX_REPEATS times, with repetitions of at least _MIN_LOOP_WORDS words in total.
    """
    plain = [_plain(word) for word in words]
    for begin in range(len(plain)):
        for size in range(1, min(_MAX_PHRASE_WORDS, (len(plain) - begin) // 2) + 1):
            phrase = plain[begin : begin + size]
            count = 1
            while plain[begin + count * size : begin + (count + 1) * size] == phrase:
                count += 1
            if count > _MAX_REPEATS and (count - 1) * size >= _MIN_LOOP_WORDS:
                return begin + size
    return None


def drop_repeated_start(before: Sequence[Word], words: Sequence[Word]) -> list[Word]:
    """Return `words` without up to three first ones that repeat the end of `before`: a second decoding overlaps it."""
    for size in range(min(3, len(before), len(words)), 0, -1):
        if [_plain(word.text) for word in before[-size:]] == [_plain(word.text) for word in words[:size]]:
            return list(words[size:])
    return list(words)


def _plain(word: str) -> str:
    return re.sub(r"\W", "", word).lower()
