"""The costs of all possible cues of a row of tokens, and the cheapest layout.

The cost of a cue, in the order of its terms' size:

    1000    for each broken rule: shown too briefly, too fast to read, no gap; no other rule is ever broken
      30    times how far it is broken, so that the harm is smallest among layouts with as many broken rules
      50    for two speakers with dashes: only if it avoids a broken rule
       8    per second of a pause longer than 0.5 s inside the cue (pauses longer than 2 s are not allowed)
    0..40   for its end and the ends of its lines (`line_breaks.break_cost`), less where the speaker pauses
       4    times the sum of the squared shares of the line width in use: even lines cost less than uneven ones
       2    for each cue, and up to 3 more for little text
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voicekit.config.subtitles import SubtitleStyle
from voicekit.subtitles.bilingual import SecondLanguage
from voicekit.subtitles.cue import width
from voicekit.subtitles.tokens import Token, label_of
from voicekit.text.dashes import DASH

BROKEN_RULE, EXCESS, TWO_SPEAKERS, PAUSE_INSIDE, RAGGED_LINE, PER_CUE, LITTLE_TEXT = (
    1000.0, 30.0, 50.0, 8.0, 4.0, 2.0, 3.0,
)  # fmt: skip

FREE_PAUSE, MAX_PAUSE = 0.5, 2.0
"""Seconds of silence inside a cue that cost nothing, and that are not allowed."""

LITTLE_TEXT_COLUMNS = 20
"""A cue with fewer columns that ends inside a sentence has little text."""

TICK = 0.001
"""Resolution of times in seconds, and the smallest distance between the starts of two tokens."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class CueCosts:
    """The tokens as NumPy columns, and the costs of all cues.

    Attributes:
        tokens, style, second_language: What the costs are for.
        start, end: Times of the tokens in seconds, float64 [n].
        run: Turn of each token, int64 [n]; `run_end`: index of the token after its turn.
        room, speed: Columns of a line and columns per second, by token.
        labels: Speaker name before a line that starts with the token.
        next_start, latest_end: Start of the next token, and when a cue that ends with the token must end, in seconds.
        lines: The best division of cues into lines.
        cost: cost[d][i] is the cost of the cue of d tokens from token i; infinite if it is not allowed.
    """

    def __init__(
        self,
        tokens: Sequence[Token],
        style: SubtitleStyle,
        second_language: SecondLanguage | None = None,
        end: float = np.inf,
    ) -> None:
        self.tokens, self.style, self.second_language = tokens, style, second_language
        n = len(tokens)
        ticks = TICK * np.arange(n)
        starts = np.maximum.accumulate(np.array([token.word.start for token in tokens]) - ticks) + ticks
        self.start: Floats = np.round(starts, 3)
        self.end: Floats = np.maximum(np.array([token.word.end for token in tokens]), self.start)
        self.run: Ints = np.array([token.run for token in tokens])
        columns = np.array([width(token.word.text) for token in tokens])
        self.space: Ints = np.array([int(token.space) for token in tokens])
        self.column_sums: Ints = np.concatenate([[0], np.cumsum(columns + self.space)])
        limits = {language: style.of_language(language) for language in {token.language for token in tokens}}
        self.room: Ints = np.array([limits[token.language][0] for token in tokens])
        self.speed: Floats = np.array([limits[token.language][1] or np.inf for token in tokens])
        self.labels = [
            label_of(token.word.speaker, tokens[i - 1].word.speaker if i else None, token.language, style)
            for i, token in enumerate(tokens)
        ]
        self.label_columns: Ints = np.array([width(label) + 2 if label else 0 for label in self.labels])
        run_starts = np.flatnonzero(np.diff(self.run, prepend=self.run[0] - 1))
        self.run_end: Ints = np.append(run_starts[1:], n)[self.run - self.run[0]]
        speech_end_before = np.concatenate([[self.start[0]], np.maximum.accumulate(self.end)[:-1]])
        pause = np.maximum(0.0, self.start - speech_end_before)
        self.long_pauses: Ints = np.concatenate([[0], np.cumsum(pause > MAX_PAUSE)])
        self.pause_sums: Floats = np.concatenate([[0.0], np.cumsum(np.maximum(0.0, pause - FREE_PAUSE))])
        self.line_break: Floats = np.array([token.cost for token in tokens])
        self.cue_break: Floats = np.append(np.maximum(0.0, self.line_break - np.minimum(3.0, 4 * pause)), 0.0)
        self.cue_break[:-1][np.diff(self.run, prepend=self.run[0]) > 0] = 0.0  # free where the speaker changes
        self.next_start: Floats = np.append(self.start[1:], np.inf)
        self.latest_end: Floats = np.round(self.next_start - style.gap / style.fps, 3)
        self.latest_end[-1] = max(end, self.end[-1])
        self.max_lines = max(1, style.lines // 2) if second_language else style.lines
        self.lines = LineCosts(self)
        self.cost: list[Floats] = [np.zeros(0)]
        self._fill()

    def widths(self, d: int) -> Ints:
        """Return the columns of d tokens from each token, without the label of the first."""
        first = len(self.tokens) - d + 1
        widths: Ints = self.column_sums[d:] - self.column_sums[:first] - self.space[:first]
        return widths

    def _fill(self) -> None:
        """Compute `cost` for d = 1, 2, 3 ... until no longer cue fits on the screen."""
        n = len(self.tokens)
        speech_end = self.end.copy()  # of the d tokens from i
        for d in range(1, n + 1):
            if d > (self.style.words or n) or not self.lines.may_fit(d):
                break
            speech_end = np.maximum(speech_end[: n - d + 1], self.end[d - 1 :])
            self.cost.append(self._cost_of_length(d, speech_end))

    def _cost_of_length(self, d: int, speech_end: Floats) -> Floats:
        """Return the costs of all cues of d tokens, float64 [n - d + 1]."""
        style, n = self.style, len(self.tokens)
        i, j = np.arange(n - d + 1), np.arange(d - 1, n)  # first and last token
        line_costs = self.lines.cost(d)
        one_speaker = self.run[i] == self.run[j]
        dashed = np.zeros(len(i), bool)
        if style.dashes and d > 1 and not self.second_language:
            dashed = self._fits_two_speakers(d, i, j)
        allowed = (one_speaker & np.isfinite(line_costs)) | dashed
        if d > 1:
            allowed &= speech_end - self.start[i] <= style.longest
            allowed &= self.long_pauses[d:] == self.long_pauses[i + 1]
        columns = self.widths(d) + self.label_columns[i]
        columns[dashed] += 2 * len(DASH) + self.label_columns[np.minimum(self.run_end[i[dashed]], n - 1)]
        available = self.latest_end[j] - self.start[i]
        shown = np.maximum(np.minimum(available, style.longest), TICK)
        reading_time = columns / self.speed[i]
        too_short = shown < style.shortest - TICK
        too_fast = shown < reading_time - TICK
        excess = np.maximum(reading_time, style.shortest) / np.maximum(shown, 0.01) - 1
        cue_end = self.cue_break[d:]
        cost: Floats = PER_CUE + cue_end + np.where(dashed, TWO_SPEAKERS, line_costs)
        cost += PAUSE_INSIDE * (self.pause_sums[d:] - self.pause_sums[i + 1])
        cost += LITTLE_TEXT * np.maximum(0.0, 1 - columns / LITTLE_TEXT_COLUMNS) * (cue_end > 0)
        cost += BROKEN_RULE * (too_short.astype(int) + too_fast + (available < 0))
        cost += EXCESS * np.clip(excess, 0.0, 5.0) * (too_short | too_fast)
        if self.second_language:
            cost += self.second_language.cost(i, i + d)
        return np.where(allowed, cost, np.inf)

    def _fits_two_speakers(self, d: int, i: Ints, j: Ints) -> NDArray[np.bool_]:
        """Whether the cues [i, j] have exactly two turns, each of which fits on one line with a dash."""
        n = len(self.tokens)
        two_turns: NDArray[np.bool_] = self.run[j] == self.run[i] + 1
        if not two_turns.any():
            return two_turns
        middle = np.minimum(self.run_end[i], n - 1)
        sums, space, label = self.column_sums, self.space, self.label_columns
        first = sums[middle] - sums[i] - space[i] + label[i] + len(DASH)
        second = sums[d:] - sums[middle] - space[middle] + label[middle] + len(DASH)
        return two_turns & (first <= self.room[i]) & (second <= self.room[middle]) & (self.style.lines >= 2)


class LineCosts:
    """The cost of the best division of each cue into the fewest lines that hold it."""

    def __init__(self, cues: CueCosts) -> None:
        self.cues = cues
        self.max_lines = cues.max_lines
        self.by_count: list[list[Floats]] = [[] for _ in range(self.max_lines)]  # [lines - 1][d - 1][i]
        self.later_line: list[Floats] = []  # a line of d tokens that is not the first of its cue, [d - 1][i]

    def may_fit(self, d: int) -> bool:
        """Whether a cue of d tokens or more can fit on the screen."""
        cues = self.cues
        return bool((cues.widths(d) <= cues.room[: len(cues.tokens) - d + 1] * self.max_lines).any())

    def cost(self, d: int) -> Floats:
        """Return the costs for all cues of d tokens. Must be called for d = 1, 2, 3 ... in turn."""
        cues = self.cues
        columns = cues.widths(d)
        count = len(columns)
        room = cues.room[:count]
        self.later_line.append(_line_cost(columns, room))
        self.by_count[0].append(_line_cost(columns + cues.label_columns[:count], room))
        best = self.by_count[0][-1]
        for lines in range(1, self.max_lines):
            costs = np.full(count, np.inf)
            undecided = np.flatnonzero((columns <= room * (lines + 1)) & ~np.isfinite(best))
            for last in range(1, d) if len(undecided) else ():
                head = self.by_count[lines - 1][last - 1][undecided]
                tail = self.later_line[d - last - 1][undecided + last]
                costs[undecided] = np.minimum(costs[undecided], head + tail + cues.line_break[undecided + last])
            self.by_count[lines].append(costs)
            best = np.minimum(best, costs)
        return best

    def divide(self, i: int, d: int) -> list[tuple[int, int]]:
        """Return the best lines of the cue of d tokens from i, as (first, end)."""
        lines = next(count for count in range(self.max_lines) if np.isfinite(self.by_count[count][d - 1][i]))
        ends = [i + d]
        for count in range(lines, 0, -1):
            length = ends[-1] - i
            costs = [
                self.by_count[count - 1][last - 1][i]
                + self.later_line[length - last - 1][i + last]
                + self.cues.line_break[i + last]
                for last in range(1, length)
            ]
            ends.append(i + 1 + int(np.argmin(costs)))
        ends.reverse()
        return list(itertools.pairwise([i, *ends]))


def _line_cost(columns: Ints, room: Ints) -> Floats:
    return np.where(columns <= room, RAGGED_LINE * (columns / room) ** 2, np.inf)


def best_breaks(costs: CueCosts) -> list[int]:
    """Return the ends of the cues of the cheapest layout; the last is n."""
    n, longest = len(costs.tokens), len(costs.cost) - 1
    by_end = np.full((n + 1, longest), np.inf)  # [end, longest - d]: the cost of the d tokens before `end`
    for d in range(1, longest + 1):
        by_end[d:, longest - d] = costs.cost[d]
    best = np.full(longest + n + 1, np.inf)  # shifted by `longest`, so that negative indices are infinite
    best[longest] = 0.0
    length = np.zeros(n + 1, int)
    for end in range(1, n + 1):
        total = best[end : end + longest] + by_end[end]
        cheapest = int(total.argmin())
        best[longest + end], length[end] = total[cheapest], longest - cheapest
    ends = [n]
    while (before := ends[-1] - int(length[ends[-1]])) > 0:
        ends.append(before)
    return ends[::-1]
