"""Attribute: give every word a speaker, and cut the words into segments of one speaker each.

Pure: words and turns in, segments out.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from voicekit.data import Diarization, Segment, Turn, Word, join_words

VERSION = 1

PAUSE = 1.0
"""Seconds of silence that end a segment even in mid-sentence."""

LONGEST = 30.0
"""Seconds after which a segment ends at the next word, for speech without any punctuation."""

_SENTENCE_END = re.compile(r"[.?!…。！？][\"'”’)\]」』]*$")
_ABBREVIATION = re.compile(r"^\W*(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|vs|e\.g|i\.e|No|z\.B|Mme|Sra?)\.$")


def attribute(segments: Iterable[Segment], diarization: Diarization | None) -> tuple[Segment, ...]:
    """Segments by speaker from the recogniser's segments.

    Args:
        segments: With words; their speakers are ignored.
        diarization: Who spoke when; None for no speakers.

    Returns:
        Segments in order of time, numbered from 0; each has one speaker and one language, and ends with a sentence,
        a speaker, or a pause. Every word of the input is in exactly one of them.
    """
    heard = sorted(((w, s.language) for s in segments for w in s.words), key=lambda pair: pair[0].start)
    words = [word for word, _ in heard]
    if diarization is not None:
        words = speakers_of(words, diarization)
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
            or following.start - word.end >= PAUSE
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
