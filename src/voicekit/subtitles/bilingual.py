"""Show the source text below its translation, with both broken at the same moments."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from voicekit.config.subtitles import SubtitleStyle
from voicekit.subtitles.cue import width
from voicekit.subtitles.tokens import Token, text_of, to_tokens
from voicekit.types import Transcript, spread

TOO_WIDE, EMPTY, UNEVEN = 1000.0, 20.0, 4.0
"""Costs of source text that does not fit its lines, of a cue without source text, and of lines that differ by the whole
width."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class SecondLanguage:
    """The source text of a translation: which of its tokens are shown below which tokens of the translation.

    A break before token t of the translation breaks the source near the same share of its segment, where it costs
    least. So the breaks of one language are a function of the other's, and one optimization finds both.
    """

    def __init__(self, tokens: Sequence[Token], position: Ints, room: int, max_lines: int) -> None:
        """Set up the costs.

        Args:
            tokens: Tokens of the source text.
            position: For each break of the translation (int64, one more than it has tokens), how many source tokens
                precede it.
            room: Columns of a line.
            max_lines: Lines below a cue.
        """
        self.tokens, self.position, self.room, self.max_lines = tokens, position, room, max_lines
        columns = np.array([width(token.word.text) + token.space for token in tokens])
        self.column_sums: Ints = np.concatenate([[0], np.cumsum(columns)]).astype(int)
        self.break_costs: Floats = np.append(np.array([token.cost for token in tokens]), 0.0)

    def cost(self, first: Ints, end: Ints) -> Floats:
        """Return the costs of cues with the translation's tokens [first, end)."""
        a, b = self.position[first], self.position[end]
        columns = self.column_sums[b] - self.column_sums[a]
        fit: Floats = TOO_WIDE * (columns > self.room * self.max_lines) + EMPTY * (columns == 0)
        return fit + self.break_costs[b] / 2

    def lines(self, first: int, end: int) -> tuple[str, ...]:
        """Return the lines below a cue with the translation's tokens [first, end)."""
        return tuple(wrap(self.tokens[self.position[first] : self.position[end]], self.room))


def wrap(tokens: Sequence[Token], room: int) -> list[str]:
    """Wrap text to lines of at most `room` columns: as few as possible, then as even as possible."""
    if not tokens or width(text_of(tokens)) <= room:
        return [text_of(tokens)] if tokens else []
    cuts = [k for k in range(1, len(tokens)) if width(text_of(tokens[:k])) <= room]
    cuts_into_two = [k for k in cuts if width(text_of(tokens[k:])) <= room]
    if cuts_into_two:
        widths = {k: (width(text_of(tokens[:k])), width(text_of(tokens[k:]))) for k in cuts_into_two}
        k = min(cuts_into_two, key=lambda k: tokens[k].cost + UNEVEN * abs(widths[k][0] - widths[k][1]) / room)
        return [text_of(tokens[:k]), text_of(tokens[k:])]
    k = max(cuts, default=1)
    return [text_of(tokens[:k]), *wrap(tokens[k:], room)]


def second_language(transcript: Transcript, tokens: Sequence[Token], style: SubtitleStyle) -> SecondLanguage:
    """Return the source text of a translation whose tokens are `tokens`."""
    language = transcript.translated_from or transcript.language
    room = style.of_language(language)[0]
    plain_style = style.model_copy(update={"labels": "never", "dashes": False})
    by_segment = {n: list(group) for n, group in itertools.groupby(tokens, key=lambda token: token.segment)}
    sources: list[Token] = []
    position = [0]
    for number, segment in enumerate(transcript.segments):
        if number not in by_segment:
            continue
        words = spread(segment.source_text or "", segment.start, segment.end)
        source = to_tokens([replace(segment, words=words, language=language, speaker=None)], plain_style)
        position += [len(sources) + index for index in _source_positions(by_segment[number], source)]
        sources += source
    return SecondLanguage(sources, np.array(position), room, max(1, style.lines // 2))


def _source_positions(tokens: Sequence[Token], sources: Sequence[Token]) -> list[int]:
    """Return, for the end of each token, how many source tokens precede it: the cheapest break near its share."""
    shares = list(itertools.accumulate(width(token.word.text) + 1 for token in tokens))
    source_shares = [0, *itertools.accumulate(width(token.word.text) + 1 for token in sources)]
    positions: list[int] = []
    for share in shares[:-1]:
        target = share / shares[-1] * source_shares[-1]
        candidates = range(positions[-1] if positions else 0, len(sources) + 1)
        cost = {
            k: abs(source_shares[k] - target) / 4 + (sources[k].cost if 0 < k < len(sources) else 2.0)
            for k in candidates
        }
        positions.append(min(cost, key=lambda k: cost[k]))
    return [*positions, len(sources)]
