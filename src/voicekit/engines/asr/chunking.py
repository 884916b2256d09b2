"""Clips: which parts of a recording the recogniser hears at once, and what it left out. Pure; times in seconds."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence

from voicekit.types import Word

Span = tuple[float, float]

MAX_CLIP = 29.5
"""Whisper's window is 30; half a second is kept for rounding to frames."""

MAX_GAP = 2.0
"""Silence inside one clip. Longer ones invite invented text (faster-whisper#621)."""

MIXED_CLIP = 10.0
"""Longest clip where languages mix: it is decoded in one language, so it should hold one."""

LEFT_OUT = 1.5
"""Speech without a word that is decoded once more: Whisper ends some clips early (faster-whisper#1179)."""


def pack_clips(spans: Iterable[Span], duration: float, longest: float = MAX_CLIP, gap: float = MAX_GAP) -> list[Span]:
    """Join spans of speech into clips for the recogniser, in order, each at most `longest` seconds.

    Every span lies in some clip; a span longer than `longest` is cut. Silences over `gap` part clips.
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


def halves(clip: Span, spans: Sequence[Span]) -> list[Span]:
    """`clip` in two, at the pause nearest its middle; whole where there is none."""
    start, end = clip
    pauses = [
        (before[1] + after[0]) / 2
        for before, after in itertools.pairwise(spans)
        if start < before[1] and after[0] < end
    ]
    if not pauses:
        return [clip]
    cut = min(pauses, key=lambda at: abs(at - (start + end) / 2))
    return [(start, cut), (cut, end)]


def left_out(clip: Span, words: Sequence[Word], spans: Sequence[Span], least: float = LEFT_OUT) -> list[Span]:
    """Stretches of `clip` between words, or before or after them, in which at least `least` seconds are speech."""
    edges = [clip[0], *(t for word in words for t in (word.start, word.end)), clip[1]]
    found = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        speech = [(max(s, begin), min(e, end)) for s, e in spans if min(e, end) > max(s, begin)]
        if sum(e - s for s, e in speech) >= least:
            found.append((speech[0][0], speech[-1][1]))
    return found


# A phrase of up to so many words, said at least so many times more than once, is a loop and not speech.
_LONGEST_PHRASE = 12
_REPEATS = 4


def loop_start(words: Sequence[str]) -> int | None:
    """Index of the word from which a phrase only repeats itself, after it was said once; None without a loop.

    Short phrases are repeated by people, too: a loop is a phrase said `_REPEATS` times more, and eight words at least.
    """
    plain = [re.sub(r"\W", "", word).lower() for word in words]
    for begin in range(len(plain)):
        for size in range(1, min(_LONGEST_PHRASE, (len(plain) - begin) // 2) + 1):
            phrase = plain[begin : begin + size]
            times = 1
            while plain[begin + times * size : begin + (times + 1) * size] == phrase:
                times += 1
            if times > _REPEATS and (times - 1) * size >= 8:
                return begin + size
    return None


def without_echo(before: Sequence[Word], words: Sequence[Word]) -> list[Word]:
    """`words` without the first ones that repeat the last of `before`, whose ends the second decoding heard again."""
    for size in range(min(3, len(before), len(words)), 0, -1):
        last = [re.sub(r"\W", "", word.text).lower() for word in before[-size:]]
        if last == [re.sub(r"\W", "", word.text).lower() for word in words[:size]]:
            return list(words[size:])
    return list(words)
