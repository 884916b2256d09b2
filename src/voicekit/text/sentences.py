"""Group the words of a transcript into sentences, across segments and cues.

A sentence has one speaker and one language. `sentence_ends` finds its end; a change of speaker or language, a dash and
a long pause also end it. A sentence without an end is cut at its longest pause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from voicekit.text.dashes import turn_starts
from voicekit.text.markup import TAG
from voicekit.text.sentence_ends import CLOSERS, sentence_ends
from voicekit.text.words import join_words, unspaced
from voicekit.types import Segment, Word, spread

MAX_WORDS = 60
"""Longest sentence in words; a longer one is cut."""

MAX_UNSPACED_CHARACTERS = 160
"""Longest sentence in characters, for scripts without spaces."""

SENTENCE_PAUSE = 1.0
"""Seconds of silence that end a transcript segment in mid-sentence."""

MAX_PAUSE = 3.0
"""Seconds of silence that always end a sentence: listeners have lost the thread by then."""

MAX_INTERRUPTED_PAUSE = 1.5
"""The same if another speaker talks during the pause."""

_END_INSIDE_WORD = re.compile(rf"(?<=[。！？｡])(?![。！？｡{re.escape(CLOSERS)}])")
_TAG = re.compile(TAG)
_TOKEN = re.compile(rf"(?:{TAG}|\S)+")
_STANDALONE = re.compile(r"^[\[(（【♪#*].*[\])）】♪#*]$", re.DOTALL)  # [laughter], ♪ a song ♪


@dataclass(frozen=True)
class SentenceWord:
    """A word of a sentence.

    Attributes:
        word: The word.
        position: Its index among all words of the transcript.
        segment: Index of its segment.
        dash: Whether a dash precedes it in its cue.
    """

    word: Word
    position: int
    segment: int
    dash: bool = False


@dataclass(frozen=True)
class Sentence:
    """Words that are translated together, in order of time; at least one. `layer`: that of their segments."""

    pieces: tuple[SentenceWord, ...]
    speaker: str | None
    language: str
    layer: int = 0

    @property
    def text(self) -> str:
        return join_words(piece.word.text for piece in self.pieces)

    @property
    def start(self) -> float:
        """Start time in seconds."""
        return self.pieces[0].word.start


def split_sentences(segments: Sequence[Segment]) -> list[Sentence]:
    """Return the sentences of a transcript by start. Every word is in exactly one sentence."""
    tracks: dict[tuple[str | None, int], list[tuple[SentenceWord, Segment]]] = {}
    position = 0
    for number, segment in enumerate(segments):
        words = segment_words(segment)
        dashes = turn_starts(segment.cue, (word.text for word in words))
        for index, word in enumerate(words):
            tracks.setdefault((segment.speaker, segment.layer), []).append(
                (SentenceWord(word, position, number, index in dashes), segment)
            )
            position += 1
    uncased = not any(char.isupper() for segment in segments for char in segment.text)
    sentences = [sentence for track in tracks.values() for sentence in _split_track(track, segments, uncased)]
    return sorted(sentences, key=lambda sentence: sentence.pieces[0].position)


def segment_words(segment: Segment) -> tuple[Word, ...]:
    """Return the words of a segment, with the tags of its cue attached.

    In scripts without spaces, words are cut after each sentence end. If the words disagree with the segment's text,
    they are made from the text, with times in proportion to length.
    """
    words = segment.words
    if "".join(word.text for word in words).replace(" ", "") != "".join(segment.text.split()):
        words = spread(segment.text, segment.start, segment.end, segment.speaker)
    if segment.cue and _TAG.search(segment.cue):
        words = _attach_tags(words, segment.cue)
    return tuple(part for word in words for part in _cut_at_sentence_ends(word))


def _attach_tags(words: Sequence[Word], cue: str) -> tuple[Word, ...]:
    """Add the tags of the cue to the words they touch; leave the words alone if the cue has other words."""
    tagged: list[Word] = []
    pending_tags = ""
    for token in _TOKEN.findall(cue):
        plain = _TAG.sub("", token)
        if len(tagged) < len(words) and plain == words[len(tagged)].text:
            tagged.append(replace(words[len(tagged)], text=pending_tags + token))
            pending_tags = ""
        else:  # a speaker's name, a dash, or only tags
            pending_tags += "".join(_TAG.findall(token))
    if len(tagged) < len(words) or not tagged:
        return tuple(words)
    return (*tagged[:-1], replace(tagged[-1], text=tagged[-1].text + pending_tags))


def _cut_at_sentence_ends(word: Word) -> Iterator[Word]:
    """Cut a word at the sentence ends inside it, sharing out its time by length."""
    parts = [part for part in _END_INSIDE_WORD.split(word.text) if part]
    if len(parts) < 2:
        yield word
        return
    done = 0
    for part in parts:
        start, end = (
            round(word.start + (word.end - word.start) * count / len(word.text), 3)
            for count in (done, done + len(part))
        )
        done += len(part)
        yield replace(word, text=part, start=start, end=end)


def _split_track(
    track: Sequence[tuple[SentenceWord, Segment]], segments: Sequence[Segment], uncased: bool
) -> Iterator[Sentence]:
    """Yield the sentences of one speaker in one layer. `uncased`: no capitals, so lower case proves nothing."""
    ends: list[bool] = []
    for language, same in groupby(track, key=lambda item: item[1].language):
        ends += sentence_ends([piece.word.text for piece, _ in same], language, uncased=uncased)
    run: list[SentenceWord] = []
    for index, (piece, segment) in enumerate(track):
        run.append(piece)
        following = track[index + 1] if index + 1 < len(track) else None
        if following is None or ends[index] or _interrupted(piece, segment, *following):
            for part in _cut_long(run):
                yield Sentence(tuple(part), segment.speaker, segment.language, segment.layer)
            run = []


def _interrupted(piece: SentenceWord, segment: Segment, following: SentenceWord, next_segment: Segment) -> bool:
    """Whether a sentence breaks off between two words without having ended."""
    if segment.language != next_segment.language or following.dash:
        return True
    pause = following.word.start - piece.word.end
    if pause > (MAX_PAUSE if following.position == piece.position + 1 else MAX_INTERRUPTED_PAUSE):
        return True
    return piece.segment != following.segment and any(
        _STANDALONE.match(s.text.strip()) for s in (segment, next_segment)
    )


def _cut_long(run: list[SentenceWord]) -> Iterator[list[SentenceWord]]:
    """Cut a run at its longest pauses, or in the middle, until no part is too long."""
    unspaced_characters = sum(sum(map(unspaced, piece.word.text)) for piece in run)
    if len(run) < 2 or (len(run) <= MAX_WORDS and unspaced_characters <= MAX_UNSPACED_CHARACTERS):
        yield run
        return
    low, high = len(run) // 4, len(run) - len(run) // 4
    candidates = range(max(1, low), max(2, high))
    cut = max(candidates, key=lambda i: (_cut_quality(run[i - 1], run[i]), -abs(i - len(run) / 2)))
    yield from _cut_long(run[:cut])
    yield from _cut_long(run[cut:])


def _cut_quality(before: SentenceWord, after: SentenceWord) -> float:
    """The pause between two words in seconds, plus half a second after a comma."""
    comma = 0.5 if before.word.text[-1:] in ",;:，、；：،—–" else 0.0
    return round(max(0.0, after.word.start - before.word.end) + comma, 2)
