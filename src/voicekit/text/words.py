"""What flows through voicekit: audio, turns, words, transcripts. Frozen; times in seconds from the start.

Knows nothing of files, models or the command line. JSON goes through `Transcript.to_json` and
`Transcript.from_json`, and its schema (`voicekit schema transcript`) is derived from these classes.
"""

from __future__ import annotations

import functools
import itertools
import unicodedata
from collections.abc import Iterable

from voicekit.types import Word


def join_words(words: Iterable[str]) -> str:
    """Words as running text: a space between them, except where either side is written without spaces."""
    out = ""
    for word in words:
        if out and word and not (unspaced(out[-1]) or unspaced(word[0])):
            out += " "
        out += word
    return out


def spread(text: str, start: float, end: float, speaker: str | None = None) -> tuple[Word, ...]:
    """The words of `text` (what stands between spaces), with the seconds from start to end shared out by their length.

    For text whose words have no times of their own; their probability is 1.
    """
    parts = text.split()
    if not parts:
        return ()
    ends = list(itertools.accumulate(len(part) + 1 for part in parts))
    times = [start, *(round(start + (end - start) * at / ends[-1], 3) for at in ends[:-1]), end]
    return tuple(Word(part, times[i], times[i + 1], probability=1.0, speaker=speaker) for i, part in enumerate(parts))


# Scripts written without spaces between words, by the first word of their Unicode names.
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "THAI", "LAO", "KHMER", "MYANMAR", "FULLWIDTH")


@functools.lru_cache(maxsize=4096)
def unspaced(char: str) -> bool:
    """Whether the character belongs to a script written without spaces."""
    return ord(char) > 0x7F and unicodedata.name(char, "").startswith(_UNSPACED)
