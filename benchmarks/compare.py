"""How often the interval of a paired difference holds the truth: `python -m benchmarks.compare [SIMULATIONS]`.

Differences of two systems on 20 to 200 units, drawn from distributions whose mean is known: even ones, skewed ones,
ones with heavy tails, and word error rates of short lines of which most are without an error. Beside voicekit's
interval stand Student's t and plain bootstrap-t on the same draws. Comparisons where voicekit gives no interval (too
few units differ) are left out of its cover, and their share is told.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from voicekit.evaluation.bootstrap import LEVEL, resamples
from voicekit.evaluation.significance import pseudo_values, studentized_interval

UNITS = (20, 30, 50, 100, 200)
DRAWS = 4000
AT_ONCE = 500
TARGET = (0.93, 0.97)

Values = NDArray[np.float64]
Simulation = Callable[[np.random.Generator, int, int], Values]


def even(generator: np.random.Generator, units: int, sets: int) -> Values:
    """A normal difference."""
    return generator.normal(0.3, 1.0, (units, sets))


def heavy(generator: np.random.Generator, units: int, sets: int) -> Values:
    """Student's t with 3 degrees of freedom."""
    return generator.standard_t(3, (units, sets))


def bounded(generator: np.random.Generator, units: int, sets: int) -> Values:
    """Two similarities between 0 and 1, skewed to the left."""
    return generator.beta(8, 2, (units, sets)) - generator.beta(7, 2, (units, sets))


def skewed(generator: np.random.Generator, units: int, sets: int) -> Values:
    """A lognormal difference (skewness 6.2): one system is never the better one."""
    return generator.lognormal(0.0, 1.0, (units, sets))


def paired(generator: np.random.Generator, units: int, sets: int) -> Values:
    """Two lognormal scores with the unit's hardness in common."""
    common = generator.lognormal(0.0, 0.7, (units, sets))
    first, second = (generator.lognormal(0.0, 0.5, (units, sets)) for _ in range(2))
    return common * (0.8 * second - first)


def word_errors(hard: float, change: float) -> Simulation:
    """WER of lines of 5 to 20 words, of which the share `hard` has errors at all; B makes `change` times A's."""

    def draw(generator: np.random.Generator, units: int, sets: int) -> Values:
        words, first, second = _errors(generator, units, sets, hard, change)
        return (second - first) / words

    return draw


def pooled_errors(hard: float, change: float) -> Simulation:
    """The same, but errors of all lines over words of all lines, by `pseudo_values`."""

    def draw(generator: np.random.Generator, units: int, sets: int) -> Values:
        words, first, second = _errors(generator, units, sets, hard, change)
        both = [np.stack([errors, words], axis=2)[:, :, None, :] for errors in (first, second)]
        return np.stack([pseudo_values(both[1][:, i]) - pseudo_values(both[0][:, i]) for i in range(sets)], axis=1)

    return draw


def _errors(generator: np.random.Generator, units: int, sets: int, hard: float, change: float) -> tuple[Values, ...]:
    words = generator.integers(5, 21, (units, sets))
    rate = np.where(generator.random((units, sets)) < hard, generator.beta(1, 3, (units, sets)), 0.0)
    first, second = generator.binomial(words, rate), generator.binomial(words, rate * change)
    return tuple(some.astype(np.float64) for some in (words, first, second))


SIMULATIONS: dict[str, Simulation] = {
    "normal": even,
    "Student's t, 3 degrees": heavy,
    "similarities (beta)": bounded,
    "lognormal, paired": paired,
    "lognormal, one-sided": skewed,
    "WER, half the lines hard, B 0.7 of A": word_errors(0.5, 0.7),
    "WER, a third hard, B half of A": word_errors(0.3, 0.5),
    "WER, a fifth hard, no difference": word_errors(0.2, 1.0),
    "WER, a fifth hard, B 0.3 of A": word_errors(0.2, 0.3),
    "WER pooled, half hard, B 0.7 of A": pooled_errors(0.5, 0.7),
}


def truth(simulation: Simulation) -> float:
    """The mean itself: of four million units."""
    generator = np.random.default_rng(99)
    return float(np.mean([simulation(generator, 2000, 100).mean() for _ in range(20)]))


def cover(simulation: Simulation, units: int, sets: int, right: float, draws: int = DRAWS) -> dict[str, float]:
    """Shares of `sets` simulated comparisons whose 95 % interval holds `right`; and the share that has one.

    Returns:
        `voicekit`, `t` and `bootstrap-t`; `intervals`.
    """
    generator = np.random.default_rng(units)
    held: dict[str, list[NDArray[np.bool_]]] = {"voicekit": [], "t": [], "bootstrap-t": []}
    for start in range(0, sets, AT_ONCE):
        values = simulation(generator, units, min(AT_ONCE, sets - start))
        low, high = studentized_interval(values, seed=0, count=draws)
        there = np.isfinite(low) & np.isfinite(high)
        held["voicekit"].append(np.where(there, (low <= right) & (right <= high), np.nan))
        for name, ends in (("t", _student(values)), ("bootstrap-t", _plain(values, draws))):
            held[name].append((ends[0] <= right) & (right <= ends[1]))
    found = {name: np.concatenate(some) for name, some in held.items()}
    shares = {name: float(np.nanmean(some)) for name, some in found.items()}
    return {**shares, "intervals": float(1 - np.isnan(found["voicekit"]).mean())}


def _student(values: Values) -> tuple[Values, Values]:
    half = stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
    return values.mean(axis=0) - half, values.mean(axis=0) + half


def _plain(values: Values, draws: int) -> tuple[Values, Values]:
    units, mean = len(values), values.mean(axis=0)
    apart, error = values - mean, values.std(axis=0, ddof=1) / np.sqrt(len(values))
    drawn = []
    for rows in resamples(units, 0, draws):
        means = rows @ apart / units
        errors = np.sqrt(np.maximum(rows @ apart**2 / units - means**2, 0) / (units - 1))
        drawn.append(np.divide(means, errors, out=np.zeros_like(means), where=errors > 1e-9 * error))
    low, high = np.quantile(np.concatenate(drawn), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return mean - high * error, mean - low * error


def main(sets: int) -> None:
    print(f"Cover of 95 % intervals in {sets} simulated comparisons, %; target {TARGET[0]:.0%} to {TARGET[1]:.0%}.")
    print(
        "voicekit / Student's t / plain bootstrap-t; in brackets the share with an interval of voicekit's, if not all\n"
    )
    print("| differences | " + " | ".join(f"n = {units}" for units in UNITS) + " |")
    print("|---|" + "---:|" * len(UNITS))
    outside = []
    for name, simulation in SIMULATIONS.items():
        right = truth(simulation)
        cells = []
        for units in UNITS:
            got = cover(simulation, units, sets, right)
            cell = " / ".join(f"{100 * got[each]:.1f}" for each in ("voicekit", "t", "bootstrap-t"))
            cells.append(cell + (f" ({100 * got['intervals']:.0f})" if got["intervals"] < 0.995 else ""))
            if not TARGET[0] <= got["voicekit"] <= TARGET[1]:
                outside.append(f"{name}, n = {units}: {100 * got['voicekit']:.1f}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    print("\nOutside the target: " + ("; ".join(outside) or "none"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
