"""Join words to text, in scripts with and without spaces."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable


def join_words(words: Iterable[str]) -> str:
    """Join words with spaces, except next to a character of a script written without spaces."""
    text = ""
    for word in words:
        if text and word and not (unspaced(text[-1]) or unspaced(word[0])):
            text += " "
        text += word
    return text


# Scripts written without spaces between words, by the first word of the Unicode names of their characters.
_UNSPACED_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "IDEOGRAPHIC", "THAI", "LAO", "KHMER", "MYANMAR", "FULLWIDTH")


@functools.lru_cache(maxsize=4096)
def unspaced(char: str) -> bool:
    """Whether a character belongs to a script written without spaces between words."""
    return ord(char) > 0x7F and unicodedata.name(char, "").startswith(_UNSPACED_SCRIPTS)
