"""Bootstrap confidence intervals of scores, from counts per unit.

A unit is what is resampled as a whole: an utterance, a stretch of time, a recording. The score is computed again for
each resample (as many units as there are, with replacement); the interval lies between two quantiles of these values.
The quantiles are further out than 2.5 and 97.5 %, by as much as Student's t with n - 1 degrees of freedom exceeds the
normal (the expanded percentile interval: Hesterberg 2015, "What Teachers Should Know About the Bootstrap"), because the
plain percentile interval is too narrow for few units.

Limits. Simulated on utterances with skewed lengths and error rates, a 95 % interval contained the true rate in 83 % of
cases with 5 units, 90 % with 10, 91 % with 20 and 93 % with 50 and more (plain percentiles: 76, 85, 88 and 93 %). Units
are assumed to be independent; if neighbours are not (lasting noise, short stretches of time), the interval is too
narrow. It covers recordings like these ones, and not a bias of the reference. To compare two systems on the same units,
use the same resamples for both: `resamples` depends on the number of units and the seed only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]
UnitCounts = NDArray[np.int64]
"""How often each unit is in a resample, int64 [resamples, units]."""

Statistic = Callable[[UnitCounts], NDArray[np.float64]]
"""Computes a score for each row of UnitCounts."""

LEVEL = 0.95
RESAMPLES = 4000
MIN_UNITS = 5
"""Units below which there is no interval."""

_BATCH = 100


def resamples(units: int, seed: int, count: int = RESAMPLES) -> Iterator[UnitCounts]:
    """Yield int64 [100, units] until there are `count` rows; every row sums to `units`.

    Args:
        units: At least 1.
        seed: Of numpy's default generator; the same seed and units give the same rows.
        count: Rounded up to hundreds.
    """
    generator = np.random.default_rng(seed)
    row_offsets = np.arange(_BATCH)[:, None] * units
    for _ in range(0, count, _BATCH):
        sampled = generator.integers(units, size=(_BATCH, units)) + row_offsets
        yield np.bincount(sampled.ravel(), minlength=_BATCH * units).reshape(_BATCH, units)


def ratio(parts: Counts) -> Statistic:
    """Errors over total; with several columns (JER's speakers) the mean of their ratios.

    Args:
        parts: [units, columns, 2]: errors and total. A column whose resampled total is 0 is left out; if all are, the
            value is nan.
    """
    units, columns, _ = parts.shape
    flat = parts.reshape(units, columns * 2)

    def compute(counts: UnitCounts) -> NDArray[np.float64]:
        sums = (counts @ flat).reshape(len(counts), columns, 2)
        defined = sums[..., 1] > 0
        ratios = np.divide(sums[..., 0], sums[..., 1], out=np.zeros_like(sums[..., 0]), where=defined)
        number = defined.sum(axis=1)
        means: NDArray[np.float64] = ratios.sum(axis=1) / np.where(number > 0, number, np.nan)
        return means

    return compute


def median(values: Sequence[NDArray[np.float64]]) -> Statistic:
    """Median of all values of the resampled units; nan without any. `values`: one array per unit."""
    units = np.repeat(np.arange(len(values)), [len(of_unit) for of_unit in values])
    flat = np.concatenate([*values, np.zeros(0)])
    order = np.argsort(flat, kind="stable")
    flat, units = flat[order], units[order]

    def compute(counts: UnitCounts) -> NDArray[np.float64]:
        if not len(flat):
            return np.full(len(counts), np.nan)
        cumulative = np.cumsum(counts[:, units], axis=1)
        total = cumulative[:, -1:]
        low, high = (
            (cumulative <= rank).sum(axis=1).clip(max=len(flat) - 1) for rank in ((total - 1) // 2, total // 2)
        )
        return np.where(total[:, 0] > 0, (flat[low] + flat[high]) / 2, np.nan)

    return compute


def value(statistic: Statistic, units: int) -> float:
    """The score of the sample itself (every unit once); nan if it is undefined."""
    return float(statistic(np.ones((1, units), dtype=np.int64))[0]) if units else float("nan")


def interval(statistic: Statistic, units: int, seed: int, level: float = LEVEL) -> tuple[float, float] | None:
    """The expanded percentile interval; None for fewer than MIN_UNITS units, or if all resamples have the same value.

    A single value, as with no errors at all, means that the spread is unknown, not that it is zero.
    """
    if units < MIN_UNITS:
        return None
    values = np.concatenate([statistic(counts) for counts in resamples(units, seed)])
    values = values[~np.isnan(values)]
    if not len(values):
        return None
    tail = _tail_share(units, level)
    low, high = np.quantile(values, [tail, 1 - tail])
    return (float(low), float(high)) if low < high else None


def _tail_share(units: int, level: float) -> float:
    """Share of the resamples beyond either end of the interval."""
    from scipy import stats

    t = stats.t.ppf((1 - level) / 2, units - 1)
    return float(stats.norm.cdf(t * np.sqrt(units / (units - 1))))
