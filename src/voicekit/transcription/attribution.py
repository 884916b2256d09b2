"""Assign a speaker to every word, and cut the words into segments with one speaker each.

A word gets the speaker of the turn that it overlaps most. Then the embeddings of each phrase (cut at sentence ends and
pauses) are compared with the speakers, and the phrase moves to another speaker if that one is more similar by a margin.
Approaches that did not help are in benchmarks/RESULTS.md.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from voicekit.diarization.windows import SpeakerWindows, unit_length
from voicekit.text.sentence_ends import ends_sentence
from voicekit.text.sentences import SENTENCE_PAUSE
from voicekit.text.words import join_words
from voicekit.types import Diarization, Segment, Turn, Word

VERSION = 3
"""Part of the cache key; increase it when the result changes."""

MAX_SEGMENT = 30.0
"""Seconds after which a segment ends at the next word, for speech without punctuation."""

PHRASE_PAUSE = 0.5
"""Seconds of silence that end a phrase."""

MARGIN = 0.1
"""Cosine similarity by which another speaker must be more similar to a phrase to get its words."""

MIN_COVERED = 0.3
"""Share of a phrase that must have embeddings for it to be compared."""

# Logistic model of the confidence in a word's speaker: the lead in cosine similarity over the next speaker at which the
# speaker is right half of the time, and its slope. Fitted on recordings, see benchmarks/RESULTS.md.
_EVEN_LEAD, _SLOPE = 0.2, 15.0

_MIN_WORD = 0.001
"""Seconds that a word without duration counts as."""


def attribute(
    segments: Iterable[Segment], diarization: Diarization | None = None, windows: SpeakerWindows | None = None
) -> tuple[Segment, ...]:
    """Turn the ASR model's segments into segments by speaker.

    Args:
        segments: With words; their speakers are ignored.
        diarization: Who speaks when; None for no speakers.
        windows: The embeddings that the diarization was made from, to check phrases and words; None if there are none.

    Returns:
        Segments by start, numbered from 0. Each has one speaker and one language, and ends with a sentence, a speaker
        or a pause. Every word of the input is in exactly one of them.
    """
    pairs = sorted(((w, s.language) for s in segments for w in s.words), key=lambda pair: pair[0].start)
    words = [word for word, _ in pairs]
    if diarization is not None:
        words = assign_speakers(words, diarization)
        if windows is not None and len(diarization.centroids) > 1:
            words = reassign_phrases(words, _SpeakerSimilarity(windows, diarization.centroids))
    return tuple(_cut_segments(words, [language for _, language in pairs]))


def assign_speakers(words: Sequence[Word], diarization: Diarization) -> list[Word]:
    """Give each word the speaker of the exclusive turn that overlaps it most, or else of the nearest turn in time.

    `speaker_confidence` is the share of the word inside that speaker's exclusive turns, minus the overlap with other
    speakers' turns; 0 for a word outside all turns. Without turns there is no speaker.
    """
    exclusive = _TurnIndex(diarization.exclusive)
    all_turns = _TurnIndex(diarization.turns)
    assigned = []
    for word in words:
        overlaps = exclusive.overlaps(word)
        if overlaps:
            speaker = max(overlaps, key=lambda name: overlaps[name])
            length = max(word.end - word.start, _MIN_WORD)
            others = sum(seconds for name, seconds in all_turns.overlaps(word).items() if name != speaker)
            confidence = min(1.0, max(0.0, overlaps[speaker] - others) / length)
            assigned.append(replace(word, speaker=speaker, speaker_confidence=round(confidence, 3)))
        elif nearest := exclusive.nearest(word):
            assigned.append(replace(word, speaker=nearest.speaker, speaker_confidence=0.0))
        else:
            assigned.append(word)
    return assigned


def reassign_phrases(words: Sequence[Word], similarity: _SpeakerSimilarity) -> list[Word]:
    """Move phrases to the speaker whose voice they resemble, and correct the confidences by the similarity."""
    result: list[Word] = []
    for phrase in phrases(words):
        scores = similarity.of(phrase)
        for word in phrase:
            if scores is not None and word.speaker in similarity.names:
                lead = scores.max() - scores[similarity.names.index(word.speaker)]
                if lead > MARGIN:
                    word = replace(word, speaker=similarity.names[int(scores.argmax())], speaker_confidence=0.5)
            result.append(replace(word, speaker_confidence=_confidence(word, similarity)))
    return result


def _confidence(word: Word, similarity: _SpeakerSimilarity) -> float | None:
    scores = similarity.of([word])
    if word.speaker_confidence is None or scores is None or word.speaker not in similarity.names:
        return word.speaker_confidence
    speaker = similarity.names.index(word.speaker)
    lead = float(scores[speaker] - np.delete(scores, speaker).max())
    by_time = 0.2 + 0.8 * word.speaker_confidence
    return round(by_time / (1 + math.exp(-_SLOPE * (lead - _EVEN_LEAD))), 3)


def phrases(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """Cut words at sentence ends and at pauses."""
    begin = 0
    for i, word in enumerate(words):
        following = words[i + 1] if i + 1 < len(words) else None
        if (
            following is None
            or following.start - word.end >= PHRASE_PAUSE
            or ends_sentence(word.text, following.text, uncased=True)
        ):
            yield words[begin : i + 1]
            begin = i + 1


class _SpeakerSimilarity:
    """Similarity of stretches of speech to each speaker, from the embeddings of the units that they are in."""

    def __init__(self, windows: SpeakerWindows, centroids: dict[str, tuple[float, ...]]) -> None:
        valid = windows.units_with_embedding
        self.names = list(centroids)
        self._units = windows.units[valid]  # sorted and without overlap
        self._scores = unit_length(windows.unit_embeddings[valid]) @ np.array(list(centroids.values())).T

    def of(self, words: Sequence[Word]) -> NDArray[np.floating] | None:
        """Return the cosine similarity to each of `names`, weighted by time; None if too little has embeddings."""
        first = int(np.searchsorted(self._units[:, 1], words[0].start))
        last = int(np.searchsorted(self._units[:, 0], max(word.end for word in words)))
        if last <= first:
            return None
        starts, ends = self._units[first:last].T
        seconds = np.zeros(last - first)
        for word in words:
            seconds += np.maximum(0.0, np.minimum(ends, word.end) - np.maximum(starts, word.start))
        if seconds.sum() < max(_MIN_WORD, MIN_COVERED * sum(word.end - word.start for word in words)):
            return None
        scores: NDArray[np.floating] = seconds @ self._scores[first:last] / seconds.sum()
        return scores


def name_speakers(
    segments: tuple[Segment, ...], turns: tuple[Turn, ...], names: tuple[str, ...]
) -> tuple[tuple[Segment, ...], tuple[Turn, ...], list[str]]:
    """Replace speaker labels by names, in order of first speech; without enough names, the other labels stay.

    Returns:
        Segments, turns, and a warning if the numbers of names and speakers differ.
    """
    labels = tuple(dict.fromkeys(turn.speaker for turn in turns))
    name_of = dict(zip(labels, names, strict=False))
    warnings = []
    if names and len(names) != len(labels):
        warnings.append(f"{len(names)} speaker names for {len(labels)} speakers found: set --speakers {len(names)}?")

    def rename(label: str | None) -> str | None:
        return name_of.get(label, label) if label else label

    renamed = tuple(
        replace(s, speaker=rename(s.speaker), words=tuple(replace(w, speaker=rename(w.speaker)) for w in s.words))
        for s in segments
    )
    return renamed, tuple(replace(t, speaker=name_of.get(t.speaker, t.speaker)) for t in turns), warnings


class _TurnIndex:
    """Turns sorted by start, for fast lookups of one word at a time."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        self.turns = sorted(turns, key=lambda turn: turn.start)
        self.starts = [turn.start for turn in self.turns]
        self.longest = max((turn.end - turn.start for turn in self.turns), default=0.0)

    def overlaps(self, word: Word) -> dict[str, float]:
        """Return the seconds of a word inside each speaker's turns."""
        start, end = word.start, max(word.end, word.start + _MIN_WORD)
        first = bisect.bisect_left(self.starts, start - self.longest)
        overlaps: dict[str, float] = {}
        for turn in self.turns[first : bisect.bisect_right(self.starts, end)]:
            if (seconds := min(end, turn.end) - max(start, turn.start)) > 0:
                overlaps[turn.speaker] = overlaps.get(turn.speaker, 0.0) + seconds
        return overlaps

    def nearest(self, word: Word) -> Turn | None:
        return min(self.turns, key=lambda turn: max(turn.start - word.end, word.start - turn.end), default=None)


def _cut_segments(words: Sequence[Word], languages: Sequence[str]) -> Iterable[Segment]:
    begin = 0
    number = 0
    for i, word in enumerate(words):
        following = words[i + 1] if i + 1 < len(words) else None
        if (
            following is None
            or following.speaker != word.speaker
            or languages[i + 1] != languages[i]
            or following.start - word.end >= SENTENCE_PAUSE
            or ends_sentence(word.text, following.text, uncased=True)
            or following.end - words[begin].start > MAX_SEGMENT
        ):
            part = tuple(words[begin : i + 1])
            text = join_words(w.text for w in part)
            end = max(w.end for w in part)
            yield Segment(number, part[0].start, end, text, part[0].speaker, languages[begin], part)
            begin, number = i + 1, number + 1
