"""Time line: the words of a translation along the words that were said. Pauses in the source stay pauses.

What share of the letters comes before a word says where in the source's speech it stands: word order differs between
languages, but over a sentence both tell the same at about the same pace.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
from collections.abc import Sequence
from typing import Any

from voicekit.text.markup import TAG
from voicekit.text.words import unspaced
from voicekit.types import Word

PAUSE = 0.5
"""Seconds between words that no word of the translation lies across."""

NEAR = 2
"""Words by which a pause may be moved, to where the translation has a comma."""

_TOKEN = re.compile(rf"(?:{TAG}|\S)+")
_COMMA = ",;:，、；：،—–…"


def tokens(text: str, language: str) -> list[str]:
    """The words of a text; of one in a script without spaces its phrases, as budoux cuts them. Tags stay whole."""
    out: list[str] = []
    for token in _TOKEN.findall(text):
        if len(token) > 1 and sum(map(unspaced, token)) * 2 > len(token):
            out += _phrases(token, language)
        else:
            out.append(token)
    return out


def _phrases(text: str, language: str) -> list[str]:
    parser = _parser(language)
    return [part for part in (parser.parse(text) if parser else [text]) if part]


@functools.cache
def _parser(language: str) -> Any:
    """budoux's parser of a language; None where it has none."""
    import budoux

    name, _, rest = language.partition("-")
    match name:
        case "ja":
            return budoux.load_default_japanese_parser()
        case "zh" | "yue":
            traditional = name == "yue" or any(part in ("Hant", "TW", "HK", "MO") for part in rest.split("-"))
            if traditional:
                return budoux.load_default_traditional_chinese_parser()
            return budoux.load_default_simplified_chinese_parser()
        case "th":
            return budoux.load_default_thai_parser()
    return None


def lay(words: Sequence[str], source: Sequence[Word], cuts: Sequence[int] = ()) -> list[list[Word]]:
    """`words` in the time of `source`, a list for each part.

    Args:
        words: Of the translation.
        source: What was said, in order of time; at least one.
        cuts: Indexes into `source` where a new part begins: there, somebody else spoke in between.

    Returns:
        One list more than there are cuts; some may be empty. Starts never fall back, and all lies within `source`.
    """
    edges = [0, *cuts, len(source)]
    parts = [list(source[a:b]) for a, b in itertools.pairwise(edges)]
    phrases = [_phrases_of(part) for part in parts]
    shares = _dealt(words, [phrase for part in phrases for phrase in part])
    laid = iter(shares)
    probability = round(sum(word.probability for word in source) / len(source), 3)
    return [[word for phrase in part for word in _along(next(laid), phrase, probability)] for part in phrases]


def _phrases_of(source: Sequence[Word]) -> list[list[Word]]:
    """The words between pauses."""
    out: list[list[Word]] = []
    for word in source:
        if out and word.start - out[-1][-1].end < PAUSE:
            out[-1].append(word)
        else:
            out.append([word])
    return out


def _dealt(words: Sequence[str], phrases: Sequence[Sequence[Word]]) -> list[list[str]]:
    """The words shared out over the phrases of the source by their letters; a comma near a border draws it."""
    weights = list(itertools.accumulate((len(word) for word in words), initial=0))
    total = sum(_length(phrase) for phrase in phrases)
    out, begin, done = [], 0, 0
    for phrase in phrases[:-1]:
        done += _length(phrase)
        goal = weights[-1] * done / total
        at = bisect.bisect_left(weights, goal)
        if at and at < len(weights) and goal - weights[at - 1] < weights[at] - goal:
            at -= 1
        near = [i for i in range(at - NEAR, at + NEAR + 1) if begin < i < len(words) and words[i - 1][-1] in _COMMA]
        at = max(begin, min(near, key=lambda i: abs(i - at)) if near else min(at, len(words)))
        out.append(list(words[begin:at]))
        begin = at
    return [*out, list(words[begin:])]


def _along(words: Sequence[str], source: Sequence[Word], probability: float) -> list[Word]:
    """Words over one phrase of the source, from its start to its end, each as long as its letters are in it."""
    if not words:
        return []
    ends = list(itertools.accumulate(len(word.text) or 1 for word in source))
    total = sum(len(word) for word in words)
    done, last, out = 0, source[0].start, []
    for word in words:
        done += len(word)
        end = _time(source, ends, done / total) if done < total else source[-1].end
        end = max(last, round(min(end, source[-1].end), 3))
        out.append(Word(word, last, end, probability, source[0].speaker))
        last = end
    return out


def _time(source: Sequence[Word], ends: Sequence[int], share: float) -> float:
    """When so much of the letters was said."""
    goal = share * ends[-1]
    at = min(bisect.bisect_left(ends, goal), len(source) - 1)
    before = ends[at - 1] if at else 0
    word = source[at]
    return word.start + (word.end - word.start) * (goal - before) / (ends[at] - before)


def _length(phrase: Sequence[Word]) -> int:
    return sum(len(word.text) or 1 for word in phrase)
