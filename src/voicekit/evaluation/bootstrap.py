"""Bootstrap: how much a score would vary over other recordings of the kind. Pure functions of counts by unit.

A unit is what is drawn as a whole: an utterance, a stretch of time, a recording. A score is computed anew for every
draw of as many units as there are, with replacement; an interval lies between two quantiles of those values. The
quantiles are further out than 2.5 and 97.5 %, by as much as Student's t with n - 1 degrees exceeds the normal
(Hesterberg 2015, "What Teachers Should Know About the Bootstrap": the expanded percentile interval), because
the plain percentile interval is too narrow for few units.

Limits. Simulated on utterances of skewed lengths and error rates, a 95 % interval held the true rate in 83 % of cases
with 5 units, 90 % with 10, 91 % with 20 and 93 % with 50 and more (plain percentiles: 76, 85, 88 and 93 %).
Neighbouring units are taken as independent; where they are not (noise that lasts, short stretches of time), the
interval is too narrow. It speaks of recordings like these, and says nothing about a bias of the reference. For the
difference of two systems on the same units draw once and take both scores of each draw: `resamples` gives the same
draws for the same number of units and seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]
Draws = NDArray[np.int64]
Statistic = Callable[[Draws], NDArray[np.float64]]

LEVEL = 0.95
DRAWS = 4000
FEWEST = 5
"""Units below which there is no interval."""

_AT_ONCE = 100


def resamples(units: int, seed: int, draws: int = DRAWS) -> Iterator[Draws]:
    """How often each of `units` is drawn, int64 [100, units] a time until there are `draws` rows; rows sum to `units`.

    Args:
        units: At least 1.
        seed: Of numpy's default generator; the same seed and units give the same rows.
        draws: Rounded up to hundreds.
    """
    generator = np.random.default_rng(seed)
    rows = np.arange(_AT_ONCE)[:, None] * units
    for _ in range(0, draws, _AT_ONCE):
        drawn = generator.integers(units, size=(_AT_ONCE, units)) + rows
        yield np.bincount(drawn.ravel(), minlength=_AT_ONCE * units).reshape(_AT_ONCE, units)


def ratio(parts: Counts) -> Statistic:
    """Errors of all drawn units over their total; with several columns (JER's speakers) the mean of their ratios.

    Args:
        parts: [units, columns, 2]: errors and total. A column whose drawn total is 0 is left out; if all are, the
            value is nan.
    """
    units, columns, _ = parts.shape
    flat = parts.reshape(units, columns * 2)

    def of(draws: Draws) -> NDArray[np.float64]:
        sums = (draws @ flat).reshape(len(draws), columns, 2)
        there = sums[..., 1] > 0
        ratios = np.divide(sums[..., 0], sums[..., 1], out=np.zeros_like(sums[..., 0]), where=there)
        count = there.sum(axis=1)
        means: NDArray[np.float64] = ratios.sum(axis=1) / np.where(count > 0, count, np.nan)
        return means

    return of


def median(values: Sequence[NDArray[np.float64]]) -> Statistic:
    """The median of all values of the drawn units; nan where they have none. `values`: an array a unit."""
    units = np.repeat(np.arange(len(values)), [len(some) for some in values])
    flat = np.concatenate([*values, np.zeros(0)])
    order = np.argsort(flat, kind="stable")
    flat, units = flat[order], units[order]

    def of(draws: Draws) -> NDArray[np.float64]:
        if not len(flat):
            return np.full(len(draws), np.nan)
        passed = np.cumsum(draws[:, units], axis=1)
        total = passed[:, -1:]
        low, high = ((passed <= rank).sum(axis=1).clip(max=len(flat) - 1) for rank in ((total - 1) // 2, total // 2))
        return np.where(total[:, 0] > 0, (flat[low] + flat[high]) / 2, np.nan)

    return of


def value(statistic: Statistic, units: int) -> float:
    """The score itself: every unit once. nan where it is undefined."""
    return float(statistic(np.ones((1, units), dtype=np.int64))[0]) if units else float("nan")


def interval(statistic: Statistic, units: int, seed: int, level: float = LEVEL) -> tuple[float, float] | None:
    """The expanded percentile interval; None where there are fewer than FEWEST units, or all draws give one value.

    One value means no spread to learn from, as with no error at all; it does not mean certainty.
    """
    if units < FEWEST:
        return None
    drawn = np.concatenate([statistic(draws) for draws in resamples(units, seed)])
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return None
    tail = _tail(units, level)
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return (float(low), float(high)) if low < high else None


def _tail(units: int, level: float) -> float:
    """Share of draws beyond either end."""
    from scipy import stats

    t = stats.t.ppf((1 - level) / 2, units - 1)
    return float(stats.norm.cdf(t * np.sqrt(units / (units - 1))))
