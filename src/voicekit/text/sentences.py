"""Sentences: what is translated as one, of one speaker in one language, across segments and cues.

A sentence ends with its mark (. ! ? … and those of other scripts), unless that belongs to an abbreviation, a number or
an initial, or goes on in small letters. One that does not end is cut at its longest pause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from voicekit.text.markup import TAG
from voicekit.text.words import join_words, spread, unspaced
from voicekit.types import Segment, Word

LONGEST = 60
"""Words of a sentence, at most: beyond, one that was never ended is cut."""

LONGEST_UNSPACED = 160
"""Characters of a sentence in a script without spaces, at most."""

BREAK = 3.0
"""Seconds of silence that end a sentence, mark or none: about as long as a speaker loses the thread."""

BROKEN_IN = 1.5
"""The same where another speaks in it."""

_MARKS = ".!?…。！？｡؟۔।॥။።"
_CLOSERS = "\"'”’»›)]}」』）】〉》"
_END = re.compile(rf"[{re.escape(_MARKS)}]+[{re.escape(_CLOSERS)}]*$")
_INSIDE = re.compile(rf"(?<=[。！？｡])(?![。！？｡{re.escape(_CLOSERS)}])")
_TAG = re.compile(TAG)
_TOKEN = re.compile(rf"(?:{TAG}|\S)+")
_ALONE = re.compile(r"^[\[(（【♪#*].*[\])）】♪#*]$", re.DOTALL)

# Words whose full stop ends no sentence; compared without it, in small letters.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr vs etc e.g i.e cf no nos vol fig al approx dept est inc ltd co corp gen col lt capt "
    "sgt rev hon gov sen rep mt ft u.s u.k a.m p.m jan feb mar apr jun jul aug sep sept oct nov dec "
    "sra srta dra ud uds vd vds av pág pag núm ej p.ej aprox tel exmo exma "
    "bzw z.b d.h u.a usw ca nr str hr fr dipl ing mme mlle mm env c.-à-d т.е т.д т.п г гг им руб".split()
)


@dataclass(frozen=True)
class Piece:
    """A word on its way to a sentence. `at`: its place among all words; `segment`: the index of the one it is of."""

    word: Word
    at: int
    segment: int


@dataclass(frozen=True)
class Sentence:
    """What is translated as one. `pieces`: its words, in order of time; at least one."""

    pieces: tuple[Piece, ...]
    speaker: str | None
    language: str

    @property
    def text(self) -> str:
        return join_words(piece.word.text for piece in self.pieces)

    @property
    def start(self) -> float:
        return self.pieces[0].word.start


def sentences(segments: Sequence[Segment]) -> list[Sentence]:
    """Sentences by their starts; every word is in exactly one."""
    tracks: dict[str | None, list[tuple[Piece, Segment]]] = {}
    at = 0
    for number, segment in enumerate(segments):
        for word in words_of(segment):
            tracks.setdefault(segment.speaker, []).append((Piece(word, at, number), segment))
            at += 1
    small = not any(char.isupper() for segment in segments for char in segment.text)
    found = [one for track in tracks.values() for one in _of_track(track, segments, small)]
    return sorted(found, key=lambda one: one.pieces[0].at)


def words_of(segment: Segment) -> tuple[Word, ...]:
    """A segment's words, cut after each end of a sentence where its script has no spaces. Made of its text, by length,
    where they say something else than it."""
    words = segment.words
    if "".join(word.text for word in words).replace(" ", "") != "".join(segment.text.split()):
        words = spread(segment.text, segment.start, segment.end, segment.speaker)
    if segment.cue and _TAG.search(segment.cue):
        words = _with_tags(words, segment.cue)
    return tuple(part for word in words for part in _cut_inside(word))


def _with_tags(words: Sequence[Word], cue: str) -> tuple[Word, ...]:
    """The words with the tags that cling to them in the cue; as they are where the cue holds others."""
    out: list[Word] = []
    loose = ""
    for token in _TOKEN.findall(cue):
        plain = _TAG.sub("", token)
        if len(out) < len(words) and plain == words[len(out)].text:
            out.append(replace(words[len(out)], text=loose + token))
            loose = ""
        else:  # a speaker's name, a dash, or nothing but tags
            loose += "".join(_TAG.findall(token))
    if len(out) < len(words) or not out:
        return tuple(words)
    return (*out[:-1], replace(out[-1], text=out[-1].text + loose))


def _cut_inside(word: Word) -> Iterator[Word]:
    """A word at the ends of sentences in it; its time is shared out by length."""
    parts = [part for part in _INSIDE.split(word.text) if part]
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


def _of_track(track: Sequence[tuple[Piece, Segment]], segments: Sequence[Segment], small: bool) -> Iterator[Sentence]:
    """The sentences of one speaker. `small`: the text has no capitals, so that small letters tell nothing."""
    run: list[Piece] = []
    for index, (piece, segment) in enumerate(track):
        run.append(piece)
        following = track[index + 1] if index + 1 < len(track) else None
        if following is None or _ends(piece, segment, *following, segments, small):
            for part in _short_enough(run):
                yield Sentence(tuple(part), segment.speaker, segment.language)
            run = []


def _ends(
    piece: Piece, segment: Segment, following: Piece, after: Segment, segments: Sequence[Segment], small: bool
) -> bool:
    if segment.language != after.language:
        return True
    pause = following.word.start - piece.word.end
    if pause > (BREAK if following.at == piece.at + 1 else BROKEN_IN):
        return True
    if piece.segment != following.segment and any(_ALONE.match(one.text.strip()) for one in (segment, after)):
        return True  # [laughter], ♪ a song ♪
    return ends_sentence(piece.word.text, following.word.text, small)


def ends_sentence(word: str, following: str, small: bool = False) -> bool:
    """Whether a sentence ends between two words."""
    word, following = _TAG.sub("", word), _TAG.sub("", following)
    found = _END.search(word)
    if not found:
        return False
    mark = found[0].rstrip(_CLOSERS)
    if unspaced(mark[-1]):
        return True
    first = following.lstrip("\"'“‘«‹([{¿¡-–—")[:1]
    if not small and first.islower():
        return False
    if mark != ".":
        return True
    bare = word[: found.start()].lstrip("\"'“‘«‹([{¿¡").lower()
    if bare in _ABBREVIATIONS:
        return bare in ("etc", "a.m", "p.m", "u.s", "u.k", "usw", "т.д", "т.п", "г") and first.isupper()
    if len(bare) == 1 and bare.isalpha() and bare != "i":  # an initial
        return False
    return not (bare.isdigit() and len(bare) <= 2 and first.isdigit())


def _short_enough(run: list[Piece]) -> Iterator[list[Piece]]:
    """The run, cut at its longest pauses (or, where there is none, in the middle) until no part is too long."""
    size = sum(sum(map(unspaced, piece.word.text)) for piece in run)
    if len(run) < 2 or (len(run) <= LONGEST and size <= LONGEST_UNSPACED):
        yield run
        return
    low, high = len(run) // 4, len(run) - len(run) // 4
    inner = range(max(1, low), max(2, high))
    at = max(inner, key=lambda i: (_rest(run[i - 1], run[i]), -abs(i - len(run) / 2)))
    yield from _short_enough(run[:at])
    yield from _short_enough(run[at:])


def _rest(one: Piece, two: Piece) -> float:
    """How good a place to cut is: the pause, with a comma worth half a second."""
    comma = 0.5 if one.word.text[-1:] in ",;:，、；：،—–" else 0.0
    return round(max(0.0, two.word.start - one.word.end) + comma, 2)


SENTENCE_PAUSE = 1.0
"""Seconds of silence that end a segment even in mid-sentence."""
