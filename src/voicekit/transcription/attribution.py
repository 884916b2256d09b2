"""Attribute: give every word a speaker, and cut the words into segments of one speaker each.

Pure: words, turns and voices in, segments out. A word goes to the turn it overlaps most; then each phrase, cut at
sentence ends and pauses, is judged as a whole by its voice, and its words move where another speaker's voice is nearer
by a margin. What was tried besides and did not help is in benchmarks/RESULTS.md.
"""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from voicekit.diarization.windows import SpeakerWindows, unit_length
from voicekit.text.sentences import SENTENCE_PAUSE
from voicekit.text.words import join_words
from voicekit.types import Diarization, Segment, Turn, Word

VERSION = 2

LONGEST = 30.0
"""Seconds after which a segment ends at the next word, for speech without any punctuation."""

PHRASE_PAUSE = 0.5
"""Seconds of silence that end a phrase."""

MARGIN = 0.1
"""Cosine similarity by which another speaker's voice must be nearer to a phrase, to take its words."""

COVERED = 0.3
"""Share of a phrase that must have a voice print for it to be judged."""

# A word's voice is this much nearer (cosine) to its speaker than to the next where right and wrong are even; and how
# fast certainty grows with it. Fitted on recordings, see benchmarks/RESULTS.md.
_EVEN, _STEEP = 0.2, 15.0

_SENTENCE_END = re.compile(r"[.?!…。！？][\"'”’)\]」』]*$")
_ABBREVIATION = re.compile(r"^\W*(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|e\.g|i\.e|No|z\.B|Mme|Sra?)\.$")


def attribute(
    segments: Iterable[Segment], diarization: Diarization | None = None, voices: SpeakerWindows | None = None
) -> tuple[Segment, ...]:
    """Segments by speaker from the recogniser's segments.

    Args:
        segments: With words; their speakers are ignored.
        diarization: Who spoke when; None for no speakers.
        voices: What it was made of, to judge phrases and words by; None where the diarizer gives none.

    Returns:
        Segments in order of time, numbered from 0; each has one speaker and one language, and ends with a sentence,
        a speaker, or a pause. Every word of the input is in exactly one of them.
    """
    heard = sorted(((w, s.language) for s in segments for w in s.words), key=lambda pair: pair[0].start)
    words = [word for word, _ in heard]
    if diarization is not None:
        words = speakers_of(words, diarization)
        if voices is not None and len(diarization.centroids) > 1:
            words = judged_by_voice(words, _Likeness(voices, diarization.centroids))
    return tuple(_segments(words, [language for _, language in heard]))


def speakers_of(words: Sequence[Word], diarization: Diarization) -> list[Word]:
    """`words` with speakers: the exclusive turn that overlaps most, else the nearest one in time.

    `speaker_confidence` is the share of the word inside that speaker's exclusive turns, less what others' turns
    overlap; 0 for a word outside every turn. Without any turn there is no speaker.
    """
    turns = _ByTime(diarization.exclusive)
    everyone = _ByTime(diarization.turns)
    out = []
    for word in words:
        shares = turns.shares(word)
        if shares:
            speaker = max(shares, key=lambda s: shares[s])
            length = max(word.end - word.start, 0.001)
            others = sum(share for name, share in everyone.shares(word).items() if name != speaker)
            confidence = min(1.0, max(0.0, shares[speaker] - others) / length)
            out.append(replace(word, speaker=speaker, speaker_confidence=round(confidence, 3)))
        elif nearest := turns.nearest(word):
            out.append(replace(word, speaker=nearest.speaker, speaker_confidence=0.0))
        else:
            out.append(word)
    return out


def judged_by_voice(words: Sequence[Word], likeness: _Likeness) -> list[Word]:
    """`words` with the speakers that whole phrases sound like, and confidences that their voices bear out."""
    out: list[Word] = []
    for phrase in phrases(words):
        like = likeness.of(phrase)
        for word in phrase:
            if like is not None and word.speaker in likeness.names:
                best, own = like.max(), like[likeness.names.index(word.speaker)]
                if best - own > MARGIN:
                    word = replace(word, speaker=likeness.names[int(like.argmax())], speaker_confidence=0.5)
            out.append(replace(word, speaker_confidence=_confidence(word, likeness)))
    return out


def _confidence(word: Word, likeness: _Likeness) -> float | None:
    like = likeness.of([word])
    if word.speaker_confidence is None or like is None or word.speaker not in likeness.names:
        return word.speaker_confidence
    own = likeness.names.index(word.speaker)
    ahead = float(like[own] - np.delete(like, own).max())
    alone = 0.2 + 0.8 * word.speaker_confidence
    return round(alone / (1 + math.exp(-_STEEP * (ahead - _EVEN))), 3)


def phrases(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """Words cut at sentence ends and at pauses."""
    begin = 0
    for i, word in enumerate(words):
        last = i + 1 == len(words)
        if last or words[i + 1].start - word.end >= PHRASE_PAUSE or ends_sentence(word.text):
            yield words[begin : i + 1]
            begin = i + 1


class _Likeness:
    """How much stretches of speech sound like each speaker, by the voice prints of the units they lie in."""

    def __init__(self, voices: SpeakerWindows, centroids: dict[str, tuple[float, ...]]) -> None:
        heard = ~np.isnan(voices.unit_prints).any(axis=1)
        self.names = list(centroids)
        self.units = voices.units[heard]  # in order, none overlaps another
        self.likeness = unit_length(voices.unit_prints[heard]) @ np.array(list(centroids.values())).T

    def of(self, words: Sequence[Word]) -> NDArray[np.floating] | None:
        """Cosine similarity to each of `names`, by seconds; None where too little of the words has a voice print."""
        first = int(np.searchsorted(self.units[:, 1], words[0].start))
        last = int(np.searchsorted(self.units[:, 0], max(word.end for word in words)))
        if last <= first:
            return None
        starts, ends = self.units[first:last].T
        seconds = np.zeros(last - first)
        for word in words:
            seconds += np.maximum(0.0, np.minimum(ends, word.end) - np.maximum(starts, word.start))
        if seconds.sum() < max(0.001, COVERED * sum(word.end - word.start for word in words)):
            return None
        found: NDArray[np.floating] = seconds @ self.likeness[first:last] / seconds.sum()
        return found


def name_speakers(
    segments: tuple[Segment, ...], turns: tuple[Turn, ...], names: tuple[str, ...]
) -> tuple[tuple[Segment, ...], tuple[Turn, ...], list[str]]:
    """Give the speakers names, in order of first speech; those beyond the names keep their labels. Warns of that."""
    labels = tuple(dict.fromkeys(turn.speaker for turn in turns))
    naming = dict(zip(labels, names, strict=False))
    notes = []
    if names and len(names) != len(labels):
        notes.append(f"{len(names)} speaker names for {len(labels)} speakers found: set --speakers {len(names)}?")

    def named(label: str | None) -> str | None:
        return naming.get(label, label) if label else label

    renamed = tuple(
        replace(s, speaker=named(s.speaker), words=tuple(replace(w, speaker=named(w.speaker)) for w in s.words))
        for s in segments
    )
    return renamed, tuple(replace(t, speaker=naming.get(t.speaker, t.speaker)) for t in turns), notes


class _ByTime:
    """Turns sorted by start, for questions about one word at a time."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        self.turns = sorted(turns, key=lambda turn: turn.start)
        self.starts = [turn.start for turn in self.turns]
        self.longest = max((turn.end - turn.start for turn in self.turns), default=0.0)

    def near(self, start: float, end: float) -> list[Turn]:
        first = bisect.bisect_left(self.starts, start - self.longest)
        return self.turns[first : bisect.bisect_right(self.starts, end)]

    def shares(self, word: Word) -> dict[str, float]:
        """Seconds of the word in each speaker's turns; a word of no length counts as a millisecond."""
        start, end = word.start, max(word.end, word.start + 0.001)
        shares: dict[str, float] = {}
        for turn in self.near(start, end):
            if (overlap := min(end, turn.end) - max(start, turn.start)) > 0:
                shares[turn.speaker] = shares.get(turn.speaker, 0.0) + overlap
        return shares

    def nearest(self, word: Word) -> Turn | None:
        return min(self.turns, key=lambda turn: max(turn.start - word.end, word.start - turn.end), default=None)


def _segments(words: Sequence[Word], languages: Sequence[str]) -> Iterable[Segment]:
    begin = 0
    number = 0
    for i, word in enumerate(words):
        following = words[i + 1] if i + 1 < len(words) else None
        if (
            following is None
            or following.speaker != word.speaker
            or languages[i + 1] != languages[i]
            or following.start - word.end >= SENTENCE_PAUSE
            or ends_sentence(word.text)
            or following.end - words[begin].start > LONGEST
        ):
            part = tuple(words[begin : i + 1])
            text = join_words(w.text for w in part)
            end = max(w.end for w in part)
            yield Segment(number, part[0].start, end, text, part[0].speaker, languages[begin], part)
            begin, number = i + 1, number + 1


def ends_sentence(word: str) -> bool:
    """Whether a sentence ends with this word: final punctuation that is no abbreviation's."""
    return bool(_SENTENCE_END.search(word)) and not _ABBREVIATION.match(word)
