"""Comparing: intervals hold the truth, noise is not called a win, verdicts say what was found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks import compare as simulated
from voicekit.judge import compare
from voicekit.judge.compare import FEWEST, difference, first_is_a, preference, pseudo_values, studentised, wilson

# --- intervals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("simulation", "units"),
    [
        (simulated.even, 20),
        (simulated.heavy, 20),
        (simulated.paired, 20),
        (simulated.skewed, 50),
        (simulated.word_errors(0.5, 0.7), 20),
        (simulated.pooled_errors(0.5, 0.7), 50),
    ],
)
def test_intervals_hold_the_truth_in_93_to_97_of_100(simulation: simulated.Simulation, units: int) -> None:
    found = simulated.cover(simulation, units, 2000, simulated.truth(simulation), draws=1000)
    assert 0.93 <= found["voicekit"] <= 0.97
    assert found["intervals"] > 0.95


def test_the_ends_are_at_least_students() -> None:
    values = np.random.default_rng(0).normal(size=(25, 1))
    low, high = studentised(values, seed=0)
    usual = stats.t.interval(0.95, 24, values.mean(), values.std(ddof=1) / 5)
    assert low[0] <= usual[0]
    assert high[0] >= usual[1]
    assert high[0] - low[0] < 1.2 * (usual[1] - usual[0])


def test_skewed_differences_reach_further_on_the_long_side() -> None:
    values = np.random.default_rng(1).lognormal(0, 1, size=(30, 1))
    low, high = studentised(values, seed=0)
    assert high[0] - values.mean() > 1.2 * (values.mean() - low[0])


def test_the_seed_decides_the_interval() -> None:
    a, b = np.random.default_rng(2).normal(size=(2, 40))
    assert difference("wer", a, b, "lines", seed=3) == difference("wer", a, b, "lines", seed=3)
    assert difference("wer", a, b, "lines", seed=3) != difference("wer", a, b, "lines", seed=4)


def test_pseudo_values_average_to_the_ratio() -> None:
    generator = np.random.default_rng(3)
    counts = generator.integers(1, 20, (30, 3, 2)).astype(float)
    ratios = counts[:, :, 0].sum(axis=0) / counts[:, :, 1].sum(axis=0)
    assert pseudo_values(counts).mean() == pytest.approx(ratios.mean())
    nothing = np.concatenate([counts, np.zeros((30, 1, 2))], axis=1)
    assert pseudo_values(nothing) == pytest.approx(pseudo_values(counts))


# --- verdicts -------------------------------------------------------------------------------------------------------


def test_no_verdict_under_twenty_units() -> None:
    a = np.arange(FEWEST - 1, dtype=float)
    found = difference("wer", a, a + 1 + a / 100, "lines")
    assert (found.outcome, found.low) == ("few", None)
    a = np.arange(FEWEST, dtype=float)
    assert difference("wer", a, a + 1 + a / 100, "lines").outcome == "higher"


def test_equal_and_nearly_equal_systems_get_no_interval() -> None:
    a = np.zeros(30)
    assert difference("wer", a, a, "lines").outcome == "equal"
    b = a.copy()
    b[0] = 1.0
    found = difference("wer", a, b, "lines")
    assert (found.outcome, found.low, found.differ) == ("sparse", None, 1)


def test_noise_is_not_called_a_win() -> None:
    """Of 300 pairs of equal systems in six measures, few get any verdict, though many differ at 95 % in one."""
    generator = np.random.default_rng(5)
    wins = looks = 0
    for _ in range(300):
        a, b = generator.normal(size=(2, 6, 30))
        found = [difference("m", a[i], b[i], "lines", comparisons=6) for i in range(6)]
        wins += any(each.outcome in ("lower", "higher") for each in found)
        looks += any(each.low is not None and not each.low <= 0 <= (each.high or 0) for each in found)
    assert wins <= 0.07 * 300
    assert looks >= 0.15 * 300


def test_one_of_many_is_only_perhaps() -> None:
    generator = np.random.default_rng(6)
    a = generator.normal(size=40)
    b = a + generator.normal(0.35, 1.0, size=40)
    alone, among = difference("m", a, b, "lines"), difference("m", a, b, "lines", comparisons=20)
    assert (alone.outcome, among.outcome) == ("higher", "perhaps")
    assert (alone.low, alone.high) == (among.low, among.high)


# --- votes ----------------------------------------------------------------------------------------------------------


def test_wilson_is_statsmodels() -> None:
    # statsmodels.stats.proportion.proportion_confint(15, 20, method="wilson")
    assert wilson(15, 20) == pytest.approx((0.5312990, 0.8881384), abs=1e-6)
    low, high = wilson(0, 20)
    assert (low, round(high, 4)) == (0.0, 0.1611)


def test_votes() -> None:
    assert preference(0, 0).outcome == "few"
    assert preference(0, 19).outcome == "few"
    assert preference(4, 16).outcome == "higher"
    assert preference(16, 4).outcome == "lower"
    assert preference(8, 12, same=5).outcome == "none"
    assert preference(8, 12, same=5).share == 0.6


def test_the_blind_order_is_balanced_and_of_the_seed() -> None:
    lines = [f"line {i}" for i in range(31)]
    order = first_is_a(lines, 0)
    assert sum(order) in (15, 16)
    assert order == first_is_a(lines, 0)
    assert order != first_is_a(lines, 1)
    assert first_is_a(["same", "same"], 0) in ([True, False], [False, True])


def test_levels_reach_the_draws() -> None:
    """With the draws there are, the shared level of a dozen comparisons still has some beyond it."""
    assert compare.DRAWS * 0.05 / 12 / 2 >= 20
