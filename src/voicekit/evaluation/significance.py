"""Significance of the difference between two systems that were given the same units (paired comparison).

A unit is an utterance, a stretch of time, a recording or a line. Only the differences per unit count, so that hard
units are hard for both. The interval is the studentized bootstrap (bootstrap-t: Efron and Tibshirani 1993, "An
Introduction to the Bootstrap", ch. 12): every resample gives a mean in units of its own standard error, and the
quantiles of these replace Student's. Plain bootstrap-t is too narrow for differences that are mostly zero or
heavy-tailed on both sides, Student's t for skewed ones; each end of the interval is the wider of the two. A resample
without any spread counts as infinitely far out: if such resamples reach the quantile, too few units differ, and there
is no interval.

Limits. benchmarks/RESULTS.md ("Comparing") has the coverage by distribution. Neighbouring units are assumed to be
independent. The level of a verdict is divided among all comparisons made together (Bonferroni), because of ten measures
without a difference, one would appear to differ every other time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainSerializer

from voicekit.evaluation.bootstrap import LEVEL, Counts, UnitCounts, resamples
from voicekit.seeds import derive_seed

MIN_UNITS = 20
"""Units below which there is no verdict."""

RESAMPLES = 10_000
"""At a corrected level of 0.995, 25 of them lie beyond either end."""

Values = NDArray[np.float64]

Side = Literal["lower", "higher"]
OutcomeName = Literal[
    "lower", "higher", "uncertain", "no_difference", "identical", "too_few_units", "too_few_differences"
]

JSON_OUTCOMES: dict[OutcomeName, str] = {
    "lower": "lower",
    "higher": "higher",
    "uncertain": "perhaps",
    "no_difference": "none",
    "identical": "equal",
    "too_few_units": "few",
    "too_few_differences": "sparse",
}
"""Outcomes as `voicekit compare --json` writes them; they are part of the schema voicekit.compare/1."""


def _outcome_to_json(
    outcome: OutcomeName,
) -> Literal["lower", "higher", "perhaps", "none", "equal", "few", "sparse"]:
    return JSON_OUTCOMES[outcome]  # type: ignore[return-value]


Outcome = Annotated[OutcomeName, PlainSerializer(_outcome_to_json)]
"""Result of comparing B with A: lower or higher; uncertain (significant at 95 %, but not at the corrected level); no
difference shown; identical on every unit; too few units; too few units that differ."""


@dataclass(frozen=True)
class Difference:
    """B minus A in one measure.

    Attributes:
        measure: Its name.
        a, b: Value of either system.
        value: Value of the difference.
        low, high: 95 % interval of the difference; None if there is none.
        units: Number of units.
        drawn: What the units are: utterances, stretches, recordings or lines.
        differ: Number of units that differ.
        comparisons: Number of comparisons made together, among which the level is divided.
        outcome: The verdict.
    """

    measure: str
    a: float
    b: float
    value: float
    low: float | None
    high: float | None
    units: int
    drawn: str
    differ: int
    comparisons: int
    outcome: Outcome


@dataclass(frozen=True)
class Preference:
    """Votes of a blind listening test, and the share that preferred B with its 95 % Wilson interval."""

    a: int
    b: int
    same: int
    share: float | None
    low: float | None
    high: float | None
    outcome: Outcome


def studentized_interval(
    values: Values, seed: int, level: float = LEVEL, count: int = RESAMPLES
) -> tuple[Values, Values]:
    """Confidence interval of the mean, for several sets of values at a time.

    Args:
        values: float64 [units, sets], at least two units.
        seed: Of the resamples.
        level: Such as 0.95.
        count: Number of resamples, rounded up to hundreds.

    Returns:
        Lower and upper ends, float64 [sets] each; not finite if too few units differ.
    """
    from scipy import stats

    units = len(values)
    mean = values.mean(axis=0)
    deviations = values - mean
    spread = np.sqrt((deviations**2).sum(axis=0) / (units - 1))
    negligible = 1e-9 * spread
    t_values = np.concatenate([_resampled_t(rows, deviations, negligible) for rows in resamples(units, seed, count)])
    t_values.sort(axis=0)
    tail = int((1 - level) / 2 * len(t_values))
    student = stats.t.ppf((1 + level) / 2, units - 1)
    error = spread / math.sqrt(units)
    with np.errstate(invalid="ignore"):  # 0 times infinity, if there is no spread at all
        low = mean - np.maximum(t_values[-1 - tail], student) * error
        high = mean - np.minimum(t_values[tail], -student) * error
    return low, high


def _resampled_t(counts: UnitCounts, deviations: Values, negligible: Values) -> Values:
    """Means of resamples in their own standard errors, float64 [resamples, sets]; infinite without spread.

    The standard error is the plug-in one (variance over `units`), which is slightly smaller than the sample's (over
    units - 1) and makes the interval slightly wider.
    """
    units = len(deviations)
    shares = counts / units
    means = shares @ deviations
    spread = np.sqrt(np.maximum(shares @ deviations**2 - means**2, 0.0))
    t_values = np.full_like(means, np.inf)
    np.divide(means * math.sqrt(units), spread, out=t_values, where=spread > negligible)
    return np.where(spread > negligible, t_values, np.copysign(np.inf, means))


def pseudo_values(counts: Counts) -> Values:
    """Linearize a ratio: values per unit whose mean is the ratio and whose spread is that of the ratio.

    Args:
        counts: [units, columns, 2]: errors and total. With several columns, the mean of their ratios; columns without
            a total are left out.

    Returns:
        float64 [units]. The linearization error is of second order in the spread of the totals.
    """
    defined = counts[:, :, 1].sum(axis=0) > 0
    errors, totals = counts[:, defined, 0], counts[:, defined, 1]
    ratios = errors.sum(axis=0) / totals.sum(axis=0)
    values: Values = (ratios + (errors - ratios * totals) / totals.mean(axis=0)).mean(axis=1)
    return values


def compare_values(
    measure: str,
    a: Values,
    b: Values,
    drawn: str,
    *,
    comparisons: int = 1,
    seed: int = 0,
) -> Difference:
    """Compare two systems by their values on the same units.

    Args:
        measure: Its name.
        a, b: float64 [units]; their means are the measures.
        drawn: What the units are.
        comparisons: Number of comparisons made together.
        seed: Of the resamples.
    """
    differences = b - a
    differ = int((np.abs(differences) > 1e-12).sum())
    low = high = None
    outcome: OutcomeName
    if len(differences) < MIN_UNITS:
        outcome = "too_few_units"
    elif differ == 0:
        outcome = "identical"
    else:
        low, high = _interval(differences, seed, LEVEL)
        if low is None:
            outcome = "too_few_differences"
        elif side := _significant_side(*_interval(differences, seed, 1 - (1 - LEVEL) / comparisons)):
            outcome = side
        else:
            outcome = "uncertain" if _significant_side(low, high) else "no_difference"
    mean_a, mean_b, mean_difference = (
        float(values.mean()) if len(values) else math.nan for values in (a, b, differences)
    )
    return Difference(
        measure, mean_a, mean_b, mean_difference, low, high, len(differences), drawn, differ, comparisons, outcome
    )


def _interval(differences: Values, seed: int, level: float) -> tuple[float, float] | tuple[None, None]:
    low, high = (float(end[0]) for end in studentized_interval(differences[:, None], seed, level))
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (None, None)


def _significant_side(low: float | None, high: float | None) -> Side | None:
    """The side of 0 on which an interval lies; None if it contains 0 or does not exist."""
    if low is None or high is None:
        return None
    return "lower" if high < 0 else "higher" if low > 0 else None


def assess_preference(a: int, b: int, same: int = 0) -> Preference:
    """Assess the votes of a blind listening test.

    Args:
        a, b: Votes for either system. Below MIN_UNITS together there is no verdict.
        same: Votes for no difference; reported, but not part of the share.
    """
    decided = a + b
    if not decided:
        return Preference(a, b, same, None, None, None, "too_few_units")
    low, high = wilson_interval(b, decided)
    outcome: OutcomeName = "no_difference"
    if decided < MIN_UNITS:
        outcome = "too_few_units"
    elif low > 0.5:
        outcome = "higher"
    elif high < 0.5:
        outcome = "lower"
    return Preference(a, b, same, b / decided, low, high, outcome)


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson 1927). `trials`: at least 1."""
    z = 1.959963984540054
    share = successes / trials
    scale = 1 + z * z / trials
    middle = (share + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


def first_is_a(lines: Sequence[str], seed: int) -> list[bool]:
    """For blind listening: whether A is played first, for each line; balanced and in a random order."""
    order = sorted(range(len(lines)), key=lambda number: derive_seed(seed, "blind", lines[number], number))
    return [rank % 2 == 0 for _, rank in sorted((number, rank) for rank, number in enumerate(order))]
