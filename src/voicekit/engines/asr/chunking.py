"""Cut speech into clips for Whisper, and find what a decoding missed or repeated. Pure functions; times in seconds."""

from __future__ import annotations

import difflib
import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from voicekit.text.sentence_ends import ends_sentence
from voicekit.text.words import unspaced
from voicekit.types import Word

Span = tuple[float, float]
"""(start, end), seconds."""

MAX_CLIP = 29.5
"""Longest clip. Whisper's window is 30 s; half a second is kept for rounding to frames."""

MAX_GAP = 2.0
"""Longest silence inside a clip. Longer ones cause hallucinations (faster-whisper#621)."""

MIXED_CLIP = 10.0
"""Longest clip in recordings with several languages: a clip is decoded in one language, so it should hold only one."""

MIN_MISSED_SPEECH = 1.0
"""Speech without words that is decoded once more: Whisper ends some clips early (faster-whisper#1179)."""

MIN_PIECE = 1.0
"""Shortest piece when a clip is decoded piece by piece between pauses; Whisper invents words for shorter ones."""

_SNAP = 0.7
"""Missed speech is moved to a pause that is no farther than this, so that no word is cut."""

_PAUSE = 0.1
"""Silence between two words from which they are not one phrase."""

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


def split_at_pauses(clip: Span, spans: Sequence[Span]) -> list[Span]:
    """Split a clip at every pause into pieces with at least MIN_PIECE seconds of speech each."""
    pieces: list[Span] = []
    speech = 0.0
    for start, end in spans:
        start, end = max(start, clip[0]), min(end, clip[1])
        if end <= start:
            continue
        if pieces and speech < MIN_PIECE:
            pieces[-1] = (pieces[-1][0], end)
            speech += end - start
        else:
            pieces.append((start, end))
            speech = end - start
    if len(pieces) > 1 and speech < MIN_PIECE:
        pieces[-2:] = [(pieces[-2][0], pieces[-1][1])]
    return pieces or [clip]


def find_missed_speech(
    clip: Span, words: Sequence[Word], spans: Sequence[Span], least: float = MIN_MISSED_SPEECH
) -> list[Span]:
    """Return the stretches of a clip without words that contain at least `least` seconds of speech.

    A word that lasts longer than it can be spoken counts with a plausible duration: Whisper stretches the word after
    speech that it left out.
    """
    words = shorten_stretched_words(words)
    edges = [clip[0], *(time for word in words for time in (word.start, word.end)), clip[1]]
    missed = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        speech = [(max(s, begin), min(e, end)) for s, e in spans if min(e, end) > max(s, begin)]
        if sum(e - s for s, e in speech) >= least:
            missed.append((speech[0][0], speech[-1][1]))
    return missed


def shorten_stretched_words(words: Sequence[Word]) -> list[Word]:
    """Shorten words that last longer than they can be spoken; the side next to another word of the phrase stays."""
    shortened = []
    for word, following in itertools.zip_longest(words, words[1:]):
        longest = longest_duration(word.text)
        if word.end - word.start > longest:
            if _goes_on(word, following):
                word = replace(word, start=word.end - longest)
            else:
                word = replace(word, end=word.start + longest)
        shortened.append(word)
    return shortened


def _goes_on(word: Word, following: Word | None) -> bool:
    """Whether the phrase of a word goes on with the following word, without a pause."""
    return following is not None and following.start - word.end < _PAUSE and not ends_sentence(word.text)


def _words_with_right_times(words: Sequence[Word]) -> list[Word]:
    """Return the shortened words, without those of the same phrase that lead to a stretched word."""
    right: list[Word] = []
    following: Word | None = None
    is_dragged = False
    for word, shortened in reversed(list(zip(words, shorten_stretched_words(words), strict=True))):
        is_dragged &= _goes_on(word, following)
        if not is_dragged:
            right.append(shortened)
            is_dragged = shortened.start > word.start
        following = word
    return right[::-1]


def longest_duration(word: str) -> float:
    """Return the seconds that a slow speaker needs for a word."""
    letters = 0
    for char in word:
        letters += 5 if char.isdigit() else 3 if unspaced(char) else unicodedata.category(char)[0] == "L"
    return 0.6 + 0.1 * letters


def move_to_pauses(missed: Span, words: Sequence[Word], spans: Sequence[Span]) -> Span:
    """Move each end of missed speech to the nearest end of a span of speech, at most _SNAP away and not over a word.

    Words that lead to a stretched word do not count: their times are wrong too.
    """
    middles = [(word.start + word.end) / 2 for word in _words_with_right_times(words)]
    edges = [edge for span in spans for edge in span]

    def move(time: float) -> float:
        for edge in sorted((e for e in edges if abs(e - time) <= _SNAP), key=lambda edge: abs(edge - time)):
            if not any(min(edge, time) < middle < max(edge, time) for middle in middles):
                return edge
        return time

    start, end = move(missed[0]), move(missed[1])
    return (start, end) if end - start >= MIN_PIECE else missed


def share_kept(before: Sequence[Word], after: Sequence[Word]) -> float:
    """Return the share of the words of one decoding that another has too, in the same order; 1 without words."""
    if not before:
        return 1.0
    blocks = _match([word.text for word in before], [word.text for word in after]).get_matching_blocks()
    return sum(block.size for block in blocks) / len(before)


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


def longest_shared_run(words: Sequence[str], prompt: Sequence[str]) -> int:
    """Return the length of the longest run of words that occurs in both."""
    return _match(words, prompt).find_longest_match().size


def _match(words: Sequence[str], others: Sequence[str]) -> difflib.SequenceMatcher[str]:
    """Compare two lists of words without case and punctuation."""
    return difflib.SequenceMatcher(None, [*map(_plain, words)], [*map(_plain, others)], autojunk=False)


def _plain(word: str) -> str:
    return re.sub(r"\W", "", word).lower()
