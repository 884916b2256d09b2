"""Score: counts by unit to a figure with its interval, for one recording and for several together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from voicekit.evaluation import bootstrap
from voicekit.evaluation.bootstrap import Counts


@dataclass(frozen=True)
class Score:
    """One figure.

    Attributes:
        value: errors / total; 0.05 is 5 %. Of word times the median or mean, seconds.
        low, high: 95 % interval; None where there is none.
        errors: In `unit`; None for a median.
        total: In `unit`.
        unit: words, characters, seconds or speakers.
        units: How many of `drawn` the bootstrap draws from.
        drawn: utterances, stretches or recordings.
        details: The kinds of errors, where they add up to `errors`.
    """

    value: float
    low: float | None
    high: float | None
    errors: float | None
    total: float
    unit: str
    units: int
    drawn: str
    details: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """What a score of one recording is computed from, by unit.

    Attributes:
        unit, drawn: As in `Score`.
        counts: float64 [units, columns, 2], errors and total; None for a median.
        values: For a median, the values by unit.
        averaged: Whether the score is the mean of its columns' ratios (JER: a column a speaker).
        details: As in `Score`.
    """

    unit: str
    drawn: str
    counts: Counts | None = None
    values: tuple[NDArray[np.float64], ...] = ()
    averaged: bool = False
    details: dict[str, float] = field(default_factory=dict)

    @property
    def units(self) -> int:
        return len(self.values) if self.counts is None else len(self.counts)

    @property
    def statistic(self) -> bootstrap.Statistic:
        return bootstrap.median(self.values) if self.counts is None else bootstrap.ratio(self.counts)

    @property
    def sums(self) -> tuple[float, float]:
        """Errors and total."""
        if self.counts is None:
            return 0.0, float(sum(len(some) for some in self.values))
        sums = self.counts.sum(axis=0)
        if self.averaged:
            there = sums[sums[:, 1] > 0]
            return float((there[:, 0] / there[:, 1]).sum()), float(len(there))
        return float(sums[:, 0].sum()), float(sums[:, 1].sum())


def figure(sample: Sample, seed: int) -> Score | None:
    """The score with its interval; None where it is undefined, as nothing is there to be wrong."""
    errors, total = sample.sums
    if total <= 0:
        return None
    low, high = bootstrap.interval(sample.statistic, sample.units, seed) or (None, None)
    return Score(
        bootstrap.value(sample.statistic, sample.units), low, high,
        None if sample.counts is None else errors, total, sample.unit, sample.units, sample.drawn, sample.details,
    )  # fmt: skip


def together(samples: Sequence[Sample]) -> Sample:
    """Samples of one score as one: a unit a recording where there are enough of them, else everybody's units."""
    first = samples[0]
    first = replace(first, details={kind: sum(sample.details[kind] for sample in samples) for kind in first.details})
    if len(samples) >= bootstrap.FEWEST:
        if first.counts is None:
            return replace(first, drawn="recordings", values=tuple(np.concatenate(s.values) for s in samples))
        return replace(first, drawn="recordings", counts=np.array([[s.sums] for s in samples]), averaged=False)
    if first.counts is None:
        return replace(first, values=tuple(some for sample in samples for some in sample.values))
    return replace(first, counts=counts_together(samples))


def counts_together(samples: Sequence[Sample]) -> Counts:
    """The counts of everybody's units, of samples of one score that have counts."""
    counts = [sample.counts for sample in samples if sample.counts is not None]
    return _diagonal(counts) if samples[0].averaged else np.concatenate(counts)


def _diagonal(parts: Sequence[Counts]) -> Counts:
    """Units below each other, columns beside each other: a speaker has time in the units of one recording only."""
    out = np.zeros((sum(p.shape[0] for p in parts), sum(p.shape[1] for p in parts), 2))
    row = column = 0
    for part in parts:
        out[row : row + part.shape[0], column : column + part.shape[1]] = part
        row, column = row + part.shape[0], column + part.shape[1]
    return out
