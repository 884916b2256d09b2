"""Layout: words with times to cues, the one place that knows where cues and lines end. Pure.

One optimisation. The words of all segments stand in a row of n atoms (a word; a phrase of unspaced script; a piece of
what is wider than a line). A layout is a choice of break points between atoms; a cue is what lies between two. What a
cue costs depends on its own atoms and on the start of the next one alone, so the best choice is exact: `best[t] =
min over d of best[t-d] + cost(t-d, d)`, as Knuth and Plass break paragraphs (Software: Practice and Experience 11,
1981). d is bounded by what fits a cue, so it takes O(n d) steps, and O(n d^2) for the lines; both as NumPy columns.

The cost of a cue, in the order of its terms' size:

    1000    for each rule it breaks: too short a stay, too fast to read, no gap; no other rule is ever broken
      30    times how far it breaks them, so that among equal counts the harm is least
      50    for two speakers with dashes: only where it saves a break of a rule
      6 /s  of a pause longer than 0.8 s inside it (and none longer than 2 s)
    0..40   for its end, and for the ends of its lines: `boundaries.break_cost`, less where the speaker pauses
       4    times the sum of squares of its lines' shares of the width: two even lines cost less than a long and a short
       2    for being, and up to 3 more for holding little text

Whether a broken rule could have been kept is therefore known: the sum has the fewest broken rules that any choice of
break points has. `check` compares other layouts with it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voicekit.config.subtitles import SubtitleStyle
from voicekit.subtitles.bilingual import SecondLanguage
from voicekit.subtitles.cue import DASH, width
from voicekit.subtitles.tokens import Token, label_of

BROKEN, HOW_FAR, DASHED, PAUSED, RAGGED, A_CUE, LITTLE = 1000.0, 30.0, 50.0, 8.0, 4.0, 2.0, 3.0
SHORT_PAUSE, LONGEST_PAUSE = 0.5, 2.0
LITTLE_TEXT = 20
"""Columns below which a cue that ends inside a sentence holds little."""
TICK = 0.001
"""Seconds: times are written in milliseconds, and the words of a row begin at least so far apart."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


# --- costs ------------------------------------------------------------------------------------------------------------


class CueCosts:
    """The atoms as columns; `cost[d][i]` is that of a cue of d atoms that begins at i, infinite where it cannot be."""

    def __init__(self, atoms: Sequence[Token], style: SubtitleStyle, below: SecondLanguage | None = None) -> None:
        self.atoms, self.style, self.below = atoms, style, below
        n = len(atoms)
        ticks = TICK * np.arange(n)
        starts = np.maximum.accumulate(np.array([a.word.start for a in atoms]) - ticks) + ticks
        self.start: Floats = np.round(starts, 3)
        self.end: Floats = np.maximum(np.array([a.word.end for a in atoms]), self.start)
        self.run: Ints = np.array([a.run for a in atoms])
        columns = np.array([width(a.word.text) for a in atoms])
        self.space: Ints = np.array([int(a.space) for a in atoms])
        self.sums: Ints = np.concatenate([[0], np.cumsum(columns + self.space)])
        rooms = {language: style.of_language(language) for language in {a.language for a in atoms}}
        self.room: Ints = np.array([rooms[a.language][0] for a in atoms])
        self.speed: Floats = np.array([rooms[a.language][1] or np.inf for a in atoms])
        self.labels = [
            label_of(a.word.speaker, atoms[i - 1].word.speaker if i else None, a.language, style)
            for i, a in enumerate(atoms)
        ]
        self.label: Ints = np.array([width(label) + 2 if label else 0 for label in self.labels])
        runs = np.flatnonzero(np.diff(self.run, prepend=self.run[0] - 1))
        self.run_end: Ints = np.append(runs[1:], n)[self.run - self.run[0]]  # where the atom's turn ends
        pause = np.maximum(0.0, self.start - np.concatenate([[self.start[0]], np.maximum.accumulate(self.end)[:-1]]))
        self.long_pauses: Ints = np.concatenate([[0], np.cumsum(pause > LONGEST_PAUSE)])
        self.pauses: Floats = np.concatenate([[0.0], np.cumsum(np.maximum(0.0, pause - SHORT_PAUSE))])
        self.break_before: Floats = np.array([a.cost for a in atoms])
        self.cue_break: Floats = np.append(np.maximum(0.0, self.break_before - np.minimum(3.0, 4 * pause)), 0.0)
        self.cue_break[:-1][np.diff(self.run, prepend=self.run[0]) > 0] = 0.0  # the speaker changes: a natural end
        self.next: Floats = np.append(self.start[1:], np.inf)
        self.lines_of_cue = max(1, style.lines // 2) if below else style.lines
        self.cost: list[Floats] = [np.zeros(0)]
        self._fill()

    # Widths of d atoms from each i; the label of the first is not counted in.
    def _widths(self, d: int) -> Ints:
        first = len(self.atoms) - d + 1
        found: Ints = self.sums[d:] - self.sums[:first] - self.space[:first]
        return found

    def _fill(self) -> None:
        style, n = self.style, len(self.atoms)
        self.limit: Floats = np.round(self.next - style.gap / style.fps, 3)  # what ends with the atom must end then
        self.lines = lines = _Lines(self)
        latest = self.end.copy()  # of the d atoms from i
        for d in range(1, n + 1):
            if d > (style.words or n) or not lines.may_fit(d):
                break
            count = n - d + 1
            i, j = np.arange(count), np.arange(d - 1, n)
            latest = np.maximum(latest[:count], self.end[d - 1 :])
            cue_lines = lines.cost(d)
            one = self.run[i] == self.run[j]
            dashed = self._dashed(d, i, j) if style.dashes and d > 1 and not self.below else np.zeros(count, bool)
            can = (one & np.isfinite(cue_lines)) | dashed
            free = self.limit[j] - self.start[i]
            stay = np.maximum(np.minimum(free, style.longest), TICK)
            if d > 1:
                can &= latest - self.start[i] <= style.longest
                can &= self.long_pauses[d:] == self.long_pauses[i + 1]
            columns = self._widths(d) + self.label[i]
            columns[dashed] += 2 * len(DASH) + self.label[np.minimum(self.run_end[i[dashed]], n - 1)]
            needed = columns / self.speed[i]
            short = stay < style.shortest - TICK
            fast = stay < needed - TICK
            far = np.maximum(needed, style.shortest) / np.maximum(stay, 0.01) - 1
            ends = self.cue_break[d:]
            cost = A_CUE + ends + np.where(dashed, DASHED, cue_lines)
            cost += PAUSED * (self.pauses[d:] - self.pauses[i + 1])
            cost += LITTLE * np.maximum(0.0, 1 - columns / LITTLE_TEXT) * (ends > 0)
            cost += BROKEN * (short.astype(int) + fast + (free < 0)) + HOW_FAR * np.clip(far, 0.0, 5.0) * (short | fast)
            if self.below:
                cost += self.below.cost(i, i + d)
            self.cost.append(np.where(can, cost, np.inf))

    def _dashed(self, d: int, i: Ints, j: Ints) -> NDArray[np.bool_]:
        """Whether exactly two speakers are in it whose parts fit a line each."""
        n = len(self.atoms)
        two: NDArray[np.bool_] = self.run[j] == self.run[i] + 1
        if not two.any():
            return two
        middle = np.minimum(self.run_end[i], n - 1)
        first = self.sums[middle] - self.sums[i] - self.space[i] + self.label[i] + len(DASH)
        second = self.sums[d:] - self.sums[middle] - self.space[middle] + self.label[middle] + len(DASH)
        two &= (first <= self.room[i]) & (second <= self.room[middle]) & (self.style.lines >= 2)
        return two


class _Lines:
    """What the best division of d atoms into lines costs, for every i: the fewest lines that hold them."""

    def __init__(self, table: CueCosts) -> None:
        self.table = table
        self.most = table.lines_of_cue
        self.by_count: list[list[Floats]] = [[] for _ in range(self.most)]  # [lines - 1][d - 1][i]
        self.plain: list[Floats] = []  # a line of d atoms that is not the first of its cue, [d - 1][i]

    def may_fit(self, d: int) -> bool:
        """Whether some cue of d atoms or more might hold them, were its end free."""
        table = self.table
        return bool((table._widths(d) <= table.room[: len(table.atoms) - d + 1] * self.most).any())

    def cost(self, d: int) -> Floats:
        """Must be asked for d = 1, 2, 3 ... in turn."""
        table = self.table
        columns = table._widths(d)
        count = len(columns)
        room = table.room[:count]
        self.plain.append(_one_line(columns, room))
        self.by_count[0].append(_one_line(columns + table.label[:count], room))
        best = self.by_count[0][-1]
        for lines in range(1, self.most):
            found = np.full(count, np.inf)
            open_ = np.flatnonzero((columns <= room * (lines + 1)) & ~np.isfinite(best))
            for s in range(1, d) if len(open_) else ():
                head = self.by_count[lines - 1][s - 1][open_]
                tail = self.plain[d - s - 1][open_ + s]
                found[open_] = np.minimum(found[open_], head + tail + table.break_before[open_ + s])
            self.by_count[lines].append(found)
            best = np.minimum(best, found)
        return best

    def divide(self, i: int, d: int) -> list[tuple[int, int]]:
        """The best lines of d atoms from i as (first, end)."""
        lines = next(count for count in range(self.most) if np.isfinite(self.by_count[count][d - 1][i]))
        ends = [i + d]
        for count in range(lines, 0, -1):
            length = ends[-1] - i
            costs = [
                self.by_count[count - 1][s - 1][i] + self.plain[length - s - 1][i + s] + self.table.break_before[i + s]
                for s in range(1, length)
            ]
            ends.append(i + 1 + int(np.argmin(costs)))
        ends.reverse()
        return list(itertools.pairwise([i, *ends]))


def _one_line(columns: Ints, room: Ints) -> Floats:
    return np.where(columns <= room, RAGGED * (columns / room) ** 2, np.inf)


def best_path(table: CueCosts) -> list[int]:
    """Where the cues of the cheapest layout end: the last is n."""
    n, most = len(table.atoms), len(table.cost) - 1
    by_end = np.full((n + 1, most), np.inf)  # [end, most - d]: the cost of d atoms that end there
    for d in range(1, most + 1):
        by_end[d:, most - d] = table.cost[d]
    best = np.full(most + n + 1, np.inf)  # with `most` places before the first
    best[most] = 0.0
    length = np.zeros(n + 1, int)
    for end in range(1, n + 1):
        total = best[end : end + most] + by_end[end]
        chosen = int(total.argmin())
        best[most + end], length[end] = total[chosen], most - chosen
    ends = [n]
    while (before := ends[-1] - int(length[ends[-1]])) > 0:
        ends.append(before)
    return ends[::-1]
