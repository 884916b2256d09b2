"""Normalize texts to comparable words before they are scored.

English uses Whisper's English normalizer (numbers, contractions, spelling). Other languages use its basic one (case,
punctuation, text in brackets), but keep combining marks, which are vowels in many scripts. More rules:

    all                      invisible characters (soft hyphens, joiners, direction marks) are removed
    ar fa ur ps sd ug he yi  vowel points and tatweel are removed: most texts are written without them
    tr az                    I becomes ı and İ becomes i
    zh yue ja th lo km my    split into grapheme clusters: their WER counts characters (Radford et al. 2022)
    all but English          digits of any script become 0 to 9
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable

import regex

from voicekit.text.languages import UNSPACED_LANGUAGES, base_language

Normalizer = Callable[[str], str]

_POINTED = frozenset("ar fa ur ps sd ug he yi".split())
_POINTS = regex.compile(r"[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640]")
_INVISIBLE = regex.compile(r"[\p{Cf}--[\u200b]]", regex.V1)
_DOTTED = str.maketrans({"I": "ı", "İ": "i"})
_SARA_AM = (("\u0e4d\u0e32", "\u0e33"), ("\u0ecd\u0eb2", "\u0eb3"))
"""Vowels that NFKC takes apart in Thai and Lao, as they are written."""


@functools.cache
def normalizer(language: str, normalize: bool = True) -> Normalizer:
    """Return a function that normalizes text to words with spaces between them.

    Args:
        language: BCP-47; the rules are at the top of this file.
        normalize: False keeps the words as written, but splits scripts without spaces.
    """
    base = base_language(language)
    spaced = base not in UNSPACED_LANGUAGES
    if not normalize:
        return (lambda text: text) if spaced else _split_clusters
    if base == "en":
        from whisper_normalizer.english import EnglishTextNormalizer  # type: ignore[import-untyped]

        english = EnglishTextNormalizer()
        return lambda text: str(english(_INVISIBLE.sub("", text)))
    from whisper_normalizer.basic import BasicTextNormalizer  # type: ignore[import-untyped]

    basic = BasicTextNormalizer(split_letters=False, preserve_marks=True)

    def normalized(text: str) -> str:
        text = _INVISIBLE.sub("", text)
        if base in ("tr", "az"):
            text = text.translate(_DOTTED)
        text = str(basic(text))
        if base in _POINTED:
            text = _POINTS.sub("", text)
        text = regex.sub(r"\p{Nd}", lambda match: str(unicodedata.digit(match[0])), text)
        return text if spaced else _split_clusters(text)

    return normalized


def _split_clusters(text: str) -> str:
    for apart, whole in _SARA_AM:
        text = text.replace(apart, whole)
    return " ".join(cluster for cluster in regex.findall(r"\X", text) if cluster.strip())
