"""Atoms: words as a layout takes them, in pieces that are never cut. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from voicekit.config.subtitles import SubtitleStyle
from voicekit.subtitles.cue import DASH, width
from voicekit.subtitles.line_breaks import FORBIDDEN, GLUED, PLAIN, break_cost, phrases, pieces
from voicekit.text.words import unspaced
from voicekit.types import Segment, Word

LABEL = 20
"""Columns of a speaker's name, at most."""


@dataclass(frozen=True)
class Token:
    """What is never cut. `word` has its text and times; `cost` is that of a break before it; `space`: one before it.

    `run` counts the turns: it grows by one where the speaker changes. `language` is its segment's, `segment` its index.
    """

    word: Word
    cost: float
    space: bool
    run: int
    language: str
    segment: int


def to_tokens(segments: Sequence[Segment], style: SubtitleStyle) -> list[Token]:
    """The words of all segments in a row, those too wide for a line cut."""
    atoms: list[Token] = []
    run, last = 0, None
    for number, segment in enumerate(segments):
        room = style.of_language(segment.language)[0] - _indent(segment, style)
        before = atoms[-1] if atoms else None
        for piece, glue in _pieces(segment, room):
            word = piece if piece.speaker else replace(piece, speaker=segment.speaker)
            if word.speaker != last:
                run, last = run + 1, word.speaker
            if glue is None:
                cost = break_cost(before.word.text, word.text, segment.language) if before else 0.0
                space = bool(before) and not (unspaced(before.word.text[-1]) or unspaced(word.text[0]))  # type: ignore[union-attr]
            else:
                cost, space = glue, False
            if before and before.segment != number:
                cost = min(cost, PLAIN / 2)
            before = Token(word, cost, space, run, segment.language, number)
            atoms.append(before)
    return atoms


def _indent(segment: Segment, style: SubtitleStyle) -> int:
    """Columns that a name and a dash may take of a line."""
    speakers = {segment.speaker, *(word.speaker for word in segment.words)} - {None}
    labels = [label_of(speaker, None, segment.language, style) for speaker in speakers]
    widest = max((width(label) + 2 for label in labels if label), default=0)
    return widest + (len(DASH) if style.dashes else 0)


def _pieces(segment: Segment, room: int) -> Iterable[tuple[Word, float | None]]:
    """Words as they are, or cut; with the cost of a break before each, None where the words decide it."""
    for spaceless, group in itertools.groupby(segment.words, lambda word: any(map(unspaced, word.text))):
        if spaceless:
            yield from _phrases(list(group), segment.language, room)
            continue
        for word in group:
            if width(word.text) <= room:
                yield word, None
            else:
                times, at = _char_times(word), 0
                for part in _cut(word.text, room):
                    end = at + len(part)
                    yield replace(word, text=part, start=times[at][0], end=times[end - 1][1]), GLUED if at else None
                    at = end


def _phrases(words: list[Word], language: str, room: int) -> Iterable[tuple[Word, float | None]]:
    """Unspaced words as phrases, whose times are those of their characters."""
    text = "".join(word.text for word in words)
    times = [time for word in words for time in _char_times(word)]
    confidence = [word for word in words for _ in word.text]
    at = 0
    for phrase in phrases(text, language):
        inside = 0
        for part in [phrase] if width(phrase) <= room else _joined(pieces(phrase), room):
            first, end = at, at + len(part)
            word = replace(
                confidence[first], text=part, start=times[first][0], end=max(times[end - 1][1], times[first][0])
            )
            yield word, FORBIDDEN / 2 if inside else (PLAIN / 2 if first and not _after_stop(text[first - 1]) else None)
            at, inside = end, inside + 1


def _after_stop(char: str) -> bool:
    return char in "。！？、，；：…,.!?;:"


def _joined(parts: Iterable[str], room: int) -> Iterable[str]:
    """Parts, the ones wider than the room cut further."""
    for part in parts:
        yield from _cut(part, room) if width(part) > room else [part]


def _char_times(word: Word) -> list[tuple[float, float]]:
    step = (word.end - word.start) / len(word.text)
    ends = [word.start + i * step for i in range(len(word.text))] + [word.end]
    return [(round(a, 3), round(b, 3)) for a, b in itertools.pairwise(ends)]


def _cut(text: str, room: int) -> list[str]:
    """Parts of at most `room` columns, cut after `/`, `-`, `.` and the like where their second half has one."""
    parts: list[str] = []
    while width(text) > room:
        end, columns = 0, 0
        while end < len(text) and (columns := columns + width(text[end])) <= room:
            end += 1
        end = max(end, 1)
        good = max((text.rfind(mark, end // 2, end) for mark in "/-._?&=#%"), default=-1)
        end = good + 1 if good >= end // 2 and good > 0 else end
        while end < len(text) and end > 1 and width(text[end]) == 0:  # a mark stays with its letter
            end -= 1
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text] if text else parts


def shortlabel_of(speaker: str | None, columns: int = LABEL) -> str:
    """A speaker's name on one line, cut at so many columns."""
    flat = " ".join((speaker or "").split())
    if width(flat) <= columns:
        return flat
    while width(flat) > columns - 1:
        flat = flat[:-1]
    return f"{flat}…"


def label_of(speaker: str | None, last: str | None, language: str, style: SubtitleStyle) -> str:
    """The name that stands before what `speaker` says after `last` spoke; empty where none does."""
    if style.labels == "never" or (style.labels == "change" and speaker == last):
        return ""
    return shortlabel_of(speaker, _label_columns(language, style))


def _label_columns(language: str, style: SubtitleStyle) -> int:
    return min(LABEL, style.of_language(language)[0] // 2 - 2)


def text_of(atoms: Sequence[Token]) -> str:
    """Atoms as running text."""
    return "".join((" " if atom.space and i else "") + atom.word.text for i, atom in enumerate(atoms))
