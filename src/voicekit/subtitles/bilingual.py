"""Bilingual: a translation with its source below it, both broken at the same moments. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from voicekit.config.subtitles import SubtitleStyle
from voicekit.subtitles.cue import width
from voicekit.subtitles.tokens import Token, text_of, to_tokens
from voicekit.text.words import spread
from voicekit.types import Transcript

TOO_WIDE, NOTHING, UNEVEN = 1000.0, 20.0, 4.0
"""Costs: of source text that its lines cannot hold, of none below a cue, of lines that differ by their whole width."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class SecondLanguage:
    """The source text under its translation: which of its atoms stand under which of the translation's.

    For a break before atom t of the translation the source breaks near the same share of its segment, where it costs
    least; so the break points of one language are a function of the other's, and the optimisation stays one.
    """

    def __init__(self, sources: Sequence[Token], place: Ints, room: int, lines: int) -> None:
        self.sources, self.place, self.room, self.most = sources, place, room, lines
        columns = np.array([width(a.word.text) + a.space for a in sources])
        self.sums: Ints = np.concatenate([[0], np.cumsum(columns)]).astype(int)
        self.breaks: Floats = np.append(np.array([a.cost for a in sources]), 0.0)

    def cost(self, first: Ints, end: Ints) -> Floats:
        a, b = self.place[first], self.place[end]
        columns = self.sums[b] - self.sums[a]
        found: Floats = TOO_WIDE * (columns > self.room * self.most) + NOTHING * (columns == 0) + self.breaks[b] / 2
        return found

    def lines(self, first: int, end: int) -> tuple[str, ...]:
        part = self.sources[self.place[first] : self.place[end]]
        return tuple(wrap(part, self.room))


def wrap(atoms: Sequence[Token], room: int) -> list[str]:
    """Text on lines of at most `room` columns, as few as can be, then as even as can be."""
    if not atoms or width(text_of(atoms)) <= room:
        return [text_of(atoms)] if atoms else []
    cuts = [k for k in range(1, len(atoms)) if width(text_of(atoms[:k])) <= room]
    two = [k for k in cuts if width(text_of(atoms[k:])) <= room]
    if two:
        widths = {k: (width(text_of(atoms[:k])), width(text_of(atoms[k:]))) for k in two}
        k = min(two, key=lambda k: atoms[k].cost + UNEVEN * abs(widths[k][0] - widths[k][1]) / room)
        return [text_of(atoms[:k]), text_of(atoms[k:])]
    k = max(cuts, default=1)
    return [text_of(atoms[:k]), *wrap(atoms[k:], room)]


def below(transcript: Transcript, atoms: Sequence[Token], style: SubtitleStyle) -> SecondLanguage:
    """The source text of a translation that was laid out as `atoms`."""
    language = transcript.translated_from or transcript.language
    room = style.of_language(language)[0]
    plain = style.model_copy(update={"labels": "never", "dashes": False})
    groups = {n: list(group) for n, group in itertools.groupby(atoms, key=lambda atom: atom.segment)}
    sources: list[Token] = []
    place = [0]
    for number, segment in enumerate(transcript.segments):
        if number not in groups:
            continue
        words = spread(segment.source_text or "", segment.start, segment.end)
        own = to_tokens([replace(segment, words=words, language=language, speaker=None)], plain)
        place += [len(sources) + at for at in _places(groups[number], own)]
        sources += own
    return SecondLanguage(sources, np.array(place), room, max(1, style.lines // 2))


def _places(atoms: Sequence[Token], sources: Sequence[Token]) -> list[int]:
    """For the end of each atom, how many of `sources` are before it: the cheapest break near its share of the text."""
    shares = list(itertools.accumulate(width(a.word.text) + 1 for a in atoms))
    own = [0, *itertools.accumulate(width(a.word.text) + 1 for a in sources)]
    places: list[int] = []
    for share in shares[:-1]:
        wanted = share / shares[-1] * own[-1]
        near = range(places[-1] if places else 0, len(sources) + 1)
        cost = {k: abs(own[k] - wanted) / 4 + (sources[k].cost if 0 < k < len(sources) else 2.0) for k in near}
        places.append(min(cost, key=lambda k: cost[k]))
    return [*places, len(sources)]
