"""Give the words of a translation times along the words of the source. Pauses in the source stay pauses.

A translated word's time follows from the share of letters before it. Word order differs between languages, but over a
sentence both sides carry the meaning at about the same pace.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Sequence

from voicekit.text.markup import TAG
from voicekit.text.phrases import split_phrases
from voicekit.text.words import unspaced
from voicekit.types import Word

PAUSE = 0.5
"""Seconds of silence between source words that no translated word may span."""

COMMA_DISTANCE = 2
"""Number of words by which the place of a pause may move, to fall on a comma of the translation."""

_TOKEN = re.compile(rf"(?:{TAG}|\S)+")
_COMMA = ",;:，、；：،—–…"


def tokenize(text: str, language: str) -> list[str]:
    """Split a text into words; in scripts without spaces into phrases, by BudouX. Tags stay whole."""
    tokens: list[str] = []
    for token in _TOKEN.findall(text):
        if len(token) > 1 and sum(map(unspaced, token)) * 2 > len(token):
            tokens += split_phrases(token, language) or [token]
        else:
            tokens.append(token)
    return tokens


def align(words: Sequence[str], source: Sequence[Word], cuts: Sequence[int] = ()) -> list[list[Word]]:
    """Place translated words in the time of the source.

    Args:
        words: Words of the translation.
        source: Words of the source in order of time; at least one.
        cuts: Indices into `source` where a new part begins because another speaker talked in between.

    Returns:
        One list for each part (one more than there are cuts); some may be empty. Start times never decrease, and all
        words lie within the time of `source`.
    """
    edges = [0, *cuts, len(source)]
    parts = [list(source[a:b]) for a, b in itertools.pairwise(edges)]
    phrases = [_split_at_pauses(part) for part in parts]
    shares = iter(_distribute(words, [phrase for part in phrases for phrase in part]))
    probability = round(sum(word.probability for word in source) / len(source), 3)
    return [[word for phrase in part for word in _align_phrase(next(shares), phrase, probability)] for part in phrases]


def _split_at_pauses(source: Sequence[Word]) -> list[list[Word]]:
    phrases: list[list[Word]] = []
    for word in source:
        if phrases and word.start - phrases[-1][-1].end < PAUSE:
            phrases[-1].append(word)
        else:
            phrases.append([word])
    return phrases


def _distribute(words: Sequence[str], phrases: Sequence[Sequence[Word]]) -> list[list[str]]:
    """Share out the words over the phrases of the source by letters, preferring commas near a border."""
    letters_before = list(itertools.accumulate((len(word) for word in words), initial=0))
    total = sum(_letters(phrase) for phrase in phrases)
    shares, begin, done = [], 0, 0
    for phrase in phrases[:-1]:
        done += _letters(phrase)
        goal = letters_before[-1] * done / total
        cut = bisect.bisect_left(letters_before, goal)
        if cut and cut < len(letters_before) and goal - letters_before[cut - 1] < letters_before[cut] - goal:
            cut -= 1
        candidates = range(cut - COMMA_DISTANCE, cut + COMMA_DISTANCE + 1)
        commas = [i for i in candidates if begin < i < len(words) and words[i - 1][-1] in _COMMA]
        cut = max(begin, min(commas, key=lambda i: abs(i - cut)) if commas else min(cut, len(words)))
        shares.append(list(words[begin:cut]))
        begin = cut
    return [*shares, list(words[begin:])]


def _align_phrase(words: Sequence[str], source: Sequence[Word], probability: float) -> list[Word]:
    """Spread words over one phrase of the source, from its start to its end, in proportion to their letters."""
    if not words:
        return []
    letters_until = list(itertools.accumulate(len(word.text) or 1 for word in source))
    total = sum(len(word) for word in words)
    done, last_end, aligned = 0, source[0].start, []
    for word in words:
        done += len(word)
        end = _time_at(source, letters_until, done / total) if done < total else source[-1].end
        end = max(last_end, round(min(end, source[-1].end), 3))
        aligned.append(Word(word, last_end, end, probability, source[0].speaker))
        last_end = end
    return aligned


def _time_at(source: Sequence[Word], letters_until: Sequence[int], share: float) -> float:
    """Return the time in seconds at which a share of the letters has been spoken."""
    goal = share * letters_until[-1]
    index = min(bisect.bisect_left(letters_until, goal), len(source) - 1)
    before = letters_until[index - 1] if index else 0
    word = source[index]
    return word.start + (word.end - word.start) * (goal - before) / (letters_until[index] - before)


def _letters(phrase: Sequence[Word]) -> int:
    return sum(len(word.text) or 1 for word in phrase)
