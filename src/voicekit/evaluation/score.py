"""Scores with confidence intervals, from counts per unit, for one recording or several pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from voicekit.evaluation import bootstrap
from voicekit.evaluation.bootstrap import Counts


@dataclass(frozen=True)
class Score:
    """A score with its interval.

    Attributes:
        value: errors / total, 0.05 is 5 %; for word times the median or mean in seconds.
        low, high: 95 % interval; None if there is none.
        errors: In `unit`; None for a median.
        total: In `unit`.
        unit: words, characters, seconds or speakers.
        units: Number of units that the bootstrap resamples.
        drawn: What these units are: utterances, stretches or recordings.
        details: Errors by kind, if they add up to `errors`.
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
    """The data of a score, per unit.

    Attributes:
        unit, drawn: As in `Score`.
        counts: float64 [units, columns, 2], errors and total; None for a median.
        values: For a median, the values per unit.
        averaged: Whether the score is the mean of its columns' ratios (JER: one column per speaker).
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
            return 0.0, float(sum(len(of_unit) for of_unit in self.values))
        sums = self.counts.sum(axis=0)
        if self.averaged:
            defined = sums[sums[:, 1] > 0]
            return float((defined[:, 0] / defined[:, 1]).sum()), float(len(defined))
        return float(sums[:, 0].sum()), float(sums[:, 1].sum())


def compute_score(sample: Sample, seed: int) -> Score | None:
    """The score with its interval; None if its total is 0."""
    errors, total = sample.sums
    if total <= 0:
        return None
    low, high = bootstrap.interval(sample.statistic, sample.units, seed) or (None, None)
    return Score(
        bootstrap.value(sample.statistic, sample.units), low, high,
        None if sample.counts is None else errors, total, sample.unit, sample.units, sample.drawn, sample.details,
    )  # fmt: skip


def pool_samples(samples: Sequence[Sample]) -> Sample:
    """Pool the samples of one score: recordings become the units if there are enough of them."""
    first = samples[0]
    first = replace(first, details={kind: sum(sample.details[kind] for sample in samples) for kind in first.details})
    if len(samples) >= bootstrap.MIN_UNITS:
        if first.counts is None:
            return replace(first, drawn="recordings", values=tuple(np.concatenate(s.values) for s in samples))
        return replace(first, drawn="recordings", counts=np.array([[s.sums] for s in samples]), averaged=False)
    if first.counts is None:
        return replace(first, values=tuple(of_unit for sample in samples for of_unit in sample.values))
    return replace(first, counts=pool_counts(samples))


def pool_counts(samples: Sequence[Sample]) -> Counts:
    """Counts of all units of several samples of one score."""
    counts = [sample.counts for sample in samples if sample.counts is not None]
    return _block_diagonal(counts) if samples[0].averaged else np.concatenate(counts)


def _block_diagonal(parts: Sequence[Counts]) -> Counts:
    """Stack units and columns: the speakers (columns) of a recording have no time in the units of another one."""
    stacked = np.zeros((sum(part.shape[0] for part in parts), sum(part.shape[1] for part in parts), 2))
    row = column = 0
    for part in parts:
        stacked[row : row + part.shape[0], column : column + part.shape[1]] = part
        row, column = row + part.shape[0], column + part.shape[1]
    return stacked
