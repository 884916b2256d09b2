"""Join words to text, and spread the words of a text over time, in scripts with and without spaces."""

from __future__ import annotations

import functools
import itertools
import unicodedata
from collections.abc import Iterable

from voicekit.types import Word


def join_words(words: Iterable[str]) -> str:
    """Join words with spaces, except next to a character of a script written without spaces."""
    text = ""
    for word in words:
        if text and word and not (unspaced(text[-1]) or unspaced(word[0])):
            text += " "
        text += word
    return text


def spread(text: str, start: float, end: float, speaker: str | None = None) -> tuple[Word, ...]:
    """Split a text at spaces and share out the seconds from start to end by length.

    For text whose words have no times of their own. Their probability is 1.
    """
    parts = text.split()
    if not parts:
        return ()
    ends = list(itertools.accumulate(len(part) + 1 for part in parts))
    times = [start, *(round(start + (end - start) * at / ends[-1], 3) for at in ends[:-1]), end]
    return tuple(Word(part, times[i], times[i + 1], probability=1.0, speaker=speaker) for i, part in enumerate(parts))


# Scripts written without spaces between words, by the first word of the Unicode names of their characters.
_UNSPACED_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "THAI", "LAO", "KHMER", "MYANMAR", "FULLWIDTH")


@functools.lru_cache(maxsize=4096)
def unspaced(char: str) -> bool:
    """Whether a character belongs to a script written without spaces between words."""
    return ord(char) > 0x7F and unicodedata.name(char, "").startswith(_UNSPACED_SCRIPTS)
