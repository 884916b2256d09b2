"""Compare: how sure the difference of two systems is, heard on the same units. Pure functions of scores by unit.

A unit is an utterance, a stretch of time, a recording or a line that both systems were given; only its difference
counts, so that a hard unit is hard for both. The interval is the studentised bootstrap (bootstrap-t: Efron and
Tibshirani 1993, "An Introduction to the Bootstrap", ch. 12): every draw of units gives a mean in its own standard
errors, and their quantiles take the place of Student's. Plain bootstrap-t is too narrow for differences that are
mostly zero or have heavy tails on both sides, Student's t for skewed ones; each end here is that of the two which is
further out. A draw without any spread lies infinitely far out: where such draws reach the quantile, too few units
differ, and there is no interval.

Limits. benchmarks/RESULTS.md ("Comparing") has the coverage by distribution. Neighbouring units are taken as
independent. A verdict is drawn at a level that is shared out over all comparisons made together (Bonferroni), because
of ten measures that do not differ one looks as if it did every other time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voicekit.evaluation.bootstrap import LEVEL, Counts, resamples
from voicekit.seeds import derive_seed

FEWEST = 20
"""Units below which there is no verdict."""

DRAWS = 10_000
"""A shared level of 0.995 has 25 of them beyond either end."""

Values = NDArray[np.float64]

Outcome = Literal["lower", "higher", "perhaps", "none", "equal", "few", "sparse"]
"""What can be said of B against A: lower, higher; perhaps (at 95 %, but not at the shared level); no difference shown;
equal on every unit; too few units; too few units that differ."""


@dataclass(frozen=True)
class Difference:
    """B minus A in one measure.

    Attributes:
        measure: Its name.
        a, b: The measure of either.
        value: Of the difference.
        low, high: Its 95 % interval; None where there is none.
        units, drawn: How many units were compared, and what they are.
        differ: How many of them differ.
        comparisons: Made together with this one; the verdict's level is shared out over them.
        outcome: What can be said.
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
    """Votes of blind listening: how often either was preferred, and Wilson's 95 % interval of B's share."""

    a: int
    b: int
    same: int
    share: float | None
    low: float | None
    high: float | None
    outcome: Outcome


def studentised(values: Values, seed: int, level: float = LEVEL, draws: int = DRAWS) -> tuple[Values, Values]:
    """Ends of the interval of the mean, for many sets of values at once.

    Args:
        values: float64 [units, sets], at least two units.
        seed: Of the draws.
        level: Such as 0.95.
        draws: Rounded up to hundreds.

    Returns:
        Lower and upper ends, float64 [sets] each; not finite where too few units differ.
    """
    from scipy import stats

    units = len(values)
    mean = values.mean(axis=0)
    apart = values - mean
    spread = np.sqrt((apart**2).sum(axis=0) / (units - 1))
    least = 1e-9 * spread
    drawn = np.concatenate([_in_errors(rows, apart, least) for rows in resamples(units, seed, draws)])
    drawn.sort(axis=0)
    beyond = int((1 - level) / 2 * len(drawn))
    student = stats.t.ppf((1 + level) / 2, units - 1)
    error = spread / math.sqrt(units)
    with np.errstate(invalid="ignore"):  # 0 times infinity: no spread at all
        low = mean - np.maximum(drawn[-1 - beyond], student) * error
        high = mean - np.minimum(drawn[beyond], -student) * error
    return low, high


def _in_errors(draws: NDArray[np.int64], apart: Values, least: Values) -> Values:
    """The means of draws in their own standard errors, float64 [draws, sets]; infinite where a draw has no spread.

    The error of a draw is the plug-in one (its variance over `units`), a little below the sample's own (over
    units - 1): the interval is wider by as much.
    """
    units = len(apart)
    shares = draws / units
    means = shares @ apart
    spread = np.sqrt(np.maximum(shares @ apart**2 - means**2, 0.0))
    out = np.full_like(means, np.inf)
    np.divide(means * math.sqrt(units), spread, out=out, where=spread > least)
    return np.where(spread > least, out, np.copysign(np.inf, means))


def pseudo_values(counts: Counts) -> Values:
    """A ratio's value by unit, so that their mean is the ratio and their spread that of the ratio (linearised).

    Args:
        counts: [units, columns, 2]: errors and total. With several columns the mean of their ratios; one without a
            total is left out.

    Returns:
        float64 [units]. The error of linearising is of second order in the spread of the totals.
    """
    there = counts[:, :, 1].sum(axis=0) > 0
    errors, totals = counts[:, there, 0], counts[:, there, 1]
    ratios = errors.sum(axis=0) / totals.sum(axis=0)
    values: Values = (ratios + (errors - ratios * totals) / totals.mean(axis=0)).mean(axis=1)
    return values


def difference(
    measure: str,
    a: Values,
    b: Values,
    drawn: str,
    *,
    comparisons: int = 1,
    seed: int = 0,
) -> Difference:
    """B minus A, from the values of either on the same units.

    Args:
        measure: Its name.
        a, b: float64 [units], by unit; their means are the measures.
        drawn: What the units are.
        comparisons: How many differences are looked at together.
        seed: Of the draws.
    """
    apart = b - a
    differ = int((np.abs(apart) > 1e-12).sum())
    low = high = None
    outcome: Outcome
    if len(apart) < FEWEST:
        outcome = "few"
    elif differ == 0:
        outcome = "equal"
    else:
        low, high = _ends(apart, seed, LEVEL)
        outcome = "sparse" if low is None else _outcome((low, high), _ends(apart, seed, 1 - (1 - LEVEL) / comparisons))
    of_a, of_b, of_both = (float(some.mean()) if len(some) else math.nan for some in (a, b, apart))
    return Difference(measure, of_a, of_b, of_both, low, high, len(apart), drawn, differ, comparisons, outcome)


def _ends(apart: Values, seed: int, level: float) -> tuple[float, float] | tuple[None, None]:
    low, high = (float(end[0]) for end in studentised(apart[:, None], seed, level))
    return (low, high) if math.isfinite(low) and math.isfinite(high) else (None, None)


def _outcome(
    usual: tuple[float | None, float | None], shared: tuple[float | None, float | None]
) -> Literal["lower", "higher", "perhaps", "none"]:
    """From the 95 % interval and that of the shared level."""
    if side := _side(*shared):
        return side
    return "perhaps" if _side(*usual) else "none"


def _side(low: float | None, high: float | None) -> Literal["lower", "higher"] | None:
    if low is None or high is None:
        return None
    return "lower" if high < 0 else "higher" if low > 0 else None


def preference(a: int, b: int, same: int = 0) -> Preference:
    """What votes say. Who heard no difference is counted apart; there is no verdict under FEWEST votes for either."""
    decided = a + b
    if not decided:
        return Preference(a, b, same, None, None, None, "few")
    low, high = wilson(b, decided)
    outcome: Outcome = "few" if decided < FEWEST else "higher" if low > 0.5 else "lower" if high < 0.5 else "none"
    return Preference(a, b, same, b / decided, low, high, outcome)


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a share (Wilson 1927). `trials`: at least 1."""
    z = 1.959963984540054
    share = successes / trials
    scale = 1 + z * z / trials
    middle = (share + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, middle - half), min(1.0, middle + half)


def first_is_a(lines: Sequence[str], seed: int) -> list[bool]:
    """For blind listening: whether A is heard first, for each line; in every other one, by an order of the seed's."""
    order = sorted(range(len(lines)), key=lambda number: derive_seed(seed, "blind", lines[number], number))
    return [rank % 2 == 0 for _, rank in sorted((number, rank) for rank, number in enumerate(order))]
