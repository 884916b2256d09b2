"""Cut the words of a transcript into tokens: the pieces that a layout never breaks."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import regex

from voicekit.config.subtitles import SubtitleStyle
from voicekit.subtitles.cue import width
from voicekit.subtitles.line_breaks import FORBIDDEN, GLUED, PLAIN, break_cost, breakable_parts, breakable_phrases
from voicekit.text.dashes import DASH, turn_starts
from voicekit.text.words import unspaced
from voicekit.types import Segment, Word

MAX_LABEL_COLUMNS = 20
"""Longest speaker name shown before a line, in columns."""

_AFTER_PUNCTUATION = frozenset("。！？、，；：…,.!?;:")


@dataclass(frozen=True)
class Token:
    """A word, a phrase of a script without spaces, or a piece of a word that is too wide for a line.

    Attributes:
        word: Text and times.
        cost: Cost of a break before it.
        space: Whether a space precedes it.
        run: Number of its turn: increases where the speaker or the layer changes, and at dashes.
        language: BCP-47 language of its segment.
        segment: Index of its segment.
    """

    word: Word
    cost: float
    space: bool
    run: int
    language: str
    segment: int


def to_tokens(segments: Sequence[Segment], style: SubtitleStyle) -> list[Token]:
    """Return the tokens of all segments in order."""
    tokens: list[Token] = []
    run = 0
    last: tuple[str | None, int] = (None, 0)
    for index, segment in enumerate(segments):
        room = style.of_language(segment.language)[0] - _label_and_dash_columns(segment, style)
        before = tokens[-1] if tokens else None
        pieces = list(_pieces(segment, room))
        turns = turn_starts(segment.cue, (piece.text for piece, _ in pieces))
        for number, (piece, cost) in enumerate(pieces):
            word = piece if piece.speaker else replace(piece, speaker=segment.speaker)
            if (word.speaker, segment.layer) != last or number in turns:
                run, last = run + 1, (word.speaker, segment.layer)
            space = False
            if cost is None:
                cost = 0.0
                if before:
                    cost = break_cost(before.word.text, word.text, segment.language)
                    space = not (unspaced(before.word.text[-1]) or unspaced(word.text[0]))
            if before and before.segment != index:
                cost = min(cost, PLAIN / 2)
            before = Token(word, cost, space, run, segment.language, index)
            tokens.append(before)
    return tokens


def _label_and_dash_columns(segment: Segment, style: SubtitleStyle) -> int:
    """Columns that a speaker name and a dash may take from a line of the segment."""
    speakers = {segment.speaker, *(word.speaker for word in segment.words)} - {None}
    labels = [label_of(speaker, None, segment.language, style) for speaker in speakers]
    widest = max((width(label) + 2 for label in labels if label), default=0)
    return widest + (len(DASH) if style.dashes else 0)


def _pieces(segment: Segment, room: int) -> Iterator[tuple[Word, float | None]]:
    """Yield words, cut if they are too wide, with the cost of a break before each; None if the words decide it."""
    for without_spaces, group in itertools.groupby(segment.words, lambda word: any(map(unspaced, word.text))):
        if without_spaces:
            yield from _phrase_pieces(list(group), segment.language, room)
            continue
        for word in group:
            if width(word.text) <= room:
                yield word, None
                continue
            times, start = _character_times(word), 0
            for part in _cut(word.text, room):
                end = start + len(part)
                yield replace(word, text=part, start=times[start][0], end=times[end - 1][1]), GLUED if start else None
                start = end


def _phrase_pieces(words: list[Word], language: str, room: int) -> Iterator[tuple[Word, float | None]]:
    """Yield words of a script without spaces as phrases, with the times of their characters."""
    text = "".join(word.text for word in words)
    times = [time for word in words for time in _character_times(word)]
    word_of_character = [word for word in words for _ in word.text]
    start = 0
    for phrase in breakable_phrases(text, language):
        parts = [phrase] if width(phrase) <= room else _cut_wide(breakable_parts(phrase), room)
        for number, part in enumerate(parts):
            end = start + len(part)
            word = replace(
                word_of_character[start],
                text=part,
                start=times[start][0],
                end=max(times[end - 1][1], times[start][0]),
            )
            cost: float | None = FORBIDDEN / 2
            if not number:
                cost = PLAIN / 2 if start and text[start - 1] not in _AFTER_PUNCTUATION else None
            yield word, cost
            start = end


def _cut_wide(parts: Iterable[str], room: int) -> Iterator[str]:
    for part in parts:
        yield from _cut(part, room) if width(part) > room else [part]


def _character_times(word: Word) -> list[tuple[float, float]]:
    """Return (start, end) in seconds of each character: equal shares of the word's time."""
    step = (word.end - word.start) / len(word.text)
    edges = [word.start + i * step for i in range(len(word.text))] + [word.end]
    return [(round(a, 3), round(b, 3)) for a, b in itertools.pairwise(edges)]


def _cut(text: str, room: int) -> list[str]:
    """Cut a text into parts of at most `room` columns, after `/`, `-`, `.` and so on in their second half."""
    clusters = regex.findall(r"\X", text)
    widths = [width(cluster) for cluster in clusters]
    parts: list[str] = []
    start, columns_left = 0, sum(widths)
    while columns_left > room:
        end, columns = start, 0
        while end < len(clusters) and (columns + widths[end] <= room or end == start):
            columns += widths[end]
            end += 1
        end = _after_mark(clusters, start, end)
        parts.append("".join(clusters[start:end]))
        columns_left -= sum(widths[start:end])
        start = end
    return [*parts, "".join(clusters[start:])] if start < len(clusters) else parts


def _after_mark(clusters: Sequence[str], start: int, end: int) -> int:
    """Return where to cut before `end`: after the last mark in the second half of the part, else at `end`."""
    positions = list(itertools.accumulate((len(cluster) for cluster in clusters[start:end]), initial=0))
    for index in range(end - 1, start, -1):
        if positions[index - start] < positions[-1] // 2:
            break
        if clusters[index][0] in "/-._?&=#%":
            return index + 1
    return end


def shorten_name(speaker: str | None, columns: int = MAX_LABEL_COLUMNS) -> str:
    """Return a speaker's name on one line, shortened with an ellipsis to at most `columns` columns."""
    name = " ".join((speaker or "").split())
    if width(name) <= columns:
        return name
    shown = ""
    for cluster in regex.findall(r"\X", name):
        if width(shown + cluster) > columns - 1:
            break
        shown += cluster
    return f"{shown}…"


def label_of(speaker: str | None, last_speaker: str | None, language: str, style: SubtitleStyle) -> str:
    """Return the name shown before a line of `speaker` that follows one of `last_speaker`; empty for none."""
    if style.labels == "never" or (style.labels == "change" and speaker == last_speaker):
        return ""
    return shorten_name(speaker, min(MAX_LABEL_COLUMNS, style.of_language(language)[0] // 2 - 2))


def text_of(tokens: Sequence[Token]) -> str:
    """Return tokens as running text."""
    return "".join((" " if token.space and i else "") + token.word.text for i, token in enumerate(tokens))
